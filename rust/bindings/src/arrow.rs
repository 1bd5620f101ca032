//! `ArrowStream`: records of a log as an Arrow C stream, for polars, pyarrow, duckdb and others.
//!
//! Invariants: every batch has at most `max_rows` rows; whoever consumes the stream needs neither us
//! nor the interpreter's lock. `arrow_rows.rs` has the columns.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use logcore::LogError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow_rows::{Rows, fields};
use crate::chunk::{Limits, read_chunk};
use crate::engine::Engine;

pub(crate) const STREAM: &CStr = c"arrow_array_stream";
const READ_SIZE_BYTES: usize = 4 << 20;

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

fn schema() -> SchemaRef {
    Arc::new(Schema::new(fields()))
}

struct Reader {
    engine: Arc<Engine>,
    next: i64,
    end: i64,
    max_rows: usize,
    schema: SchemaRef,
}

impl Reader {
    /// The next rows, none at the end. A chunk is read again from where the last batch ended.
    fn fill(&mut self) -> Result<Rows, LogError> {
        let mut rows = Rows::default();
        let mut is_full = false;
        while !is_full && self.next < self.end && rows.has_room(self.max_rows) {
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
                    if offset < self.next {
                        continue;
                    }
                    let is_room = offset < self.end && rows.has_room(self.max_rows);
                    if !is_room || !rows.push(&batch.header, &record, offset)? {
                        next = offset;
                        is_full = true;
                        break 'chunk;
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
            Ok(rows) if rows.len() == 0 => None,
            Ok(rows) => {
                let columns = rows.finish();
                Some(columns.and_then(|all| RecordBatch::try_new(Arc::clone(&self.schema), all)))
            }
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
