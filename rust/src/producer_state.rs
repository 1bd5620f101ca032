//! The producers of one log: who wrote what last, and which transactions are open.
//!
//! An append goes: [`ProducerState::prepare`] for each batch that has a producer id (decides,
//! changes nothing), the write, [`ProducerState::apply`], then for each completed transaction
//! [`ProducerState::last_stable_offset`], the transaction index, [`ProducerState::complete`], and
//! [`ProducerState::set_map_end_offset`] for all batches. Loading a log does the same with
//! [`ProducerState::replay`]. Invariants: the state is that of the log up to the map end offset;
//! the first unstable offset is the start of the earliest transaction that is open, or ended at or
//! above the high watermark; a producer inside a transaction never expires. A log without
//! producers costs no memory here beyond this struct. `producer_reload.rs` saves and reloads it;
//! `log.rs` holds it under the writer's lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use crate::append_origin::AppendOrigin;
use crate::batch::BatchHeader;
use crate::control::EndTxnMarker;
use crate::error::{LogError, Result};
use crate::fs::FileSystem;
use crate::producer_append::{AppendContext, CompletedTransaction, ProducerUpdate};
use crate::producer_entry::{BatchMetadata, ProducerEntry};
use crate::producer_snapshot::SnapshotFiles;
use crate::verification::{Verification, VerificationGuard, VerificationRequest, Verifications};

/// How long past its timeout a transaction may stay open before it is called late.
const LATE_TRANSACTION_BUFFER_MS: i64 = 300_000;

/// Settings of the producer state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerStateConfig {
    /// `producer.id.expiration.ms`: how long an idle producer is remembered.
    pub producer_id_expiration_ms: i64,
    /// `transaction.max.timeout.ms`: how long a transaction may stay open.
    pub transaction_timeout_max_ms: i64,
    /// `transaction.partition.verification.enable`: whether the first write to a transaction
    /// needs a guard.
    pub transaction_verification: bool,
}

impl Default for ProducerStateConfig {
    fn default() -> Self {
        Self {
            producer_id_expiration_ms: 86_400_000,
            transaction_timeout_max_ms: 900_000,
            transaction_verification: true,
        }
    }
}

/// The producers and transactions of one log.
#[derive(Debug)]
pub struct ProducerState {
    pub(crate) config: ProducerStateConfig,
    pub(crate) producers: HashMap<i64, ProducerEntry>,
    verifications: Verifications,
    /// First offset and producer of each open transaction.
    pub(crate) ongoing: BTreeSet<(i64, i64)>,
    /// First offset and producer of each transaction that ended at or above the high watermark,
    /// with the offset of its marker.
    pub(crate) unreplicated: BTreeMap<(i64, i64), i64>,
    pub(crate) snapshots: SnapshotFiles,
    pub(crate) map_end_offset: i64,
    pub(crate) snapshot_offset: i64,
}

impl ProducerState {
    /// The state of the log in `dir`, empty until [`ProducerState::truncate_and_reload`].
    ///
    /// # Errors
    /// `Io` if the directory cannot be listed.
    pub fn open(fs: Arc<dyn FileSystem>, dir: &Path, config: ProducerStateConfig) -> Result<Self> {
        Ok(Self {
            config,
            producers: HashMap::new(),
            verifications: Verifications::default(),
            ongoing: BTreeSet::new(),
            unreplicated: BTreeMap::new(),
            snapshots: SnapshotFiles::open(fs, dir)?,
            map_end_offset: 0,
            snapshot_offset: 0,
        })
    }

    /// Changes the settings.
    pub fn set_config(&mut self, config: ProducerStateConfig) {
        self.config = config;
    }

    /// Changes how long an idle producer is remembered.
    pub(crate) fn set_expiration_ms(&mut self, expiration_ms: i64) {
        self.config.producer_id_expiration_ms = expiration_ms;
    }

    /// Follows a rename of the log's directory.
    pub fn set_dir(&mut self, dir: &Path) {
        self.snapshots.set_dir(dir);
    }

    // --- Appending ---

    /// Judges a batch and adds what it changes to `update`. `marker` is the batch's, if it is a
    /// control batch that has one. Returns the batch of which this one is a repetition, if it is:
    /// its offsets are the answer, and nothing is to be written.
    ///
    /// # Errors
    /// `InvalidProducerEpoch`, `OutOfOrderSequence`, `InvalidTransactionState` or
    /// `TransactionCoordinatorFenced`; the update is then of no use.
    pub fn prepare(
        &self,
        update: &mut ProducerUpdate,
        header: &BatchHeader,
        marker: Option<EndTxnMarker>,
    ) -> Result<Option<BatchMetadata>> {
        if !header.has_producer_id() {
            return Ok(None);
        }
        let known = self.producers.get(&header.producer_id);
        if update.context.origin == AppendOrigin::Client
            && let Some(original) = known.and_then(|entry| entry.find_duplicate(header))
        {
            return Ok(Some(*original));
        }
        self.check_verified(header, &update.context)?;
        update.add(header, marker, known, self.verifications.get(header.producer_id))?;
        Ok(None)
    }

    /// Whether a batch may write to its transaction: one that is open here, or one that the
    /// coordinator was asked about with the guard of this append.
    fn check_verified(&self, header: &BatchHeader, context: &AppendContext) -> Result<()> {
        let required = self.config.transaction_verification
            && matches!(context.origin, AppendOrigin::Client | AppendOrigin::Coordinator)
            && header.is_transactional()
            && !header.is_control();
        if !required
            || self.has_open_transaction(header.producer_id, header.producer_epoch)
            || self.verifications.check(header.producer_id, context.verification_guard)
        {
            return Ok(());
        }
        Err(LogError::InvalidTransactionState {
            producer_id: header.producer_id,
            reason: "the record is not part of an ongoing transaction".into(),
        })
    }

    /// Takes over what was prepared, after the write. Returns the completed transactions, which
    /// are still open here until [`ProducerState::complete`].
    pub fn apply(&mut self, mut update: ProducerUpdate) -> Vec<CompletedTransaction> {
        for (producer_id, pending) in update.pending.drain() {
            if pending.settles_verification {
                self.verifications.clear(producer_id);
            }
            self.producers.insert(producer_id, pending.entry);
        }
        self.ongoing.extend(update.started.iter().copied());
        update.into_completed()
    }

    /// The last stable offset once this transaction is complete, for the transaction index; it
    /// must be known before [`ProducerState::complete`], which must wait for the index.
    pub fn last_stable_offset(&self, completed: &CompletedTransaction) -> i64 {
        let others = |&&(_, producer_id): &&(i64, i64)| producer_id != completed.producer_id;
        let earliest = self.ongoing.iter().find(others);
        earliest.map_or(completed.last_offset.saturating_add(1), |&(first_offset, _)| first_offset)
    }

    /// Closes a transaction. It stays unstable until the high watermark passes its marker.
    pub fn complete(&mut self, completed: &CompletedTransaction) {
        let key = (completed.first_offset, completed.producer_id);
        self.ongoing.remove(&key);
        self.unreplicated.insert(key, completed.last_offset);
    }

    /// Takes over a batch that is in the log already. Returns the transaction it completes, with
    /// the last stable offset for the transaction index.
    ///
    /// # Errors
    /// `InvalidTransactionState` if a log holds what no leader would have accepted.
    pub fn replay(
        &mut self,
        header: &BatchHeader,
        marker: Option<EndTxnMarker>,
    ) -> Result<Option<(CompletedTransaction, i64)>> {
        let mut completed = None;
        if header.has_producer_id() {
            let mut update = ProducerUpdate::new(AppendContext::new(AppendOrigin::Replication));
            self.prepare(&mut update, header, marker)?;
            // One batch holds one marker.
            for transaction in self.apply(update) {
                completed = Some((transaction, self.last_stable_offset(&transaction)));
                self.complete(&transaction);
            }
        }
        self.map_end_offset = header.next_offset();
        Ok(completed)
    }

    // --- Verification ---

    /// Asks for a guard before a write to a transaction: the sentinel if the transaction is open
    /// here already, which needs no question to the coordinator.
    pub fn maybe_start_verification(
        &mut self,
        request: &VerificationRequest,
        now_ms: i64,
    ) -> VerificationGuard {
        if self.has_open_transaction(request.producer_id, request.producer_epoch) {
            return VerificationGuard::SENTINEL;
        }
        self.verifications.ask(request, now_ms)
    }

    /// The question to the coordinator that stands for this producer.
    pub fn verification(&self, producer_id: i64) -> Option<&Verification> {
        self.verifications.get(producer_id)
    }

    /// Whether `guard` is that of the question that stands.
    pub fn check_verification(&self, producer_id: i64, guard: VerificationGuard) -> bool {
        self.verifications.check(producer_id, guard)
    }

    /// Drops the question that stands.
    pub fn clear_verification(&mut self, producer_id: i64) {
        self.verifications.clear(producer_id);
    }

    /// Whether the producer has a transaction open in this epoch.
    pub fn has_open_transaction(&self, producer_id: i64, producer_epoch: i16) -> bool {
        self.producers.get(&producer_id).is_some_and(|entry| {
            entry.producer_epoch == producer_epoch && entry.transaction_first_offset.is_some()
        })
    }

    // --- Offsets and time ---

    /// The start of the earliest transaction that is open, or ended at or above the high
    /// watermark: consumers of committed records read up to here.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        let unreplicated = self.unreplicated.keys().next().map(|&(first_offset, _)| first_offset);
        self.first_undecided_offset().into_iter().chain(unreplicated).min()
    }

    /// The start of the earliest open transaction, whatever is replicated.
    pub fn first_undecided_offset(&self) -> Option<i64> {
        self.ongoing.first().map(|&(first_offset, _)| first_offset)
    }

    /// The high watermark moved: transactions that ended below it are stable.
    pub fn on_high_watermark_updated(&mut self, high_watermark: i64) {
        self.unreplicated.retain(|_, last_offset| *last_offset >= high_watermark);
    }

    /// The log start offset moved: what lies below it is gone.
    pub fn on_log_start_offset_incremented(&mut self, log_start_offset: i64) {
        self.on_high_watermark_updated(log_start_offset);
        self.map_end_offset = self.map_end_offset.max(log_start_offset);
        self.snapshot_offset = self.latest_snapshot_offset().unwrap_or(log_start_offset);
    }

    /// Forgets producers that were idle for too long, and questions nobody came back to.
    pub fn remove_expired(&mut self, now_ms: i64) {
        let after_ms = self.config.producer_id_expiration_ms;
        self.producers.retain(|_, entry| !is_expired(entry, now_ms, after_ms));
        self.verifications.expire(now_ms, after_ms);
    }

    /// Whether the earliest open transaction outlived its timeout by far, so that its coordinator
    /// seems to have forgotten it.
    pub fn has_late_transaction(&self, now_ms: i64) -> bool {
        let limit_ms =
            self.config.transaction_timeout_max_ms.saturating_add(LATE_TRANSACTION_BUFFER_MS);
        let entry = self.ongoing.first().and_then(|(_, id)| self.producers.get(id));
        let last_timestamp = entry.map_or(-1, |entry| entry.last_timestamp);
        last_timestamp > 0 && now_ms.saturating_sub(last_timestamp) > limit_ms
    }

    /// The offset after the last batch this state knows of.
    pub fn map_end_offset(&self) -> i64 {
        self.map_end_offset
    }

    /// Notes that every batch below `offset` was taken over.
    pub fn set_map_end_offset(&mut self, offset: i64) {
        self.map_end_offset = offset;
    }

    /// What is known of one producer.
    pub fn last_entry(&self, producer_id: i64) -> Option<&ProducerEntry> {
        self.producers.get(&producer_id)
    }

    /// All producers, in no order.
    pub fn active_producers(&self) -> impl ExactSizeIterator<Item = (i64, &ProducerEntry)> {
        self.producers.iter().map(|(&producer_id, entry)| (producer_id, entry))
    }

    /// Whether no producer is known and no transaction waits for the high watermark.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty() && self.unreplicated.is_empty()
    }
}

/// Whether a producer was idle for too long; inside a transaction it never was.
pub(crate) fn is_expired(entry: &ProducerEntry, now_ms: i64, after_ms: i64) -> bool {
    entry.transaction_first_offset.is_none()
        && now_ms.saturating_sub(entry.last_timestamp) >= after_ms
}
