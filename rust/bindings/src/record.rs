//! `Record`: one record as Python sees it, and the making of them from opened batches.
//!
//! Invariant: a record never changes and owns its bytes, so it may outlive its log.

use logcore::record::record_timestamp;
use logcore::{BatchHeader, RecordRef};
use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::chunk::Chunk;
use crate::error::{Failure, Outcome};
use crate::untracked::untracked;

/// One record of a log: offset, timestamp in milliseconds, key, value and headers.
#[pyclass(frozen, get_all, module = "logcore._native._core")]
pub(crate) struct Record {
    /// Its place in the log.
    offset: i64,
    /// Milliseconds since 1970 UTC, -1 for none.
    timestamp: i64,
    /// The key, or None.
    key: Option<Py<PyBytes>>,
    /// The value, or None: a tombstone.
    value: Option<Py<PyBytes>>,
    /// Pairs of key and value; keys may repeat.
    headers: Py<PyTuple>,
}

type Facts<'py> = (i64, i64, Option<Py<PyBytes>>, Option<Py<PyBytes>>, Bound<'py, PyTuple>);

#[pymethods]
impl Record {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("offset", "timestamp", "key", "value", "headers");

    #[new]
    #[pyo3(signature = (offset, timestamp, key, value, headers=None))]
    fn new(
        py: Python<'_>,
        offset: i64,
        timestamp: i64,
        key: Option<Py<PyBytes>>,
        value: Option<Py<PyBytes>>,
        headers: Option<Py<PyTuple>>,
    ) -> Self {
        let headers = headers.unwrap_or_else(|| PyTuple::empty(py).unbind());
        Self { offset, timestamp, key, value, headers }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let repr = |bytes: &Option<Py<PyBytes>>| -> PyResult<String> {
            match bytes {
                None => Ok("None".into()),
                Some(bytes) => Ok(bytes.bind(py).repr()?.to_string()),
            }
        };
        Ok(format!(
            "Record(offset={}, timestamp={}, key={}, value={}, headers={})",
            self.offset,
            self.timestamp,
            repr(&self.key)?,
            repr(&self.value)?,
            self.headers.bind(py).repr()?
        ))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, compare: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let Ok(other) = other.cast::<Self>() else { return Ok(py.NotImplemented()) };
        let (mine, theirs) = (self.facts(py), other.get().facts(py));
        let equal = || mine.into_pyobject(py)?.eq(theirs.into_pyobject(py)?);
        let answer = match compare {
            CompareOp::Eq => equal()?,
            CompareOp::Ne => !equal()?,
            _ => return Ok(py.NotImplemented()),
        };
        Ok(answer.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.facts(py).into_pyobject(py)?.hash()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        Ok((slf.get_type().into_any(), slf.get().facts(py).into_pyobject(py)?))
    }
}

impl Record {
    fn facts<'py>(&self, py: Python<'py>) -> Facts<'py> {
        let copy = |bytes: &Option<Py<PyBytes>>| bytes.as_ref().map(|bytes| bytes.clone_ref(py));
        let headers = self.headers.bind(py).clone();
        (self.offset, self.timestamp, copy(&self.key), copy(&self.value), headers)
    }

    fn of(py: Python<'_>, header: &BatchHeader, record: &RecordRef<'_>) -> Outcome<Self> {
        Ok(Self {
            offset: header.base_offset + i64::from(record.offset_delta),
            timestamp: record_timestamp(header, record),
            key: record.key.map(|bytes| PyBytes::new(py, bytes).unbind()),
            value: record.value.map(|bytes| PyBytes::new(py, bytes).unbind()),
            headers: headers(py, record)?,
        })
    }
}

pub(crate) fn headers(py: Python<'_>, record: &RecordRef<'_>) -> Outcome<Py<PyTuple>> {
    if record.header_count == 0 {
        return Ok(PyTuple::empty(py).unbind());
    }
    let pairs = record
        .headers()
        .map(|(key, value)| {
            let value = value.map(|bytes| PyBytes::new(py, bytes));
            Ok::<_, Failure>((PyString::new(py, &key), value).into_pyobject(py)?)
        })
        .collect::<Outcome<Vec<_>>>()?;
    Ok(PyTuple::new(py, pairs)?.unbind())
}

/// Objects made of records, and where they end.
pub(crate) struct Made<'py> {
    pub(crate) objects: Vec<Bound<'py, PyAny>>,
    pub(crate) next_offset: i64,
}

/// Appends a chunk's records from `made.next_offset` on, at most `max_records` in all.
pub(crate) fn push_records<'py>(
    py: Python<'py>,
    made: &mut Made<'py>,
    chunk: &Chunk,
    max_records: usize,
) -> Outcome<()> {
    push(made, chunk, max_records, |header, record| {
        Ok(untracked(py, Record::of(py, header, record)?)?.into_any())
    })
}

/// As [`push_records`], but only the values.
pub(crate) fn push_values<'py>(
    py: Python<'py>,
    made: &mut Made<'py>,
    chunk: &Chunk,
    max_records: usize,
) -> Outcome<()> {
    let none = py.None().into_bound(py);
    push(made, chunk, max_records, |_, record| {
        Ok(record.value.map_or_else(|| none.clone(), |bytes| PyBytes::new(py, bytes).into_any()))
    })
}

fn push<'py>(
    made: &mut Made<'py>,
    chunk: &Chunk,
    max_records: usize,
    mut build: impl FnMut(&BatchHeader, &RecordRef<'_>) -> Outcome<Bound<'py, PyAny>>,
) -> Outcome<()> {
    for batch in &chunk.batches {
        made.objects.reserve(usize::try_from(batch.header.count).unwrap_or(0).min(max_records));
        for record in batch.records_near(made.next_offset)? {
            let record = record?;
            let offset = batch.header.base_offset + i64::from(record.offset_delta);
            if offset < made.next_offset {
                continue;
            }
            if made.objects.len() == max_records {
                return Ok(());
            }
            made.objects.push(build(&batch.header, &record)?);
            made.next_offset = offset + 1;
        }
    }
    made.next_offset = made.next_offset.max(chunk.next_offset);
    Ok(())
}
