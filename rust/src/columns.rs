//! Records as columns: offsets, timestamps, and where keys and values lie, for whole fetches.
//!
//! This is the hottest read path: nothing is copied, a record costs one parse and six numbers, and
//! the bindings hand the columns to numpy as they are. Invariant: all six vectors have one length,
//! and every extent lies within the bytes it was decoded from. The walk is `record.rs`'s, with all
//! its checks.

use crate::batch::{Batch, BatchHeader};
use crate::error::{LogError, Result};
use crate::extent::Extent;
use crate::record::{Walk, timestamp};

/// The columns of one or many batches. Starts count from the beginning of the buffer the caller
/// speaks of; a length of -1 is null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Offsets of the records.
    pub offsets: Vec<i64>,
    /// Timestamps in ms, -1 for none.
    pub timestamps: Vec<i64>,
    /// Where each key starts.
    pub key_starts: Vec<i32>,
    /// Bytes of each key, -1 for null.
    pub key_lengths: Vec<i32>,
    /// Where each value starts.
    pub value_starts: Vec<i32>,
    /// Bytes of each value, -1 for null.
    pub value_lengths: Vec<i32>,
}

impl Columns {
    /// The columns of one batch. `records` are its decompressed records' bytes; they lie at `base`
    /// of the buffer that starts count from.
    ///
    /// # Errors
    /// `CorruptBatch` when the records are damaged or do not match the header.
    pub fn decode(batch: &Batch<'_>, records: &[u8], base: i32) -> Result<Self> {
        let mut columns = Self::default();
        columns.append_from(batch, records, base)?;
        Ok(columns)
    }

    /// Appends the columns of a batch, all of them or, with an error, none.
    ///
    /// # Errors
    /// `CorruptBatch` as [`Self::decode`], `InvalidArgument` when `records` end past 2^31 - 1.
    pub fn append_from(&mut self, batch: &Batch<'_>, records: &[u8], base: i32) -> Result<()> {
        let end = i32::try_from(records.len()).ok().and_then(|len| base.checked_add(len));
        if base < 0 || end.is_none() {
            let reason = format!("{} bytes at {base} end past 2^31 - 1", records.len());
            return Err(LogError::InvalidArgument(reason));
        }
        let before = self.len();
        let appended = self.append_walk(&batch.header, Walk::new(&batch.header, records)?, base);
        if appended.is_err() {
            self.truncate(before);
        }
        appended
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Forgets all records; the room stays.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len);
        self.timestamps.truncate(len);
        for column in self.extents_mut() {
            column.truncate(len);
        }
    }

    fn extents_mut(&mut self) -> [&mut Vec<i32>; 4] {
        let Self { key_starts, key_lengths, value_starts, value_lengths, .. } = self;
        [key_starts, key_lengths, value_starts, value_lengths]
    }

    fn append_walk(&mut self, header: &BatchHeader, mut walk: Walk<'_>, base: i32) -> Result<()> {
        // The walk has checked that the bytes can hold so many records.
        let count = usize::try_from(header.count).unwrap_or_default();
        self.offsets.reserve(count);
        self.timestamps.reserve(count);
        for column in self.extents_mut() {
            column.reserve(count);
        }
        while let Some(extent) = walk.step()? {
            self.push(header, &extent, base);
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, header: &BatchHeader, extent: &Extent, base: i32) {
        self.offsets.push(header.base_offset.wrapping_add(i64::from(extent.offset_delta)));
        self.timestamps.push(timestamp(header, extent.timestamp_delta));
        self.key_starts.push(base + position(extent.key.start));
        self.key_lengths.push(extent.key.length);
        self.value_starts.push(base + position(extent.value.start));
        self.value_lengths.push(extent.value.length);
    }
}

/// A position as the columns hold it; `append_from` has checked that all of them fit.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "positions end below 2^31"
)]
fn position(at: usize) -> i32 {
    at as i32
}
