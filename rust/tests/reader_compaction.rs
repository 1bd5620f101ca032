//! `LogReader` beside the rest of the engine: compaction swaps segments, checkpoints move the start.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use logcore::cleaner::CompactOptions;
use logcore::log::OpenOptions;
use logcore::record::{Records, decode};
use logcore::{
    Batches, Codec, EmbeddedLog, EmbeddedOptions, Log, LogConfig, LogError, LogReader, RealFs,
    RecordBatchBuilder,
};
use tempfile::TempDir;

const KEYS: usize = 23;

fn append(log: &Log, key: usize) -> i64 {
    let offset = log.log_end_offset();
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    let value = format!("{offset} {}", "v".repeat(key * 5));
    builder.append(0, Some(key.to_string().as_bytes()), Some(value.as_bytes()), &[]).unwrap();
    log.append_built(builder.finish().unwrap(), 0).unwrap();
    offset
}

/// The last offset of each key in a pass over the whole log.
fn pass(reader: &LogReader) -> Result<[i64; KEYS], LogError> {
    let (mut newest, mut offset) = ([-1; KEYS], reader.log_start_offset());
    while let Some(bytes) = reader.read(offset, 2000, true)? {
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            let records = decode(&batch, 1 << 20).unwrap();
            for record in Records::new(&batch.header, &records).unwrap() {
                let record = record.unwrap();
                let at = batch.header.base_offset + i64::from(record.offset_delta);
                let key: usize = str::from_utf8(record.key.unwrap()).unwrap().parse().unwrap();
                let value = str::from_utf8(record.value.unwrap()).unwrap();
                assert!(value.starts_with(&format!("{at} ")), "offset {at}: {value}");
                newest[key] = newest[key].max(at);
            }
            offset = offset.max(batch.header.next_offset());
        }
    }
    Ok(newest)
}

#[test]
fn no_key_is_missed_while_segments_are_swapped() {
    let dir = TempDir::new().unwrap();
    let mut config = LogConfig {
        segment_bytes: 4000,
        index_interval_bytes: 200,
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    };
    config.set("cleanup.policy", "compact").unwrap();
    let log = Log::open(dir.path(), OpenOptions { config, ..OpenOptions::default() }).unwrap();
    let written: [AtomicI64; KEYS] = std::array::from_fn(|key| append(&log, key).into());
    let reader = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..1000_usize {
                let key = round * round % KEYS;
                written[key].store(append(&log, key), Ordering::SeqCst);
                if round % 100 == 99 {
                    log.compact(&CompactOptions::default()).unwrap();
                    log.apply_retention().unwrap();
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut passes = 0;
        while !done.load(Ordering::SeqCst) || passes == 0 {
            let before: Vec<_> = written.iter().map(|at| at.load(Ordering::SeqCst)).collect();
            let newest = pass(&reader).unwrap();
            for key in 0..KEYS {
                assert!(newest[key] >= before[key], "key {key}: {} < {}", newest[key], before[key]);
            }
            passes += 1;
        }
    });
    assert!(log.size_bytes() < 40_000, "{} bytes were left", log.size_bytes());
    assert_eq!(pass(&reader).unwrap().iter().max(), Some(&(log.log_end_offset() - 1)));
}

#[test]
fn the_start_of_an_embedded_log_is_its_checkpoint() {
    let dir = TempDir::new().unwrap();
    let log = EmbeddedLog::open(dir.path(), EmbeddedOptions::default()).unwrap();
    for _ in 0..5 {
        log.append(None, Some(b"k"), Some(b"v"), &[]).unwrap();
    }
    let reader = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap();
    assert_eq!((reader.log_start_offset(), reader.log_end_offset()), (0, 5));
    log.delete_before(3).unwrap();
    reader.refresh().unwrap();
    assert_eq!((reader.log_start_offset(), reader.log_end_offset()), (3, 5));
    assert!(matches!(reader.read(2, 100, true), Err(LogError::OffsetOutOfRange { .. })));
    log.close().unwrap();
    let again = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap();
    assert_eq!((again.log_start_offset(), again.log_end_offset()), (3, 5));
    EmbeddedLog::open(dir.path(), EmbeddedOptions::default()).unwrap();
}
