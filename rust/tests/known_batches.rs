//! Batches that are known: the same records from any offset on, and bounded memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod logs;

use std::sync::Arc;

use logcore::known_batches::{KnownBatch, find, remember};
use logcore::log::Isolation;
use logcore::record::decode;
use logcore::{Batches, Codec, LogConfig, RecordBatchBuilder, Records, Slice};
use logs::{Case, NOW_MS};

/// A batch of `count` records with offsets that have gaps, as compaction leaves them.
fn gappy(codec: Codec, count: i32) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(codec, None);
    for number in 0..count {
        let value = format!("value {number}");
        let delta = number * 3 / 2;
        builder.append_at_offset(delta, NOW_MS, Some(b"key"), Some(value.as_bytes()), &[]).unwrap();
    }
    builder.finish().unwrap().to_vec()
}

fn known(bytes: &[u8]) -> (KnownBatch, Vec<u8>) {
    let batch = Batches::new(bytes).next().unwrap().unwrap();
    let records = decode(&batch, 1 << 20).unwrap();
    let plain = records.to_vec();
    (KnownBatch::new(&batch.header, records).unwrap(), plain)
}

#[test]
fn records_near_an_offset_are_those_from_it_on_and_few_before() {
    for codec in [Codec::None, Codec::Lz4] {
        for count in [1, 31, 32, 33, 200] {
            let bytes = gappy(codec, count);
            let header = Batches::new(&bytes).next().unwrap().unwrap().header;
            let (known, plain) = known(&bytes);
            assert_eq!(known.decompressed().is_some(), codec != Codec::None);
            let all: Vec<i32> = Records::new(&header, &plain)
                .unwrap()
                .map(|record| record.unwrap().offset_delta)
                .collect();
            for offset in -1..=i64::from(header.last_offset_delta) + 2 {
                let near = known.records_near(&plain, offset).unwrap();
                let deltas: Vec<i32> = near.map(|record| record.unwrap().offset_delta).collect();
                let due: Vec<i32> =
                    all.iter().copied().filter(|delta| i64::from(*delta) >= offset).collect();
                assert!(deltas.ends_with(&due), "{count} records, offset {offset}");
                assert!(deltas.len() <= due.len() + 32, "{count} records, offset {offset}");
            }
        }
    }
}

#[test]
fn a_damaged_batch_does_not_become_known() {
    let bytes = gappy(Codec::None, 100);
    let batch = Batches::new(&bytes).next().unwrap().unwrap();
    let records = decode(&batch, 1 << 20).unwrap();
    let cut = records[..records.len() - 3].to_vec();
    assert!(KnownBatch::new(&batch.header, cut.into()).is_err());
}

/// Slices of the batches of a log, each of `codec`.
fn slices(case: &Case, codec: Codec, count: usize) -> Vec<Slice> {
    let log = case.open();
    let first = log.log_end_offset();
    for _ in 0..count {
        log.append_built(&mut gappy(codec, 100), 0).unwrap();
    }
    let mut offset = first;
    let mut found = Vec::new();
    while let Some(slice) = log.read(offset, 1, true, Isolation::LogEnd).unwrap().records {
        offset = Batches::new(&slice).next().unwrap().unwrap().header.next_offset();
        found.push(slice);
    }
    found
}

#[test]
fn batches_are_told_apart_by_map_and_place_and_the_oldest_are_forgotten() {
    let (one, two) = (Case::new(LogConfig::default()), Case::new(LogConfig::default()));
    let slices = [slices(&one, Codec::None, 700), slices(&two, Codec::None, 700)].concat();
    assert_eq!(slices.len(), 1400);
    for slice in &slices {
        assert!(find(slice).is_none());
        remember(slice, &Arc::new(known(slice).0));
    }
    assert!(find(&slices[0]).is_none(), "too many came after it");
    let left = slices.iter().filter(|slice| find(slice).is_some()).count();
    assert!((500..=1024).contains(&left), "{left}");
    assert!(find(&slices[1399]).is_some());
}
