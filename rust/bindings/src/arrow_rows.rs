//! Records as the columns of an Arrow record batch: what `arrow.rs` and `arrow_batches.rs` share.
//!
//! Invariants: the columns never vary (see [`fields`]); a batch stays within the 32 bits of Arrow's
//! offsets of binary columns.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, Int64Array, ListArray, StructArray, TimestampMillisecondArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, TimeUnit};
use logcore::record::record_timestamp;
use logcore::{BatchHeader, LogError, RecordRef};

/// What a consumer may hold at most in one batch.
const BATCH_SIZE_BYTES: usize = 256 << 20;

fn header_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Binary, true),
    ])
}

fn header() -> Field {
    Field::new("item", DataType::Struct(header_fields()), false)
}

/// The columns: offset, timestamp, key, value and headers.
pub(crate) fn fields() -> Vec<Field> {
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    vec![
        Field::new("offset", DataType::Int64, false),
        Field::new("timestamp", time, true),
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", DataType::List(Arc::new(header())), false),
    ]
}

/// The columns of a batch while it is filled.
#[derive(Default)]
pub(crate) struct Rows {
    offsets: Vec<i64>,
    timestamps: Vec<Option<i64>>,
    keys: BinaryBuilder,
    values: BinaryBuilder,
    header_counts: Vec<usize>,
    header_keys: StringBuilder,
    header_values: BinaryBuilder,
    size_bytes: usize,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    pub(crate) fn has_room(&self, max_rows: usize) -> bool {
        self.len() < max_rows && self.size_bytes < BATCH_SIZE_BYTES
    }

    /// Adds a row, all of it or, with an error, none.
    pub(crate) fn push(
        &mut self,
        header: &BatchHeader,
        record: &RecordRef<'_>,
        offset: i64,
    ) -> Result<(), LogError> {
        for pair in record.headers() {
            pair?; // before anything of the row is there
        }
        self.offsets.push(offset);
        self.timestamps.push(Some(record_timestamp(header, record)).filter(|at| *at >= 0));
        self.keys.append_option(record.key);
        self.values.append_option(record.value);
        for pair in record.headers() {
            let (key, value) = pair?;
            self.header_keys.append_value(key);
            self.header_values.append_option(value);
        }
        self.header_counts.push(usize::try_from(record.header_count).unwrap_or(0));
        self.size_bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.header_keys.finish()), Arc::new(self.header_values.finish())];
        let headers = StructArray::try_new(header_fields(), columns, None)?;
        let ends = OffsetBuffer::from_lengths(self.header_counts);
        let lists = ListArray::try_new(Arc::new(header()), ends, Arc::new(headers), None)?;
        Ok(vec![
            Arc::new(Int64Array::from(self.offsets)),
            Arc::new(TimestampMillisecondArray::from(self.timestamps).with_timezone("UTC")),
            Arc::new(self.keys.finish()),
            Arc::new(self.values.finish()),
            Arc::new(lists),
        ])
    }
}
