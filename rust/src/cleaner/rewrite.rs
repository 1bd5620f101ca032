//! The second pass: a group of segments becomes one, written beside them as `.cleaned` files.
//!
//! Invariants: nothing that the log consists of is touched; when the writing ends without an error
//! the files are whole and durable, and when it ends with one they are gone. The last batch of a
//! group stays, if only its header, so that the new segment reaches as far as the old ones did:
//! after a crash that tells the loader which files it replaces, and that nothing is missing before
//! the next segment. `swap.rs` puts them in place.

use std::path::Path;
use std::sync::Arc;

use super::filter::{Counts, Filter, Kept, Rules};
use super::scan::with_batch;
use super::swap::{CLEANED, Swap};
use crate::batch::{BatchHeader, HEADER_SIZE_BYTES};
use crate::config::LogConfig;
use crate::error::{LogError, Result};
use crate::fs::{File, FileSystem, OpenMode, with_suffix};
use crate::index::OffsetIndex;
use crate::indexing::Indexing;
use crate::segment::{FileKind, Segment};
use crate::time_index::TimeIndex;
use crate::transaction_index::{AbortedTransaction, TransactionIndex};

const WRITE_CHUNK_BYTES: usize = 1 << 20;
const SEGMENT_BYTES_MAX: usize = i32::MAX as usize;

/// Rewrites the groups of one round, in order.
#[derive(Debug)]
pub(crate) struct Rewriter<'a> {
    fs: &'a Arc<dyn FileSystem>,
    dir: &'a Path,
    config: &'a LogConfig,
    filter: Filter<'a>,
}

/// A group that was rewritten.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// The files to put in place, `None` if nothing would change.
    pub(crate) swap: Option<Swap>,
    /// Bytes of the segment afterwards.
    pub(crate) size_bytes: usize,
}

impl<'a> Rewriter<'a> {
    /// A rewriter for one round; `aborted` are the aborted transactions of the whole log.
    pub(crate) fn new(
        (fs, dir, config): (&'a Arc<dyn FileSystem>, &'a Path, &'a LogConfig),
        rules: Rules<'a>,
        aborted: &[AbortedTransaction],
    ) -> Self {
        Self { fs, dir, config, filter: Filter::new(rules, aborted) }
    }

    /// Records read, kept, and dropped for want of a key so far.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let Counts { read, kept, unkeyed } = self.filter.counts;
        (read, kept, unkeyed)
    }

    /// Writes what stays of `group` to `.cleaned` files.
    ///
    /// # Errors
    /// `Corrupt`, `Io`, `InvalidArgument`; no file is left then.
    pub(crate) fn rewrite(&mut self, group: &[Arc<Segment>]) -> Result<Rewritten> {
        let base_offset = group.first().map_or(0, |segment| segment.base_offset());
        let swap = Swap::new(self.fs, self.dir, base_offset);
        swap.remove_cleaned()?;
        let rewritten = self.rewrite_to(group, base_offset);
        match rewritten {
            Ok((size_bytes, true)) => Ok(Rewritten { swap: Some(swap), size_bytes }),
            Ok((size_bytes, false)) => {
                swap.remove_cleaned()?;
                Ok(Rewritten { swap: None, size_bytes })
            }
            Err(error) => {
                // The first error is the one to tell; the loader removes what is left.
                let _ = swap.remove_cleaned();
                Err(error)
            }
        }
    }

    /// The size written, and whether anything differs from the only segment of the group.
    fn rewrite_to(&mut self, group: &[Arc<Segment>], base_offset: i64) -> Result<(usize, bool)> {
        let mut target = Target::create((self.fs, self.dir), base_offset, self.config)?;
        let mut aborted = Vec::new();
        let mut is_changed = group.len() > 1;
        for (index, segment) in group.iter().enumerate() {
            let rest_is_empty =
                group.iter().skip(index + 1).all(|segment| segment.size_bytes() == 0);
            let mut next = segment.batch_at(0)?;
            while let Some(at) = next {
                let is_last = rest_is_empty && at.end() >= segment.size_bytes();
                with_batch(segment, &at, |batch| {
                    let kept = match self.filter.judge(batch, is_last, &mut aborted)? {
                        Kept::Original => batch.bytes,
                        Kept::Rebuilt(bytes) => {
                            is_changed = true;
                            bytes
                        }
                        Kept::Nothing => {
                            is_changed = true;
                            return Ok(());
                        }
                    };
                    target.push(kept)
                })?;
                next = segment.batch_at(at.end())?;
            }
        }
        let before = group.first().map(|segment| segment.transaction_index().transactions());
        is_changed |= before.transpose()?.is_none_or(|before| before.len() != aborted.len());
        if is_changed {
            target.finish(&aborted)?;
        }
        Ok((target.position, is_changed))
    }
}

/// The segment being written.
struct Target<'a> {
    fs: &'a Arc<dyn FileSystem>,
    dir: &'a Path,
    base_offset: i64,
    file: Arc<dyn File>,
    buffer: Vec<u8>,
    /// Bytes of batches, written or still in the buffer.
    position: usize,
    indexing: Indexing,
    offset_index: OffsetIndex,
    time_index: TimeIndex,
}

impl<'a> Target<'a> {
    fn create(
        (fs, dir): (&'a Arc<dyn FileSystem>, &'a Path),
        base_offset: i64,
        config: &LogConfig,
    ) -> Result<Self> {
        let path = with_suffix(&FileKind::Log.path(dir, base_offset), CLEANED);
        // A segment that was written under other settings may need a larger index than allowed now.
        let index_bytes = i32::MAX.cast_unsigned();
        Ok(Self {
            fs,
            dir,
            base_offset,
            file: fs.open(&path, OpenMode::CreateNew)?,
            buffer: Vec::new(),
            position: 0,
            indexing: Indexing::new(config.index_interval_bytes),
            offset_index: OffsetIndex::growing(base_offset, index_bytes),
            time_index: TimeIndex::growing(base_offset, index_bytes),
        })
    }

    fn push(&mut self, batch: &[u8]) -> Result<()> {
        let Some(head) = batch.first_chunk::<HEADER_SIZE_BYTES>() else { return Ok(()) };
        let place = (self.position, batch.len());
        if place.0 + place.1 > SEGMENT_BYTES_MAX {
            return Err(LogError::InvalidArgument(format!(
                "segment {} would have more than 2^31 - 1 bytes",
                self.base_offset
            )));
        }
        let indexes = (&self.offset_index, &self.time_index);
        self.indexing.add(&BatchHeader::parse(head), place, indexes)?;
        self.buffer.extend_from_slice(batch);
        self.position += batch.len();
        if self.buffer.len() >= WRITE_CHUNK_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        let start = self.position - self.buffer.len();
        self.file.write_at(&self.buffer, start as u64)?;
        self.buffer.clear();
        Ok(())
    }

    /// Completes the files and makes them durable, the directory too.
    fn finish(&mut self, aborted: &[AbortedTransaction]) -> Result<()> {
        self.write()?;
        self.file.sync_data()?;
        self.time_index.maybe_append(self.indexing.largest, true)?;
        for (kind, bytes) in [
            (FileKind::OffsetIndex, self.offset_index.encode_from(0)),
            (FileKind::TimeIndex, self.time_index.encode_from(0)),
        ] {
            let path = with_suffix(&kind.path(self.dir, self.base_offset), CLEANED);
            let file = self.fs.open(&path, OpenMode::CreateNew)?;
            file.write_at(&bytes, 0)?;
            file.sync_data()?;
        }
        let path = FileKind::TransactionIndex.path(self.dir, self.base_offset);
        let path = with_suffix(&path, CLEANED);
        let index = TransactionIndex::new(Arc::clone(self.fs), path, self.base_offset);
        aborted.iter().try_for_each(|transaction| index.append(transaction))?;
        index.flush()?;
        self.fs.sync_dir(self.dir)
    }
}
