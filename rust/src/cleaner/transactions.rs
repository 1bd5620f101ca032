//! Which batches belong to aborted transactions, and which markers have nothing left to end.
//!
//! Both passes of the cleaner walk the log with one of these. Invariants: a marker may go only once
//! no batch of its transaction was met on the way to it; an aborted transaction of which a batch was
//! met stays in the transaction index of the rewritten segment. The walk must see every batch that
//! the log still has from its start offset on, in order.

use std::collections::{HashMap, HashSet};

use crate::batch::{Batch, BatchHeader};
use crate::control::EndTxnMarker;
use crate::error::Result;
use crate::record::{Records, decode};
use crate::transaction_index::AbortedTransaction;

/// No control record is larger than this.
const CONTROL_BYTES_MAX: usize = 1 << 20;

/// The transactions a walk has met.
#[derive(Debug)]
pub(super) struct TransactionWalk {
    /// Aborted transactions that begin further on, the next one last.
    upcoming: Vec<AbortedTransaction>,
    /// Aborted ones under way, by producer, and whether a batch of theirs was met.
    aborted: HashMap<i64, (AbortedTransaction, bool)>,
    /// Producers of whose transaction a batch was met that is not aborted.
    committed: HashSet<i64>,
}

/// What a control batch means to the cleaner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ControlFate {
    /// Whether the marker has nothing left to end.
    pub(super) is_idle: bool,
    /// The aborted transaction it ends, if a batch of it was met.
    pub(super) aborted: Option<AbortedTransaction>,
}

impl TransactionWalk {
    /// A walk that starts at `start_offset`, with the aborted transactions of the whole log.
    pub(super) fn new(aborted: &[AbortedTransaction], start_offset: i64) -> Self {
        let mut upcoming: Vec<_> = aborted
            .iter()
            .filter(|transaction| transaction.last_offset >= start_offset)
            .copied()
            .collect();
        upcoming.sort_unstable_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
        Self { upcoming, aborted: HashMap::new(), committed: HashSet::new() }
    }

    fn begin_up_to(&mut self, offset: i64) {
        while let Some(next) = self.upcoming.pop_if(|next| next.first_offset <= offset) {
            self.aborted.insert(next.producer_id, (next, false));
        }
    }

    /// Whether a batch of records was aborted.
    pub(super) fn is_aborted(&mut self, header: &BatchHeader) -> bool {
        let last_offset = header.last_offset();
        self.begin_up_to(last_offset);
        if !header.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&header.producer_id) {
            Some((transaction, met)) if transaction.last_offset > last_offset => {
                *met = true;
                true
            }
            _ => {
                self.committed.insert(header.producer_id);
                false
            }
        }
    }

    /// Takes a control batch into account.
    pub(super) fn on_control(&mut self, batch: &Batch<'_>) -> Result<ControlFate> {
        self.begin_up_to(batch.header.last_offset());
        let idle = ControlFate { is_idle: true, aborted: None };
        if batch.header.count == 0 {
            return Ok(idle);
        }
        let Some(marker) = marker_of(batch)? else {
            return Ok(ControlFate { is_idle: false, aborted: None });
        };
        let producer_id = batch.header.producer_id;
        if marker.commit {
            return Ok(ControlFate { is_idle: !self.committed.remove(&producer_id), ..idle });
        }
        self.committed.remove(&producer_id);
        match self.aborted.remove(&producer_id) {
            Some((transaction, true)) => {
                Ok(ControlFate { is_idle: false, aborted: Some(transaction) })
            }
            _ => Ok(idle),
        }
    }
}

fn marker_of(batch: &Batch<'_>) -> Result<Option<EndTxnMarker>> {
    let records = decode(batch, CONTROL_BYTES_MAX)?;
    let first = Records::new(&batch.header, &records)?.next().transpose()?;
    first.map_or(Ok(None), |record| EndTxnMarker::decode(record.key, record.value))
}
