//! Who appends: the origin decides which checks a batch must pass.
//!
//! Invariant: only [`AppendOrigin::Replication`] may bring batches that are invalid here and now,
//! since a leader accepted them before; a log that refused them could not be loaded again.
//! `validator.rs` and `producer_append.rs` ask.

/// Where a batch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A client's produce request: all checks.
    Client,
    /// A group or transaction coordinator of this broker: no sequences.
    Coordinator,
    /// The leader of the metadata quorum: no sequences.
    RaftLeader,
    /// A leader's log, or this log while it is loaded: already accepted, checked leniently.
    Replication,
}
