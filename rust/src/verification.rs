//! Verification of transactions (KIP-890): no record enters a transaction its coordinator does not
//! know of.
//!
//! Before a producer's first write to a transaction the broker asks the coordinator. While the
//! answer is under way the transaction may end and another begin, so the question is marked with a
//! guard that no other question has; the append must show the guard of the question that still
//! stands. Invariant: a guard stands from the question until the append or the end of the
//! transaction, so an answer that comes late proves nothing. `producer_state.rs` owns the table.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Proof that a question to the coordinator was asked; unlike every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerificationGuard(u64);

impl VerificationGuard {
    /// The guard of an append that needs none; it proves nothing.
    pub const SENTINEL: Self = Self(0);

    /// The guard as a number, for who cannot hold the type.
    pub fn to_number(self) -> u64 {
        self.0
    }

    /// The guard of a number that [`VerificationGuard::to_number`] gave.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Guards differ across all logs of the process: one may be deleted and created anew between
    /// question and append.
    fn unique() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What a producer is about to write to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationRequest {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Sequence of its first record.
    pub sequence: i32,
    /// Whether its epoch rises with each transaction (transactions version 2), so that an unknown
    /// producer must begin at sequence 0.
    pub supports_epoch_bump: bool,
}

/// A question that stands.
#[derive(Debug, Clone, Copy)]
pub struct Verification {
    /// Its guard.
    pub guard: VerificationGuard,
    /// The epoch that asked last.
    pub producer_epoch: i16,
    /// The lowest sequence that asked: a higher one may not overtake it, or the lower one could
    /// never be written.
    pub lowest_sequence: i32,
    /// Whether the producer's epoch rises with each transaction.
    pub supports_epoch_bump: bool,
    asked_ms: i64,
}

impl Verification {
    fn lower_to(&mut self, request: &VerificationRequest) {
        let newer = request.producer_epoch > self.producer_epoch;
        let same = request.producer_epoch == self.producer_epoch;
        if newer || (same && request.sequence < self.lowest_sequence) {
            self.producer_epoch = request.producer_epoch;
            self.lowest_sequence = request.sequence;
        }
    }
}

/// The questions that stand, by producer id.
#[derive(Debug, Default)]
pub(crate) struct Verifications {
    standing: HashMap<i64, Verification>,
}

impl Verifications {
    /// The question of this producer, asked now if none stands.
    pub(crate) fn ask(&mut self, request: &VerificationRequest, now_ms: i64) -> VerificationGuard {
        let question = self.standing.entry(request.producer_id).or_insert_with(|| Verification {
            guard: VerificationGuard::unique(),
            producer_epoch: request.producer_epoch,
            lowest_sequence: request.sequence,
            supports_epoch_bump: request.supports_epoch_bump,
            asked_ms: now_ms,
        });
        question.lower_to(request);
        question.guard
    }

    /// The question that stands.
    pub(crate) fn get(&self, producer_id: i64) -> Option<&Verification> {
        self.standing.get(&producer_id)
    }

    /// Whether `guard` is that of the question that stands.
    pub(crate) fn check(&self, producer_id: i64, guard: VerificationGuard) -> bool {
        self.get(producer_id).is_some_and(|standing| standing.guard == guard)
    }

    /// Ends the question: its transaction was written to, or is over.
    pub(crate) fn clear(&mut self, producer_id: i64) {
        self.standing.remove(&producer_id);
    }

    /// Drops questions nobody came back to.
    pub(crate) fn expire(&mut self, now_ms: i64, after_ms: i64) {
        self.standing.retain(|_, question| now_ms.saturating_sub(question.asked_ms) < after_ms);
    }
}
