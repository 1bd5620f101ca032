//! The way in: batches from a producer, from a leader, or made by the log's owner.
//!
//! The order is what keeps readers and recovery right: validate, decide producer state, roll if
//! due, note a new leader epoch, write, take producer state and aborted transactions over, index,
//! publish to readers, move the log end offset. Invariant: until the publishing nothing is visible
//! and a failure leaves the log as it was; a failure between the write and the publishing that
//! cannot be undone poisons the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Log, Writer};
use crate::append_origin::AppendOrigin;
use crate::batch::{self, Batch, BatchHeader, Batches};
use crate::control::EndTxnMarker;
use crate::error::{LogError, Result};
use crate::producer_append::{AppendContext, CompletedTransaction, ProducerUpdate};
use crate::record::{Records, decode};
use crate::validator::{ValidatorConfig, validate_and_assign_offsets};

/// Where appended records went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record.
    pub first_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Largest timestamp, -1 without one.
    pub max_timestamp: i64,
    /// The time of the append, where the log sets timestamps, else -1.
    pub log_append_time: i64,
    /// Log start offset after the append.
    pub log_start_offset: i64,
    /// Bytes written.
    pub size_bytes: usize,
    /// Whether the producer had sent this batch before; then nothing was written, and the offsets
    /// are those of the first time.
    pub duplicate: bool,
}

/// An append that `flush.messages` may want on disk before it is told of; [`Log::settle`] sees to it,
/// once the caller holds no lock that whoever syncs could be waiting for.
#[must_use]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsettled {
    pub(crate) info: AppendInfo,
    /// Offset below which everything has to be durable first.
    pub(crate) due: Option<i64>,
}

/// What the batches of one append have in common.
struct Summary {
    first_offset: i64,
    last_offset: i64,
    max_timestamp: i64,
    /// Whether some batch has a producer, or a leader epoch that is not the latest.
    needs_care: bool,
}

impl Log {
    /// Appends what a producer sent: checks it, assigns offsets and leader epoch in place, writes
    /// it, and returns where it went. `records` holds one or more batches.
    ///
    /// # Errors
    /// Every reason of the validator (`CorruptBatch`, `InvalidRecord`, `InvalidTimestamp`,
    /// `BatchTooLarge`, `BatchListTooLarge`, `UnsupportedCompression`), of the producer state
    /// (`InvalidProducerEpoch`, `OutOfOrderSequence`, `InvalidTransactionState`,
    /// `TransactionCoordinatorFenced`), and `Io`, `Poisoned`, `Closed`.
    pub fn append_leader(
        &self,
        records: &mut [u8],
        leader_epoch: i32,
        context: AppendContext,
    ) -> Result<AppendInfo> {
        self.settle(self.append_leader_unsettled(records, leader_epoch, context)?)
    }

    /// As [`Log::append_leader`], but for the flush.
    pub(crate) fn append_leader_unsettled(
        &self,
        records: &mut [u8],
        leader_epoch: i32,
        context: AppendContext,
    ) -> Result<Unsettled> {
        let mut writer = self.lock_writer()?;
        let now_ms = self.clock.now_ms();
        let config = ValidatorConfig::from(&**self.config.load());
        let first_offset = self.log_end_offset();
        let validated = validate_and_assign_offsets(
            records,
            first_offset,
            leader_epoch,
            now_ms,
            context.origin,
            &config,
        )?;
        let mut info = self.append(&mut writer, validated.bytes(records), context)?;
        info.log_append_time = validated.log_append_time;
        Ok(self.unsettled(&writer, info))
    }

    /// Appends batches that this process built: no check but their size, no copy. Offsets and
    /// leader epoch are assigned in place.
    ///
    /// # Errors
    /// `BatchTooLarge`, `BatchListTooLarge`, `Io`, `Poisoned`, `Closed`.
    pub fn append_built(&self, batches: &mut [u8], leader_epoch: i32) -> Result<AppendInfo> {
        self.settle(self.append_built_unsettled(batches, leader_epoch)?)
    }

    /// As [`Log::append_built`], but for the flush.
    pub(crate) fn append_built_unsettled(
        &self,
        batches: &mut [u8],
        leader_epoch: i32,
    ) -> Result<Unsettled> {
        self.append_own(batches, leader_epoch, AppendContext::new(AppendOrigin::Coordinator))
    }

    pub(super) fn append_own(
        &self,
        batches: &mut [u8],
        leader_epoch: i32,
        context: AppendContext,
    ) -> Result<Unsettled> {
        let limit_bytes = self.config.load().max_message_bytes as usize;
        let mut writer = self.lock_writer()?;
        let mut next_offset = self.log_end_offset();
        let mut rest = &mut *batches;
        while let Some(header) = Batch::first(rest)?.map(|batch| batch.header) {
            let size_bytes = header.size_bytes()?;
            if size_bytes > limit_bytes {
                let (size_bytes, limit_bytes) = (size_bytes as u64, limit_bytes as u64);
                return Err(LogError::BatchTooLarge { size_bytes, limit_bytes });
            }
            let (batch, later) = rest.split_at_mut(size_bytes);
            batch::assign(batch, next_offset, leader_epoch);
            next_offset += i64::from(header.last_offset_delta) + 1;
            rest = later;
        }
        if !rest.is_empty() {
            return Err(LogError::corrupt_batch("the last batch is cut off"));
        }
        let info = self.append(&mut writer, batches, context)?;
        Ok(self.unsettled(&writer, info))
    }

    /// Appends what the leader of this partition has: offsets and epochs stay, gaps are allowed.
    ///
    /// # Errors
    /// `CorruptBatch`; `UnexpectedAppendOffset` unless the offsets increase from the log end
    /// offset on; `Io`, `Poisoned`, `Closed`.
    pub fn append_follower(&self, records: &[u8]) -> Result<AppendInfo> {
        let mut writer = self.lock_writer()?;
        let mut expected = self.log_end_offset();
        let mut batches = Batches::new(records);
        for batch in &mut batches {
            let batch = batch?;
            batch.verify_crc()?;
            if batch.header.base_offset < expected {
                let offset = batch.header.base_offset;
                return Err(LogError::UnexpectedAppendOffset { offset, expected });
            }
            expected = batch.header.next_offset();
        }
        if !batches.rest().is_empty() {
            return Err(LogError::corrupt_batch("the last batch is cut off"));
        }
        let info = self.append_spans(&mut writer, records)?;
        let appended = self.unsettled(&writer, info);
        drop(writer);
        self.settle(appended)
    }

    /// Appends batches in runs that fit one segment: compaction may leave gaps of any width.
    fn append_spans(&self, writer: &mut Writer, records: &[u8]) -> Result<AppendInfo> {
        let context = || AppendContext::new(AppendOrigin::Replication);
        let (mut start, mut end, mut first_offset) = (0, 0, None);
        let mut total: Option<AppendInfo> = None;
        for batch in Batches::new(records) {
            let batch = batch?;
            let first = *first_offset.get_or_insert(batch.header.base_offset);
            if batch.header.last_offset() - first > i64::from(i32::MAX) {
                let run = records.get(start..end).unwrap_or_default();
                total = Some(joined(total, self.append(writer, run, context())?));
                (start, first_offset) = (end, Some(batch.header.base_offset));
            }
            end += batch.bytes.len();
        }
        let run = records.get(start..).unwrap_or_default();
        Ok(joined(total, self.append(writer, run, context())?))
    }

    /// Writes batches whose offsets stand.
    fn append(
        &self,
        writer: &mut Writer,
        batches: &[u8],
        context: AppendContext,
    ) -> Result<AppendInfo> {
        let summary = self.summarise(batches)?;
        let limit_bytes = u64::from(self.config.load().segment_bytes);
        if batches.len() as u64 > limit_bytes {
            let size_bytes = batches.len() as u64;
            return Err(LogError::BatchListTooLarge { size_bytes, limit_bytes });
        }
        let mut info = AppendInfo {
            first_offset: summary.first_offset,
            last_offset: summary.last_offset,
            max_timestamp: summary.max_timestamp,
            log_append_time: batch::NO_TIMESTAMP,
            log_start_offset: self.log_start_offset(),
            size_bytes: batches.len(),
            duplicate: false,
        };
        let mut update = None;
        if summary.needs_care {
            match prepare(writer, batches, context)? {
                Prepared::Duplicate { first_offset, last_offset, timestamp } => {
                    info.first_offset = first_offset;
                    info.last_offset = last_offset;
                    info.max_timestamp = timestamp;
                    info.size_bytes = 0;
                    info.duplicate = true;
                    return Ok(info);
                }
                Prepared::Update(prepared) => update = Some(prepared),
            }
        }
        let offsets = (summary.first_offset, summary.last_offset);
        self.maybe_roll(writer, batches.len(), offsets, summary.max_timestamp)?;
        if summary.needs_care {
            self.note_epochs(batches)?;
        }
        writer.segment.write(batches).inspect_err(|error| self.commit.fail_if_sync(error))?;
        self.complete(writer, batches, &summary, update).inspect_err(|_| self.commit.fail())?;
        Ok(info)
    }

    fn summarise(&self, batches: &[u8]) -> Result<Summary> {
        let latest_epoch = self.epochs.latest_epoch().unwrap_or(batch::NO_LEADER_EPOCH);
        let mut walk = Batches::new(batches);
        let mut summary: Option<Summary> = None;
        for batch in &mut walk {
            let header = batch?.header;
            let summary = summary.get_or_insert(Summary {
                first_offset: header.base_offset,
                last_offset: 0,
                max_timestamp: batch::NO_TIMESTAMP,
                needs_care: false,
            });
            summary.last_offset = header.last_offset();
            summary.max_timestamp = summary.max_timestamp.max(header.max_timestamp);
            summary.needs_care |= header.has_producer_id()
                || header.is_control()
                || header.leader_epoch > latest_epoch;
        }
        summary.ok_or_else(|| LogError::corrupt_batch("there is no whole batch to append"))
    }

    fn note_epochs(&self, batches: &[u8]) -> Result<()> {
        for batch in Batches::new(batches) {
            let header = batch?.header;
            if header.leader_epoch >= 0 {
                self.epochs.assign(header.leader_epoch, header.base_offset)?;
            }
        }
        Ok(())
    }

    /// Makes written batches part of the log.
    fn complete(
        &self,
        writer: &mut Writer,
        batches: &[u8],
        summary: &Summary,
        update: Option<ProducerUpdate>,
    ) -> Result<()> {
        let next_offset = summary.last_offset + 1;
        if let Some(update) = update {
            for completed in writer.producers.apply(update) {
                note_completed(writer, &completed)?;
            }
        }
        writer.producers.set_map_end_offset(next_offset);
        if summary.needs_care {
            self.update_first_unstable(writer);
        }
        let size_bytes = writer.segment.index(batches)?;
        writer.segment.publish(size_bytes);
        writer.unflushed_count += (next_offset - self.log_end_offset()).max(1);
        if self.end_is_stable {
            self.high_watermark.store(next_offset, Ordering::Release);
            if summary.needs_care {
                self.update_first_unstable(writer);
            }
        }
        self.log_end_offset.store(next_offset, Ordering::SeqCst);
        self.appended.notify();
        Ok(())
    }

    /// Finds out under the writer's lock, which the append still holds, whether a flush is due. A
    /// batch that was repeated waits for the flush of the first one, which may not be over.
    fn unsettled(&self, writer: &Writer, info: AppendInfo) -> Unsettled {
        let limit = self.config.load().flush_messages;
        let due = if limit == i64::MAX {
            None
        } else if info.duplicate {
            Some(info.last_offset + 1)
        } else {
            (writer.unflushed_count >= limit).then(|| self.log_end_offset())
        };
        Unsettled { info, due }
    }

    /// Returns what was appended once it may be told of.
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub(crate) fn settle(&self, appended: Unsettled) -> Result<AppendInfo> {
        appended.due.map_or(Ok(()), |due| self.flush_to(due))?;
        Ok(appended.info)
    }
}

/// One append's information from that of its parts.
fn joined(total: Option<AppendInfo>, part: AppendInfo) -> AppendInfo {
    total.map_or(part, |total| AppendInfo {
        first_offset: total.first_offset,
        max_timestamp: total.max_timestamp.max(part.max_timestamp),
        size_bytes: total.size_bytes + part.size_bytes,
        ..part
    })
}

enum Prepared {
    Duplicate { first_offset: i64, last_offset: i64, timestamp: i64 },
    Update(ProducerUpdate),
}

/// Asks the producer state about every batch; nothing is changed yet.
fn prepare(writer: &Writer, batches: &[u8], context: AppendContext) -> Result<Prepared> {
    let mut update = ProducerUpdate::new(context);
    for batch in Batches::new(batches) {
        let batch = batch?;
        let marker = end_marker(&batch)?;
        if let Some(original) = writer.producers.prepare(&mut update, &batch.header, marker)? {
            return Ok(Prepared::Duplicate {
                first_offset: original.first_offset(),
                last_offset: original.last_offset,
                timestamp: original.timestamp,
            });
        }
    }
    Ok(Prepared::Update(update))
}

/// The marker in a control batch, if it ends a transaction.
pub(super) fn end_marker(batch: &Batch<'_>) -> Result<Option<EndTxnMarker>> {
    let BatchHeader { count, .. } = batch.header;
    if !batch.header.is_control() || !batch.header.has_producer_id() || count == 0 {
        return Ok(None);
    }
    let records = decode(batch, batch.bytes.len().saturating_mul(64))?;
    let first = Records::new(&batch.header, &records)?.next().transpose()?;
    first.map_or(Ok(None), |record| EndTxnMarker::decode(record.key, record.value))
}

/// Enters a transaction's end: into the index if it was aborted, then out of the open ones.
fn note_completed(writer: &mut Writer, completed: &CompletedTransaction) -> Result<()> {
    if completed.is_aborted {
        let stable = writer.producers.last_stable_offset(completed);
        let segment = Arc::clone(writer.segment.segment());
        segment.transaction_index().append(&completed.aborted(stable))?;
        writer.dirty_transaction_indexes.push(segment);
    }
    writer.producers.complete(completed);
    Ok(())
}
