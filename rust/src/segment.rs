//! One segment of a log: a file of record batches and its two indexes, as readers share it.
//!
//! A segment is named by its base offset. The last one of a log is active: `segment_writer.rs`
//! appends to it while readers follow; the others are sealed, open nothing until somebody reads
//! them, and keep no file descriptor. Invariants: bytes below `size_bytes` are whole batches with
//! increasing offsets and never change; `size_bytes` moves only after they are written. Readers
//! take no lock.

mod indexes;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::batch::{BatchHeader, HEADER_SIZE_BYTES};
use crate::error::{LogError, Result};
pub use crate::file_kind::FileKind;
use crate::fs::{FileSystem, OpenMode};
use crate::index::{OffsetIndex, OffsetPosition};
use crate::mmap::{FileMap, Slice};
use crate::time_index::{TimeIndex, TimestampOffset};
use crate::transaction_index::TransactionIndex;

/// A read brings so many bytes into memory before it returns, or one batch if that is larger.
pub const LOAD_BYTES_MAX: usize = 16 << 20;

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
        let (offset_index, time_index) = (offset_index.into(), time_index.into());
        Self { offset_index, time_index, ..self }
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
        let map = if let Some(map) = self.map.get() {
            map
        } else {
            let path = self.path(FileKind::Log);
            let file = self.fs.open(&path, OpenMode::Read)?;
            self.check_file(&path, file.len()?, size)?;
            let map = FileMap::new(file.as_fd(), self.capacity_bytes, 0)
                .map_err(|source| LogError::io("mmap", &path, source))?;
            self.map.get_or_init(|| Arc::new(map))
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
        self.load(map, position..position + HEADER_SIZE_BYTES)?;
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

    /// Bytes from the batch that holds `offset` on: at most `max_bytes`, cut at `max_position`. A
    /// first batch that is larger comes whole with `min_one_batch`, and not at all without: nobody
    /// can read a part of one. `None` past the last offset.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    pub fn read(&self, offset: i64, limits: ReadLimits) -> Result<Option<Slice>> {
        let Some(first) = self.find_offset(offset)? else { return Ok(None) };
        let map = self.map()?;
        let end = limits.max_position.min(map.published());
        let wanted = match (first.size_bytes > limits.max_bytes, limits.min_one_batch) {
            (false, _) => limits.max_bytes,
            (true, true) => first.size_bytes,
            (true, false) => 0,
        };
        let stop = first.position.saturating_add(wanted).min(end).max(first.position);
        let loaded = first.position.saturating_add(LOAD_BYTES_MAX).max(first.end()).min(stop);
        self.load(map, first.position..loaded)?;
        Ok(map.slice(first.position..stop))
    }

    /// Lets go of the map's pages, if it was read since the last time.
    pub(crate) fn unload(&self) {
        if let Some(map) = self.map.get() {
            map.unload();
        }
    }

    /// Brings a range of the map into memory.
    fn load(&self, map: &FileMap, range: Range<usize>) -> Result<()> {
        map.load(range).map_err(|source| LogError::io("read", &self.path(FileKind::Log), source))
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
        let map = self.map()?;
        self.load(map, range.clone())?;
        map.slice(range).ok_or_else(|| {
            LogError::corrupt(
                &self.path(FileKind::Log),
                end as u64,
                "the range is not in the segment",
            )
        })
    }
}

/// How much one read may return.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Bytes at most.
    pub max_bytes: usize,
    /// Position in the segment that the read may not pass: the bound of its isolation.
    pub max_position: usize,
    /// Whether a first batch larger than `max_bytes` comes, whole.
    pub min_one_batch: bool,
}
