//! The indexes of a segment as readers get them: growing, from their files, or rebuilt.
//!
//! Invariant: an index file that makes no sense is as good as none; what it would say is found out
//! from the batches and kept in memory, and nothing on disk is changed. `segment.rs` reads by them.

use super::Segment;
use crate::error::{LogError, Result};
use crate::file_kind::FileKind;
use crate::fs::OpenMode;
use crate::index::OffsetIndex;
use crate::indexing::Indexing;
use crate::mmap::FileMap;
use crate::time_index::{TimeIndex, TimestampOffset};

/// `index.interval.bytes` of an index that a reader rebuilds in memory.
const DEFAULT_INTERVAL_BYTES: usize = 4096;
/// No index of a 2 GiB segment is larger.
const REBUILT_INDEX_SIZE_BYTES: u32 = 1 << 23;

impl Segment {
    /// The offset index: growing if active, else its file, or rebuilt if that makes no sense.
    ///
    /// # Errors
    /// `Io`, or `Corrupt` when it has to be rebuilt and the segment is damaged.
    pub fn offset_index(&self) -> Result<&OffsetIndex> {
        if let Some(index) = self.offset_index.get() {
            return Ok(index);
        }
        let size = self.size_bytes();
        let mapped = self
            .map_index(FileKind::OffsetIndex)?
            .map(|map| OffsetIndex::sealed(self.base_offset, map))
            .filter(|index| index.is_sane(size as u64));
        let index = match mapped {
            Some(index) => index,
            None if size <= DEFAULT_INTERVAL_BYTES => OffsetIndex::growing(self.base_offset, 0),
            None => self.indexes_of_batches(DEFAULT_INTERVAL_BYTES)?.0,
        };
        Ok(self.offset_index.get_or_init(|| index))
    }

    /// The time index, as [`Segment::offset_index`].
    ///
    /// # Errors
    /// `Io`, or `Corrupt` when it has to be rebuilt and the segment is damaged.
    pub fn time_index(&self) -> Result<&TimeIndex> {
        if let Some(index) = self.time_index.get() {
            return Ok(index);
        }
        let mapped = self
            .map_index(FileKind::TimeIndex)?
            .map(|map| TimeIndex::sealed(self.base_offset, map))
            .filter(TimeIndex::is_sane);
        let index = match mapped {
            Some(index) => index,
            None => self.indexes_of_batches(DEFAULT_INTERVAL_BYTES)?.1,
        };
        Ok(self.time_index.get_or_init(|| index))
    }

    /// Both indexes as their files hold them, `None` if either is absent or makes no sense.
    pub(crate) fn indexes_of_files(&self) -> Result<Option<(OffsetIndex, TimeIndex)>> {
        let offsets = self.map_index(FileKind::OffsetIndex)?;
        let times = self.map_index(FileKind::TimeIndex)?;
        let (Some(offsets), Some(times)) = (offsets, times) else { return Ok(None) };
        let offsets = OffsetIndex::sealed(self.base_offset, offsets);
        let times = TimeIndex::sealed(self.base_offset, times);
        let sane = offsets.is_sane(self.size_bytes() as u64) && times.is_sane();
        Ok(sane.then_some((offsets, times)))
    }

    /// Indexes as the segment's batches give them, for files that are missing or make no sense.
    fn indexes_of_batches(&self, interval_bytes: usize) -> Result<(OffsetIndex, TimeIndex)> {
        let indexes = (
            OffsetIndex::growing(self.base_offset, REBUILT_INDEX_SIZE_BYTES),
            TimeIndex::growing(self.base_offset, REBUILT_INDEX_SIZE_BYTES),
        );
        let mut indexing = Indexing::new(u32::try_from(interval_bytes).unwrap_or(u32::MAX));
        let mut next = self.batch_at(0)?;
        while let Some(at) = next {
            indexing.add(&at.header, (at.position, at.size_bytes), (&indexes.0, &indexes.1))?;
            next = self.batch_at(at.end())?;
        }
        indexes.1.maybe_append(indexing.largest, true)?;
        Ok(indexes)
    }

    /// The map of an index file, `None` if it is absent, empty, or holds a part of an entry.
    fn map_index(&self, kind: FileKind) -> Result<Option<FileMap>> {
        let path = self.path(kind);
        let entry_size_bytes = match kind {
            FileKind::TimeIndex => TimeIndex::ENTRY_SIZE_BYTES,
            _ => OffsetIndex::ENTRY_SIZE_BYTES,
        };
        let meta = self.fs.metadata(&path)?;
        let len = meta.map_or(0, |meta| usize::try_from(meta.len).unwrap_or(usize::MAX));
        if len == 0 || !len.is_multiple_of(entry_size_bytes) {
            return Ok(None);
        }
        let file = self.fs.open(&path, OpenMode::Read)?;
        let map = FileMap::new(file.as_fd(), len, len)
            .map_err(|source| LogError::io("mmap", &path, source))?;
        // A search goes all over it, and it is small.
        map.load(0..len).map_err(|source| LogError::io("read", &path, source))?;
        Ok(Some(map))
    }

    /// Largest timestamp in the segment and the last offset of the first batch that has it: from
    /// the time index, and the batches after the last entry of the offset index, which time
    /// entries go along with.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    pub fn largest_timestamp(&self) -> Result<TimestampOffset> {
        if let Some(largest) = self.largest_timestamp.get() {
            return Ok(*largest);
        }
        // In this order: the writer adds the time entry first.
        let indexed = self.offset_index()?.last().map_or(0, |last| last.position as usize);
        let mut largest = self.time_index()?.last().unwrap_or(TimestampOffset::NONE);
        let start = if matches!(self.batch_at(indexed), Ok(Some(_))) { indexed } else { 0 };
        let mut next = self.batch_at(start)?;
        while let Some(at) = next {
            if at.header.max_timestamp > largest.timestamp {
                let (timestamp, offset) = (at.header.max_timestamp, at.header.last_offset());
                largest = TimestampOffset { timestamp, offset };
            }
            next = self.batch_at(at.end())?;
        }
        // One that may grow may have a larger one later.
        if self.capacity_bytes <= self.size_bytes() {
            self.largest_timestamp.get_or_init(|| largest);
        }
        Ok(largest)
    }

    /// Opens everything that a reader with an old list may still need, before the files change
    /// their names.
    ///
    /// # Errors
    /// `Io`. An index that cannot be had is none: the reader fails by itself.
    pub(crate) fn pin(&self) -> Result<()> {
        self.map()?;
        let _ = (self.offset_index(), self.time_index(), self.transaction_index.transactions());
        Ok(())
    }
}
