//! Follows the end of a segment that another process writes: validates bytes, then publishes them.
//!
//! What a writer has published is in its memory only, so a reader takes from the file what is
//! surely a batch: header in order, offsets that increase, whole, CRC right. The bytes come through
//! `pread`, and only validated ones are ever touched through the map: a writer that restarts may
//! cut a torn tail or trim zeros while this process reads. Invariant: a published byte belongs to a
//! batch that recovery would keep, so the writer never takes it back in this file: a good one, or one
//! below the recovery point; a truncation writes a new file, which has another inode. `reader.rs`
//! decides which file to follow.

use std::path::Path;
use std::sync::Arc;

use crate::batch::{Batch, BatchHeader, HEADER_SIZE_BYTES};
use crate::error::Result;
use crate::fs::{File, FileSystem, OpenMode};
use crate::index::OffsetIndex;
use crate::indexing::Indexing;
use crate::recovery::refuse_other_formats;
use crate::segment::{FileKind, Segment};
use crate::segment_writer::SEGMENT_SIZE_BYTES_MAX;
use crate::time_index::TimeIndex;

const INDEX_INTERVAL_BYTES: u32 = 4096;
/// No index of a 2 GiB segment is larger.
const INDEX_SIZE_BYTES: u32 = 1 << 23;
/// Bytes that are read at once; a larger batch is read whole.
const CHUNK_BYTES: usize = 1 << 20;

/// A segment whose file may grow, and how far it was validated.
#[derive(Debug)]
pub(crate) struct Following {
    segment: Arc<Segment>,
    file: Arc<dyn File>,
    inode: u64,
    position: usize,
    next_offset: i64,
    /// What lies below was durable: a bad CRC there is damage, and no batch that is being written.
    durable_offset: i64,
    indexing: Indexing,
}

/// What stands at a position of the file.
enum Found {
    /// So many bytes of whole batches were validated.
    Batches(usize),
    /// A batch of this size stands here, perhaps not wholly written yet.
    Larger(usize),
    /// Nothing that is a batch, yet.
    Nothing,
}

impl Following {
    /// Follows the file of the segment at `base_offset`, from its front; `None` if it is gone.
    pub(crate) fn start(
        fs: &Arc<dyn FileSystem>,
        dir: &Path,
        base_offset: i64,
    ) -> Result<Option<Self>> {
        let path = FileKind::Log.path(dir, base_offset);
        let Some(before) = fs.metadata(&path)? else { return Ok(None) };
        let file = match fs.open(&path, OpenMode::Read) {
            Err(error) if error.is_not_found() => return Ok(None),
            opened => opened?,
        };
        if fs.metadata(&path)?.map(|meta| meta.inode) != Some(before.inode) {
            return Ok(None);
        }
        let segment = Segment::new(Arc::clone(fs), dir, base_offset, 0, SEGMENT_SIZE_BYTES_MAX)
            .of_inode(before.inode)
            .with_indexes(
                OffsetIndex::growing(base_offset, INDEX_SIZE_BYTES),
                TimeIndex::growing(base_offset, INDEX_SIZE_BYTES),
            );
        Ok(Some(Self {
            segment: Arc::new(segment),
            file,
            inode: before.inode,
            position: 0,
            next_offset: base_offset,
            durable_offset: base_offset,
            indexing: Indexing::new(INDEX_INTERVAL_BYTES),
        }))
    }

    /// The segment, published as far as it was validated.
    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// The inode of the file that is followed.
    pub(crate) fn inode(&self) -> u64 {
        self.inode
    }

    /// Offset after the last validated batch.
    pub(crate) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Takes over the recovery point that a checkpoint tells.
    pub(crate) fn set_durable_offset(&mut self, offset: i64) {
        self.durable_offset = offset;
    }

    /// How many bytes were validated.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Whether every byte of the file is validated, as in a segment that was sealed.
    pub(crate) fn is_whole(&self) -> Result<bool> {
        Ok(self.file.len()? == self.position as u64)
    }

    /// Whether the file lost bytes that were published, which no writer of this engine does.
    pub(crate) fn has_shrunk(&self) -> Result<bool> {
        Ok(self.file.len()? < self.position as u64)
    }

    /// Validates and publishes what was written since the last time; tells whether anything was.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        let before = self.position;
        let len = usize::try_from(self.file.len()?).unwrap_or(usize::MAX);
        let len = len.min(SEGMENT_SIZE_BYTES_MAX);
        let mut buffer = Vec::new();
        let mut wanted = CHUNK_BYTES;
        while self.position < len {
            buffer.resize(wanted.min(len - self.position), 0);
            let read = self.file.read_at(&mut buffer, self.position as u64)?;
            match self.take(buffer.get(..read).unwrap_or_default())? {
                Found::Batches(size_bytes) => {
                    self.position += size_bytes;
                    self.segment.publish(self.position);
                    wanted = CHUNK_BYTES;
                }
                // The length is believed only as far as the file has bytes.
                Found::Larger(size_bytes)
                    if size_bytes > read && size_bytes <= len - self.position =>
                {
                    wanted = size_bytes;
                }
                Found::Larger(_) | Found::Nothing => break,
            }
        }
        Ok(self.position > before)
    }

    /// Indexes the whole good batches that `bytes` start with.
    fn take(&mut self, bytes: &[u8]) -> Result<Found> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let Some(batch) = self.good_batch(rest)? else { break };
            let place = (self.position + taken, batch.bytes.len());
            let indexes = (self.segment.offset_index()?, self.segment.time_index()?);
            self.indexing.add(&batch.header, place, indexes)?;
            self.next_offset = batch.header.next_offset();
            taken += batch.bytes.len();
        }
        if taken > 0 {
            return Ok(Found::Batches(taken));
        }
        let header = bytes.first_chunk::<HEADER_SIZE_BYTES>().map(BatchHeader::parse);
        let size = header.filter(|header| self.follows(header)).map(|header| header.size_bytes());
        Ok(size.and_then(Result::ok).map_or(Found::Nothing, Found::Larger))
    }

    fn follows(&self, header: &BatchHeader) -> bool {
        header.check().is_ok()
            && header.base_offset >= self.next_offset
            && header.last_offset() - self.segment.base_offset() <= i64::from(i32::MAX)
    }

    /// The batch that `rest` starts with, if it is whole and good. One of another format version is
    /// refused, not taken for the end; a damaged one that was durable counts, and whoever reads it is
    /// told.
    fn good_batch<'a>(&self, rest: &'a [u8]) -> Result<Option<Batch<'a>>> {
        let Ok(Some(batch)) = Batch::first(rest) else {
            refuse_other_formats(rest, self.file.path())?;
            return Ok(None);
        };
        let was_durable = batch.header.next_offset() <= self.durable_offset;
        let good = self.follows(&batch.header) && (was_durable || batch.verify_crc().is_ok());
        Ok(good.then_some(batch))
    }
}
