//! `RecordAccumulator`: a producer's records, encoded as they come, taken out in whole batches.
//!
//! What waits, and where, is the engine's `accumulator.rs`; here are Python's objects. Invariants:
//! its lock is never held while waiting for the interpreter or calling Python; `wake` is called at
//! most once between two calls of `ready`, after something new to look at is there.

#![expect(
    clippy::too_many_arguments,
    reason = "pyo3 hands a method's arguments over one by one, and the interpreter with them"
)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use logcore::accumulator::{Accepted, Accumulator, Limits, NewRecord, Refused};
use logcore::clock::Clock;
use logcore::partitioner::Partitioner;
use logcore::{Codec, SystemClock};
use parking_lot::{Condvar, Mutex};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PyString};

use crate::appending::{bytes_of, contiguous, lengths_of};
use crate::arrow_column::ArrowColumn;
use crate::delivery::Delivery;
use crate::error::{Failure, Outcome, invalid, raise_named};
use crate::fields::{Column, owned_headers, partition_of, size_of};
use crate::produce_batch::ProduceBatch;

/// How long a wait goes without looking for Ctrl-C.
const WAIT_SLICE: Duration = Duration::from_millis(100);

/// A producer's records, by topic and partition, encoded and waiting to be sent.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct RecordAccumulator {
    state: Mutex<Accumulator<Py<PyAny>>>,
    room: Condvar,
    new_ticket: Py<PyAny>,
    wake: Py<PyAny>,
    is_awake: AtomicBool,
    is_closed: AtomicBool,
    mark: AtomicU64,
    clock: SystemClock,
}

#[pymethods]
impl RecordAccumulator {
    #[new]
    #[pyo3(signature = (
        new_ticket, wake, *, compression, level, batch_bytes, memory_bytes, record_bytes,
        ignores_keys, seed, partitioner="murmur2_random", is_adaptive=true
    ))]
    fn new(
        new_ticket: Py<PyAny>,
        wake: Py<PyAny>,
        compression: &str,
        level: Option<i32>,
        batch_bytes: usize,
        memory_bytes: usize,
        record_bytes: usize,
        ignores_keys: bool,
        seed: u64,
        partitioner: &str,
        is_adaptive: bool,
    ) -> Outcome<Self> {
        let partitioner = Partitioner::from_name(partitioner)
            .ok_or_else(|| invalid(format!("there is no partitioner {partitioner}")))?;
        let limits = Limits {
            codec: Codec::from_name(compression)?,
            level,
            batch_bytes,
            memory_bytes,
            record_bytes,
            partitioner,
            ignores_keys,
            is_adaptive,
        };
        Ok(Self {
            state: Mutex::new(Accumulator::new(limits, seed)),
            room: Condvar::new(),
            new_ticket,
            wake,
            is_awake: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            mark: AtomicU64::new(1),
            clock: SystemClock,
        })
    }

    /// Says how many partitions a topic has, and which have a leader.
    fn set_partitions(&self, topic: &str, count: usize, writable: Vec<usize>) {
        self.state.lock().set_partitions(topic, count, writable);
    }

    /// Appends a record; None if the topic is not known yet, or there is no room.
    #[pyo3(signature = (topic, value, key=None, partition=None, headers=None, timestamp=None))]
    fn append(
        &self,
        py: Python<'_>,
        topic: &Bound<'_, PyString>,
        value: &Bound<'_, PyAny>,
        key: Option<&Bound<'_, PyAny>>,
        partition: Option<i64>,
        headers: Option<&Bound<'_, PyAny>>,
        timestamp: Option<i64>,
    ) -> Outcome<Option<Delivery>> {
        let value = bytes_of("value", value)?;
        let key = key.map_or(Ok(None), |key| bytes_of("key", key))?;
        let owned = headers.map(owned_headers).transpose()?;
        let pairs: Vec<(&[u8], Option<&[u8]>)> = owned.as_ref().map_or_else(Vec::new, |owned| {
            owned.iter().map(|(key, value)| (key.as_bytes(), value.as_deref())).collect()
        });
        let timestamp = timestamp.unwrap_or_else(|| self.clock.now_ms());
        let record = NewRecord { timestamp, key, value, headers: &pairs };
        let mut fresh = Fresh { py, ticket: None };
        let (name, partition) = (topic.to_str()?, partition_of(partition)?);
        loop {
            let taken = self.put((name, partition), &record, 0, &mut fresh.ticket, |taken| {
                (taken.ticket.clone_ref(py), taken.index, taken.is_news)
            });
            match taken {
                Ok((batch, index, is_news)) => {
                    if is_news {
                        self.call(py)?;
                    }
                    let (key_size, value_size) = (size_of(key), size_of(value));
                    let made = Delivery { batch, index, timestamp, key_size, value_size };
                    return Ok(Some(made));
                }
                Err(Refused::NeedsTicket) => fresh.ticket = Some(self.new_ticket.call0(py)?),
                Err(Refused::UnknownTopic | Refused::NoRoom) => return Ok(None),
                Err(refused) => return Err(refusal(py, name, partition, refused)),
            }
        }
    }

    /// Appends many records; how many were taken, and the tickets of the batches they are in.
    #[pyo3(signature = (topic, values, keys=None, partition=None, timestamp=None, start=0))]
    fn append_many<'py>(
        &self,
        py: Python<'py>,
        topic: &Bound<'py, PyString>,
        values: &Bound<'py, PyAny>,
        keys: Option<&Bound<'py, PyAny>>,
        partition: Option<i64>,
        timestamp: Option<i64>,
        start: usize,
    ) -> Outcome<(usize, Bound<'py, PyList>)> {
        let timestamp = timestamp.unwrap_or_else(|| self.clock.now_ms());
        let mut sink = Sink::new(py, self, topic, partition)?;
        if let (Ok(list), None) = (values.cast::<PyList>(), keys) {
            for at in start..list.len() {
                let Ok(item) = list.get_item(at) else { break };
                let value = bytes_of("value", &item)?;
                if !sink.push(&NewRecord { timestamp, key: None, value, headers: &[] })? {
                    break;
                }
            }
            return sink.finish();
        }
        let mut keys = keys.map(PyIterator::from_object).transpose()?;
        for (at, value) in values.try_iter()?.enumerate() {
            let value = value?;
            let key = match keys.as_mut() {
                Some(keys) => {
                    Some(keys.next().ok_or_else(|| invalid("there are more values than keys"))??)
                }
                None => None,
            };
            if at < start {
                continue;
            }
            let key = key.as_ref().map_or(Ok(None), |key| bytes_of("key", key))?;
            let value = bytes_of("value", &value)?;
            if !sink.push(&NewRecord { timestamp, key, value, headers: &[] })? {
                break;
            }
        }
        sink.finish()
    }

    /// Appends values that lie back to back in a buffer, with keys that do so in another.
    #[pyo3(signature = (
        topic, values, lengths, keys=None, key_lengths=None, partition=None, timestamp=None, start=0
    ))]
    fn append_columns<'py>(
        &self,
        py: Python<'py>,
        topic: &Bound<'py, PyString>,
        values: &Bound<'py, PyAny>,
        lengths: &Bound<'py, PyAny>,
        keys: Option<&Bound<'py, PyAny>>,
        key_lengths: Option<&Bound<'py, PyAny>>,
        partition: Option<i64>,
        timestamp: Option<i64>,
        start: usize,
    ) -> Outcome<(usize, Bound<'py, PyList>)> {
        let timestamp = timestamp.unwrap_or_else(|| self.clock.now_ms());
        let lengths = lengths_of(lengths)?;
        let values = PyUntypedBuffer::get(values)?;
        let keys = keys.map(PyUntypedBuffer::get).transpose()?;
        let mut values = Column::new(contiguous(&values)?, &lengths, "values")?;
        let key_lengths = key_lengths.map(lengths_of).transpose()?;
        let mut key_column = match (&keys, &key_lengths) {
            (Some(keys), Some(lengths)) => Some(Column::new(contiguous(keys)?, lengths, "keys")?),
            (None, None) => None,
            _ => return Err(invalid("keys need key_lengths, and the other way round")),
        };
        if key_lengths.as_ref().is_some_and(|keys| keys.len() != lengths.len()) {
            return Err(invalid("there must be as many keys as values"));
        }
        let mut sink = Sink::new(py, self, topic, partition)?;
        for (at, &length) in lengths.iter().enumerate() {
            let value = values.take(length);
            let key_length = key_lengths.as_ref().and_then(|lengths| lengths.get(at).copied());
            let key = match (&mut key_column, key_length) {
                (Some(column), Some(length)) => column.take(length),
                _ => None,
            };
            if at < start {
                continue;
            }
            if !sink.push(&NewRecord { timestamp, key, value, headers: &[] })? {
                break;
            }
        }
        sink.finish()
    }

    /// Appends values that another library holds, with keys that it may hold, too.
    #[pyo3(signature = (topic, values, keys=None, partition=None, timestamp=None, start=0))]
    fn append_arrow<'py>(
        &self,
        py: Python<'py>,
        topic: &Bound<'py, PyString>,
        values: &ArrowColumn,
        keys: Option<&ArrowColumn>,
        partition: Option<i64>,
        timestamp: Option<i64>,
        start: usize,
    ) -> Outcome<(usize, Bound<'py, PyList>)> {
        let timestamp = timestamp.unwrap_or_else(|| self.clock.now_ms());
        if keys.is_some_and(|keys| keys.len() != values.len()) {
            return Err(invalid("there must be as many keys as values"));
        }
        let mut sink = Sink::new(py, self, topic, partition)?;
        for at in start..values.len() {
            let key = keys.and_then(|keys| keys.get(at));
            if !sink.push(&NewRecord { timestamp, key, value: values.get(at), headers: &[] })? {
                break;
            }
        }
        sink.finish()
    }

    /// What is due: topics with partitions, and when the next batch is, in the caller's clock.
    fn ready(&self, now_ms: i64, linger_ms: i64) -> (Vec<(String, usize)>, Option<i64>) {
        self.is_awake.store(false, Ordering::Release);
        let ready = self.state.lock().ready(now_ms, linger_ms);
        (ready.due, ready.next_ms)
    }

    /// Takes the oldest batch of a partition.
    fn take(
        &self,
        py: Python<'_>,
        topic: &Bound<'_, PyString>,
        partition: usize,
    ) -> Outcome<Option<ProduceBatch>> {
        let taken = self.state.lock().take(topic.to_str()?, partition);
        let topic = topic.clone().unbind();
        Ok(taken.map(|filling| ProduceBatch::new(py, topic, partition, filling)))
    }

    /// Takes the batches that were seen before a time.
    fn take_older(&self, py: Python<'_>, before_ms: i64) -> Vec<ProduceBatch> {
        let taken = self.state.lock().take_older(before_ms);
        taken
            .into_iter()
            .map(|(topic, partition, filling)| {
                ProduceBatch::new(py, PyString::new(py, &topic).unbind(), partition, filling)
            })
            .collect()
    }

    /// Takes back what a batch was charged; its memory is used again unless somebody looks at it.
    fn release(&self, batch: &ProduceBatch) {
        if let Some((builder, charged_bytes)) = batch.give_up() {
            let mut state = self.state.lock();
            match builder {
                Some(builder) => state.give_back(builder, charged_bytes),
                None => state.uncharge(charged_bytes),
            }
            drop(state);
            self.room.notify_all();
        }
    }

    /// Whether a record of so many bytes would find room now.
    fn has_room(&self, size_bytes: usize) -> bool {
        self.state.lock().has_room(size_bytes)
    }

    /// Waits until there is room, or the time is over, or it is closed; tells which.
    fn wait_for_room(&self, py: Python<'_>, size_bytes: usize, timeout: f64) -> Outcome<bool> {
        let timeout = Duration::try_from_secs_f64(timeout.max(0.0))
            .map_err(|_| invalid("timeout must be seconds from 0 on"))?;
        let mut left = timeout;
        loop {
            let slice = left.min(WAIT_SLICE);
            let has_room = py.detach(|| {
                let mut state = self.state.lock();
                if !state.has_room(size_bytes) && !self.is_closed.load(Ordering::Acquire) {
                    self.room.wait_for(&mut state, slice);
                }
                state.has_room(size_bytes)
            });
            if has_room || left.is_zero() || self.is_closed.load(Ordering::Acquire) {
                return Ok(has_room);
            }
            left = left.saturating_sub(slice);
            py.check_signals()?;
        }
    }

    /// Bytes of the batches that were not released.
    #[getter]
    fn used_bytes(&self) -> usize {
        self.state.lock().used_bytes()
    }

    /// Whether no record waits to be taken.
    #[getter]
    fn is_empty(&self) -> bool {
        self.state.lock().is_empty()
    }

    /// Takes no more records; whoever waits for room is told.
    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.room.notify_all();
    }
}

impl RecordAccumulator {
    /// Appends a record, and makes something of where it went.
    #[inline]
    fn put<R>(
        &self,
        (topic, partition): (&str, Option<usize>),
        record: &NewRecord<'_>,
        mark: u64,
        fresh: &mut Option<Py<PyAny>>,
        make: impl FnOnce(&Accepted<'_, Py<PyAny>>) -> R,
    ) -> Result<R, Refused> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Refused::Closed);
        }
        let mut state = self.state.lock();
        Ok(make(&state.append(topic, partition, record, mark, fresh)?))
    }

    /// Tells that there is something to look at, unless that was told already.
    #[inline]
    fn call(&self, py: Python<'_>) -> Outcome<()> {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            self.wake.call0(py)?;
        }
        Ok(())
    }
}

/// A ticket for a batch that may have to be begun; one that was not used is discarded.
struct Fresh<'py> {
    py: Python<'py>,
    ticket: Option<Py<PyAny>>,
}

impl Drop for Fresh<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        if let Err(error) = ticket.call_method0(self.py, "discard") {
            error.write_unraisable(self.py, None);
        }
    }
}

/// Many records on their way in.
struct Sink<'a, 'py> {
    to: &'a RecordAccumulator,
    topic: &'a str,
    partition: Option<usize>,
    mark: u64,
    fresh: Fresh<'py>,
    count: usize,
    tickets: Vec<Py<PyAny>>,
}

impl<'a, 'py> Sink<'a, 'py> {
    fn new(
        py: Python<'py>,
        to: &'a RecordAccumulator,
        topic: &'a Bound<'py, PyString>,
        partition: Option<i64>,
    ) -> Outcome<Self> {
        let mark = to.mark.fetch_add(1, Ordering::Relaxed);
        let (topic, partition) = (topic.to_str()?, partition_of(partition)?);
        let fresh = Fresh { py, ticket: None };
        Ok(Self { to, topic, partition, mark, fresh, count: 0, tickets: Vec::new() })
    }

    /// Appends a record; whether it was taken.
    #[inline]
    fn push(&mut self, record: &NewRecord<'_>) -> Outcome<bool> {
        let py = self.fresh.py;
        loop {
            let Self { to, topic, partition, mark, .. } = *self;
            let tickets = &mut self.tickets;
            let fresh = &mut self.fresh.ticket;
            let is_news = to.put((topic, partition), record, mark, fresh, |taken| {
                if taken.is_first_of_mark {
                    tickets.push(taken.ticket.clone_ref(py));
                }
                taken.is_news
            });
            match is_news {
                Ok(is_news) => {
                    self.count += 1;
                    if is_news {
                        to.call(py)?;
                    }
                    return Ok(true);
                }
                Err(Refused::NeedsTicket) => self.fresh.ticket = Some(to.new_ticket.call0(py)?),
                Err(Refused::UnknownTopic | Refused::NoRoom) => return Ok(false),
                Err(refused) => return Err(refusal(py, topic, partition, refused)),
            }
        }
    }

    fn finish(self) -> Outcome<(usize, Bound<'py, PyList>)> {
        Ok((self.count, PyList::new(self.fresh.py, self.tickets)?))
    }
}

#[cold]
fn refusal(py: Python<'_>, topic: &str, partition: Option<usize>, refused: Refused) -> Failure {
    let (class, message) = match refused {
        Refused::Invalid(error) => return error.into(),
        Refused::NoPartition(count) => {
            let asked = partition.unwrap_or_default();
            (
                "UnknownTopicOrPartitionError",
                format!(
                    "topic {topic} has {count} partitions, from 0 on: there is no partition {asked}"
                ),
            )
        }
        Refused::TooLarge(size) => (
            "MessageTooLargeError",
            format!("the record takes up to {size} bytes, more than max.request.size allows"),
        ),
        Refused::Closed => ("ClientClosedError", "the producer is closed".to_owned()),
        Refused::UnknownTopic | Refused::NeedsTicket | Refused::NoRoom => {
            ("LogcoreError", "not taken".to_owned())
        }
    };
    raise_named(py, class, &message)
}
