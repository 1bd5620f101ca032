//! `Log` as Python sees it: each method hands over to the engine, and translates.
//!
//! Invariants: after `close`, and in the child of a fork, every call is refused; a log with loans
//! of its mapped bytes does not close. `python/logcore/log/log.py` derives the public class.

#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "pyo3 hands a method's arguments over one by one, and the interpreter with them"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use logcore::embedded::{Durability, EmbeddedOptions};
use logcore::log::RecoveryReport;
use logcore::{Codec, EmbeddedLog, LogConfig, LogError};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyRange};

use crate::appending::{self, PythonHeaders, append_batches, append_contiguous, append_many};
use crate::arrow::ArrowStream;
use crate::batch::BatchView;
use crate::buffer::Exports;
use crate::chunk::Source as _;
use crate::columns::Columns;
use crate::engine::Engine;
use crate::error::{Failure, Outcome, forked, invalid};
use crate::fork;
use crate::reading::{self, limits, read_objects};
use crate::record::{push_records, push_values};

/// One log in one directory.
#[pyclass(subclass, frozen, weakref, module = "logcore._native._core")]
pub(crate) struct Log {
    engine: std::sync::Arc<Engine>,
    exports: Exports,
    /// Forks before this log was opened.
    forks: u64,
    closed: AtomicBool,
}

fn durability_of(name: &str) -> Outcome<Durability> {
    match name {
        "os" => Ok(Durability::Os),
        "batch" => Ok(Durability::Batch),
        "group" => Ok(Durability::Group),
        _ => Err(invalid(format!("durability {name:?} is not one of os, batch, group"))),
    }
}

fn config_of(settings: &Bound<'_, PyDict>) -> Outcome<LogConfig> {
    let mut config = LogConfig::default();
    for (key, value) in settings {
        let (key, value) = (key.extract::<String>()?, value.extract::<String>()?);
        if !config.set(&key, &value)? {
            return Err(invalid(format!("{key} is no setting of a log")));
        }
    }
    Ok(config)
}

impl Log {
    #[inline]
    fn engine(&self) -> Outcome<&Engine> {
        if self.forks == fork::count() { Ok(&self.engine) } else { Err(forked()) }
    }

    #[inline]
    fn writer(&self) -> Outcome<&EmbeddedLog> {
        Ok(self.engine()?.writer()?)
    }

    fn open_engine(&self) -> Outcome<&Engine> {
        if self.closed.load(Ordering::Acquire) {
            return Err(LogError::Closed.into());
        }
        self.engine()
    }
}

fn range(py: Python<'_>, (first, end): (i64, i64)) -> Outcome<Bound<'_, PyRange>> {
    let bound = |offset: i64| {
        isize::try_from(offset).map_err(|_| invalid("an offset past what a range can hold"))
    };
    Ok(PyRange::new(py, bound(first)?, bound(end)?)?)
}

fn recovery<'py>(py: Python<'py>, report: &RecoveryReport) -> Outcome<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("was_clean", report.clean)?;
    facts.set_item("segments_walked", report.segments_walked)?;
    facts.set_item("checked_bytes", report.checked_bytes)?;
    facts.set_item("truncated_bytes", report.truncated_bytes)?;
    facts.set_item("truncated_reason", report.truncated_reason.as_deref())?;
    Ok(facts)
}

#[pymethods]
impl Log {
    #[new]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        settings: &Bound<'_, PyDict>,
        durability: &str,
        linger_ms: u64,
        compression: &str,
        readonly: bool,
    ) -> Outcome<Self> {
        let options = EmbeddedOptions {
            config: config_of(settings)?,
            durability: durability_of(durability)?,
            linger_ms,
            codec: Codec::from_name(compression)?,
            ..EmbeddedOptions::default()
        };
        let engine =
            py.detach(
                || {
                    if readonly { Engine::follow(&path) } else { Engine::open(&path, options) }
                },
            )?;
        Ok(Self {
            engine: std::sync::Arc::new(engine),
            exports: Exports::default(),
            forks: fork::count(),
            closed: AtomicBool::new(false),
        })
    }

    /// Append one record and return its offset.
    #[pyo3(signature = (value, key=None, headers=None, timestamp=None))]
    fn append(
        &self,
        py: Python<'_>,
        value: Option<&[u8]>,
        key: Option<&[u8]>,
        headers: Option<PythonHeaders>,
        timestamp: Option<i64>,
    ) -> Outcome<i64> {
        appending::append_one(py, self.writer()?, (key, value), headers.as_ref(), timestamp)
    }

    /// Append many records as whole batches and return their offsets.
    #[pyo3(signature = (values, keys=None, timestamps=None))]
    fn append_batch<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        keys: Option<&Bound<'py, PyAny>>,
        timestamps: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyRange>> {
        let log = self.writer()?;
        range(py, append_many(py, log, |sink| appending::fill(sink, values, keys, timestamps))?)
    }

    /// Append values that lie back to back in one buffer and return their offsets.
    #[pyo3(signature = (buffer, lengths, timestamp=None))]
    fn append_buffer<'py>(
        &self,
        py: Python<'py>,
        buffer: &Bound<'py, PyAny>,
        lengths: &Bound<'py, PyAny>,
        timestamp: Option<i64>,
    ) -> Outcome<Bound<'py, PyRange>> {
        let log = self.writer()?;
        let buffer = PyUntypedBuffer::get(buffer)?;
        let lengths = appending::lengths_of(lengths)?;
        range(py, append_contiguous(py, log, &buffer, &lengths, timestamp)?)
    }

    /// Append ready-made record batches and return their offsets.
    fn append_raw<'py>(
        &self,
        py: Python<'py>,
        batches: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyRange>> {
        let log = self.writer()?;
        range(py, append_batches(py, log, &PyUntypedBuffer::get(batches)?)?)
    }

    /// Read records from an offset on.
    #[pyo3(signature = (offset, max_records=1000, *, max_bytes=1 << 20))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        offset: i64,
        max_records: i64,
        max_bytes: i64,
    ) -> Outcome<Bound<'py, PyList>> {
        let limits = limits(max_records, max_bytes)?;
        let made = read_objects(py, self.engine()?, offset, limits, push_records)?;
        Ok(PyList::new(py, made.objects)?)
    }

    /// Read only the values from an offset on.
    #[pyo3(signature = (offset, max_records=1000, *, max_bytes=1 << 20))]
    fn read_values<'py>(
        &self,
        py: Python<'py>,
        offset: i64,
        max_records: i64,
        max_bytes: i64,
    ) -> Outcome<Bound<'py, PyList>> {
        let limits = limits(max_records, max_bytes)?;
        let made = read_objects(py, self.engine()?, offset, limits, push_values)?;
        Ok(PyList::new(py, made.objects)?)
    }

    /// Records from an offset on, and where to go on.
    fn _records_chunk<'py>(
        &self,
        py: Python<'py>,
        offset: i64,
        max_bytes: i64,
    ) -> Outcome<(Bound<'py, PyList>, i64)> {
        let limits = limits(i64::MAX, max_bytes)?;
        let made = read_objects(py, self.engine()?, offset, limits, push_records)?;
        Ok((PyList::new(py, made.objects)?, made.next_offset))
    }

    /// Values from an offset on, and where to go on.
    fn _values_chunk<'py>(
        &self,
        py: Python<'py>,
        offset: i64,
        max_bytes: i64,
    ) -> Outcome<(Bound<'py, PyList>, i64)> {
        let limits = limits(i64::MAX, max_bytes)?;
        let made = read_objects(py, self.engine()?, offset, limits, push_values)?;
        Ok((PyList::new(py, made.objects)?, made.next_offset))
    }

    /// Read whole batches as views, without copying.
    #[pyo3(signature = (offset, max_bytes=1 << 20))]
    fn read_batches(&self, py: Python<'_>, offset: i64, max_bytes: i64) -> Outcome<Vec<BatchView>> {
        let (engine, max_bytes) = (self.engine()?, limits(1, max_bytes)?.max_bytes);
        py.detach(|| match engine.read(offset, max_bytes)? {
            None => Ok(Vec::new()),
            Some(slice) => BatchView::split(&slice, &self.exports),
        })
    }

    /// Read records as numpy columns.
    #[pyo3(signature = (offset, max_bytes=1 << 20))]
    fn read_columns(&self, py: Python<'_>, offset: i64, max_bytes: i64) -> Outcome<Columns> {
        reading::read_columns(py, self.engine()?, &self.exports, offset, max_bytes)
    }

    fn _arrow_stream(&self, start: i64, end: i64, max_rows: i64) -> Outcome<ArrowStream> {
        let limits = limits(max_rows, i64::from(i32::MAX))?;
        self.open_engine()?;
        Ok(ArrowStream::new(&self.engine, (start, end), limits.max_records))
    }

    /// Tell where in which file the batches from an offset on lie.
    fn fetch_range(
        &self,
        py: Python<'_>,
        offset: i64,
        max_bytes: i64,
    ) -> Outcome<Option<(String, usize, usize)>> {
        let (engine, max_bytes) = (self.engine()?, limits(1, max_bytes)?.max_bytes);
        let found = py.detach(|| engine.locate(offset, max_bytes))?;
        Ok(found.map(|(path, position, length)| {
            (path.to_string_lossy().into_owned(), position, length)
        }))
    }

    /// Make everything appended so far durable; return the offset below which it is.
    fn flush(&self, py: Python<'_>) -> Outcome<i64> {
        let log = self.writer()?;
        Ok(py.detach(|| log.flush())?)
    }

    /// First offset that can be read.
    #[getter]
    fn start_offset(&self, py: Python<'_>) -> Outcome<i64> {
        let engine = self.open_engine()?;
        Ok(py.detach(|| engine.start_offset())?)
    }

    /// Offset that the next record gets.
    #[getter]
    fn end_offset(&self, py: Python<'_>) -> Outcome<i64> {
        let engine = self.open_engine()?;
        Ok(py.detach(|| engine.end_offset())?)
    }

    /// Offset below which everything is on disk.
    #[getter]
    fn recovery_point(&self) -> Outcome<i64> {
        Ok(self.open_engine()?.writer()?.log().recovery_point())
    }

    fn _offset_for(&self, py: Python<'_>, timestamp: i64) -> Outcome<Option<i64>> {
        let engine = self.engine()?;
        Ok(py.detach(|| engine.offset_for(timestamp))?.map(|listed| listed.offset))
    }

    /// Remove every record from an offset on; return the new end offset.
    fn truncate(&self, py: Python<'_>, offset: i64) -> Outcome<i64> {
        let log = self.writer()?;
        Ok(py.detach(|| log.truncate(offset))?)
    }

    /// Make records below an offset unreadable; return the new start offset.
    fn delete_before(&self, py: Python<'_>, offset: i64) -> Outcome<i64> {
        let log = self.writer()?;
        Ok(py.detach(|| log.delete_before(offset))?)
    }

    /// Delete what retention no longer keeps; return the base offsets of deleted segments.
    fn apply_retention(&self, py: Python<'_>) -> Outcome<Vec<i64>> {
        let log = self.writer()?;
        Ok(py.detach(|| log.apply_retention())?)
    }

    /// Start a new segment; return its base offset.
    fn roll(&self, py: Python<'_>) -> Outcome<i64> {
        let log = self.writer()?;
        Ok(py.detach(|| log.roll())?)
    }

    /// Wait until a record at an offset is there; return whether it is.
    #[pyo3(signature = (offset, timeout=None))]
    fn wait(&self, py: Python<'_>, offset: i64, timeout: Option<f64>) -> Outcome<bool> {
        reading::wait(py, self.engine()?, offset, timeout)
    }

    fn _stat<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyDict>> {
        let engine = self.open_engine()?;
        let facts = PyDict::new(py);
        let segments = engine.segments().load();
        let list = segments.iter().map(|segment| (segment.base_offset(), segment.size_bytes()));
        facts.set_item("segments", list.collect::<Vec<_>>())?;
        let (start, end) =
            py.detach(|| Ok::<_, LogError>((engine.start_offset()?, engine.end_offset()?)))?;
        facts.set_item("start_offset", start)?;
        facts.set_item("end_offset", end)?;
        if let (Ok(writer), Some(report)) = (engine.writer(), engine.recovery()) {
            facts.set_item("recovery_point", writer.log().recovery_point())?;
            facts.set_item("recovery", recovery(py, report)?)?;
        }
        Ok(facts)
    }

    fn _compact<'py>(&self, py: Python<'py>, roll: bool) -> Outcome<Bound<'py, PyDict>> {
        let engine = self.engine()?;
        let report = py.detach(|| engine.compact(roll))?;
        let facts = PyDict::new(py);
        facts.set_item("segments_before", report.segments_before)?;
        facts.set_item("segments_after", report.segments_after)?;
        facts.set_item("bytes_before", report.bytes_before)?;
        facts.set_item("bytes_after", report.bytes_after)?;
        facts.set_item("records_read", report.records_read)?;
        facts.set_item("records_kept", report.records_kept)?;
        Ok(facts)
    }

    fn _verify<'py>(
        &self,
        py: Python<'py>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyDict>> {
        let engine = self.open_engine()?;
        let report = reading::verify(py, engine, progress)?;
        let facts = PyDict::new(py);
        facts.set_item("segments", report.segments)?;
        facts.set_item("batches", report.batches)?;
        facts.set_item("records", report.records)?;
        facts.set_item("size_bytes", report.bytes)?;
        facts.set_item("problems", report.problems)?;
        Ok(facts)
    }

    /// Write what is left and let others have the directory.
    fn close(&self, py: Python<'_>) -> Outcome<()> {
        let engine = self.engine()?;
        let count = self.exports.count();
        if count > 0 {
            let message = format!("cannot close the log: {count} views of its bytes are in use");
            return Err(Failure::Python(PyBufferError::new_err(message)));
        }
        self.closed.store(true, Ordering::Release);
        Ok(py.detach(|| engine.close())?)
    }

    /// Whether the log was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.forks == fork::count() {
            // Waiting for an fsync with the interpreter held would stop every other thread.
            Python::attach(|py| py.detach(|| drop(self.engine.close())));
        } else {
            self.engine.abandon();
            std::mem::forget(std::sync::Arc::clone(&self.engine));
        }
    }
}
