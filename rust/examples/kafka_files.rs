//! Writes partition directories for Apache Kafka's dump tool: one per case, below a directory.
//!
//! `cargo run --example kafka_files -- DIR` prints the cases. `tests/interop/test_kafka_files.py`
//! runs it and has Kafka's `DumpLogSegments` read every file.

#![allow(clippy::print_stdout, reason = "its output is what the caller reads")]

use std::path::{Path, PathBuf};

use logcore::append_origin::AppendOrigin;
use logcore::builder::{MarkerContext, RecordBatchBuilder, end_transaction_marker};
use logcore::cleaner::CompactOptions;
use logcore::control::EndTxnMarker;
use logcore::log::OpenOptions;
use logcore::producer_append::AppendContext;
use logcore::{Codec, Log, LogError, Result};

const START_MS: i64 = 1_700_000_000_000;
const BATCHES: i64 = 60;
const RECORDS: i64 = 20;

fn open(dir: &Path, change: impl FnOnce(&mut OpenOptions)) -> Result<Log> {
    let mut options = OpenOptions::default();
    change(&mut options);
    Log::open(dir, options)
}

fn batch(
    codec: Codec,
    number: i64,
    prepare: impl FnOnce(&mut RecordBatchBuilder),
) -> Result<Vec<u8>> {
    let mut builder = RecordBatchBuilder::new(codec, None);
    prepare(&mut builder);
    for record in 0..RECORDS {
        let key = format!("key-{}", (number * RECORDS + record) % 37);
        let value = format!("{{\"batch\":{number},\"record\":{record},\"text\":\"{number:040}\"}}");
        let timestamp = START_MS + number * 1000 + (record * 7) % 11;
        let headers: [(&[u8], Option<&[u8]>); 2] = [(b"trace", Some(b"abc")), (b"empty", None)];
        builder.append(timestamp, Some(key.as_bytes()), Some(value.as_bytes()), &headers)?;
    }
    Ok(builder.finish()?.to_vec())
}

fn write_codec(dir: &Path, codec: Codec, segment_bytes: u32) -> Result<()> {
    let log = open(dir, |options| options.config.segment_bytes = segment_bytes)?;
    for number in 0..BATCHES {
        let mut bytes = batch(codec, number, |_| ())?;
        log.append_leader(&mut bytes, 3, AppendContext::new(AppendOrigin::Client))?;
    }
    log.close().map(|_| ())
}

/// Two producers whose transactions interleave; every third is aborted.
fn write_transactions(dir: &Path) -> Result<()> {
    let log = open(dir, |options| options.config.segment_bytes = 12_000)?;
    let mut sequences = [0_i32; 2];
    for number in 0..BATCHES {
        let producer = usize::try_from(number % 2).unwrap_or_default();
        let producer_id = 1000 + number % 2;
        let sequence = sequences.get_mut(producer).map(|next| {
            *next += i32::try_from(RECORDS).unwrap_or_default();
            *next - i32::try_from(RECORDS).unwrap_or_default()
        });
        let mut bytes = batch(Codec::Lz4, number, |builder| {
            builder.set_producer(producer_id, 0, sequence.unwrap_or_default(), true);
        })?;
        log.append_leader(&mut bytes, 1, AppendContext::new(AppendOrigin::Client))?;
        if number % 6 >= 4 {
            let marker = EndTxnMarker { commit: number % 12 < 6, coordinator_epoch: 0 };
            let context = MarkerContext {
                base_offset: 0,
                timestamp: START_MS + number * 1000,
                leader_epoch: 1,
                producer_id,
                producer_epoch: 0,
            };
            let mut bytes = end_transaction_marker(&context, marker)?;
            log.append_leader(&mut bytes, 1, AppendContext::new(AppendOrigin::Coordinator))?;
        }
    }
    log.close().map(|_| ())
}

/// Keys written many times, some deleted, then compacted: few batches are left as they were.
fn write_compacted(dir: &Path) -> Result<()> {
    let log = open(dir, |options| {
        options.config.segment_bytes = 30_000;
        options.config.cleanup_policy.compact = true;
    })?;
    for number in 0..BATCHES {
        let mut bytes = batch(Codec::Zstd, number, |_| ())?;
        log.append_leader(&mut bytes, 2, AppendContext::new(AppendOrigin::Client))?;
        let mut tombstone = RecordBatchBuilder::new(Codec::None, None);
        let key = format!("key-{}", number % 5);
        tombstone.append(START_MS + number * 1000, Some(key.as_bytes()), None, &[])?;
        let context = AppendContext::new(AppendOrigin::Client);
        log.append_leader(tombstone.finish()?, 2, context)?;
    }
    log.compact(&CompactOptions { roll: true, ..CompactOptions::default() })?;
    log.close().map(|_| ())
}

fn main() -> Result<()> {
    let parent: PathBuf = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or_else(|| LogError::InvalidArgument("name the directory to write below".into()))?;
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let name = format!("{}-0", codec.name());
        write_codec(&parent.join(&name), codec, 1 << 30)?;
        println!("{name}");
    }
    write_codec(&parent.join("segments-0"), Codec::None, 30_000)?;
    println!("segments-0");
    write_transactions(&parent.join("transactions-0"))?;
    println!("transactions-0");
    write_compacted(&parent.join("compacted-0"))?;
    println!("compacted-0");
    Ok(())
}
