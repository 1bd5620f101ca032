//! What a log remembers of one producer: its epoch, its last batches, its open transaction.
//!
//! Five batches are kept, because a producer may have five requests under way: any of them can
//! arrive again when its answer was lost, and is then recognised by its sequences. Invariant: the
//! remembered batches are all of the current producer epoch, oldest first, at most five. Values
//! only; `producer_append.rs` decides what may follow, `producer_state.rs` holds one for each id.

use crate::batch::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP, increment_sequence};

/// How many batches of a producer are remembered.
pub const REMEMBERED_BATCHES: usize = 5;

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchMetadata {
    /// Sequence of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// Its largest timestamp, or the time of the append.
    pub timestamp: i64,
}

impl BatchMetadata {
    /// Sequence of its first record.
    pub fn first_sequence(&self) -> i32 {
        if self.last_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        increment_sequence(self.last_sequence, self.offset_delta.saturating_neg())
    }

    /// Offset of its first record.
    pub fn first_offset(&self) -> i64 {
        self.last_offset.saturating_sub(i64::from(self.offset_delta))
    }
}

/// The last few batches, oldest first, without memory of their own.
#[derive(Debug, Clone, Copy, Default)]
struct RecentBatches {
    batches: [BatchMetadata; REMEMBERED_BATCHES],
    len: usize,
}

impl RecentBatches {
    fn as_slice(&self) -> &[BatchMetadata] {
        self.batches.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, batch: BatchMetadata) {
        if let Some(free) = self.batches.get_mut(self.len) {
            *free = batch;
            self.len += 1;
        } else {
            self.batches.rotate_left(1);
            let [.., last] = &mut self.batches;
            *last = batch;
        }
    }
}

/// The state of one producer.
#[derive(Debug, Clone)]
pub struct ProducerEntry {
    pub(crate) producer_epoch: i16,
    pub(crate) coordinator_epoch: i32,
    pub(crate) last_timestamp: i64,
    pub(crate) transaction_first_offset: Option<i64>,
    recent: RecentBatches,
}

impl Default for ProducerEntry {
    /// A producer that is not known: it may begin at any epoch and sequence.
    fn default() -> Self {
        Self {
            producer_epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: NO_TIMESTAMP,
            transaction_first_offset: None,
            recent: RecentBatches::default(),
        }
    }
}

impl PartialEq for ProducerEntry {
    fn eq(&self, other: &Self) -> bool {
        self.producer_epoch == other.producer_epoch
            && self.coordinator_epoch == other.coordinator_epoch
            && self.last_timestamp == other.last_timestamp
            && self.transaction_first_offset == other.transaction_first_offset
            && self.batches() == other.batches()
    }
}

impl ProducerEntry {
    /// The newest epoch seen, -1 if none.
    pub fn producer_epoch(&self) -> i16 {
        self.producer_epoch
    }

    /// The newest epoch of a transaction coordinator seen, -1 if none.
    pub fn coordinator_epoch(&self) -> i32 {
        self.coordinator_epoch
    }

    /// Timestamp of the last batch or marker.
    pub fn last_timestamp(&self) -> i64 {
        self.last_timestamp
    }

    /// Where the open transaction begins, if there is one.
    pub fn transaction_first_offset(&self) -> Option<i64> {
        self.transaction_first_offset
    }

    /// The remembered batches, oldest first.
    pub fn batches(&self) -> &[BatchMetadata] {
        self.recent.as_slice()
    }

    /// The newest remembered batch.
    pub fn last_batch(&self) -> Option<&BatchMetadata> {
        self.batches().last()
    }

    /// Sequence of the last record, -1 if no batch is remembered.
    pub fn last_sequence(&self) -> i32 {
        self.last_batch().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// Offset of the last record, if a batch is remembered.
    pub fn last_offset(&self) -> Option<i64> {
        self.last_batch().map(|batch| batch.last_offset)
    }

    /// The remembered batch with the same epoch and sequences, of which `header` is a repetition.
    pub fn find_duplicate(&self, header: &BatchHeader) -> Option<&BatchMetadata> {
        if header.producer_epoch != self.producer_epoch || header.base_sequence == NO_SEQUENCE {
            return None;
        }
        let sequences = (header.base_sequence, header.last_sequence());
        self.batches()
            .iter()
            .find(|batch| (batch.first_sequence(), batch.last_sequence) == sequences)
    }

    /// Moves to `producer_epoch`; batches of another epoch are forgotten, sequences start anew.
    pub(crate) fn set_producer_epoch(&mut self, producer_epoch: i16) {
        if self.producer_epoch != producer_epoch {
            self.recent = RecentBatches::default();
            self.producer_epoch = producer_epoch;
        }
    }

    /// Remembers a batch of the current epoch.
    pub(crate) fn remember(&mut self, batch: BatchMetadata) {
        self.recent.push(batch);
        self.last_timestamp = batch.timestamp;
    }
}
