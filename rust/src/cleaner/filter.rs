//! What stays of a batch, and the batch that is made of it.
//!
//! A record stays if it is the newest of its key (or lies past what the offset map saw) and is no
//! tombstone whose delete horizon has passed. A batch keeps its base and last offset, sequence,
//! producer, leader epoch, codec and timestamp type; records keep offset and timestamp. Invariant:
//! a batch from which nothing goes stays byte for byte. The tombstones and idle markers met without
//! a delete horizon get one, so that every reader has `delete.retention.ms` to see them.

use std::collections::HashMap;

use super::offset_map::OffsetMap;
use super::transactions::TransactionWalk;
use crate::batch::{Batch, BatchHeader};
use crate::builder::{RecordBatchBuilder, empty_batch};
use crate::compression::Codec;
use crate::error::{LogError, Result};
use crate::record::{RecordRef, Records, decode, record_timestamp};
use crate::transaction_index::AbortedTransaction;

/// No batch decompresses to more: a rebuilt one could not hold it.
pub(super) const RECORDS_BYTES_MAX: usize = i32::MAX as usize;

/// What a producer did last, as far as its state remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRecord {
    /// Offset of its last data record.
    pub last_offset: Option<i64>,
    /// Its epoch.
    pub producer_epoch: i16,
}

/// What one round of cleaning goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The newest offset of each key.
    pub(crate) map: &'a OffsetMap,
    /// The active producers.
    pub(crate) producers: &'a HashMap<i64, LastRecord>,
    /// The time of the round.
    pub(crate) now_ms: i64,
    /// `delete.retention.ms`.
    pub(crate) delete_retention_ms: i64,
    /// Whether records without a key go; else they are an error.
    pub(crate) drops_unkeyed: bool,
}

/// What stays of a batch.
#[derive(Debug)]
pub(super) enum Kept<'a> {
    /// Nothing.
    Nothing,
    /// All of it.
    Original,
    /// These bytes instead.
    Rebuilt(&'a [u8]),
}

/// Records counted on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) read: u64,
    pub(super) kept: u64,
    pub(super) unkeyed: u64,
}

/// Why a batch stays or goes, before its records are looked at.
struct Fate {
    /// Whether none of its records stay.
    drops_records: bool,
    /// Whether at least its header stays.
    keeps_header: bool,
    /// Whether it is a marker with nothing left to end.
    is_idle_marker: bool,
}

/// Judges the batches of a round, in order.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    rules: Rules<'a>,
    transactions: TransactionWalk,
    builders: HashMap<Codec, RecordBatchBuilder>,
    rebuilt: Vec<u8>,
    pub(super) counts: Counts,
}

impl<'a> Filter<'a> {
    /// A filter for a walk from the start of the log.
    pub(super) fn new(rules: Rules<'a>, aborted: &[AbortedTransaction]) -> Self {
        Self {
            rules,
            transactions: TransactionWalk::new(aborted, 0),
            builders: HashMap::new(),
            rebuilt: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// What stays of the next batch, of which at least the header does if `keeps_header`. Aborted
    /// transactions that go into the new transaction index are pushed to `aborted`.
    pub(super) fn judge(
        &mut self,
        batch: &Batch<'_>,
        keeps_header: bool,
        aborted: &mut Vec<AbortedTransaction>,
    ) -> Result<Kept<'_>> {
        batch.verify_crc()?;
        let header = &batch.header;
        let mut fate = self.fate(batch, aborted)?;
        fate.keeps_header |= keeps_header || header.last_offset() == self.rules.map.latest_offset();
        self.counts.read += u64::from(header.count.unsigned_abs());
        if fate.drops_records || header.count == 0 {
            return Ok(self.without_records(header, &fate));
        }
        let bytes = decode(batch, RECORDS_BYTES_MAX)?;
        let (kept, has_tombstone) = self.select(header, &bytes)?;
        self.counts.kept += kept.len() as u64;
        if kept.is_empty() {
            return Ok(self.without_records(header, &fate));
        }
        let is_due = (has_tombstone || fate.is_idle_marker) && header.delete_horizon_ms().is_none();
        if i32::try_from(kept.len()) == Ok(header.count) && !is_due {
            return Ok(Kept::Original);
        }
        let stamped = self.rules.now_ms.saturating_add(self.rules.delete_retention_ms);
        let horizon = if is_due { Some(stamped) } else { header.delete_horizon_ms() };
        self.rebuild(header, &kept, horizon)
    }

    fn fate(&mut self, batch: &Batch<'_>, aborted: &mut Vec<AbortedTransaction>) -> Result<Fate> {
        let header = &batch.header;
        let mut fate = Fate {
            drops_records: false,
            keeps_header: self.is_last_of_producer(header),
            is_idle_marker: false,
        };
        if header.is_control() {
            let control = self.transactions.on_control(batch)?;
            aborted.extend(control.aborted);
            let has_passed = header.delete_horizon_ms().is_some_and(|at| at <= self.rules.now_ms);
            fate.is_idle_marker = control.is_idle;
            fate.drops_records = control.is_idle && has_passed;
        } else {
            fate.drops_records = self.transactions.is_aborted(header);
        }
        Ok(fate)
    }

    /// Whether the batch holds a producer's last sequence, or the marker that fences its old
    /// epochs: without it a new leader would not know the producer.
    fn is_last_of_producer(&self, header: &BatchHeader) -> bool {
        let last = self.rules.producers.get(&header.producer_id);
        let last = last.filter(|_| header.has_producer_id());
        last.is_some_and(|last| match last.last_offset {
            Some(offset) => header.last_offset() == offset,
            None => header.is_control() && header.producer_epoch == last.producer_epoch,
        })
    }

    fn without_records(&mut self, header: &BatchHeader, fate: &Fate) -> Kept<'_> {
        if !fate.keeps_header {
            return Kept::Nothing;
        }
        if header.count == 0 {
            return Kept::Original;
        }
        self.rebuilt = empty_batch(header);
        Kept::Rebuilt(&self.rebuilt)
    }

    /// The records that stay, and whether a tombstone is among them.
    fn select<'b>(
        &mut self,
        header: &BatchHeader,
        bytes: &'b [u8],
    ) -> Result<(Vec<RecordRef<'b>>, bool)> {
        let mut kept = Vec::new();
        let mut has_tombstone = false;
        for record in Records::new(header, bytes)? {
            let record = record?;
            if self.stays(header, &record)? {
                has_tombstone |= record.value.is_none();
                kept.push(record);
            }
        }
        Ok((kept, has_tombstone))
    }

    fn stays(&mut self, header: &BatchHeader, record: &RecordRef<'_>) -> Result<bool> {
        let offset = header.base_offset + i64::from(record.offset_delta);
        if header.is_control() || offset > self.rules.map.latest_offset() {
            return Ok(true);
        }
        let Some(key) = record.key else {
            self.counts.unkeyed += 1;
            return if self.rules.drops_unkeyed { Ok(false) } else { Err(unkeyed(offset)) };
        };
        if self.rules.map.get(key).is_some_and(|newest| newest > offset) {
            return Ok(false);
        }
        let horizon_ahead = header.delete_horizon_ms().is_none_or(|at| self.rules.now_ms < at);
        Ok(record.value.is_some() || horizon_ahead)
    }

    fn rebuild(
        &mut self,
        header: &BatchHeader,
        kept: &[RecordRef<'_>],
        delete_horizon_ms: Option<i64>,
    ) -> Result<Kept<'_>> {
        let codec = Codec::from_id(header.codec_id())?;
        let builder =
            self.builders.entry(codec).or_insert_with(|| RecordBatchBuilder::new(codec, None));
        builder.reset();
        builder.set_base_offset(header.base_offset);
        builder.set_leader_epoch(header.leader_epoch);
        builder.set_producer(
            header.producer_id,
            header.producer_epoch,
            header.base_sequence,
            header.is_transactional(),
        );
        if header.is_control() {
            builder.set_control();
        }
        if header.is_log_append_time() {
            builder.set_log_append_time(header.max_timestamp);
        }
        if let Some(delete_horizon_ms) = delete_horizon_ms {
            builder.set_delete_horizon_ms(delete_horizon_ms);
        }
        for record in kept {
            let timestamp = record_timestamp(header, record);
            builder.append_record(record.offset_delta, timestamp, record)?;
        }
        builder.set_last_offset_delta(header.last_offset_delta);
        builder.finish().map(|bytes| Kept::Rebuilt(bytes))
    }
}

/// The error for a record without a key in a log that is not compacted by policy.
pub(super) fn unkeyed(offset: i64) -> LogError {
    LogError::InvalidArgument(format!(
        "the record at offset {offset} has no key, and cleanup.policy does not say compact: \
         compaction would remove it"
    ))
}
