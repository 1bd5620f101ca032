//! The builder against batches Kafka wrote, its limits, and round trips through the records.

mod golden;

use logcore::batch::{Batch, NO_SEQUENCE};
use logcore::builder::{MarkerContext, empty_batch, end_transaction_marker};
use logcore::compression::Codec;
use logcore::control::EndTxnMarker;
use logcore::error::LogError;
use logcore::record::{Records, decode, record_timestamp};
use logcore::{BatchHeader, RecordBatchBuilder};
use proptest::prelude::*;

const T: i64 = 1_700_000_000_000;

fn filled(codec: Codec) -> RecordBatchBuilder {
    let mut builder = RecordBatchBuilder::new(codec, None);
    builder.set_base_offset(5);
    for record in golden::records() {
        let (key, value, headers) = (record.key, record.value, record.headers);
        builder
            .append_at_offset(record.offset_delta, record.timestamp, key, value, headers)
            .expect("a valid record");
    }
    builder
}

fn header(bytes: &[u8]) -> BatchHeader {
    Batch::first(bytes).expect("a sound header").expect("a whole batch").header
}

#[test]
fn bytes_are_kafkas() {
    assert_eq!(filled(Codec::None).finish().unwrap(), golden::batch("plain_none"));
    let mut builder = filled(Codec::None);
    builder.set_leader_epoch(12);
    builder.set_producer(77, 3, 9, true);
    builder.set_log_append_time(1_800_000_000_000);
    assert_eq!(builder.finish().unwrap(), golden::batch("append_time"));
}

#[test]
fn a_record_without_timestamp_is_kafkas() {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.append(-1, None, Some(b"x"), &[]).unwrap();
    assert_eq!(builder.finish().unwrap(), golden::batch("no_timestamp"));
}

#[test]
fn a_batch_with_delete_horizon_is_kafkas() {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.set_base_offset(100);
    builder.set_leader_epoch(6);
    builder.set_producer(4000, 2, 17, false);
    builder.set_delete_horizon_ms(1_700_000_005_000);
    builder.append_at_offset(3, T, Some(b"k"), None, &[]).unwrap();
    builder.set_last_offset_delta(9);
    assert_eq!(builder.finish().unwrap(), golden::batch("horizon"));
}

#[test]
fn markers_are_kafkas() {
    let context = MarkerContext {
        base_offset: 42,
        timestamp: T,
        leader_epoch: 6,
        producer_id: 4000,
        producer_epoch: 2,
    };
    for (commit, name) in [(false, "marker_ABORT"), (true, "marker_COMMIT")] {
        let marker = EndTxnMarker { commit, coordinator_epoch: 19 };
        let bytes = end_transaction_marker(&context, marker).unwrap();
        assert_eq!(bytes, golden::batch(name));
        let batch = Batch::first(&bytes).unwrap().unwrap();
        let record = Records::new(&batch.header, batch.records_bytes()).unwrap().next();
        let record = record.unwrap().unwrap();
        assert_eq!(EndTxnMarker::decode(record.key, record.value).unwrap(), Some(marker));
    }
}

#[test]
fn an_emptied_batch_is_kafkas() {
    let mut builder = RecordBatchBuilder::new(Codec::Zstd, None);
    builder.set_base_offset(100);
    builder.set_leader_epoch(6);
    builder.set_producer(4000, 2, 17, true);
    builder.append(T, None, Some(b"x"), &[]).unwrap();
    builder.set_last_offset_delta(9);
    let empty = empty_batch(&header(builder.finish().unwrap()));
    assert_eq!(empty, golden::batch("empty"));
    let batch = Batch::first(&empty).unwrap().unwrap();
    batch.verify_crc().unwrap();
    assert_eq!((batch.header.last_offset(), batch.header.last_sequence()), (109, 26));
    assert_eq!(Records::new(&batch.header, &decode(&batch, 0).unwrap()).unwrap().count(), 0);
}

#[test]
fn without_records_there_are_no_bytes() {
    let mut builder = RecordBatchBuilder::new(Codec::Lz4, None);
    assert!(builder.is_empty());
    assert!(builder.finish().unwrap().is_empty());
}

#[test]
fn reset_forgets_everything_but_the_codec() {
    let mut builder = filled(Codec::None);
    builder.set_control();
    builder.set_producer(1, 1, 1, true);
    builder.set_log_append_time(7);
    builder.reset();
    assert_eq!((builder.len(), builder.size_bytes()), (0, 61));
    builder.append(-1, None, Some(b"x"), &[]).unwrap();
    assert_eq!(builder.finish().unwrap(), golden::batch("no_timestamp"));
}

#[test]
fn finish_may_be_repeated_and_appended_to() {
    let mut builder = RecordBatchBuilder::new(Codec::Snappy, None);
    builder.append(T, None, Some(b"a"), &[]).unwrap();
    let once = builder.finish().unwrap().to_vec();
    assert_eq!(builder.finish().unwrap(), once);
    builder.append(T + 1, None, Some(b"b"), &[]).unwrap();
    let twice = header(builder.finish().unwrap());
    assert_eq!((twice.count, twice.last_offset_delta, twice.max_timestamp), (2, 1, T + 1));
}

#[test]
fn refused_records_leave_the_builder_as_it_was() {
    let mut builder = filled(Codec::None);
    let size = builder.size_bytes();
    let refused = [
        builder.append(-2, None, None, &[]),
        builder.append_at_offset(70, T, None, None, &[]),
        builder.append_at_offset(-1, T, None, None, &[]),
    ];
    for result in refused {
        assert!(matches!(result, Err(LogError::InvalidArgument(_))), "{result:?}");
    }
    assert_eq!((builder.len(), builder.size_bytes()), (4, size));
    assert_eq!(builder.finish().unwrap(), golden::batch("plain_none"));
    builder.append_at_offset(i32::MAX, T, None, None, &[]).unwrap();
    assert!(matches!(builder.append(T, None, None, &[]), Err(LogError::InvalidArgument(_))));
}

#[test]
fn timestamps_far_apart_wrap_and_come_back() {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    let times = [-1, i64::MAX, 0];
    for timestamp in times {
        builder.append(timestamp, None, None, &[]).unwrap();
    }
    let bytes = builder.finish().unwrap();
    let batch = Batch::first(bytes).unwrap().unwrap();
    let records = Records::new(&batch.header, batch.records_bytes()).unwrap();
    let back: Vec<_> = records.map(|r| record_timestamp(&batch.header, &r.unwrap())).collect();
    assert_eq!(back, times);
    assert_eq!(batch.header.max_timestamp, i64::MAX);
}

#[test]
fn a_bad_level_is_an_error() {
    let mut builder = RecordBatchBuilder::new(Codec::Gzip, Some(99));
    builder.append(T, None, None, &[]).unwrap();
    assert!(matches!(builder.finish(), Err(LogError::InvalidArgument(_))));
}

type Header = (String, Option<Vec<u8>>);
type Row = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<Header>, u8);

fn row() -> impl Strategy<Value = Row> {
    let blob = || prop::option::of(prop::collection::vec(any::<u8>(), 0..200));
    let headers = prop::collection::vec((any::<String>(), blob()), 0..4);
    (prop_oneof![Just(T), -1..i64::MAX], blob(), blob(), headers, 1_u8..100)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn records_are_the_input(rows in prop::collection::vec(row(), 1..40), codec in 0_u8..5) {
        let mut builder = RecordBatchBuilder::new(Codec::from_id(codec).unwrap(), None);
        builder.set_producer(1, 0, NO_SEQUENCE, false);
        let mut deltas = Vec::new();
        for (time, key, value, headers, step) in &rows {
            let delta = deltas.last().map_or(0, |last| last + i32::from(*step));
            deltas.push(delta);
            let headers: Vec<_> =
                headers.iter().map(|(key, value)| (key.as_bytes(), value.as_deref())).collect();
            builder
                .append_at_offset(delta, *time, key.as_deref(), value.as_deref(), &headers)
                .unwrap();
        }
        let bytes = builder.finish().unwrap().to_vec();
        let batch = Batch::first(&bytes).unwrap().unwrap();
        batch.verify_crc().unwrap();
        prop_assert_eq!(batch.header.max_timestamp, rows.iter().map(|row| row.0).max().unwrap());
        prop_assert_eq!(batch.header.base_timestamp, rows[0].0);
        let decoded = decode(&batch, 1 << 20).unwrap();
        let records: Vec<_> =
            Records::new(&batch.header, &decoded).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(records.len(), rows.len());
        let mut copy = RecordBatchBuilder::new(batch_codec(&batch), None);
        copy.set_producer(1, 0, NO_SEQUENCE, false);
        for ((record, row), delta) in records.iter().zip(&rows).zip(deltas) {
            let timestamp = record_timestamp(&batch.header, record);
            prop_assert_eq!((record.offset_delta, timestamp), (delta, row.0));
            prop_assert_eq!((record.key, record.value), (row.1.as_deref(), row.2.as_deref()));
            let headers: Vec<_> = record.headers().collect();
            let given: Vec<_> = row.3.iter().map(|h| (h.0.as_str().into(), h.1.as_deref())).collect();
            prop_assert_eq!(headers, given);
            copy.append_record(delta, timestamp, record).unwrap();
        }
        prop_assert_eq!(copy.finish().unwrap(), bytes);
    }
}

fn batch_codec(batch: &Batch<'_>) -> Codec {
    Codec::from_id(batch.header.codec_id()).expect("a known codec")
}
