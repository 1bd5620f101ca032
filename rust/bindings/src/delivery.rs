//! `Delivery` and `RecordMetadata`: what becomes of a record that a producer took.
//!
//! A delivery is five words, because there is one per record; whoever asks it something asks its
//! batch, an object of Python's. Invariant: neither changes.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

/// A record on its way.
#[pyclass(frozen, get_all, module = "logcore._native._core")]
pub(crate) struct Delivery {
    /// The ticket of its batch.
    pub(crate) batch: Py<PyAny>,
    /// Its place in the batch.
    pub(crate) index: i32,
    /// Its timestamp in ms.
    pub(crate) timestamp: i64,
    /// Bytes of its key, -1 for none.
    pub(crate) key_size: i32,
    /// Bytes of its value, -1 for none.
    pub(crate) value_size: i32,
}

#[pymethods]
impl Delivery {
    #[new]
    fn new(batch: Py<PyAny>, index: i32, timestamp: i64, key_size: i32, value_size: i32) -> Self {
        Self { batch, index, timestamp, key_size, value_size }
    }

    /// Whether it is known what became of the record.
    fn done(&self, py: Python<'_>) -> PyResult<bool> {
        self.batch.bind(py).call_method0("done")?.extract()
    }

    /// Waits, and returns where the record went.
    #[pyo3(signature = (timeout=None))]
    fn result<'py>(slf: &Bound<'py, Self>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().batch.bind(slf.py()).call_method1("result_of", (slf, timeout))
    }

    /// Waits, and returns the error, if it failed.
    #[pyo3(signature = (timeout=None))]
    fn exception<'py>(slf: &Bound<'py, Self>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().batch.bind(slf.py()).call_method1("exception_of", (slf, timeout))
    }

    /// Calls back with this delivery once it is done.
    fn add_done_callback(slf: &Bound<'_, Self>, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        slf.get().batch.bind(slf.py()).call_method1("add_callback", (slf, callback)).map(drop)
    }

    fn __await__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().batch.bind(slf.py()).call_method1("await_for", (slf,))
    }
}

/// Where a record went.
#[pyclass(frozen, get_all, module = "logcore._native._core")]
pub(crate) struct RecordMetadata {
    /// The topic.
    topic: Py<PyString>,
    /// The partition.
    partition: i32,
    /// The offset, -1 if nobody said (acks=0).
    offset: i64,
    /// The timestamp in ms.
    timestamp: i64,
    /// Bytes of the key, -1 for none.
    key_size: i32,
    /// Bytes of the value, -1 for none.
    value_size: i32,
}

#[pymethods]
impl RecordMetadata {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("topic", "partition", "offset");

    #[new]
    #[pyo3(
        signature = (topic, partition, offset, timestamp=-1, key_size=-1, value_size=-1),
        text_signature = "(topic, partition, offset, timestamp=-1, key_size=-1, value_size=-1)"
    )]
    fn new(
        topic: Py<PyString>,
        partition: i32,
        offset: i64,
        timestamp: i64,
        key_size: i32,
        value_size: i32,
    ) -> Self {
        Self { topic, partition, offset, timestamp, key_size, value_size }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let Self { partition, offset, timestamp, .. } = self;
        let topic = self.topic.bind(py).to_string_lossy();
        format!(
            "RecordMetadata(topic='{topic}', partition={partition}, offset={offset}, \
             timestamp={timestamp})"
        )
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, compare: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let Ok(other) = other.cast::<Self>() else { return Ok(py.NotImplemented()) };
        let equal = self.facts(py)?.eq(other.get().facts(py)?)?;
        let answer = match compare {
            CompareOp::Eq => equal,
            CompareOp::Ne => !equal,
            _ => return Ok(py.NotImplemented()),
        };
        Ok(answer.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.facts(py)?.hash()
    }
}

impl RecordMetadata {
    fn facts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let Self { partition, offset, timestamp, key_size, value_size, .. } = *self;
        let topic = self.topic.clone_ref(py);
        (topic, partition, offset, timestamp, key_size, value_size).into_pyobject(py)
    }
}
