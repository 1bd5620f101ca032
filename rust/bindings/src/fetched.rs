//! `FetchedRecords`: what a consumer fetched of a partition, decoded record by record.
//!
//! Uncompressed records are read where they were received. Invariants: a record is handed out once,
//! in order, and `next_offset` is always where the partition is to be read on; records of aborted
//! transactions and control records never come out of a committed read; before damage is told, what
//! comes before it is handed out. Reading is for one thread at a time; asking for `next_offset` and stopping are for any.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use logcore::batch::HEADER_SIZE_BYTES;
use logcore::control::EndTxnMarker;
use logcore::record::{RecordCursor, decode, record_timestamp};
use logcore::{Batch, BatchHeader, Batches, Columns as Decoded, LogError, RecordRef, Result};
use parking_lot::{Mutex, MutexGuard};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::appending::contiguous;
use crate::arrow_rows::Rows;
use crate::buffer::Memory;
use crate::columns::{Columns, Found};
use crate::consumer_record::ConsumerRecord;
use crate::error::{Outcome, invalid, raise_named};
use crate::record::headers;
use crate::untracked::untracked;

/// Bytes that records of one batch may have after decompression.
const DECOMPRESSED_BYTES_MAX: usize = i32::MAX as usize;

/// Bytes below which checking a batch does not pay for a detach.
const DETACHED_FROM_BYTES: usize = 32 * 1024;

/// Where the records' bytes of an open batch are.
enum Place {
    /// In the received buffer, from there to there.
    Received(usize, usize),
    Decompressed(Vec<u8>),
}

struct Open {
    header: BatchHeader,
    place: Place,
    cursor: RecordCursor,
}

impl Open {
    fn bytes<'a>(&'a self, received: &'a [u8]) -> &'a [u8] {
        match &self.place {
            Place::Received(start, end) => received.get(*start..*end).unwrap_or_default(),
            Place::Decompressed(bytes) => bytes,
        }
    }
}

struct State {
    buffer: PyUntypedBuffer,
    /// Where the next batch starts.
    at: usize,
    open: Option<Open>,
    /// Aborted transactions that are still to come, by first offset.
    aborted: VecDeque<(i64, i64)>,
    /// Producers whose transaction is an aborted one here.
    aborting: HashSet<i64>,
}

/// Records of one partition, as they were received.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct FetchedRecords {
    state: Mutex<State>,
    next_offset: AtomicI64,
    /// How many records were handed out.
    taken_count: AtomicU64,
    is_stopped: AtomicBool,
    checks_crcs: bool,
    /// Transactions that are hidden, by producer and first offset; none of those that are open.
    hidden: Option<Vec<(i64, i64)>>,
    no_headers: Py<PyTuple>,
    /// What the received bytes are a view of.
    source: Py<PyAny>,
    /// The topic.
    #[pyo3(get)]
    topic: Py<PyString>,
    /// The partition.
    #[pyo3(get)]
    partition: i32,
    /// Bytes that were received.
    #[pyo3(get)]
    size_bytes: usize,
    /// Offset after the last whole batch; that of the beginning if there is none.
    #[pyo3(get)]
    end_offset: i64,
}

#[pymethods]
impl FetchedRecords {
    #[new]
    #[pyo3(signature = (topic, partition, records, offset, *, aborted=None, check_crcs=true))]
    #[expect(clippy::too_many_arguments, reason = "keywords, and the interpreter with them")]
    fn new(
        py: Python<'_>,
        topic: Py<PyString>,
        partition: i32,
        records: &Bound<'_, PyAny>,
        offset: i64,
        aborted: Option<Vec<(i64, i64)>>,
        check_crcs: bool,
    ) -> Outcome<Self> {
        let source = records.clone().unbind();
        let records = PyUntypedBuffer::get(records)?;
        let bytes = contiguous(&records)?;
        let size_bytes = bytes.len();
        let mut end_offset = offset;
        for batch in Batches::new(bytes) {
            end_offset = end_offset.max(batch?.header.next_offset());
        }
        let mut hidden = aborted;
        if let Some(hidden) = &mut hidden {
            hidden.sort_by_key(|&(_, first_offset)| first_offset);
        }
        let state = State {
            buffer: records,
            at: 0,
            open: None,
            aborted: hidden.clone().unwrap_or_default().into(),
            aborting: HashSet::new(),
        };
        Ok(Self {
            state: Mutex::new(state),
            next_offset: AtomicI64::new(offset),
            taken_count: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
            checks_crcs: check_crcs,
            hidden,
            no_headers: PyTuple::empty(py).unbind(),
            source,
            topic,
            partition,
            size_bytes,
            end_offset,
        })
    }

    /// Where the partition is to be read on, after the last record handed out.
    #[getter]
    fn next_offset(&self) -> i64 {
        self.next_offset.load(Ordering::Acquire)
    }

    /// How many records were handed out so far, of what this is the rest of, too.
    #[getter]
    fn taken_count(&self) -> u64 {
        self.taken_count.load(Ordering::Relaxed)
    }

    /// Hands out nothing more.
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// What is left, to be handed out by another object; this one hands out nothing more.
    fn rest(&self, py: Python<'_>) -> Outcome<Self> {
        self.stop();
        let topic = self.topic.clone_ref(py);
        let (source, offset, hidden) =
            (self.source.bind(py), self.next_offset(), self.hidden.clone());
        let rest = Self::new(py, topic, self.partition, source, offset, hidden, self.checks_crcs)?;
        rest.taken_count.store(self.taken_count(), Ordering::Relaxed);
        Ok(rest)
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> Outcome<Option<Bound<'py, ConsumerRecord>>> {
        let mut state = self.lock(py)?;
        self.next_record(py, &mut state)
    }

    /// Up to so many of the next records.
    fn take<'py>(&self, py: Python<'py>, count: usize) -> Outcome<Bound<'py, PyList>> {
        let mut state = self.lock(py)?;
        let mut records = Vec::new();
        while records.len() < count {
            match self.next_record(py, &mut state) {
                Ok(Some(record)) => records.push(record),
                Err(error) if records.is_empty() => return Err(error),
                _ => break, // an error comes again
            }
        }
        drop(state);
        Ok(PyList::new(py, records)?)
    }

    /// The values of up to so many of the next records.
    fn take_values<'py>(&self, py: Python<'py>, count: usize) -> Outcome<Bound<'py, PyList>> {
        let mut state = self.lock(py)?;
        let mut values = Vec::new();
        while values.len() < count {
            match self.next_of(py, &mut state, |_, record| Ok(Some(field(py, record.value)))) {
                Ok(Some(value)) => values.push(value),
                Err(error) if values.is_empty() => return Err(error),
                _ => break,
            }
        }
        drop(state);
        Ok(PyList::new(py, values)?)
    }

    /// The rest as columns.
    fn columns(&self, py: Python<'_>) -> Outcome<Columns> {
        let mut state = self.lock(py)?;
        let mut decoded = Decoded::default();
        let mut copied: Option<Vec<u8>> = None;
        let from = self.next_offset();
        while !self.is_stopped.load(Ordering::Acquire) {
            if state.open.is_none() {
                match self.open_next(py, &mut state) {
                    Ok(true) => {}
                    Err(error) if decoded.is_empty() => return Err(error),
                    _ => break,
                }
            }
            let State { buffer, open, .. } = &mut *state;
            let received = contiguous(buffer)?;
            let Some(batch) = open.take() else { break };
            let bytes = batch.bytes(received);
            let base = match (&batch.place, &mut copied) {
                (Place::Received(start, _), None) => *start,
                (_, copied) => {
                    // From here on the columns point into a copy, of what came before too.
                    let copy = copied.get_or_insert_with(|| {
                        if decoded.is_empty() { Vec::new() } else { received.to_vec() }
                    });
                    let base = copy.len();
                    copy.extend_from_slice(bytes);
                    base
                }
            };
            let base = i32::try_from(base).map_err(|_| invalid("more than 2^31 bytes at once"))?;
            let appended =
                decoded.append_from(&Batch { header: batch.header, bytes: &[] }, bytes, base);
            if let Err(error) = appended {
                *open = Some(batch);
                if decoded.is_empty() {
                    return Err(error.into());
                }
                break;
            }
            self.advance(batch.header.next_offset());
        }
        drop(state);
        let data = match copied {
            Some(bytes) => Memory::Bytes(bytes),
            None => Memory::Lent(PyUntypedBuffer::get(self.source.bind(py))?),
        };
        let found = Found::made(decoded, data, from, self.next_offset());
        self.taken_count.fetch_add(found.len() as u64, Ordering::Relaxed);
        Columns::new(py, found)
    }
}

impl FetchedRecords {
    /// The rest as rows, as many as one batch may hold.
    pub(crate) fn rows(&self, py: Python<'_>) -> Outcome<Rows> {
        let mut state = self.lock(py)?;
        let mut rows = Rows::default();
        while rows.has_room(usize::MAX) {
            let taken = self.next_of(py, &mut state, |header, record| {
                let offset = header.base_offset + i64::from(record.offset_delta);
                Ok(rows.push(header, record, offset)?.then_some(()))
            });
            match taken {
                Ok(Some(())) => {}
                Err(error) if rows.len() == 0 => return Err(error),
                _ => break,
            }
        }
        drop(state);
        Ok(rows)
    }

    /// The topic and the partition.
    pub(crate) fn place<'py>(&self, py: Python<'py>) -> (&Bound<'py, PyString>, i32) {
        (self.topic.bind(py), self.partition)
    }

    fn lock(&self, py: Python<'_>) -> Outcome<MutexGuard<'_, State>> {
        self.state.try_lock().ok_or_else(|| {
            let message =
                "another thread reads this partition's records: give each its own consumer";
            raise_named(py, "WrongThreadError", message)
        })
    }

    /// Moves `next_offset` forward, never back.
    #[inline]
    fn advance(&self, offset: i64) {
        if offset > self.next_offset.load(Ordering::Relaxed) {
            self.next_offset.store(offset, Ordering::Release);
        }
    }

    #[inline]
    fn next_record<'py>(
        &self,
        py: Python<'py>,
        state: &mut State,
    ) -> Outcome<Option<Bound<'py, ConsumerRecord>>> {
        self.next_of(py, state, |header, record| {
            let headers = if record.header_count == 0 {
                self.no_headers.clone_ref(py)
            } else {
                headers(py, record)?
            };
            let record = ConsumerRecord {
                topic: self.topic.clone_ref(py),
                partition: self.partition,
                offset: header.base_offset + i64::from(record.offset_delta),
                timestamp: record_timestamp(header, record),
                is_append_time: header.is_log_append_time(),
                key: field(py, record.key),
                value: field(py, record.value),
                headers,
                leader_epoch: header.leader_epoch,
            };
            Ok(Some(untracked(py, record)?))
        })
    }

    /// What is made of the next record; if nothing is, it stays the next one.
    #[inline]
    fn next_of<T>(
        &self,
        py: Python<'_>,
        state: &mut State,
        mut make: impl FnMut(&BatchHeader, &RecordRef<'_>) -> Outcome<Option<T>>,
    ) -> Outcome<Option<T>> {
        if self.is_stopped.load(Ordering::Acquire) {
            return Ok(None);
        }
        loop {
            let State { buffer, open, .. } = state;
            if let Some(batch) = open {
                let mut cursor = batch.cursor;
                let bytes = batch.bytes(contiguous(buffer)?);
                let header = &batch.header;
                while let Some(record) = cursor.next(header, bytes)? {
                    let offset = header.base_offset + i64::from(record.offset_delta);
                    if offset < self.next_offset.load(Ordering::Relaxed) {
                        continue;
                    }
                    let Some(object) = make(header, &record)? else { return Ok(None) };
                    self.next_offset.store(offset + 1, Ordering::Release);
                    self.taken_count.fetch_add(1, Ordering::Relaxed);
                    batch.cursor = cursor;
                    return Ok(Some(object));
                }
                self.advance(header.next_offset());
                *open = None;
            }
            if !self.open_next(py, state)? {
                return Ok(None);
            }
        }
    }

    /// Opens the next batch that has records to hand out; whether there is one.
    fn open_next(&self, py: Python<'_>, state: &mut State) -> Outcome<bool> {
        loop {
            let State { buffer, at, open, aborted, aborting } = state;
            let received = contiguous(buffer)?;
            let Some(batch) = Batch::first(received.get(*at..).unwrap_or_default())? else {
                return Ok(false);
            };
            let (start, end) = (*at, *at + batch.bytes.len());
            if self.checks_crcs {
                verify(py, &batch)?;
            }
            let header = batch.header;
            let is_aborted = self.hidden.is_some() && note_transaction(&batch, aborted, aborting)?;
            if header.next_offset() <= self.next_offset.load(Ordering::Relaxed) {
                *at = end;
                continue;
            }
            if is_aborted || header.is_control() {
                *at = end;
                self.advance(header.next_offset());
                continue;
            }
            let place = if header.codec_id() == 0 {
                Place::Received(start + HEADER_SIZE_BYTES, end)
            } else {
                let bytes = py.detach(|| decode(&batch, DECOMPRESSED_BYTES_MAX));
                Place::Decompressed(bytes?.into_owned())
            };
            *at = end; // not before: damage is told again, and never passed over
            let cursor = RecordCursor::start(&header);
            *open = Some(Open { header, place, cursor });
            return Ok(true);
        }
    }
}

#[inline]
fn field(py: Python<'_>, bytes: Option<&[u8]>) -> Py<PyAny> {
    bytes.map_or_else(|| py.None(), |bytes| PyBytes::new(py, bytes).into_any().unbind())
}

/// Checks a batch's CRC; of a large one detached, which is when the thread that fetches asks for more.
fn verify(py: Python<'_>, batch: &Batch<'_>) -> Result<(), LogError> {
    if batch.bytes.len() < DETACHED_FROM_BYTES {
        return batch.verify_crc();
    }
    py.detach(|| batch.verify_crc())
}

/// Takes note of what a batch says of transactions; whether its records were aborted.
fn note_transaction(
    batch: &Batch<'_>,
    aborted: &mut VecDeque<(i64, i64)>,
    aborting: &mut HashSet<i64>,
) -> Result<bool, LogError> {
    let header = &batch.header;
    while let Some(&(producer, _)) = aborted.front().filter(|(_, at)| *at <= header.last_offset()) {
        aborted.pop_front();
        aborting.insert(producer);
    }
    if !header.is_control() {
        return Ok(header.is_transactional() && aborting.contains(&header.producer_id));
    }
    let records = decode(batch, DECOMPRESSED_BYTES_MAX)?;
    let first = RecordCursor::start(header).next(header, &records)?;
    let marker = first.map_or(Ok(None), |record| EndTxnMarker::decode(record.key, record.value))?;
    if marker.is_some_and(|marker| !marker.commit) {
        aborting.remove(&header.producer_id);
    }
    Ok(true)
}
