//! What an embedded log does now and then: flush what was rolled, note the recovery point, delete
//! what retention no longer keeps, compact where `cleanup.policy` says so and enough is dirty.
//!
//! Invariant: it does nothing that its owner could not have asked for at that moment, holds the log
//! only while it works, and leaves a failure to show at the owner's next call.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::EmbeddedLog;
use crate::background::{Background, schedule};

/// Kafka's `log.retention.check.interval.ms`.
pub(super) const UPKEEP_INTERVAL: Duration = Duration::from_secs(300);

/// The upkeep of one log.
#[derive(Debug)]
pub(super) struct Upkeep {
    log: Weak<EmbeddedLog>,
    /// Whether it asks for its next round itself.
    repeats: bool,
}

impl Upkeep {
    /// The upkeep of `log`, once per call of [`Upkeep::schedule`] or from then on.
    pub(super) fn new(log: &Weak<EmbeddedLog>, repeats: bool) -> Arc<Self> {
        Arc::new(Self { log: Weak::clone(log), repeats })
    }

    /// Has it done in `delay`.
    pub(super) fn schedule(self: &Arc<Self>, delay: Duration) {
        let this: Weak<Self> = Arc::downgrade(self);
        schedule(delay, this);
    }
}

impl Background for Upkeep {
    fn run_due(&self) {
        let Some(log) = self.log.upgrade().filter(|log| !log.closed.load(Ordering::Acquire)) else {
            return;
        };
        let _ = log.log.flush().and_then(|_| log.directory.lock().checkpoint_if_due(&log.log));
        let _ = log.apply_retention();
        let _ = log.compact_if_due();
        if self.repeats {
            log.periodic.schedule(UPKEEP_INTERVAL);
        }
    }
}
