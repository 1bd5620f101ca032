//! `Columns`: records as numpy arrays over memory of the engine.
//!
//! Invariants: the six columns have one length; starts and lengths lie within `data`; `data` is the
//! segment itself, not a copy, unless some batch had to be decompressed.

use logcore::{Batch, Columns as Decoded};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList};

use crate::buffer::{Exports, Memory, NativeBuffer};
use crate::chunk::{Chunk, RecordBytes};
use crate::error::{Outcome, invalid};

/// Records as columns: numpy arrays of offsets, timestamps and places in `data`.
#[pyclass(frozen, get_all, module = "logcore._native._core")]
pub(crate) struct Columns {
    /// Offset of each record (int64).
    offsets: Py<PyAny>,
    /// Timestamp of each record in milliseconds, -1 for none (int64).
    timestamps: Py<PyAny>,
    /// Where each key starts in `data` (int32).
    key_starts: Py<PyAny>,
    /// Bytes of each key, -1 for None (int32).
    key_lengths: Py<PyAny>,
    /// Where each value starts in `data` (int32).
    value_starts: Py<PyAny>,
    /// Bytes of each value, -1 for None (int32).
    value_lengths: Py<PyAny>,
    /// The bytes that starts point into (uint8).
    data: Py<PyAny>,
    /// Offset after the last record: where the next read begins.
    next_offset: i64,
}

#[pymethods]
impl Columns {
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.offsets.bind(py).len()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (len, next) = (self.__len__(py)?, self.next_offset);
        Ok(format!("<Columns of {len} records before offset {next}>"))
    }

    /// Copies the values out, as bytes or None.
    fn values<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyList>> {
        self.extents(py, &self.value_starts, &self.value_lengths)
    }

    /// Copies the keys out, as bytes or None.
    fn keys<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyList>> {
        self.extents(py, &self.key_starts, &self.key_lengths)
    }
}

impl Columns {
    fn extents<'py>(
        &self,
        py: Python<'py>,
        starts: &Py<PyAny>,
        lengths: &Py<PyAny>,
    ) -> Outcome<Bound<'py, PyList>> {
        let starts = pyo3::buffer::PyBuffer::<i32>::get(starts.bind(py))?.to_vec(py)?;
        let lengths = pyo3::buffer::PyBuffer::<i32>::get(lengths.bind(py))?.to_vec(py)?;
        let base = self.data.bind(py).getattr("base")?;
        let base = if base.is_instance_of::<NativeBuffer>() { base } else { base.getattr("obj")? };
        let base = base.cast::<NativeBuffer>().map_err(PyErr::from)?;
        let data = base.get().memory.as_bytes().unwrap_or_default();
        let none = py.None().into_bound(py);
        let objects = starts.iter().zip(&lengths).map(|(start, length)| {
            let (Ok(start), Ok(length)) = (usize::try_from(*start), usize::try_from(*length))
            else {
                return none.clone();
            };
            let bytes = data.get(start..).and_then(|rest| rest.get(..length));
            PyBytes::new(py, bytes.unwrap_or_default()).into_any()
        });
        Ok(PyList::new(py, objects.collect::<Vec<_>>())?)
    }

    /// The arrays over what was decoded.
    pub(crate) fn new(py: Python<'_>, found: Found) -> Outcome<Self> {
        let Found { columns, data, next_offset } = found;
        Ok(Self {
            offsets: array(py, Memory::I64(columns.offsets), "int64")?,
            timestamps: array(py, Memory::I64(columns.timestamps), "int64")?,
            key_starts: array(py, Memory::I32(columns.key_starts), "int32")?,
            key_lengths: array(py, Memory::I32(columns.key_lengths), "int32")?,
            value_starts: array(py, Memory::I32(columns.value_starts), "int32")?,
            value_lengths: array(py, Memory::I32(columns.value_lengths), "int32")?,
            data: array(py, data, "uint8")?,
            next_offset,
        })
    }
}

/// A numpy array over memory of ours.
fn array(py: Python<'_>, memory: Memory, dtype: &str) -> Outcome<Py<PyAny>> {
    static FROM_BUFFER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let from_buffer = FROM_BUFFER.get_or_try_init(py, || {
        Ok::<_, PyErr>(py.import("numpy")?.getattr("frombuffer")?.unbind())
    })?;
    let buffer = Bound::new(py, NativeBuffer { memory })?;
    Ok(from_buffer.call1(py, (buffer, dtype))?)
}

/// Decoded columns and the bytes they point into.
pub(crate) struct Found {
    columns: Decoded,
    data: Memory,
    next_offset: i64,
}

impl Found {
    /// No records; the next read begins at `offset`.
    pub(crate) fn nothing(offset: i64) -> Self {
        let data = Memory::Bytes(Vec::new());
        Self { columns: Decoded::default(), data, next_offset: offset }
    }

    /// Columns that were decoded elsewhere, from `offset` on.
    pub(crate) fn made(mut columns: Decoded, data: Memory, offset: i64, next_offset: i64) -> Self {
        drop_before(&mut columns, offset);
        Self { columns, data, next_offset }
    }

    /// How many records they are of.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The columns of a chunk's records from `offset` on. It decodes every record.
    pub(crate) fn decode(chunk: &Chunk, offset: i64, exports: &Exports) -> Outcome<Self> {
        let mut columns = Decoded::default();
        let is_mapped =
            chunk.batches.iter().all(|batch| matches!(batch.records, RecordBytes::Mapped(_)));
        let mut next_offset = chunk.next_offset;
        let mut copied = Vec::new();
        for batch in &chunk.batches {
            let bytes = batch.records.as_slice();
            let base = match &batch.records {
                RecordBytes::Mapped(part) if is_mapped => part.position() - chunk.slice.position(),
                _ => copied.len(),
            };
            if base + bytes.len() > i32::MAX as usize && base > 0 {
                next_offset = batch.header.base_offset;
                break;
            }
            let base = i32::try_from(base).map_err(|_| invalid("read at most 2^31 - 1 bytes"))?;
            columns.append_from(&Batch { header: batch.header, bytes: &[] }, bytes, base)?;
            if !is_mapped {
                copied.extend_from_slice(bytes);
            }
        }
        drop_before(&mut columns, offset);
        let data = if is_mapped {
            Memory::Mapped(chunk.slice.clone(), exports.clone())
        } else {
            Memory::Bytes(copied)
        };
        Ok(Self { columns, data, next_offset })
    }
}

/// Drops the records before `offset`, which came along with their batch.
fn drop_before(columns: &mut Decoded, offset: i64) {
    let count = columns.offsets.partition_point(|at| *at < offset);
    columns.offsets.drain(..count);
    columns.timestamps.drain(..count);
    columns.key_starts.drain(..count);
    columns.key_lengths.drain(..count);
    columns.value_starts.drain(..count);
    columns.value_lengths.drain(..count);
}
