//! The writing half of the active segment: append, spill its indexes, seal.
//!
//! A log owns exactly one, behind its writer's lock. Bytes are written at a tracked position with
//! `pwrite` and published afterwards, so a reader sees whole batches only, and a failed write
//! leaves nothing but bytes that the next one overwrites. Invariant: the file's bytes below
//! `segment.size_bytes()` are published batches; what lies behind is zeros (with `preallocate`) or
//! the rest of a failed write, and goes when the segment is sealed.

use std::path::Path;
use std::sync::Arc;

use crate::batch::Batches;
use crate::config::LogConfig;
use crate::error::Result;
use crate::fs::{File, FileSystem, OpenMode};
use crate::index::OffsetIndex;
use crate::indexing::Indexing;
use crate::segment::{FileKind, Segment};
use crate::time_index::TimeIndex;
use crate::zero_ahead::ZeroAhead;

/// No segment is larger: positions in the indexes are 31 bits.
pub(crate) const SEGMENT_SIZE_BYTES_MAX: usize = i32::MAX as usize;

/// The writing half of the active segment.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    segment: Arc<Segment>,
    file: Arc<dyn File>,
    fs: Arc<dyn FileSystem>,
    indexing: Indexing,
    /// With `preallocate`, what writes zeros behind the batches.
    zeros: Option<Arc<ZeroAhead>>,
    /// Bytes of the file that exist: batches, then zeros.
    file_size_bytes: usize,
    /// Entries of the offset and time index that their files hold already.
    spilled: (usize, usize),
    /// Wall-clock time at which the segment was created or opened.
    created_ms: i64,
    /// Timestamp of the first batch, which rolling by time counts from.
    first_timestamp: Option<i64>,
}

impl SegmentWriter {
    /// A new, empty segment; files of that name that stand in the way are emptied.
    pub(crate) fn create(
        fs: &Arc<dyn FileSystem>,
        dir: &Path,
        base_offset: i64,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<Self> {
        let file = create_files(fs, dir, base_offset)?;
        let segment = Segment::new(Arc::clone(fs), dir, base_offset, 0, capacity(config, 0));
        let indexes = (
            OffsetIndex::growing(base_offset, config.segment_index_bytes),
            TimeIndex::growing(base_offset, config.segment_index_bytes),
        );
        let segment = Arc::new(segment.with_indexes(indexes.0, indexes.1));
        let zeros = zeros_of(fs, &segment, config, 0)?;
        Ok(Self {
            segment,
            file,
            fs: Arc::clone(fs),
            indexing: Indexing::new(config.index_interval_bytes),
            zeros,
            file_size_bytes: 0,
            spilled: (0, 0),
            created_ms: now_ms,
            first_timestamp: None,
        })
    }

    /// Removes the files that a failed [`SegmentWriter::create`] left: an empty segment in the
    /// middle of another one would end the log there at the next opening.
    pub(crate) fn undo_create(
        fs: &Arc<dyn FileSystem>,
        dir: &Path,
        base_offset: i64,
    ) -> Result<()> {
        let kinds = FileKind::OF_SEGMENT.into_iter();
        kinds.rev().try_for_each(|kind| fs.remove(&kind.path(dir, base_offset)))
    }

    /// Goes on with a segment whose first `recovered.size_bytes` are good.
    pub(crate) fn resume(
        fs: &Arc<dyn FileSystem>,
        dir: &Path,
        recovered: RecoveredSegment,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<Self> {
        let RecoveredSegment {
            base_offset, size_bytes, offset_index, time_index, indexing, ..
        } = recovered;
        let file = fs.open(&FileKind::Log.path(dir, base_offset), OpenMode::Create)?;
        let file_size_bytes = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        let segment = Segment::new(
            Arc::clone(fs),
            dir,
            base_offset,
            size_bytes,
            capacity(config, size_bytes),
        );
        let segment = Arc::new(segment.with_indexes(offset_index, time_index));
        let first_timestamp = segment.batch_at(0)?.map(|at| at.header.max_timestamp);
        let zeros = zeros_of(fs, &segment, config, file_size_bytes)?;
        let mut this = Self {
            segment,
            file,
            fs: Arc::clone(fs),
            indexing,
            zeros,
            file_size_bytes,
            spilled: recovered.spilled,
            created_ms: now_ms,
            first_timestamp,
        };
        this.renew_indexes()?;
        Ok(this)
    }

    /// Replaces index files that hold more than what is believed of them: entries behind it would
    /// count again once the segment is sealed.
    fn renew_indexes(&mut self) -> Result<()> {
        let kinds = [
            (FileKind::OffsetIndex, self.spilled.0 * OffsetIndex::ENTRY_SIZE_BYTES),
            (FileKind::TimeIndex, self.spilled.1 * TimeIndex::ENTRY_SIZE_BYTES),
        ];
        let mut is_longer = false;
        for (kind, believed_bytes) in kinds {
            let meta = self.fs.metadata(&self.segment.path(kind))?;
            is_longer |= meta.is_some_and(|meta| meta.len > believed_bytes as u64);
        }
        if is_longer {
            for (kind, _) in kinds {
                self.fs.remove(&self.segment.path(kind))?;
            }
            self.spilled = (0, 0);
            self.spill_indexes()?.iter().try_for_each(|file| file.sync_data())?;
        }
        Ok(())
    }

    /// The half that readers share.
    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// The segment's file, for fsync outside of the writer's lock.
    pub(crate) fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// Bytes of published batches.
    pub(crate) fn size_bytes(&self) -> usize {
        self.segment.size_bytes()
    }

    /// Time that rolling by time counts from: the first batch's, or the creation's if it is empty
    /// of timestamps.
    pub(crate) fn age_ms(&self, batch_timestamp: i64, now_ms: i64) -> i64 {
        match self.first_timestamp.filter(|first| *first >= 0) {
            Some(first) if batch_timestamp >= 0 => batch_timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(self.created_ms),
        }
    }

    /// Whether `size_bytes` more, up to `last_offset`, still belong into this segment.
    pub(crate) fn has_room(
        &self,
        size_bytes: usize,
        last_offset: i64,
        segment_bytes: usize,
    ) -> bool {
        let limit = segment_bytes.min(self.segment.capacity_bytes());
        let relative = last_offset.saturating_sub(self.segment.base_offset());
        self.size_bytes().saturating_add(size_bytes) <= limit
            && relative <= i64::from(i32::MAX)
            && !self.indexes().0.is_full()
            && !self.indexes().1.is_full()
    }

    fn indexes(&self) -> (&OffsetIndex, &TimeIndex) {
        match (self.segment.offset_index(), self.segment.time_index()) {
            (Ok(offsets), Ok(times)) => (offsets, times),
            _ => unreachable!("a writer's segment is made with both indexes"),
        }
    }

    /// Writes whole batches behind the last one. Nothing is indexed or published yet, so after a
    /// failure here, or before [`SegmentWriter::index`], the segment is as before.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn write(&mut self, batches: &[u8]) -> Result<()> {
        let start = self.size_bytes();
        let end = start + batches.len();
        // Before the write: a part of one that fails must go when the segment is sealed.
        self.file_size_bytes = match &self.zeros {
            Some(zeros) => zeros.claim(end),
            None => self.file_size_bytes.max(end),
        };
        self.file.write_at(batches, start as u64)
    }

    /// Indexes batches that were written; returns the size to publish.
    ///
    /// # Errors
    /// `InvalidArgument` when the batches do not follow the last ones: a mistake of ours.
    pub(crate) fn index(&mut self, batches: &[u8]) -> Result<usize> {
        let mut position = self.size_bytes();
        for batch in Batches::new(batches) {
            let batch = batch?;
            let size = batch.bytes.len();
            let mut indexing = self.indexing;
            indexing.add(&batch.header, (position, size), self.indexes())?;
            self.indexing = indexing;
            position += size;
            self.first_timestamp.get_or_insert(batch.header.max_timestamp);
        }
        Ok(position)
    }

    /// Lets readers see everything below `size_bytes`.
    pub(crate) fn publish(&self, size_bytes: usize) {
        self.segment.publish(size_bytes);
    }

    /// Writes the index entries that their files do not hold yet. Entries past the recovery point
    /// are rebuilt after a crash, so this needs no fsync of its own.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn spill_indexes(&mut self) -> Result<Vec<Arc<dyn File>>> {
        let (offsets, times) = self.indexes();
        let (offset_bytes, time_bytes) =
            (offsets.encode_from(self.spilled.0), times.encode_from(self.spilled.1));
        let counts = (offsets.len(), times.len());
        let files = [
            (FileKind::OffsetIndex, offset_bytes, self.spilled.0 * OffsetIndex::ENTRY_SIZE_BYTES),
            (FileKind::TimeIndex, time_bytes, self.spilled.1 * TimeIndex::ENTRY_SIZE_BYTES),
        ];
        let mut written = Vec::new();
        for (kind, bytes, position) in files {
            if bytes.is_empty() {
                continue;
            }
            let file = self.fs.open(&self.segment.path(kind), OpenMode::Create)?;
            file.write_at(&bytes, position as u64)?;
            written.push(file);
        }
        self.spilled = counts;
        Ok(written)
    }

    /// Cuts what an index file holds past its last entry: entries of batches that are gone, or the
    /// zeros that another program set aside.
    fn cut_index_files(&self) -> Result<()> {
        let sizes = [
            (FileKind::OffsetIndex, self.spilled.0 * OffsetIndex::ENTRY_SIZE_BYTES),
            (FileKind::TimeIndex, self.spilled.1 * TimeIndex::ENTRY_SIZE_BYTES),
        ];
        for (kind, size_bytes) in sizes {
            let path = self.segment.path(kind);
            let meta = self.fs.metadata(&path)?;
            if meta.is_none_or(|meta| meta.len != size_bytes as u64) {
                self.fs.open(&path, OpenMode::Create)?.set_len(size_bytes as u64)?;
            }
        }
        Ok(())
    }

    /// Completes the files: the rolling entry of the time index, both index files, and the segment
    /// cut at its last batch. Returns the files to make durable, the segment's own first.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn finish(&mut self) -> Result<Vec<Arc<dyn File>>> {
        if self.indexes().1.room() > 0 {
            self.indexes().1.maybe_append(self.indexing.largest, true)?;
        }
        let mut files = vec![Arc::clone(&self.file)];
        files.extend(self.spill_indexes()?);
        self.cut_index_files()?;
        if let Some(zeros) = &self.zeros {
            self.file_size_bytes = zeros.stop();
        }
        if self.file_size_bytes > self.size_bytes() {
            // Only bytes that were never published go: no reader may touch them.
            self.file.set_len(self.size_bytes() as u64)?;
            self.file_size_bytes = self.size_bytes();
        }
        Ok(files)
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        // Whoever opens the file next must not meet zeros that this one still writes.
        if let Some(zeros) = &self.zeros {
            zeros.stop();
        }
    }
}

/// New files, never the inodes of old ones, which somebody may have mapped. The log comes last: a
/// segment is there when its log is.
fn create_files(fs: &Arc<dyn FileSystem>, dir: &Path, base_offset: i64) -> Result<Arc<dyn File>> {
    SegmentWriter::undo_create(fs, dir, base_offset)?;
    for kind in [FileKind::OffsetIndex, FileKind::TimeIndex] {
        fs.open(&kind.path(dir, base_offset), OpenMode::CreateNew)?;
    }
    fs.open(&FileKind::Log.path(dir, base_offset), OpenMode::CreateNew)
}

fn zeros_of(
    fs: &Arc<dyn FileSystem>,
    segment: &Segment,
    config: &LogConfig,
    len: usize,
) -> Result<Option<Arc<ZeroAhead>>> {
    if !config.preallocate {
        return Ok(None);
    }
    let path = segment.path(FileKind::Log);
    ZeroAhead::new(&**fs, &path, len, segment.capacity_bytes()).map(Some)
}

/// A segment as recovery found it, ready to go on.
#[derive(Debug)]
pub(crate) struct RecoveredSegment {
    /// Its base offset.
    pub(crate) base_offset: i64,
    /// Bytes of good batches.
    pub(crate) size_bytes: usize,
    /// Its offset index, in memory.
    pub(crate) offset_index: OffsetIndex,
    /// Its time index, in memory.
    pub(crate) time_index: TimeIndex,
    /// Where indexing stands.
    pub(crate) indexing: Indexing,
    /// Entries that the index files hold already.
    pub(crate) spilled: (usize, usize),
    /// Offset after the last batch.
    pub(crate) next_offset: i64,
}

fn capacity(config: &LogConfig, size_bytes: usize) -> usize {
    (config.segment_bytes as usize).max(size_bytes).min(SEGMENT_SIZE_BYTES_MAX)
}
