//! The sparse offset index of a segment: from an offset to the batch that holds it.
//!
//! File `<base offset>.index`, 8 bytes an entry: i32 offset minus base offset, i32 position of a
//! batch in the segment. An entry names the **last** offset of its batch and the batch's start, so
//! the floor of any offset lies at or before the batch that holds it, across gaps too. Invariant:
//! offsets and positions strictly increase. An index is a hint: it carries no checksum, is rebuilt
//! from the segment when it makes no sense, and the reader checks the batch it is led to.

use crate::entries::{Entries, Entry};
use crate::error::{LogError, Result};
use crate::mmap::FileMap;

/// An offset and where the batch it belongs to starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetPosition {
    /// Last offset of the batch.
    pub offset: i64,
    /// Start of the batch in its segment file, in bytes.
    pub position: u32,
}

#[derive(Debug, Clone, Copy)]
struct Packed(u64);

impl Packed {
    fn new(relative_offset: u32, position: u32) -> Self {
        Self(u64::from(relative_offset) << 32 | u64::from(position))
    }

    fn relative_offset(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "takes the lower half")]
    fn position(self) -> u32 {
        self.0 as u32
    }
}

impl Entry for Packed {
    const SIZE_BYTES: usize = 8;
    const WORDS: usize = 1;

    fn to_words(self) -> [u64; 2] {
        [self.0, 0]
    }

    fn from_words(words: [u64; 2]) -> Self {
        Self(words[0])
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|chunk| Self(u64::from_be_bytes(*chunk)))
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }
}

/// The sparse offset index of one segment.
#[derive(Debug)]
pub struct OffsetIndex {
    base_offset: i64,
    max_entries: usize,
    entries: Entries<Packed>,
}

impl OffsetIndex {
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

    /// Offset that entries count from.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no entry fits any more, so that the segment must roll.
    pub fn is_full(&self) -> bool {
        self.len() >= self.max_entries
    }

    /// How many more entries fit.
    pub fn room(&self) -> usize {
        self.max_entries.saturating_sub(self.len())
    }

    fn unpack(&self, packed: Packed) -> OffsetPosition {
        let offset = self.base_offset.saturating_add(i64::from(packed.relative_offset()));
        OffsetPosition { offset, position: packed.position() }
    }

    /// Entry `at`, in order, `None` past the end.
    pub fn entry(&self, at: usize) -> Option<OffsetPosition> {
        self.entries.get(at).map(|packed| self.unpack(packed))
    }

    /// The last entry.
    pub fn last(&self) -> Option<OffsetPosition> {
        self.entries.last().map(|packed| self.unpack(packed))
    }

    /// Appends the batch that starts at `position` and ends with `offset`.
    ///
    /// # Errors
    /// `InvalidArgument` when the index is full, the offset does not fit 31 bits above the base,
    /// or either value does not increase.
    pub fn append(&self, offset: i64, position: u32) -> Result<()> {
        let relative = offset.checked_sub(self.base_offset).and_then(|r| i32::try_from(r).ok());
        let relative =
            relative.and_then(|relative| u32::try_from(relative).ok()).ok_or_else(|| {
                LogError::InvalidArgument(format!(
                    "offset {offset} does not fit index {}",
                    self.base_offset
                ))
            })?;
        if self.is_full() {
            return Err(LogError::InvalidArgument(format!("index {} is full", self.base_offset)));
        }
        if self.last().is_some_and(|last| last.offset >= offset || last.position >= position) {
            return Err(LogError::InvalidArgument(format!(
                "index entry ({offset}, {position}) does not follow {:?}",
                self.last()
            )));
        }
        self.entries.push(Packed::new(relative, position));
        Ok(())
    }

    /// The entry at or before `target`, or the start of the segment.
    pub fn lookup(&self, target: i64) -> OffsetPosition {
        let past = self.entries.partition_point(|packed| self.unpack(packed).offset <= target);
        past.checked_sub(1)
            .and_then(|at| self.entry(at))
            .unwrap_or(OffsetPosition { offset: self.base_offset, position: 0 })
    }

    /// The first entry at or past byte `from.position + size_bytes`: an upper bound of the offsets
    /// that a fetch of that size returns. `None` when the fetch may reach past the last entry.
    pub fn fetch_upper_bound(
        &self,
        from: OffsetPosition,
        size_bytes: u32,
    ) -> Option<OffsetPosition> {
        let end = u64::from(from.position) + u64::from(size_bytes);
        let first = self.entries.partition_point(|packed| u64::from(packed.position()) < end);
        self.entry(first)
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

    /// Whether the entries increase and lie inside a segment of `segment_size_bytes`.
    pub fn is_sane(&self, segment_size_bytes: u64) -> bool {
        let entries = || (0..self.len()).filter_map(|at| self.entries.get(at));
        let in_order = entries().zip(entries().skip(1)).all(|(one, next)| {
            one.relative_offset() < next.relative_offset() && one.position() < next.position()
        });
        let last = self.entries.last();
        in_order
            && last.is_none_or(|last| {
                u64::from(last.position()) < segment_size_bytes
                    && i32::try_from(last.relative_offset()).is_ok()
            })
    }
}
