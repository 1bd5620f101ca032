//! `ArrowBatches`: what a consumer fetched, of any number of partitions, as an Arrow C stream.
//!
//! Invariants: the schema never varies: topic and partition, then the columns of `arrow_rows.rs`;
//! each batch is of one partition. A stream holds what was added before it was begun, and needs
//! neither us nor the interpreter's lock.

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Int32Array, RecordBatch, RecordBatchIterator, StringArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::STREAM;
use crate::arrow_rows::{Rows, fields};
use crate::error::{Outcome, invalid};
use crate::fetched::FetchedRecords;

/// Fetched records for anything that speaks the Arrow C stream interface.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct ArrowBatches {
    schema: SchemaRef,
    batches: Mutex<Vec<RecordBatch>>,
}

#[pymethods]
impl ArrowBatches {
    #[new]
    fn new() -> Self {
        Self { schema: schema(), batches: Mutex::default() }
    }

    /// Takes of what was fetched of a partition as much as one batch may hold; how many records.
    fn add(&self, py: Python<'_>, records: &FetchedRecords) -> Outcome<usize> {
        let (topic, partition) = records.place(py);
        let topic = topic.to_str()?;
        let rows = records.rows(py)?;
        let count = rows.len();
        if count > 0 {
            let batch = batch(&self.schema, topic, partition, rows);
            self.batches.lock().push(batch.map_err(|error| invalid(error.to_string()))?);
        }
        Ok(count)
    }

    /// Number of records.
    fn __len__(&self) -> usize {
        self.batches.lock().iter().map(RecordBatch::num_rows).sum()
    }

    fn __repr__(&self) -> String {
        format!("<ArrowBatches of {} records>", self.__len__())
    }

    /// A new stream over the same records, as a capsule.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema; // as in `arrow.rs`
        let batches = self.batches.lock().clone();
        let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), self.schema.clone());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
    }
}

fn schema() -> SchemaRef {
    let name = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let mut all =
        vec![Field::new("topic", name, false), Field::new("partition", DataType::Int32, false)];
    all.extend(fields());
    Arc::new(Schema::new(all))
}

fn batch(
    schema: &SchemaRef,
    topic: &str,
    partition: i32,
    rows: Rows,
) -> Result<RecordBatch, ArrowError> {
    let count = rows.len();
    let name: ArrayRef = Arc::new(StringArray::from(vec![topic]));
    let topics = DictionaryArray::<Int32Type>::try_new(Int32Array::from_value(0, count), name)?;
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(topics), Arc::new(Int32Array::from_value(partition, count))];
    columns.extend(rows.finish()?);
    RecordBatch::try_new(Arc::clone(schema), columns)
}
