//! `ProduceBatch`: a batch that left the accumulator, sealed and lent to a socket.
//!
//! Invariant: the memory of a batch that somebody looks at is never used for another batch.
//! Sealing again, with another epoch, changes only what a connection that is given up still holds.

#![expect(unsafe_code, reason = "pyo3 hands Python's buffer protocol out as raw pointers")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};

use logcore::accumulator::Filling;
use logcore::record::{decode, record_timestamp};
use logcore::{Batch, Codec, LogError, RecordBatchBuilder, Records};
use parking_lot::Mutex;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PyString};

use crate::buffer::lend;
use crate::error::{Outcome, invalid};

/// A batch of records for one partition; ``memoryview(batch)`` is its bytes once it is sealed.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct ProduceBatch {
    state: Mutex<State>,
    looked_at: AtomicUsize,
    /// The caller's object for the batch.
    #[pyo3(get)]
    ticket: Py<PyAny>,
    /// The topic.
    #[pyo3(get)]
    topic: Py<PyString>,
    /// The partition.
    #[pyo3(get)]
    partition: usize,
    /// Number of records.
    #[pyo3(get)]
    count: usize,
    /// Bytes before compression.
    #[pyo3(get)]
    size_bytes: usize,
    /// When ``ready`` first saw it, in its clock.
    #[pyo3(get)]
    seen_ms: Option<i64>,
}

struct State {
    builder: Option<RecordBatchBuilder>,
    charged_bytes: usize,
    /// Where the sealed bytes lie; the address, so that the state may move between threads.
    sealed: Option<(usize, usize)>,
}

#[pymethods]
impl ProduceBatch {
    /// Compresses, and writes the header.
    fn seal(
        &self,
        py: Python<'_>,
        producer_id: i64,
        producer_epoch: i16,
        base_sequence: i32,
        is_transactional: bool,
    ) -> Outcome<()> {
        let mut state = self.state.lock();
        let State { builder, sealed, .. } = &mut *state;
        let builder = builder.as_mut().ok_or_else(|| invalid("the batch was released"))?;
        builder.set_producer(producer_id, producer_epoch, base_sequence, is_transactional);
        let is_slow = builder.codec() != Codec::None;
        let bytes = if is_slow { py.detach(|| builder.finish()) } else { builder.finish() }?;
        *sealed = Some((bytes.as_ptr().addr(), bytes.len()));
        bytes.as_ptr().expose_provenance();
        Ok(())
    }

    /// Bytes of the sealed batch.
    fn __len__(&self) -> usize {
        self.state.lock().sealed.map_or(0, |(_, len)| len)
    }

    /// Two batches of the halves of its records, for the given tickets.
    fn split(
        &self,
        py: Python<'_>,
        first_ticket: Py<PyAny>,
        second_ticket: Py<PyAny>,
    ) -> Outcome<(Self, Self)> {
        let mut state = self.state.lock();
        let State { builder, charged_bytes, .. } = &mut *state;
        let builder = builder.as_mut().ok_or_else(|| invalid("the batch was released"))?;
        let (mut first, mut second) = (builder.alike(), builder.alike());
        halve(builder.finish()?, &mut first, &mut second)?;
        let half = *charged_bytes / 2;
        let rest = *charged_bytes - half;
        *charged_bytes = 0;
        drop(state);
        let made = |ticket, builder: RecordBatchBuilder, charged_bytes| Self {
            count: builder.len(),
            size_bytes: builder.size_bytes(),
            state: Mutex::new(State { builder: Some(builder), charged_bytes, sealed: None }),
            looked_at: AtomicUsize::new(0),
            ticket,
            topic: self.topic.clone_ref(py),
            partition: self.partition,
            seen_ms: self.seen_ms,
        };
        Ok((made(first_ticket, first, half), made(second_ticket, second, rest)))
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
        let sealed = this.state.lock().sealed;
        let (start, len) = sealed.ok_or_else(|| PyBufferError::new_err("not sealed"))?;
        let start = std::ptr::with_exposed_provenance(start);
        // SAFETY: the interpreter hands in a valid `view`; the builder's memory stays in `slf` as
        // long as it is looked at (`give_up`), and its sealed bytes do not move.
        unsafe { lend(view, flags, slf.as_any(), (start, len)) }?;
        this.looked_at.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.looked_at.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ProduceBatch {
    pub(crate) fn new(
        _py: Python<'_>,
        topic: Py<PyString>,
        partition: usize,
        filling: Filling<Py<PyAny>>,
    ) -> Self {
        let Filling { builder, ticket, charged_bytes, seen_ms, .. } = filling;
        Self {
            count: builder.len(),
            size_bytes: builder.size_bytes(),
            state: Mutex::new(State { builder: Some(builder), charged_bytes, sealed: None }),
            looked_at: AtomicUsize::new(0),
            ticket,
            topic,
            partition,
            seen_ms,
        }
    }

    /// The builder, unless somebody looks at its bytes, and what the batch was charged.
    pub(crate) fn give_up(&self) -> Option<(Option<RecordBatchBuilder>, usize)> {
        let mut state = self.state.lock();
        let charged_bytes = std::mem::take(&mut state.charged_bytes);
        if self.looked_at.load(Ordering::Acquire) > 0 {
            return Some((None, charged_bytes));
        }
        state.sealed = None;
        let builder = state.builder.take();
        (builder.is_some() || charged_bytes > 0).then_some((builder, charged_bytes))
    }
}

/// Puts the first half of a batch's records into one builder, the rest into another.
fn halve(
    bytes: &[u8],
    first: &mut RecordBatchBuilder,
    second: &mut RecordBatchBuilder,
) -> Result<(), LogError> {
    let Some(batch) = Batch::first(bytes)? else { return Ok(()) };
    let records = decode(&batch, i32::MAX as usize)?;
    let half = (batch.header.count + 1) / 2;
    for record in Records::new(&batch.header, &records)? {
        let record = record?;
        let timestamp = record_timestamp(&batch.header, &record);
        if record.offset_delta < half {
            first.append_record(record.offset_delta, timestamp, &record)?;
        } else {
            second.append_record(record.offset_delta - half, timestamp, &record)?;
        }
    }
    Ok(())
}
