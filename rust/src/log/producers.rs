//! What a log knows of the producers that write to it, for those who ask from outside.
//!
//! Invariant: an answer is a copy, taken behind the writer's lock; nothing of the state itself
//! leaves. A producer that was idle for `producer.id.expiration.ms` is forgotten only here, when
//! upkeep asks for it, never inside of a transaction. `producer_state.rs` holds the state.

use super::Log;
use crate::error::Result;
use crate::verification::{VerificationGuard, VerificationRequest};

/// One producer, as `DescribeProducers` tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerFacts {
    /// Producer id.
    pub producer_id: i64,
    /// Its newest epoch.
    pub producer_epoch: i16,
    /// Sequence of its last record, -1 if no batch is remembered.
    pub last_sequence: i32,
    /// Timestamp of its last batch or marker in ms, -1 for none.
    pub last_timestamp: i64,
    /// Newest epoch of its transaction coordinator, -1 if none was seen.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins, if one is open.
    pub transaction_first_offset: Option<i64>,
}

impl Log {
    /// The producers that are not forgotten, by id.
    ///
    /// # Errors
    /// `Poisoned`, `Closed`.
    pub fn producers(&self) -> Result<Vec<ProducerFacts>> {
        let writer = self.lock_writer()?;
        let producers = writer.producers.active_producers();
        let mut facts: Vec<_> = producers
            .map(|(producer_id, entry)| ProducerFacts {
                producer_id,
                producer_epoch: entry.producer_epoch(),
                last_sequence: entry.last_sequence(),
                last_timestamp: entry.last_timestamp(),
                coordinator_epoch: entry.coordinator_epoch(),
                transaction_first_offset: entry.transaction_first_offset(),
            })
            .collect();
        drop(writer);
        facts.sort_unstable_by_key(|producer| producer.producer_id);
        Ok(facts)
    }

    /// Asks for a guard before a write to a transaction: the sentinel if the transaction is open
    /// here already, or if this log asks for none.
    ///
    /// # Errors
    /// `Poisoned`, `Closed`.
    pub fn start_verification(&self, request: &VerificationRequest) -> Result<VerificationGuard> {
        let mut writer = self.lock_writer()?;
        if !writer.producers.config.transaction_verification {
            return Ok(VerificationGuard::SENTINEL);
        }
        Ok(writer.producers.maybe_start_verification(request, self.clock.now_ms()))
    }

    /// Forgets the producers that were idle for `producer.id.expiration.ms`.
    ///
    /// # Errors
    /// `Poisoned`, `Closed`.
    pub fn expire_producers(&self) -> Result<()> {
        let mut writer = self.lock_writer()?;
        writer.producers.set_expiration_ms(self.config.load().producer_id_expiration_ms);
        writer.producers.remove_expired(self.clock.now_ms());
        Ok(())
    }
}
