//! Deciding whether a producer's batches may be appended, before anything is written.
//!
//! A [`ProducerUpdate`] collects what an append of several batches, of several producers, would
//! change. Invariant: nothing here changes the log's state; a refused batch leaves no trace, and
//! a batch is judged as if those before it in the same append were already there. Replicated
//! batches passed a leader's checks and are only followed. `producer_state.rs` prepares updates
//! and applies them after the write.

use std::collections::HashMap;

use crate::append_origin::AppendOrigin;
use crate::batch::{BatchHeader, NO_PRODUCER_EPOCH, increment_sequence};
use crate::control::EndTxnMarker;
use crate::error::{LogError, Result};
use crate::producer_entry::{BatchMetadata, ProducerEntry};
use crate::transaction_index::AbortedTransaction;
use crate::verification::{Verification, VerificationGuard};

/// From this version on the coordinator raises the producer's epoch before each marker.
const EPOCH_BUMPING_VERSION: i16 = 2;

/// What is known of an append besides its batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendContext {
    /// Who appends.
    pub origin: AppendOrigin,
    /// The guard the coordinator's answer came back with, for writes to a transaction.
    pub verification_guard: VerificationGuard,
    /// Transactions version of a marker's request: 0, 1 or 2. It is not stored with the marker,
    /// so replicated ones have 0, whose rules are the more lenient.
    pub transaction_version: i16,
}

impl AppendContext {
    /// An append that comes with neither guard nor transactions version.
    pub fn new(origin: AppendOrigin) -> Self {
        Self { origin, verification_guard: VerificationGuard::SENTINEL, transaction_version: 0 }
    }

    fn is_lenient(&self) -> bool {
        self.origin == AppendOrigin::Replication
    }
}

/// A transaction that a marker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletedTransaction {
    /// The producer.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of the marker.
    pub last_offset: i64,
    /// Whether it was aborted, and so belongs into the transaction index.
    pub is_aborted: bool,
}

impl CompletedTransaction {
    /// The entry for the transaction index.
    pub fn aborted(&self, last_stable_offset: i64) -> AbortedTransaction {
        AbortedTransaction {
            producer_id: self.producer_id,
            first_offset: self.first_offset,
            last_offset: self.last_offset,
            last_stable_offset,
        }
    }
}

/// What will become of one producer.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) entry: ProducerEntry,
    /// Whether it wrote to, or ended, a transaction: the question about it is then settled.
    pub(crate) settles_verification: bool,
}

/// What an append changes once it is written.
#[derive(Debug)]
pub struct ProducerUpdate {
    pub(crate) context: AppendContext,
    pub(crate) pending: HashMap<i64, Pending>,
    /// First offset and producer of each transaction that begins.
    pub(crate) started: Vec<(i64, i64)>,
    completed: Vec<CompletedTransaction>,
}

impl ProducerUpdate {
    /// An update of nothing yet.
    pub fn new(context: AppendContext) -> Self {
        Self { context, pending: HashMap::new(), started: Vec::new(), completed: Vec::new() }
    }

    /// The transactions that end, in the order of their markers.
    pub fn completed(&self) -> &[CompletedTransaction] {
        &self.completed
    }

    pub(crate) fn into_completed(self) -> Vec<CompletedTransaction> {
        self.completed
    }

    /// First offset and producer id of each transaction that begins.
    pub fn started(&self) -> &[(i64, i64)] {
        &self.started
    }

    /// Adds a batch of a producer that is `known` to the log so far.
    pub(crate) fn add(
        &mut self,
        header: &BatchHeader,
        marker: Option<EndTxnMarker>,
        known: Option<&ProducerEntry>,
        verification: Option<&Verification>,
    ) -> Result<()> {
        // A control batch without a marker was emptied by compaction, or is none of ours.
        if header.is_control() && marker.is_none() {
            return Ok(());
        }
        let pending = self.pending.entry(header.producer_id).or_insert_with(|| Pending {
            entry: known.cloned().unwrap_or_default(),
            settles_verification: false,
        });
        pending.settles_verification |= header.is_transactional();
        let entry = &mut pending.entry;
        if let Some(marker) = marker.filter(|_| header.is_control()) {
            check_marker(entry, header, marker, &self.context)?;
            self.completed.extend(end_transaction(entry, header, marker));
        } else {
            check_data(entry, header, verification, &self.context)?;
            self.started.extend(write_data(entry, header));
        }
        Ok(())
    }
}

/// Takes over a marker; the transaction it ends, if one is open.
fn end_transaction(
    entry: &mut ProducerEntry,
    header: &BatchHeader,
    marker: EndTxnMarker,
) -> Option<CompletedTransaction> {
    entry.set_producer_epoch(header.producer_epoch);
    entry.coordinator_epoch = marker.coordinator_epoch;
    entry.last_timestamp = header.max_timestamp;
    entry.transaction_first_offset.take().map(|first_offset| CompletedTransaction {
        producer_id: header.producer_id,
        first_offset,
        last_offset: header.base_offset,
        is_aborted: !marker.commit,
    })
}

/// Takes over a data batch; first offset and producer of the transaction it begins, if it does.
fn write_data(entry: &mut ProducerEntry, header: &BatchHeader) -> Option<(i64, i64)> {
    entry.set_producer_epoch(header.producer_epoch);
    entry.remember(BatchMetadata {
        last_sequence: header.last_sequence(),
        last_offset: header.last_offset(),
        offset_delta: header.last_offset_delta,
        timestamp: header.max_timestamp,
    });
    if !header.is_transactional() || entry.transaction_first_offset.is_some() {
        return None;
    }
    entry.transaction_first_offset = Some(header.base_offset);
    Some((header.base_offset, header.producer_id))
}

fn check_data(
    entry: &ProducerEntry,
    header: &BatchHeader,
    verification: Option<&Verification>,
    context: &AppendContext,
) -> Result<()> {
    if header.producer_epoch < entry.producer_epoch && !context.is_lenient() {
        return Err(invalid_epoch(entry, header));
    }
    if context.origin == AppendOrigin::Client {
        check_sequence(entry, header, verification)?;
    }
    match entry.transaction_first_offset {
        Some(first_offset) if !header.is_transactional() => {
            Err(LogError::InvalidTransactionState {
                producer_id: header.producer_id,
                reason: format!(
                    "a write outside of the transaction that is open since offset {first_offset}"
                ),
            })
        }
        _ => Ok(()),
    }
}

fn check_sequence(
    entry: &ProducerEntry,
    header: &BatchHeader,
    verification: Option<&Verification>,
) -> Result<()> {
    let sequence = header.base_sequence;
    let refuse = |expected| {
        Err(LogError::OutOfOrderSequence {
            producer_id: header.producer_id,
            epoch: header.producer_epoch,
            sequence,
            expected,
        })
    };
    if let Some(verification) = verification {
        if verification.supports_epoch_bump && sequence != 0 && entry.batches().is_empty() {
            return refuse(0);
        }
        if sequence > verification.lowest_sequence {
            return refuse(verification.lowest_sequence);
        }
    }
    // What was known of the producer may have been deleted with its records: any start will do.
    if entry.producer_epoch == NO_PRODUCER_EPOCH {
        return Ok(());
    }
    let expected = if header.producer_epoch == entry.producer_epoch {
        increment_sequence(entry.last_sequence(), 1)
    } else {
        0
    };
    if sequence == expected { Ok(()) } else { refuse(expected) }
}

fn check_marker(
    entry: &ProducerEntry,
    header: &BatchHeader,
    marker: EndTxnMarker,
    context: &AppendContext,
) -> Result<()> {
    if context.is_lenient() {
        return Ok(());
    }
    if is_stale_marker(entry, header.producer_epoch, context.transaction_version) {
        return Err(invalid_epoch(entry, header));
    }
    if marker.coordinator_epoch < entry.coordinator_epoch {
        return Err(LogError::TransactionCoordinatorFenced {
            producer_id: header.producer_id,
            epoch: marker.coordinator_epoch,
            current_epoch: entry.coordinator_epoch,
        });
    }
    Ok(())
}

/// Whether a marker belongs to a transaction that is over. Under version 2 its epoch must be above
/// the records'; the same epoch with nothing open is the repetition of a marker that was written.
fn is_stale_marker(entry: &ProducerEntry, producer_epoch: i16, transaction_version: i16) -> bool {
    let open = entry.transaction_first_offset.is_some();
    let same_is_stale = transaction_version >= EPOCH_BUMPING_VERSION && open;
    producer_epoch < entry.producer_epoch
        || (producer_epoch == entry.producer_epoch && same_is_stale)
}

fn invalid_epoch(entry: &ProducerEntry, header: &BatchHeader) -> LogError {
    LogError::InvalidProducerEpoch {
        producer_id: header.producer_id,
        epoch: header.producer_epoch,
        current_epoch: entry.producer_epoch,
    }
}
