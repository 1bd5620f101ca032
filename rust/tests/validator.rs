//! The validator: offsets in place, and recompression; `refusals.rs` has the reasons to refuse.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

#[path = "validator/refusals.rs"]
mod refusals;

use logcore::append_origin::AppendOrigin::{self, Client, Coordinator, RaftLeader};
use logcore::batch::{Batch, Batches, NO_SEQUENCE, seal};
use logcore::compression::Codec;
use logcore::config::{CompressionType, LogConfig, TimestampType};
use logcore::error::{LogError, Result};
use logcore::record::{Records, decode, record_timestamp};
use logcore::validator::{Validated, ValidatorConfig, validate_and_assign_offsets};
use logcore::{BatchHeader, RecordBatchBuilder};
use proptest::prelude::*;

const NOW: i64 = 1_700_000_000_000;
const EPOCH: i32 = 9;
const FIRST: i64 = 1000;

fn config() -> ValidatorConfig {
    ValidatorConfig::from(&LogConfig::default())
}

/// A builder with three records at `NOW`, `NOW + 1`, `NOW - 1`.
fn builder(codec: Codec) -> RecordBatchBuilder {
    let mut builder = RecordBatchBuilder::new(codec, None);
    for (key, time) in [("a", NOW), ("b", NOW + 1), ("c", NOW - 1)] {
        let header = [(b"h".as_slice(), Some(b"x".as_slice()))];
        let value = [key.as_bytes()[0]; 300];
        builder.append(time, Some(key.as_bytes()), Some(&value), &header).expect("valid");
    }
    builder
}

fn batch(codec: Codec) -> Vec<u8> {
    builder(codec).finish().expect("sealed").to_vec()
}

fn validate(bytes: &mut [u8], origin: AppendOrigin, config: &ValidatorConfig) -> Result<Validated> {
    validate_and_assign_offsets(bytes, FIRST, EPOCH, NOW, origin, config)
}

/// The header of the only batch, its CRC checked.
fn only(bytes: &[u8]) -> BatchHeader {
    let batch = Batch::first(bytes).expect("sound").expect("whole");
    assert_eq!(batch.bytes.len(), bytes.len());
    batch.verify_crc().expect("the CRC is right");
    batch.header
}

type Row = (i64, i64, Vec<u8>, Vec<u8>, usize);

/// Offset, timestamp, key, value and header count of all records.
fn rows(bytes: &[u8]) -> Vec<Row> {
    let batch = Batch::first(bytes).expect("sound").expect("whole");
    let decoded = decode(&batch, 1 << 20).expect("decodes");
    let rows = Records::new(&batch.header, &decoded).expect("sound").map(|record| {
        let record = record.expect("sound");
        let offset = batch.header.base_offset + i64::from(record.offset_delta);
        let bytes = |field: Option<&[u8]>| field.unwrap_or_default().to_vec();
        let time = record_timestamp(&batch.header, &record);
        (offset, time, bytes(record.key), bytes(record.value), record.headers().count())
    });
    rows.collect()
}

/// The batch with some header bytes overwritten and sealed again.
fn patched(codec: Codec, at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = batch(codec);
    bytes[at..at + with.len()].copy_from_slice(with);
    seal(&mut bytes);
    bytes
}

#[test]
fn the_same_codec_is_assigned_in_place() {
    for codec in Codec::ALL {
        let given = batch(codec);
        let mut bytes = given.clone();
        let done = validate(&mut bytes, Client, &config()).unwrap();
        assert_eq!((done.first_offset, done.last_offset), (FIRST, FIRST + 2));
        assert_eq!((done.max_timestamp, done.offset_of_max_timestamp), (NOW + 1, FIRST + 2));
        assert_eq!((done.log_append_time, done.source_codec), (-1, codec));
        assert_eq!(done.rebuilt, None);
        let header = only(done.bytes(&bytes));
        assert_eq!((header.base_offset, header.leader_epoch), (FIRST, EPOCH));
        // Nothing but base offset and leader epoch changed, so the CRC did not either.
        assert_eq!(bytes[16..], given[16..]);
        assert_eq!(rows(&bytes).iter().map(|row| row.0).collect::<Vec<_>>(), [1000, 1001, 1002]);
    }
}

#[test]
fn log_append_time_is_set_in_place() {
    let config = ValidatorConfig { timestamp_type: TimestampType::LogAppendTime, ..config() };
    for codec in Codec::ALL {
        let mut bytes = batch(codec);
        let done =
            validate_and_assign_offsets(&mut bytes, 0, 0, NOW + 77, Client, &config).unwrap();
        assert_eq!((done.rebuilt, done.log_append_time), (None, NOW + 77));
        assert_eq!((done.max_timestamp, done.offset_of_max_timestamp), (NOW + 77, 2));
        let header = only(&bytes);
        assert!(header.is_log_append_time());
        assert_eq!((header.max_timestamp, header.base_timestamp), (NOW + 77, NOW));
        assert!(rows(&bytes).iter().all(|row| row.1 == NOW + 77));
    }
}

#[test]
fn log_append_time_takes_any_create_time() {
    let late = ValidatorConfig { timestamp_type: TimestampType::LogAppendTime, ..config() };
    let mut bytes = batch(Codec::None);
    assert!(validate_and_assign_offsets(&mut bytes, 0, 0, 5, Client, &late).is_ok());
}

#[test]
fn a_wrong_max_timestamp_is_put_right() {
    for codec in Codec::ALL {
        let mut bytes = patched(codec, 35, &(NOW + 500).to_be_bytes());
        validate(&mut bytes, Client, &config()).unwrap();
        assert_eq!(only(&bytes).max_timestamp, NOW + 1);
    }
}

#[test]
fn records_without_timestamps_are_taken() {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.append(-1, None, Some(b"x"), &[]).unwrap();
    let mut bytes = builder.finish().unwrap().to_vec();
    let strict =
        ValidatorConfig { timestamp_before_max_ms: 1, timestamp_after_max_ms: 1, ..config() };
    let done = validate(&mut bytes, Client, &strict).unwrap();
    assert_eq!((done.max_timestamp, done.offset_of_max_timestamp), (-1, -1));
}

#[test]
fn another_codec_is_rebuilt_from_and_to_every_one() {
    for (source, target) in Codec::ALL
        .into_iter()
        .flat_map(|from| Codec::ALL.map(|to| (from, to)))
        .filter(|p| p.0 != p.1)
    {
        for appended in [false, true] {
            let mut config =
                ValidatorConfig { compression_type: CompressionType::Codec(target), ..config() };
            if appended {
                config.timestamp_type = TimestampType::LogAppendTime;
            }
            let mut builder = builder(source);
            builder.set_producer(7, 3, 11, true);
            let given = builder.finish().unwrap().to_vec();
            let mut bytes = given.clone();
            let done = validate(&mut bytes, Client, &config).unwrap();
            assert_eq!(bytes, given, "what was handed in stays");
            assert!(done.rebuilt.is_some());
            let header = only(done.bytes(&bytes));
            assert_eq!(header.codec_id(), target.id());
            assert_eq!((header.base_offset, header.leader_epoch), (FIRST, EPOCH));
            assert_eq!((header.producer_id, header.producer_epoch), (7, 3));
            assert_eq!((header.base_sequence, header.is_transactional()), (11, true));
            assert_eq!(header.is_log_append_time(), appended);
            assert_eq!(header.max_timestamp, if appended { NOW } else { NOW + 1 });
            assert_eq!((done.max_timestamp, done.source_codec), (header.max_timestamp, source));
            let mut expected = rows(&given);
            for row in &mut expected {
                row.0 += FIRST;
                row.1 = if appended { NOW } else { row.1 };
            }
            assert_eq!(rows(done.bytes(&bytes)), expected);
        }
    }
}

#[test]
fn the_level_of_the_topic_is_used() {
    let with = |level| ValidatorConfig {
        compression_type: CompressionType::Codec(Codec::Gzip),
        compression_level: Some(level),
        ..config()
    };
    assert!(validate(&mut batch(Codec::None), Client, &with(9)).is_ok());
    assert!(matches!(
        refusals::refused(batch(Codec::None), &with(99)),
        LogError::InvalidArgument(_)
    ));
}

#[test]
fn a_broker_may_append_several() {
    for target in [CompressionType::Producer, CompressionType::Codec(Codec::Lz4)] {
        let config = ValidatorConfig { compression_type: target, ..config() };
        let mut later = RecordBatchBuilder::new(Codec::Lz4, None);
        later.append(NOW + 60, Some(b"k"), None, &[]).unwrap();
        let parts = [batch(Codec::Lz4), batch(Codec::None), later.finish().unwrap().to_vec()];
        let mut bytes = parts.concat();
        let done = validate(&mut bytes, Coordinator, &config).unwrap();
        assert_eq!(done.rebuilt.is_some(), target != CompressionType::Producer);
        assert_eq!((done.first_offset, done.last_offset), (FIRST, FIRST + 6));
        assert_eq!((done.max_timestamp, done.offset_of_max_timestamp), (NOW + 60, FIRST + 6));
        let batches: Vec<_> = Batches::new(done.bytes(&bytes)).map(Result::unwrap).collect();
        let spans: Vec<_> =
            batches.iter().map(|b| (b.header.base_offset, b.header.last_offset())).collect();
        assert_eq!(spans, [(1000, 1002), (1003, 1005), (1006, 1006)]);
        for batch in batches {
            batch.verify_crc().unwrap();
        }
    }
}

#[test]
fn a_control_batch_that_is_rebuilt_stays_one() {
    let mut builder = builder(Codec::Snappy);
    builder.set_control();
    let mut bytes = builder.finish().unwrap().to_vec();
    let config =
        ValidatorConfig { compression_type: CompressionType::Codec(Codec::Gzip), ..config() };
    let done = validate(&mut bytes, Coordinator, &config).unwrap();
    assert!(only(done.bytes(&bytes)).is_control());
}

#[test]
fn offsets_must_fit() {
    let at = |first| {
        validate_and_assign_offsets(&mut batch(Codec::None), first, 0, NOW, Client, &config())
    };
    assert_eq!(at(i64::MAX - 3).unwrap().last_offset, i64::MAX - 1);
    for first in [i64::MAX - 2, i64::MAX, -1] {
        assert!(matches!(at(first), Err(LogError::InvalidArgument(_))));
    }
}

proptest! {
    #[test]
    fn a_flipped_bit_is_refused_or_harmless(at in 0_usize.., bit in 0_u32..8, codec in 0_u8..5) {
        let mut bytes = batch(Codec::from_id(codec).unwrap());
        let expected = rows(&bytes);
        let at = at % bytes.len();
        bytes[at] ^= 1_u8 << bit;
        // Base offset must be 0 and the CRC covers the rest; the leader epoch is overwritten.
        let done = validate_and_assign_offsets(&mut bytes, 0, EPOCH, NOW, Client, &config());
        prop_assert_eq!(done.is_ok(), (12..16).contains(&at), "byte {}", at);
        if done.is_ok() {
            prop_assert_eq!(rows(&bytes), expected);
        }
    }

    #[test]
    fn sealed_nonsense_never_panics(
        at in 16_usize..400, tail: Vec<u8>, codec in 0_u8..8, target in 0_u8..5, broker: bool,
    ) {
        let mut bytes = batch(Codec::None);
        bytes.splice(at.., tail);
        bytes.resize(bytes.len().max(61), 0);
        bytes[22] = bytes[22] & !7 | codec;
        seal(&mut bytes);
        let origin = if broker { Coordinator } else { Client };
        let compression_type = CompressionType::Codec(Codec::from_id(target).unwrap());
        for compression_type in [CompressionType::Producer, compression_type] {
            let config = ValidatorConfig { compression_type, ..config() };
            if let Ok(done) = validate(&mut bytes.clone(), origin, &config) {
                prop_assert!(done.last_offset >= done.first_offset);
            }
        }
    }
}
