//! `BatchView`: one record batch as it stands in its segment, not copied.
//!
//! Invariants: the view keeps the map alive and readable, after the log is closed and after its
//! file is gone; looking into it through the buffer protocol counts as a loan of the log.

#![expect(unsafe_code, reason = "pyo3 hands Python's buffer protocol out as raw pointers")]

use std::ffi::c_int;

use logcore::{Batch, BatchHeader, Batches, Codec, LogError, Slice};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMemoryView};

use crate::buffer::{Exports, lend};
use crate::chunk::{Chunk, OpenBatch};
use crate::columns::{Columns, Found};
use crate::error::Outcome;
use crate::record::{Made, push_records, push_values};

/// One record batch as it stands in its segment; `memoryview(batch)` is its bytes, not copied.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct BatchView {
    header: BatchHeader,
    slice: Slice,
    exports: Exports,
}

#[pymethods]
impl BatchView {
    /// Offset of the first record.
    #[getter]
    fn base_offset(&self) -> i64 {
        self.header.base_offset
    }

    /// Offset of the last record.
    #[getter]
    fn last_offset(&self) -> i64 {
        self.header.last_offset()
    }

    /// Number of records.
    #[getter]
    fn count(&self) -> i32 {
        self.header.count
    }

    /// Largest timestamp in milliseconds, -1 without one.
    #[getter]
    fn max_timestamp(&self) -> i64 {
        self.header.max_timestamp
    }

    /// Name of the codec, or None.
    #[getter]
    fn compression(&self) -> Outcome<Option<&'static str>> {
        let codec = Codec::from_id(self.header.codec_id())?;
        Ok(Some(codec).filter(|codec| *codec != Codec::None).map(Codec::name))
    }

    /// Id of the producer, -1 without one.
    #[getter]
    fn producer_id(&self) -> i64 {
        self.header.producer_id
    }

    /// Epoch of the producer, -1 without one.
    #[getter]
    fn producer_epoch(&self) -> i16 {
        self.header.producer_epoch
    }

    /// Sequence of the first record, -1 without one.
    #[getter]
    fn base_sequence(&self) -> i32 {
        self.header.base_sequence
    }

    /// Epoch of the leader that appended it, -1 if unknown.
    #[getter]
    fn leader_epoch(&self) -> i32 {
        self.header.leader_epoch
    }

    /// Whether it is part of a transaction.
    #[getter]
    fn is_transactional(&self) -> bool {
        self.header.is_transactional()
    }

    /// Whether it holds control records instead of data.
    #[getter]
    fn is_control(&self) -> bool {
        self.header.is_control()
    }

    /// Whether its timestamps are the time of the append.
    #[getter]
    fn is_log_append_time(&self) -> bool {
        self.header.is_log_append_time()
    }

    /// Where it starts in its file, in bytes.
    #[getter]
    fn position(&self) -> usize {
        self.slice.position()
    }

    fn __len__(&self) -> usize {
        self.slice.len()
    }

    fn __repr__(&self) -> String {
        let header = &self.header;
        let (first, last, size) = (header.base_offset, header.last_offset(), self.slice.len());
        format!("<BatchView of offsets {first} to {last}, {} records, {size} bytes>", header.count)
    }

    /// Checks the CRC.
    fn verify(&self, py: Python<'_>) -> Outcome<()> {
        Ok(py.detach(|| self.batch().verify_crc())?)
    }

    /// The records.
    fn records<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyList>> {
        let chunk = py.detach(|| self.open())?;
        let mut made = Made { objects: Vec::new(), next_offset: self.header.base_offset };
        push_records(py, &mut made, &chunk, usize::MAX)?;
        Ok(PyList::new(py, made.objects)?)
    }

    /// The values, as bytes or None.
    fn values<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyList>> {
        let chunk = py.detach(|| self.open())?;
        let mut made = Made { objects: Vec::new(), next_offset: self.header.base_offset };
        push_values(py, &mut made, &chunk, usize::MAX)?;
        Ok(PyList::new(py, made.objects)?)
    }

    /// The records as numpy arrays.
    fn columns(&self, py: Python<'_>) -> Outcome<Columns> {
        let found = py.detach(|| {
            let chunk = self.open()?;
            Found::decode(&chunk, self.header.base_offset, &self.exports)
        })?;
        Columns::new(py, found)
    }

    /// A memoryview: what Python 3.12 makes of the buffer protocol by itself (PEP 688).
    fn __buffer__<'py>(slf: &Bound<'py, Self>, flags: c_int) -> PyResult<Bound<'py, PyMemoryView>> {
        let _ = flags;
        PyMemoryView::from(slf.as_any())
    }

    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let this = slf.get();
        let bytes: &[u8] = &this.slice;
        // SAFETY: the interpreter hands in a valid `view`; the slice holds its map, whose bytes do
        // not change, and lives in `slf`, which is frozen.
        unsafe { lend(view, flags, slf.as_any(), (bytes.as_ptr().cast(), bytes.len())) }?;
        this.exports.add();
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.exports.remove();
    }
}

impl BatchView {
    fn batch(&self) -> Batch<'_> {
        Batch { header: self.header, bytes: &self.slice }
    }

    fn open(&self) -> Result<Chunk, LogError> {
        Ok(Chunk {
            batches: vec![OpenBatch::new(&self.batch(), &self.slice)?],
            slice: self.slice.clone(),
            next_offset: self.header.next_offset(),
            size_bytes: self.slice.len(),
        })
    }

    /// Views of the whole batches in what was read.
    pub(crate) fn split(slice: &Slice, exports: &Exports) -> Outcome<Vec<Self>> {
        let mut views = Vec::new();
        let mut start = 0;
        for batch in Batches::new(slice) {
            let batch = batch?;
            let end = start + batch.bytes.len();
            let Some(part) = slice.part(start..end) else { break };
            views.push(Self { header: batch.header, slice: part, exports: exports.clone() });
            start = end;
        }
        Ok(views)
    }
}
