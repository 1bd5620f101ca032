//! Translates errors of the engine into the exceptions of `logcore.common.errors`, in one match.
//!
//! Invariant: every variant has one class, and the facts it carries become keyword arguments of
//! that class, so that nobody parses a message.

use std::path::Path;

use logcore::{LogError, RecordError};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What a call may end with: an error of the engine, or an exception that Python raised.
#[derive(Debug)]
pub(crate) enum Failure {
    /// From the engine.
    Engine(LogError),
    /// From Python, passed on.
    Python(PyErr),
}

/// The result of whatever Python calls.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::Engine(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Engine(error) => {
                Python::attach(|py| exception(py, &error).unwrap_or_else(|error| error))
            }
        }
    }
}

/// An argument that makes no sense.
pub(crate) fn invalid(message: impl Into<String>) -> Failure {
    Failure::Engine(LogError::InvalidArgument(message.into()))
}

/// A value that is neither bytes nor None, where only those are taken.
#[cold]
pub(crate) fn not_bytes(what: &str, value: &Bound<'_, PyAny>) -> Failure {
    let kind = value.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
    PyTypeError::new_err(format!("a {what} must be bytes or None, not {kind}")).into()
}

/// The log was opened before a fork, and this is the child.
#[cold]
pub(crate) fn forked() -> Failure {
    Python::attach(|py| {
        let message = "the log was opened before a fork; open it again in the child, once the \
                       parent has closed it";
        raise(py, "LogClosedError", message, &PyDict::new(py)).unwrap_or_else(|error| error).into()
    })
}

fn raise(py: Python<'_>, class: &str, message: &str, facts: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let class = py.import("logcore.common.errors")?.getattr(class)?;
    Ok(PyErr::from_value(class.call((message,), Some(facts))?))
}

/// An exception of `logcore.common.errors`, by the name of its class.
#[cold]
pub(crate) fn raise_named(py: Python<'_>, class: &str, message: &str) -> Failure {
    raise(py, class, message, &PyDict::new(py)).unwrap_or_else(|error| error).into()
}

fn exception(py: Python<'_>, error: &LogError) -> PyResult<PyErr> {
    let facts = PyDict::new(py);
    let class = describe(error, &facts)?;
    raise(py, class, &error.to_string(), &facts)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn pairs(records: &[RecordError]) -> Vec<(i32, &str)> {
    records.iter().map(|record| (record.index, record.message.as_str())).collect()
}

/// The class of an error; puts its facts into `facts`.
fn describe(error: &LogError, facts: &Bound<'_, PyDict>) -> PyResult<&'static str> {
    Ok(match error {
        LogError::Io { path, source, .. } => {
            facts.set_item("errno", source.raw_os_error())?;
            facts.set_item("path", text(path))?;
            "LogIoError"
        }
        LogError::Poisoned { .. } => "LogPoisonedError",
        LogError::Offline { path } => {
            facts.set_item("path", text(path))?;
            "LogDirectoryOfflineError"
        }
        LogError::Closed => "LogClosedError",
        LogError::ReadOnly => "LogReadOnlyError",
        LogError::Locked { path, pid } => {
            facts.set_item("path", text(path))?;
            facts.set_item("pid", *pid)?;
            "LogLockedError"
        }
        LogError::Corrupt { path, position, .. } => {
            facts.set_item("path", text(path))?;
            facts.set_item("position", *position)?;
            "LogCorruptError"
        }
        LogError::UnsupportedFormat { path, .. } => {
            facts.set_item("path", text(path))?;
            "UnsupportedFormatError"
        }
        LogError::CorruptBatch { .. } => "CorruptMessageError",
        LogError::InvalidRecord { records, .. } => {
            facts.set_item("record_errors", pairs(records))?;
            "InvalidRecordError"
        }
        LogError::InvalidTimestamp { records, .. } => {
            facts.set_item("record_errors", pairs(records))?;
            "InvalidTimestampError"
        }
        LogError::UnsupportedCompression { .. } => "UnsupportedCompressionTypeError",
        LogError::BatchTooLarge { .. } => "MessageTooLargeError",
        LogError::BatchListTooLarge { .. } => "RecordListTooLargeError",
        LogError::OffsetOutOfRange { offset, start, end } => {
            facts.set_item("offset", *offset)?;
            facts.set_item("start", *start)?;
            facts.set_item("end", *end)?;
            "OffsetOutOfRangeError"
        }
        LogError::InvalidProducerEpoch { .. } => "InvalidProducerEpochError",
        LogError::OutOfOrderSequence { .. } => "OutOfOrderSequenceNumberError",
        LogError::InvalidTransactionState { .. } => "InvalidTxnStateError",
        LogError::TransactionCoordinatorFenced { .. } => "TransactionCoordinatorFencedError",
        LogError::InvalidConfig { .. } => "InvalidConfigError",
        LogError::UnexpectedAppendOffset { .. } | LogError::InvalidArgument(_) => {
            "InvalidArgumentError"
        }
        // The enum may grow; its tests walk it, so this is met in development only.
        _ => "LogcoreError",
    })
}
