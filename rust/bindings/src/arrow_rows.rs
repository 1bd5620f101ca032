//! Records as the columns of an Arrow record batch: what `arrow.rs` and `arrow_batches.rs` share.
//!
//! Invariants: the columns never vary (see [`fields`]); a batch stays within the 32 bits of Arrow's
//! offsets of binary columns: a row that would pass [`BATCH_SIZE_BYTES`] begins another one.

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

/// Bytes that a record adds to the columns.
fn size_bytes(record: &RecordRef<'_>) -> usize {
    let of = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers: usize = record.headers().map(|(key, value)| key.len() + of(value)).sum();
    of(record.key) + of(record.value) + headers
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

    /// Adds a row; `false`, and nothing is added, if that has to go into another batch.
    ///
    /// # Errors
    /// `InvalidArgument` if it is too large for any.
    pub(crate) fn push(
        &mut self,
        header: &BatchHeader,
        record: &RecordRef<'_>,
        offset: i64,
    ) -> Result<bool, LogError> {
        let size_bytes = size_bytes(record);
        if i32::try_from(size_bytes).is_err() {
            let reason = format!("the record at offset {offset} is too large for an Arrow batch");
            return Err(LogError::InvalidArgument(reason));
        }
        if self.len() > 0 && self.size_bytes + size_bytes > BATCH_SIZE_BYTES {
            return Ok(false);
        }
        self.offsets.push(offset);
        self.timestamps.push(Some(record_timestamp(header, record)).filter(|at| *at >= 0));
        self.keys.append_option(record.key);
        self.values.append_option(record.value);
        for (key, value) in record.headers() {
            self.header_keys.append_value(key);
            self.header_values.append_option(value);
        }
        self.header_counts.push(usize::try_from(record.header_count).unwrap_or(0));
        self.size_bytes += size_bytes;
        Ok(true)
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
