//! `PartitionLog`: the log of one partition, as a broker uses it.
//!
//! Invariants: a failure of the storage is told to the manager, which takes the directory offline;
//! after the partition was deleted or the manager closed, every call is refused; bytes that were
//! read stay readable all the same, because the map lives as long as they do. Work of a few
//! microseconds holds the interpreter, everything that may wait lets go of it.

use std::sync::{Arc, Weak};

use logcore::checkpoint::TopicPartition;
use logcore::log::{
    AppendInfo, FetchData, Isolation, KeyValue, MarkerOwner, TimestampSpec, TransactionOwner,
};
use logcore::producer_append::AppendContext;
use logcore::verification::{VerificationGuard, VerificationRequest};
use logcore::{AppendOrigin, Log, LogError, LogManager, Result};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList};

use crate::appending::with_bytes;
use crate::batch::BatchView;
use crate::buffer::{Exports, Memory, NativeBuffer};
use crate::error::{Outcome, forked, invalid};
use crate::fork;
use crate::plain_produce::PlainProduce;
use crate::reading::{limits, read_objects};
use crate::record::push_records;

/// Bytes below which an append is over before another thread could make use of the interpreter.
const SMALL_BYTES: usize = 64 << 10;
/// What an append may change of the bytes it is given.
const BATCH_HEADER_BYTES: usize = 61;
/// As [`SMALL_BYTES`], of a compressed batch.
const SMALL_COMPRESSED_BYTES: usize = 8 << 10;

type Pairs = Vec<(Option<PyBackedBytes>, Option<PyBackedBytes>)>;
type Appended = (i64, i64, i64, i64, bool);
type Fetched = (Option<NativeBuffer>, i64, i64, i64, Vec<(i64, i64)>);
type Producer = (i64, i16, i32, i64, i32, i64);

/// The log of one partition.
#[pyclass(frozen, weakref, module = "logcore._native._core")]
pub(crate) struct PartitionLog {
    log: Arc<Log>,
    manager: Weak<LogManager>,
    partition: TopicPartition,
    forks: u64,
}

impl PartitionLog {
    pub(crate) fn new(
        log: Arc<Log>,
        manager: &Arc<LogManager>,
        partition: TopicPartition,
        forks: u64,
    ) -> Self {
        Self { log, manager: Arc::downgrade(manager), partition, forks }
    }

    #[inline]
    fn log(&self) -> Outcome<&Log> {
        if self.forks == fork::count() { Ok(&self.log) } else { Err(forked()) }
    }

    /// Has the manager know of a storage failure.
    #[inline]
    fn noting<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.noted(error))
    }

    #[cold]
    fn noted(&self, error: LogError) -> LogError {
        if !error.is_storage_failure() {
            return error;
        }
        if self.log.is_closed() {
            // Deleted meanwhile, and its files renamed: no fault of the storage.
            return LogError::Closed;
        }
        if let Some(manager) = self.manager.upgrade() {
            manager.note_failure(&self.partition, &error);
        }
        error
    }

    /// Appends the records of a plain request; if it fails, they are as they were.
    pub(crate) fn append_request(
        &self,
        py: Python<'_>,
        records: &mut [u8],
        leader_epoch: i32,
    ) -> Outcome<AppendInfo> {
        let log = self.log()?;
        let context = AppendContext::new(AppendOrigin::Client);
        let head = records.first_chunk::<BATCH_HEADER_BYTES>().copied();
        let result = if is_long(log, records) {
            py.detach(|| log.append_leader(records, leader_epoch, context))
        } else {
            log.append_leader(records, leader_epoch, context)
        };
        Ok(self.noting(result).inspect_err(|_| {
            // The engine writes offsets in place before it has seen all that may be wrong.
            if let (Some(now), Some(before)) = (records.first_chunk_mut(), head) {
                *now = before;
            }
        })?)
    }

    /// Does what may wait for a disk, without the interpreter.
    fn detached<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&Log) -> Result<T> + Send,
    ) -> Outcome<T> {
        let log = self.log()?;
        Ok(py.detach(|| self.noting(work(log)))?)
    }
}

/// Whether an append of these bytes is worth letting go of the interpreter.
fn is_long(log: &Log, bytes: &[u8]) -> bool {
    let is_compressed = bytes.get(22).is_some_and(|attributes| attributes & 7 != 0);
    let limit = if is_compressed { SMALL_COMPRESSED_BYTES } else { SMALL_BYTES };
    bytes.len() >= limit || log.append_blocks()
}

fn isolation_of(number: u8) -> Outcome<Isolation> {
    match number {
        0 => Ok(Isolation::LogEnd),
        1 => Ok(Isolation::HighWatermark),
        2 => Ok(Isolation::TransactionCommitted),
        _ => Err(invalid(format!("isolation {number} is not 0, 1 or 2"))),
    }
}

fn pair_of((key, value): &(Option<PyBackedBytes>, Option<PyBackedBytes>)) -> KeyValue<'_> {
    (key.as_deref(), value.as_deref())
}

fn appended(info: &AppendInfo) -> Appended {
    let AppendInfo { first_offset, last_offset, log_append_time, log_start_offset, .. } = *info;
    (first_offset, last_offset, log_append_time, log_start_offset, info.duplicate)
}

fn fetched(data: FetchData) -> Fetched {
    let records = data.records.map(|slice| NativeBuffer { memory: Memory::Shared(slice) });
    let aborted = data.aborted.iter();
    let aborted = aborted.map(|aborted| (aborted.producer_id, aborted.first_offset)).collect();
    (records, data.high_watermark, data.last_stable_offset, data.log_start_offset, aborted)
}

#[pymethods]
impl PartitionLog {
    /// Append what a producer sent.
    #[pyo3(signature = (records, leader_epoch, verification=0))]
    fn append_leader(
        &self,
        py: Python<'_>,
        records: &Bound<'_, PyAny>,
        leader_epoch: i32,
        verification: u64,
    ) -> Outcome<Appended> {
        let log = self.log()?;
        let buffer = PyUntypedBuffer::get(records)?;
        let mut context = AppendContext::new(AppendOrigin::Client);
        context.verification_guard = VerificationGuard::from_number(verification);
        let info = with_bytes(&buffer, |bytes| {
            let result = if is_long(log, bytes) {
                py.detach(|| log.append_leader(bytes, leader_epoch, context))
            } else {
                log.append_leader(bytes, leader_epoch, context)
            };
            Ok(self.noting(result)?)
        })?;
        Ok(appended(&info))
    }

    /// Append what a plain Produce request brings; the response, without its length. If it fails,
    /// the request is as it was.
    fn append_plain<'py>(
        &self,
        py: Python<'py>,
        frame: &Bound<'py, PyAny>,
        plain: &PlainProduce,
        leader_epoch: i32,
    ) -> Outcome<Bound<'py, PyBytes>> {
        let buffer = PyUntypedBuffer::get(frame)?;
        with_bytes(&buffer, |bytes| {
            let Some(records) = bytes.get_mut(plain.records()) else {
                return Err(invalid("the request was read from another frame"));
            };
            let info = self.append_request(py, records, leader_epoch)?;
            let offsets = (info.first_offset, info.log_append_time, info.log_start_offset);
            Ok(PyBytes::new(py, &plain.answer(offsets)))
        })
    }

    /// Append records of the broker's own as one batch.
    #[pyo3(
        signature = (records, leader_epoch, timestamp_ms, *, producer_id=-1, producer_epoch=-1,
                     verification=0),
        text_signature = "($self, records, leader_epoch, timestamp_ms, *, producer_id=-1, \
                          producer_epoch=-1, verification=0)"
    )]
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 hands the arguments over")]
    #[expect(
        clippy::too_many_arguments,
        reason = "pyo3 hands a method's arguments over one by one"
    )]
    fn append_records(
        &self,
        py: Python<'_>,
        records: Pairs,
        leader_epoch: i32,
        timestamp_ms: i64,
        producer_id: i64,
        producer_epoch: i16,
        verification: u64,
    ) -> Outcome<(i64, i64)> {
        let log = self.log()?;
        let pairs: Vec<_> = records.iter().map(pair_of).collect();
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let size: usize = pairs.iter().map(|(key, value)| length(*key) + length(*value)).sum();
        let owner = (producer_id >= 0).then(|| TransactionOwner {
            producer_id,
            producer_epoch,
            verification_guard: VerificationGuard::from_number(verification),
        });
        let append = || match owner {
            Some(owner) => log.append_transactional(&pairs, owner, leader_epoch, timestamp_ms),
            None => log.append_records(&pairs, leader_epoch, timestamp_ms),
        };
        let is_long = size >= SMALL_BYTES || log.append_blocks();
        let result = if is_long { py.detach(append) } else { append() };
        let info = self.noting(result)?;
        Ok((info.first_offset, info.last_offset))
    }

    /// Ask for the guard of a first write to a transaction; 0 if it needs none.
    fn start_verification(
        &self,
        producer_id: i64,
        producer_epoch: i16,
        sequence: i32,
        supports_epoch_bump: bool,
    ) -> Outcome<u64> {
        let request =
            VerificationRequest { producer_id, producer_epoch, sequence, supports_epoch_bump };
        let guard = self.noting(self.log()?.start_verification(&request))?;
        Ok(guard.to_number())
    }

    /// Append a batch of one control record.
    #[pyo3(
        signature = (key, value, leader_epoch, timestamp_ms, *, producer_id=-1, producer_epoch=-1,
                     transaction_version=0),
        text_signature = "($self, key, value, leader_epoch, timestamp_ms, *, producer_id=-1, \
                          producer_epoch=-1, transaction_version=0)"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "pyo3 hands a method's arguments over one by one"
    )]
    fn append_control(
        &self,
        py: Python<'_>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        leader_epoch: i32,
        timestamp_ms: i64,
        producer_id: i64,
        producer_epoch: i16,
        transaction_version: i16,
    ) -> Outcome<(i64, i64)> {
        let owner = MarkerOwner { producer_id, producer_epoch, transaction_version };
        let info = self.detached(py, |log| {
            log.append_control((key, value), Some(owner), leader_epoch, timestamp_ms)
        })?;
        Ok((info.first_offset, info.last_offset))
    }

    /// Read whole batches without copying.
    fn read(
        &self,
        py: Python<'_>,
        offset: i64,
        max_bytes: usize,
        min_one_batch: bool,
        isolation: u8,
    ) -> Outcome<Fetched> {
        let (log, isolation) = (self.log()?, isolation_of(isolation)?);
        // What was written lately is in memory.
        let result = if log.is_active(offset) {
            log.read(offset, max_bytes, min_one_batch, isolation)
        } else {
            py.detach(|| log.read(offset, max_bytes, min_one_batch, isolation))
        };
        Ok(fetched(self.noting(result)?))
    }

    /// Read decoded records, and where to go on.
    fn read_records<'py>(
        &self,
        py: Python<'py>,
        offset: i64,
        max_bytes: i64,
    ) -> Outcome<(Bound<'py, PyList>, i64)> {
        let limits = limits(i64::MAX, max_bytes)?;
        let made = read_objects(py, self.log()?, offset, limits, push_records)?;
        Ok((PyList::new(py, made.objects)?, made.next_offset))
    }

    /// Read batches without copying, control batches too.
    fn read_batches(
        &self,
        py: Python<'_>,
        offset: i64,
        max_bytes: usize,
    ) -> Outcome<Vec<BatchView>> {
        let data = self.detached(py, |log| log.read(offset, max_bytes, true, Isolation::LogEnd))?;
        match data.records {
            None => Ok(Vec::new()),
            Some(slice) => BatchView::split(&slice, &Exports::default()),
        }
    }

    /// First offset that can be read.
    #[getter]
    fn start_offset(&self) -> Outcome<i64> {
        Ok(self.log()?.log_start_offset())
    }

    /// Offset that the next record gets.
    #[getter]
    fn end_offset(&self) -> Outcome<i64> {
        Ok(self.log()?.log_end_offset())
    }

    /// Offset below which records are replicated.
    #[getter]
    fn high_watermark(&self) -> Outcome<i64> {
        Ok(self.log()?.high_watermark())
    }

    /// Offset below which every transaction is decided.
    #[getter]
    fn last_stable_offset(&self) -> Outcome<i64> {
        Ok(self.log()?.last_stable_offset())
    }

    /// Offset below which everything is on disk.
    #[getter]
    fn recovery_point(&self) -> Outcome<i64> {
        Ok(self.log()?.recovery_point())
    }

    /// Bytes of the batches in all segments.
    #[getter]
    fn size_bytes(&self) -> Outcome<u64> {
        Ok(self.log()?.size_bytes())
    }

    /// Whether an append may have to wait for a disk or for another thread.
    #[getter]
    fn append_blocks(&self) -> Outcome<bool> {
        Ok(self.log()?.append_blocks())
    }

    /// The log's directory.
    #[getter]
    fn path(&self) -> Outcome<String> {
        Ok(self.log()?.dir().to_string_lossy().into_owned())
    }

    /// Find the first record at or past a time, or one of Kafka's special times.
    fn offset_for(&self, py: Python<'_>, timestamp: i64) -> Outcome<Option<(i64, i64, i32)>> {
        let spec = TimestampSpec::from_wire(timestamp)
            .ok_or_else(|| invalid(format!("timestamp {timestamp} has no meaning")))?;
        let found = self.detached(py, |log| log.offset_for(spec))?;
        Ok(found.map(|at| (at.timestamp, at.offset, at.leader_epoch.unwrap_or(-1))))
    }

    /// Find where a leader epoch ends.
    fn end_offset_for_epoch(&self, epoch: i32) -> Outcome<Option<(i32, i64)>> {
        let found = self.log()?.end_offset_for_epoch(epoch);
        Ok(found.map(|end| (end.epoch, end.end_offset)))
    }

    /// The newest leader epoch that has records.
    fn latest_epoch(&self) -> Outcome<Option<i32>> {
        Ok(self.log()?.latest_epoch())
    }

    /// Note durably that a leader epoch starts at the end of the log.
    fn assign_epoch_start(&self, py: Python<'_>, epoch: i32) -> Outcome<()> {
        self.detached(py, |log| log.assign_epoch_start(epoch))
    }

    /// Make records below an offset unreadable; return the new start offset.
    fn delete_before(&self, py: Python<'_>, offset: i64) -> Outcome<i64> {
        self.detached(py, |log| log.delete_before(offset))
    }

    /// Make everything appended so far durable; return the offset below which it is.
    fn flush(&self, py: Python<'_>) -> Outcome<i64> {
        self.detached(py, Log::flush)
    }

    /// Start a new segment; return its base offset.
    fn roll(&self, py: Python<'_>) -> Outcome<i64> {
        self.detached(py, Log::roll)
    }

    /// What is known of the producers that write to the log.
    fn active_producers(&self, py: Python<'_>) -> Outcome<Vec<Producer>> {
        let producers = self.detached(py, Log::producers)?;
        let facts = producers.iter().map(|producer| {
            (
                producer.producer_id,
                producer.producer_epoch,
                producer.last_sequence,
                producer.last_timestamp,
                producer.coordinator_epoch,
                producer.transaction_first_offset.unwrap_or(-1),
            )
        });
        Ok(facts.collect())
    }
}

impl Drop for PartitionLog {
    fn drop(&mut self) {
        if self.forks != fork::count() {
            // The files are the parent's; the last reference would close them.
            std::mem::forget(Arc::clone(&self.log));
        }
    }
}
