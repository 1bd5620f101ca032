//! Columns against the records they must equal, over one batch, many, and damaged ones.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

mod golden;

use logcore::batch::Batch;
use logcore::compression::Codec;
use logcore::error::LogError;
use logcore::record::{Records, decode, record_timestamp};
use logcore::{Columns, RecordBatchBuilder};
use proptest::prelude::*;

const LIMIT_BYTES: usize = 1 << 20;

/// The part of `buffer` a column's extent names.
fn part(buffer: &[u8], start: i32, length: i32) -> Option<&[u8]> {
    let length = usize::try_from(length).ok()?;
    let start = usize::try_from(start).expect("starts are not negative");
    Some(&buffer[start..start + length])
}

/// Panics where the columns from `row` on are not the records of `batch`; the row after them.
fn assert_equal(columns: &Columns, row: usize, batch: &Batch<'_>, records: &[u8], buffer: &[u8]) {
    for (row, record) in (row..).zip(Records::new(&batch.header, records).expect("sound")) {
        let record = record.expect("sound");
        let offset = batch.header.base_offset + i64::from(record.offset_delta);
        assert_eq!(columns.offsets[row], offset);
        assert_eq!(columns.timestamps[row], record_timestamp(&batch.header, &record));
        assert_eq!(part(buffer, columns.key_starts[row], columns.key_lengths[row]), record.key);
        let value = part(buffer, columns.value_starts[row], columns.value_lengths[row]);
        assert_eq!(value, record.value);
    }
}

fn assert_even(columns: &Columns, len: usize) {
    assert_eq!(columns.len(), len);
    assert_eq!(columns.timestamps.len(), len);
    let Columns { key_starts, key_lengths, value_starts, value_lengths, .. } = columns;
    for column in [key_starts, key_lengths, value_starts, value_lengths] {
        assert_eq!(column.len(), len);
    }
}

#[test]
fn kafkas_batches_in_one_buffer() {
    let names = ["plain_none", "append_time", "plain_lz4", "horizon", "marker_COMMIT", "empty"];
    let mut buffer = Vec::new();
    let mut columns = Columns::default();
    for name in names {
        let bytes = golden::batch(name);
        let batch = Batch::first(&bytes).unwrap().unwrap();
        let records = decode(&batch, LIMIT_BYTES).unwrap();
        let base = i32::try_from(buffer.len()).unwrap();
        let row = columns.len();
        columns.append_from(&batch, &records, base).unwrap();
        buffer.extend_from_slice(&records);
        assert_equal(&columns, row, &batch, &records, &buffer);
    }
    assert_even(&columns, 4 + 4 + 4 + 1 + 1);
    assert_eq!(columns.offsets[..4], [5, 6, 7, 75]);
    assert_eq!(columns.timestamps[4..8], [1_800_000_000_000; 4]);
    columns.clear();
    assert!(columns.is_empty());
    assert_even(&columns, 0);
}

#[test]
fn a_damaged_batch_appends_nothing() {
    let bytes = golden::batch("plain_none");
    let batch = Batch::first(&bytes).unwrap().unwrap();
    let mut columns = Columns::decode(&batch, batch.records_bytes(), 0).unwrap();
    let before = columns.clone();
    let mut bad = bytes.clone();
    *bad.last_mut().unwrap() = 2; // the last record promises a header that is not there
    let batch = Batch::first(&bad).unwrap().unwrap();
    let appended = columns.append_from(&batch, batch.records_bytes(), 0);
    assert!(matches!(appended, Err(LogError::CorruptBatch { .. })));
    assert_eq!(columns, before);
    assert_even(&columns, 4);
}

#[test]
fn a_count_beyond_the_bytes_reserves_nothing() {
    let mut bytes = golden::batch("plain_none");
    bytes[23..27].copy_from_slice(&i32::MAX.to_be_bytes());
    bytes[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let batch = Batch::first(&bytes).unwrap().unwrap();
    let mut columns = Columns::default();
    assert!(columns.append_from(&batch, batch.records_bytes(), 0).is_err());
    assert_eq!(columns.offsets.capacity(), 0);
}

#[test]
fn starts_must_fit_their_type() {
    let bytes = golden::batch("no_timestamp");
    let batch = Batch::first(&bytes).unwrap().unwrap();
    let records = batch.records_bytes();
    let most = i32::MAX - i32::try_from(records.len()).unwrap();
    let columns = Columns::decode(&batch, records, most).unwrap();
    assert_eq!(columns.value_starts, [most + 6]);
    for base in [most + 1, -1, i32::MIN] {
        let refused = Columns::decode(&batch, records, base);
        assert!(matches!(refused, Err(LogError::InvalidArgument(_))));
    }
}

proptest! {
    #[test]
    fn columns_are_the_records(
        rows in prop::collection::vec(
            (-1_i64..1 << 45, any::<Option<Vec<u8>>>(), any::<Option<Vec<u8>>>(), 1_i32..300),
            1..50,
        ),
        base_offset in 0_i64..1 << 62,
    ) {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        builder.set_base_offset(base_offset);
        let mut delta = -1;
        for (time, key, value, step) in &rows {
            delta += step;
            builder.append_at_offset(delta, *time, key.as_deref(), value.as_deref(), &[]).unwrap();
        }
        let bytes = builder.finish().unwrap();
        let batch = Batch::first(bytes).unwrap().unwrap();
        let columns = Columns::decode(&batch, batch.records_bytes(), 61).unwrap();
        assert_even(&columns, rows.len());
        assert_equal(&columns, 0, &batch, batch.records_bytes(), batch.bytes);
    }

    #[test]
    fn arbitrary_records_are_judged_as_records_judges_them(
        mut tail: Vec<u8>,
        count in 0_i32..5,
        keep in 0_usize..60,
    ) {
        let mut bytes = golden::batch("plain_none");
        bytes.truncate(61 + keep);
        bytes.append(&mut tail);
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        logcore::batch::seal(&mut bytes);
        let batch = Batch::first(&bytes).unwrap().unwrap();
        let records = Records::new(&batch.header, batch.records_bytes());
        let whole = records.and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let columns = Columns::decode(&batch, batch.records_bytes(), 0);
        prop_assert_eq!(whole.map(|w| w.len()).ok(), columns.map(|c| c.len()).ok());
    }
}
