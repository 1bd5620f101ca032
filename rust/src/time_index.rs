//! The sparse time index of a segment: from a timestamp to an offset.
//!
//! File `<base offset>.timeindex`, 12 bytes an entry: i64 largest timestamp so far, i32 offset
//! (minus base offset) of the batch that has it. Every record after that offset and before the
//! next entry's may be of any time up to the next entry's timestamp, so a search starts at the
//! floor. Invariant: timestamps strictly increase, offsets do not fall. The last slot is kept for
//! the entry that rolling appends.

use crate::entries::{Entries, Entry};
use crate::error::{LogError, Result};
use crate::mmap::FileMap;

/// A timestamp and the last offset of the batch that reached it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Offset.
    pub offset: i64,
}

impl TimestampOffset {
    /// No timestamp known.
    pub const NONE: Self = Self { timestamp: -1, offset: -1 };
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    timestamp: i64,
    relative_offset: u32,
}

impl Entry for Packed {
    const SIZE_BYTES: usize = 12;
    const WORDS: usize = 2;

    fn to_words(self) -> [u64; 2] {
        [self.timestamp.cast_unsigned(), u64::from(self.relative_offset)]
    }

    fn from_words(words: [u64; 2]) -> Self {
        let relative_offset = u32::try_from(words[1]).unwrap_or(u32::MAX);
        Self { timestamp: words[0].cast_signed(), relative_offset }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (timestamp, rest) = bytes.split_first_chunk::<8>()?;
        let relative_offset = u32::from_be_bytes(*rest.first_chunk()?);
        Some(Self { timestamp: i64::from_be_bytes(*timestamp), relative_offset })
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.relative_offset.to_be_bytes());
    }
}

/// The sparse time index of one segment.
#[derive(Debug)]
pub struct TimeIndex {
    base_offset: i64,
    max_entries: usize,
    entries: Entries<Packed>,
}

impl TimeIndex {
    /// Bytes of an entry in the file.
    pub const ENTRY_SIZE_BYTES: usize = Packed::SIZE_BYTES;

    /// An empty index that grows in memory up to `max_size_bytes` of file.
    pub fn growing(base_offset: i64, max_size_bytes: u32) -> Self {
        let max_entries = max_size_bytes as usize / Packed::SIZE_BYTES;
        Self { base_offset, max_entries, entries: Entries::growing() }
    }

    /// The index in a mapped file.
    pub(crate) fn sealed(base_offset: i64, map: FileMap) -> Self {
        let entries = Entries::sealed(map);
        Self { base_offset, max_entries: entries.len(), entries }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether only the slot of the rolling entry is left, so that the segment must roll.
    pub fn is_full(&self) -> bool {
        self.len() + 1 >= self.max_entries
    }

    /// How many more entries fit.
    pub fn room(&self) -> usize {
        self.max_entries.saturating_sub(self.len())
    }

    fn unpack(&self, packed: Packed) -> TimestampOffset {
        let offset = self.base_offset.saturating_add(i64::from(packed.relative_offset));
        TimestampOffset { timestamp: packed.timestamp, offset }
    }

    /// Entry `at`, in order, `None` past the end.
    pub fn entry(&self, at: usize) -> Option<TimestampOffset> {
        self.entries.get(at).map(|packed| self.unpack(packed))
    }

    /// The last entry.
    pub fn last(&self) -> Option<TimestampOffset> {
        self.entries.last().map(|packed| self.unpack(packed))
    }

    /// Appends an entry if its timestamp is larger than the last one's; else does nothing. With
    /// `rolling` the last slot may be used.
    ///
    /// # Errors
    /// `InvalidArgument` when the index is full or the offset falls or does not fit.
    pub fn maybe_append(&self, entry: TimestampOffset, rolling: bool) -> Result<()> {
        let last = self.last();
        if entry.timestamp < 0 || last.is_some_and(|last| entry.timestamp <= last.timestamp) {
            return Ok(());
        }
        let relative = entry.offset.checked_sub(self.base_offset);
        let relative =
            relative.and_then(|r| i32::try_from(r).ok()).and_then(|r| u32::try_from(r).ok());
        let full = if rolling { self.len() >= self.max_entries } else { self.is_full() };
        match relative {
            Some(relative_offset)
                if !full && last.is_none_or(|last| last.offset <= entry.offset) =>
            {
                self.entries.push(Packed { timestamp: entry.timestamp, relative_offset });
                Ok(())
            }
            _ => Err(LogError::InvalidArgument(format!(
                "time index {}: {entry:?} does not follow {last:?}, or the index is full",
                self.base_offset
            ))),
        }
    }

    /// The entry with the largest timestamp at or before `timestamp`, or the segment's start.
    pub fn lookup(&self, timestamp: i64) -> TimestampOffset {
        let past = self.entries.partition_point(|packed| packed.timestamp <= timestamp);
        past.checked_sub(1)
            .and_then(|at| self.entry(at))
            .unwrap_or(TimestampOffset { timestamp: -1, offset: self.base_offset })
    }

    /// A growing copy of the entries below `offset`, for a segment that is cut there.
    #[must_use]
    pub fn prefix(&self, offset: i64, max_size_bytes: u32) -> Self {
        let copy = Self::growing(self.base_offset, max_size_bytes);
        let kept = self.entries.partition_point(|packed| self.unpack(packed).offset < offset);
        (0..kept)
            .filter_map(|at| self.entries.get(at))
            .for_each(|packed| copy.entries.push(packed));
        copy
    }

    /// Entries `from..` as the file holds them.
    pub fn encode_from(&self, from: usize) -> Vec<u8> {
        self.entries.encode_from(from)
    }

    /// Whether the timestamps increase and the offsets do not fall.
    pub fn is_sane(&self) -> bool {
        let entries = || (0..self.len()).filter_map(|at| self.entries.get(at));
        let in_order = entries().zip(entries().skip(1)).all(|(one, next)| {
            one.timestamp < next.timestamp && one.relative_offset <= next.relative_offset
        });
        in_order
            && self.entries.last().is_none_or(|last| i32::try_from(last.relative_offset).is_ok())
    }
}
