//! `ArrowStream`: records of a log as an Arrow C stream, for polars, pyarrow, duckdb and others.
//!
//! Invariants: the schema never varies (five columns, see [`schema`]); every batch has at most
//! `max_rows` rows; whoever consumes the stream needs neither us nor the interpreter's lock.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    ArrayRef, Int64Array, ListArray, RecordBatch, RecordBatchReader, StructArray,
    TimestampMillisecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use logcore::record::record_timestamp;
use logcore::{BatchHeader, LogError, RecordRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::chunk::{Limits, read_chunk};
use crate::engine::Engine;

const STREAM: &CStr = c"arrow_array_stream";
const READ_SIZE_BYTES: usize = 4 << 20;
/// What a consumer may hold at most in one batch: Arrow's offsets of binary columns are 32 bits.
const BATCH_SIZE_BYTES: usize = 256 << 20;

/// Records of a log for anything that speaks the Arrow C stream interface.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct ArrowStream {
    engine: Arc<Engine>,
    offsets: (i64, i64),
    max_rows: usize,
}

impl ArrowStream {
    pub(crate) fn new(engine: &Arc<Engine>, offsets: (i64, i64), max_rows: usize) -> Self {
        Self { engine: Arc::clone(engine), offsets, max_rows }
    }
}

#[pymethods]
impl ArrowStream {
    /// A new stream over the same records, as a capsule.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore the wish; the consumer casts what it wants otherwise.
        let _ = requested_schema;
        let reader = Reader {
            engine: Arc::clone(&self.engine),
            next: self.offsets.0,
            end: self.offsets.1,
            max_rows: self.max_rows,
            schema: schema(),
        };
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        PyCapsule::new_with_value(py, stream, STREAM)
    }
}

fn header_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Binary, true),
    ])
}

/// The columns: offset, timestamp, key, value and headers.
fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let header = Field::new("item", DataType::Struct(header_fields()), false);
    Arc::new(Schema::new(vec![
        Field::new("offset", DataType::Int64, false),
        Field::new("timestamp", time, true),
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", DataType::List(Arc::new(header)), false),
    ]))
}

struct Reader {
    engine: Arc<Engine>,
    next: i64,
    end: i64,
    max_rows: usize,
    schema: SchemaRef,
}

/// The columns of a batch while it is filled.
#[derive(Default)]
struct Rows {
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
    fn has_room(&self, max_rows: usize) -> bool {
        self.offsets.len() < max_rows && self.size_bytes < BATCH_SIZE_BYTES
    }

    fn push(
        &mut self,
        header: &BatchHeader,
        record: &RecordRef<'_>,
        offset: i64,
    ) -> Result<(), LogError> {
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

    fn finish(mut self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.header_keys.finish()), Arc::new(self.header_values.finish())];
        let headers = StructArray::try_new(header_fields(), columns, None)?;
        let item = Arc::new(Field::new("item", DataType::Struct(header_fields()), false));
        let ends = OffsetBuffer::from_lengths(self.header_counts);
        let lists = ListArray::try_new(item, ends, Arc::new(headers), None)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(self.offsets)),
            Arc::new(TimestampMillisecondArray::from(self.timestamps).with_timezone("UTC")),
            Arc::new(self.keys.finish()),
            Arc::new(self.values.finish()),
            Arc::new(lists),
        ];
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}

impl Reader {
    /// The next rows, none at the end. A chunk is read again from where the last batch ended.
    fn fill(&mut self) -> Result<Rows, LogError> {
        let mut rows = Rows::default();
        while self.next < self.end && rows.has_room(self.max_rows) {
            let limits = Limits { max_records: self.max_rows, max_bytes: READ_SIZE_BYTES };
            let Some(chunk) = read_chunk(&*self.engine, self.next, limits)? else {
                self.next = self.end;
                break;
            };
            let mut next = chunk.next_offset;
            'chunk: for batch in &chunk.batches {
                for record in batch.records()? {
                    let record = record?;
                    let offset = batch.header.base_offset + i64::from(record.offset_delta);
                    if offset >= self.end || !rows.has_room(self.max_rows) {
                        next = offset;
                        break 'chunk;
                    }
                    if offset >= self.next {
                        rows.push(&batch.header, &record, offset)?;
                    }
                }
            }
            self.next = next;
        }
        Ok(rows)
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.fill() {
            Ok(rows) if rows.offsets.is_empty() => None,
            Ok(rows) => Some(rows.finish(&self.schema)),
            Err(error) => {
                self.next = self.end;
                Some(Err(ArrowError::ExternalError(Box::new(error))))
            }
        }
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
