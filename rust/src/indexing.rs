//! Decides which batches of a segment get an index entry: for appends, recovery and rebuilding.
//!
//! An offset entry is due when more than `index.interval.bytes` were written since the last one,
//! counted before the batch at hand; a time entry goes with it. Invariant: the walk over the same
//! batches gives the same entries, wherever it is done. Neighbours: `index.rs` and `time_index.rs`
//! hold the entries; `segment_writer.rs` appends, `loader.rs` rebuilds.

use crate::batch::BatchHeader;
use crate::error::Result;
use crate::index::OffsetIndex;
use crate::time_index::{TimeIndex, TimestampOffset};

/// What indexing remembers from batch to batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexing {
    /// `index.interval.bytes`.
    pub(crate) interval_bytes: usize,
    /// Bytes since the last entry.
    pub(crate) bytes_since_entry: usize,
    /// Largest batch timestamp so far, with the last offset of the first batch that had it.
    pub(crate) largest: TimestampOffset,
}

impl Indexing {
    /// Indexing from the start of a segment.
    pub(crate) fn new(interval_bytes: u32) -> Self {
        let interval_bytes = interval_bytes as usize;
        Self { interval_bytes, bytes_since_entry: 0, largest: TimestampOffset::NONE }
    }

    /// Takes one batch of `size_bytes` at `position` into account.
    ///
    /// # Errors
    /// `InvalidArgument` when the batch does not follow the last one.
    pub(crate) fn add(
        &mut self,
        header: &BatchHeader,
        (position, size_bytes): (usize, usize),
        (offset_index, time_index): (&OffsetIndex, &TimeIndex),
    ) -> Result<()> {
        let last_offset = header.last_offset();
        if header.max_timestamp > self.largest.timestamp {
            self.largest = TimestampOffset { timestamp: header.max_timestamp, offset: last_offset };
        }
        // A full index is no error: the segment rolls before the next append.
        let has_room = !offset_index.is_full() && !time_index.is_full();
        if self.bytes_since_entry > self.interval_bytes && has_room {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            // The time first: who has seen the offset entry relies on it.
            time_index.maybe_append(self.largest, false)?;
            offset_index.append(last_offset, position)?;
            self.bytes_since_entry = 0;
        }
        self.bytes_since_entry += size_bytes;
        Ok(())
    }
}
