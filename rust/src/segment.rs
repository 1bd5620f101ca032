//! One segment of a log: a file of record batches and its two indexes, as readers share it.
//!
//! A segment is named by its base offset. The last one of a log is active: `segment_writer.rs`
//! appends to it while readers follow; the others are sealed, open nothing until somebody reads
//! them, and keep no file descriptor. Invariants: bytes below `size_bytes` are whole batches with
//! increasing offsets and never change; `size_bytes` moves only after they are written. Readers
//! take no lock.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::batch::{BatchHeader, HEADER_SIZE_BYTES};
use crate::error::{LogError, Result};
use crate::fs::{FileSystem, OpenMode};
use crate::index::{OffsetIndex, OffsetPosition};
use crate::indexing::Indexing;
use crate::mmap::{FileMap, Slice};
use crate::time_index::{TimeIndex, TimestampOffset};
use crate::transaction_index::TransactionIndex;

/// What a file of a segment is for; its suffix tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// `.log`: the record batches.
    Log,
    /// `.index`: the offset index.
    OffsetIndex,
    /// `.timeindex`: the time index.
    TimeIndex,
    /// `.txnindex`: aborted transactions.
    TransactionIndex,
    /// `.snapshot`: producer state up to (not including) the offset of its name.
    ProducerSnapshot,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Log,
        Self::OffsetIndex,
        Self::TimeIndex,
        Self::TransactionIndex,
        Self::ProducerSnapshot,
    ];

    /// The kinds that belong to one segment and go with it.
    pub const OF_SEGMENT: [Self; 4] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TransactionIndex];

    /// The suffix, with its dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Log => ".log",
            Self::OffsetIndex => ".index",
            Self::TimeIndex => ".timeindex",
            Self::TransactionIndex => ".txnindex",
            Self::ProducerSnapshot => ".snapshot",
        }
    }

    /// The path of a file of this kind: the offset in 20 digits and the suffix.
    pub fn path(self, dir: &Path, offset: i64) -> PathBuf {
        dir.join(format!("{offset:020}{}", self.suffix()))
    }

    /// Kind and offset of a file name, `None` if it is no such name.
    pub fn parse(name: &str) -> Option<(Self, i64)> {
        let (digits, _) = name.split_once('.')?;
        let kind = Self::ALL.into_iter().find(|kind| &name[digits.len()..] == kind.suffix())?;
        let well_formed = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| digits.parse().ok()).flatten().map(|offset| (kind, offset))
    }
}

/// `index.interval.bytes` of an index that a reader rebuilds in memory.
const DEFAULT_INTERVAL_BYTES: usize = 4096;
/// No index of a 2 GiB segment is larger.
const REBUILT_INDEX_SIZE_BYTES: u32 = 1 << 23;

/// A batch's header and where it stands in its segment.
#[derive(Debug, Clone, Copy)]
pub struct BatchAt {
    /// Start of the batch in bytes.
    pub position: usize,
    /// Its header.
    pub header: BatchHeader,
    /// Its size in bytes.
    pub size_bytes: usize,
}

impl BatchAt {
    /// Position after the batch.
    pub fn end(&self) -> usize {
        self.position + self.size_bytes
    }
}

/// One segment, shared between its writer and its readers.
#[derive(Debug)]
pub struct Segment {
    base_offset: i64,
    dir: PathBuf,
    fs: Arc<dyn FileSystem>,
    /// Length of the map: where the file may grow to without mapping it again.
    capacity_bytes: usize,
    /// Inode that the file must have, if another process may replace it.
    inode: Option<u64>,
    /// Bytes of whole batches when this segment was opened; later growth is the map's to tell.
    map: OnceLock<Arc<FileMap>>,
    size: std::sync::atomic::AtomicUsize,
    transaction_index: Arc<TransactionIndex>,
    offset_index: OnceLock<OffsetIndex>,
    time_index: OnceLock<TimeIndex>,
    largest_timestamp: OnceLock<TimestampOffset>,
}

impl Segment {
    /// A sealed segment of `size_bytes`; nothing is opened.
    pub(crate) fn sealed(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        base_offset: i64,
        size_bytes: usize,
    ) -> Self {
        Self::new(fs, dir, base_offset, size_bytes, size_bytes)
    }

    /// A segment of `size_bytes` that may grow to `capacity_bytes`.
    pub(crate) fn new(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        base_offset: i64,
        size_bytes: usize,
        capacity_bytes: usize,
    ) -> Self {
        let aborted = FileKind::TransactionIndex.path(dir, base_offset);
        Self {
            base_offset,
            dir: dir.to_owned(),
            transaction_index: TransactionIndex::new(Arc::clone(&fs), aborted, base_offset).into(),
            fs,
            capacity_bytes: capacity_bytes.max(size_bytes),
            inode: None,
            map: OnceLock::new(),
            size: size_bytes.into(),
            offset_index: OnceLock::new(),
            time_index: OnceLock::new(),
            largest_timestamp: OnceLock::new(),
        }
    }

    /// This segment with indexes that grow in memory, for its writer.
    #[must_use]
    pub(crate) fn with_indexes(self, offset_index: OffsetIndex, time_index: TimeIndex) -> Self {
        Self { offset_index: offset_index.into(), time_index: time_index.into(), ..self }
    }

    /// This segment as a process that does not write it reads it: only the file of that inode is
    /// its own, whatever the writer renames to its path.
    #[must_use]
    pub(crate) fn of_inode(self, inode: u64) -> Self {
        Self { inode: Some(inode), ..self }
    }

    /// The sealed form of this segment: same bytes and map, indexes read from their files.
    pub(crate) fn seal(&self) -> Self {
        let size_bytes = self.size_bytes();
        let sealed = Self {
            transaction_index: Arc::clone(&self.transaction_index),
            inode: self.inode,
            ..Self::sealed(Arc::clone(&self.fs), &self.dir, self.base_offset, size_bytes)
        };
        if let Some(map) = self.map.get() {
            sealed.map.get_or_init(|| Arc::clone(map));
        }
        sealed
    }

    /// Offset that names the segment; no record in it has a smaller one.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Bytes of whole batches.
    pub fn size_bytes(&self) -> usize {
        self.size.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Bytes the segment may grow to.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.capacity_bytes
    }

    /// The directory it lies in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of one of its files.
    pub fn path(&self, kind: FileKind) -> PathBuf {
        kind.path(&self.dir, self.base_offset)
    }

    /// Publishes bytes that were written; only the writer calls it.
    pub(crate) fn publish(&self, size_bytes: usize) {
        if let Some(map) = self.map.get() {
            map.publish(size_bytes);
        }
        self.size.store(size_bytes, std::sync::atomic::Ordering::Release);
    }

    /// The map of the segment's file, made at the first call. It lives on after the file is
    /// removed.
    ///
    /// # Errors
    /// `Io` when the file cannot be opened or mapped.
    pub fn map(&self) -> Result<&Arc<FileMap>> {
        let size = self.size_bytes();
        let map = match self.map.get() {
            Some(map) => map,
            None => {
                let path = self.path(FileKind::Log);
                let file = self.fs.open(&path, OpenMode::Read)?;
                self.check_file(&path, file.len()?, size)?;
                let map = FileMap::new(file.as_fd(), self.capacity_bytes, 0)
                    .map_err(|source| LogError::io("mmap", &path, source))?;
                self.map.get_or_init(|| Arc::new(map))
            }
        };
        // A writer that published before the map existed did not tell the map.
        map.publish(size);
        Ok(map)
    }

    /// Refuses a file that is not the one this segment was made for: to touch a map past the
    /// file's end would kill the process.
    fn check_file(&self, path: &Path, len: u64, size_bytes: usize) -> Result<()> {
        if len < size_bytes as u64 {
            return Err(LogError::corrupt(
                path,
                len,
                format!("the file lost bytes of {size_bytes}"),
            ));
        }
        match self.inode {
            Some(inode) if self.fs.metadata(path)?.map(|meta| meta.inode) != Some(inode) => {
                Err(LogError::corrupt(path, 0, "the file was replaced by its writer"))
            }
            _ => Ok(()),
        }
    }

    /// Whether somebody outside of this segment holds its map.
    pub(crate) fn is_viewed(&self) -> bool {
        self.map.get().is_some_and(|map| Arc::strong_count(map) > 1)
    }

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

    fn map_index(&self, kind: FileKind) -> Result<Option<FileMap>> {
        let path = self.path(kind);
        let Some(meta) = self.fs.metadata(&path)?.filter(|meta| meta.len > 0) else {
            return Ok(None);
        };
        let len = usize::try_from(meta.len).unwrap_or(usize::MAX);
        let file = self.fs.open(&path, OpenMode::Read)?;
        FileMap::new(file.as_fd(), len, len)
            .map(Some)
            .map_err(|source| LogError::io("mmap", &path, source))
    }

    /// The aborted transactions whose markers lie in this segment.
    pub fn transaction_index(&self) -> &TransactionIndex {
        &self.transaction_index
    }

    /// The batch that starts at `position`, `None` at the end of the segment.
    ///
    /// # Errors
    /// `Corrupt` when no whole batch starts there.
    pub fn batch_at(&self, position: usize) -> Result<Option<BatchAt>> {
        let map = self.map()?;
        let size = map.published();
        if position >= size {
            return Ok(None);
        }
        let corrupt =
            |reason: String| LogError::corrupt(&self.path(FileKind::Log), position as u64, reason);
        let head = map
            .bytes(position..size)
            .and_then(|bytes| bytes.first_chunk::<HEADER_SIZE_BYTES>())
            .ok_or_else(|| corrupt("the segment ends inside a batch header".into()))?;
        let header = BatchHeader::parse(head);
        header.check().map_err(|error| corrupt(error.to_string()))?;
        let size_bytes = header.size_bytes()?;
        if header.base_offset < self.base_offset || position + size_bytes > size {
            return Err(corrupt(format!(
                "a batch of {size_bytes} bytes at offset {} does not fit the segment",
                header.base_offset
            )));
        }
        Ok(Some(BatchAt { position, header, size_bytes }))
    }

    /// The first batch whose last offset is at or past `target`, searched from the index entry
    /// before it. `None` when the segment ends before.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    pub fn find_offset(&self, target: i64) -> Result<Option<BatchAt>> {
        let floor = self.offset_index()?.lookup(target);
        let start = floor.position as usize;
        // An index is a hint: where it leads astray, the walk starts at the front.
        let led_right = start == 0
            || matches!(self.batch_at(start), Ok(Some(at)) if at.header.base_offset <= floor.offset);
        self.scan_for(target, if led_right { start } else { 0 })
    }

    fn scan_for(&self, target: i64, start: usize) -> Result<Option<BatchAt>> {
        let mut position = start;
        while let Some(at) = self.batch_at(position)? {
            if at.header.last_offset() >= target {
                return Ok(Some(at));
            }
            position = at.end();
        }
        Ok(None)
    }

    /// Bytes from the batch that holds `offset` on: at most `max_bytes`, cut at `max_position`,
    /// but one whole batch with `min_one_batch`. `None` past the last offset.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    pub fn read(&self, offset: i64, limits: ReadLimits) -> Result<Option<Slice>> {
        let Some(first) = self.find_offset(offset)? else { return Ok(None) };
        let map = self.map()?;
        let end = limits.max_position.min(map.published());
        let wanted = match limits.min_one_batch {
            true => limits.max_bytes.max(first.size_bytes),
            false => limits.max_bytes,
        };
        let stop = first.position.saturating_add(wanted).min(end).max(first.position);
        Ok(map.slice(first.position..stop))
    }

    /// An upper bound of the offsets in a read from `start` of `size_bytes`; `None` when it may
    /// reach the segment's end.
    ///
    /// # Errors
    /// `Io`.
    pub fn fetch_upper_bound(&self, start: &Slice, offset: i64) -> Result<Option<i64>> {
        let from = OffsetPosition {
            offset,
            position: u32::try_from(start.position()).unwrap_or(u32::MAX),
        };
        let size = u32::try_from(start.len()).unwrap_or(u32::MAX);
        Ok(self.offset_index()?.fetch_upper_bound(from, size).map(|entry| entry.offset))
    }

    /// The bytes of a range of positions.
    ///
    /// # Errors
    /// `Io`; `Corrupt` when the range reaches past the end.
    pub fn slice(&self, range: Range<usize>) -> Result<Slice> {
        let end = range.end;
        self.map()?.slice(range).ok_or_else(|| {
            LogError::corrupt(
                &self.path(FileKind::Log),
                end as u64,
                "the range is not in the segment",
            )
        })
    }

    /// Largest timestamp in the segment and the last offset of the batch that has it, from the
    /// time index and the batches after its last entry.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    pub fn largest_timestamp(&self) -> Result<TimestampOffset> {
        if let Some(largest) = self.largest_timestamp.get() {
            return Ok(*largest);
        }
        let last = self.time_index()?.last();
        let mut largest = last.unwrap_or(TimestampOffset::NONE);
        let start = match last {
            Some(last) => self.find_offset(last.offset)?,
            None => self.batch_at(0)?,
        };
        let mut next = start;
        while let Some(at) = next {
            if at.header.max_timestamp > largest.timestamp {
                largest = TimestampOffset {
                    timestamp: at.header.max_timestamp,
                    offset: at.header.last_offset(),
                };
            }
            next = self.batch_at(at.end())?;
        }
        if self.capacity_bytes > self.size_bytes() {
            // It may grow, and the answer with it.
            return Ok(largest);
        }
        Ok(*self.largest_timestamp.get_or_init(|| largest))
    }
}

/// How much one read may return.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Bytes at most.
    pub max_bytes: usize,
    /// Position in the segment that the read may not pass: the bound of its isolation.
    pub max_position: usize,
    /// Whether the first batch comes whole even if larger than `max_bytes`.
    pub min_one_batch: bool,
}
