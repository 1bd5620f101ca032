//! `ConsumerRecord`: one record as a program reads it.
//!
//! Invariant: it holds objects of its own, nothing of the buffer it was received in.
//! Neighbours: `fetched` makes these; `logcore.record` shows the class.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::untracked::{is_plain, is_untracked, untracked};

/// A record that a consumer read.
#[pyclass(frozen, get_all, module = "logcore._native._core")]
pub(crate) struct ConsumerRecord {
    /// The topic.
    pub(crate) topic: Py<PyString>,
    /// The partition.
    pub(crate) partition: i32,
    /// Its place in the partition.
    pub(crate) offset: i64,
    /// Milliseconds since 1970 UTC, -1 for none.
    pub(crate) timestamp: i64,
    /// Whether the timestamp is the broker's, of the append.
    pub(crate) is_append_time: bool,
    /// The key, or None; what a deserializer made of it.
    pub(crate) key: Py<PyAny>,
    /// The value, or None; what a deserializer made of it.
    pub(crate) value: Py<PyAny>,
    /// Pairs of key and value; keys may repeat.
    pub(crate) headers: Py<PyTuple>,
    /// Epoch of the leader that appended it, -1 if unknown.
    pub(crate) leader_epoch: i32,
}

#[pymethods]
impl ConsumerRecord {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("topic", "partition", "offset", "key", "value");

    #[new]
    #[pyo3(
        signature = (topic, partition, offset, key, value, *, timestamp=-1, is_append_time=false,
                     headers=None, leader_epoch=-1),
        text_signature = "(topic, partition, offset, key, value, *, timestamp=-1, \
                          is_append_time=False, headers=None, leader_epoch=-1)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a record has that many fields")]
    fn new(
        py: Python<'_>,
        topic: Py<PyString>,
        partition: i32,
        offset: i64,
        key: Py<PyAny>,
        value: Py<PyAny>,
        timestamp: i64,
        is_append_time: bool,
        headers: Option<Py<PyTuple>>,
        leader_epoch: i32,
    ) -> Self {
        let headers = headers.unwrap_or_else(|| PyTuple::empty(py).unbind());
        Self {
            topic,
            partition,
            offset,
            timestamp,
            is_append_time,
            key,
            value,
            headers,
            leader_epoch,
        }
    }

    /// A copy with another key and value.
    fn with_key_and_value<'py>(
        slf: &Bound<'py, Self>,
        key: Bound<'py, PyAny>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, Self>> {
        let (py, record) = (slf.py(), slf.get());
        let holds_plain = is_untracked(slf.as_any()) && is_plain(&key) && is_plain(&value);
        let copy = Self {
            topic: record.topic.clone_ref(py),
            headers: record.headers.clone_ref(py),
            key: key.unbind(),
            value: value.unbind(),
            ..*record
        };
        if holds_plain { untracked(py, copy) } else { Bound::new(py, copy) }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let Self { partition, offset, timestamp, .. } = self;
        Ok(format!(
            "ConsumerRecord(topic='{}', partition={partition}, offset={offset}, \
             timestamp={timestamp}, key={}, value={}, headers={})",
            self.topic.bind(py).to_string_lossy(),
            self.key.bind(py).repr()?,
            self.value.bind(py).repr()?,
            self.headers.bind(py).repr()?
        ))
    }
}
