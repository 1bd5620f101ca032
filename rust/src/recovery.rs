//! Walks a segment after a crash: what of it is good, and the indexes that belong to it.
//!
//! Below the recovery point everything was made durable and is believed; above it every batch must
//! be whole, follow the last one and match its CRC. The first that does not ends the segment.
//! Invariant: nothing is changed on disk here; `loader.rs` acts on what is found. Bytes that are
//! whole batches of another format version are never called damage: they are refused, so that
//! nobody's data is cut off for being old or new.

use std::path::Path;
use std::sync::Arc;

use crate::batch::{Batch, BatchHeader, HEADER_SIZE_BYTES, MAGIC};
use crate::config::LogConfig;
use crate::crc::{crc32, crc32c};
use crate::error::{LogError, Result};
use crate::fs::{FileSystem, OpenMode};
use crate::index::OffsetIndex;
use crate::indexing::Indexing;
use crate::mmap::FileMap;
use crate::segment::{FileKind, Segment};
use crate::segment_writer::RecoveredSegment;
use crate::time_index::{TimeIndex, TimestampOffset};

/// How much of a segment is believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trust {
    /// Offset below which batches are believed without a look at their CRC.
    pub(crate) below_offset: i64,
    /// Whether what is above is believed too, as after a clean shutdown.
    pub(crate) clean: bool,
}

/// What the walk found.
#[derive(Debug)]
pub(crate) struct Walked {
    /// The good part.
    pub(crate) segment: RecoveredSegment,
    /// Bytes in the file past the good part.
    pub(crate) excess_bytes: u64,
    /// Why the walk ended before the file did, if not in zeros.
    pub(crate) damage: Option<String>,
    /// Bytes whose CRC was checked.
    pub(crate) checked_bytes: u64,
}

/// Walks the segment at `base_offset`.
///
/// # Errors
/// `Io`; `UnsupportedFormat` for whole batches of another magic; `Corrupt` where believed bytes
/// are damaged.
pub(crate) fn walk_segment(
    fs: &Arc<dyn FileSystem>,
    dir: &Path,
    base_offset: i64,
    config: &LogConfig,
    trust: Trust,
) -> Result<Walked> {
    let path = FileKind::Log.path(dir, base_offset);
    let file = fs.open(&path, OpenMode::Read)?;
    let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
    let map = FileMap::new(file.as_fd(), len, len)
        .map_err(|source| LogError::io("mmap", &path, source))?;
    let mut walk = Walk::start(fs, dir, base_offset, config, trust, len)?;
    let damage = walk.run(&Source { map: &map, path: &path }, trust)?;
    let excess_bytes = (len - walk.position) as u64;
    let is_durable = walk.next_offset < trust.below_offset || walk.is_durable_damaged;
    if let Some(reason) = damage.as_ref().filter(|_| is_durable) {
        return Err(LogError::corrupt(
            &path,
            walk.position as u64,
            format!(
                "{reason}; the recovery point {} says that these bytes were durable",
                trust.below_offset
            ),
        ));
    }
    Ok(Walked { excess_bytes, damage, checked_bytes: walk.checked_bytes, segment: walk.finish() })
}

/// The file that is walked.
struct Source<'a> {
    map: &'a FileMap,
    path: &'a Path,
}

impl<'a> Source<'a> {
    /// Its bytes from `position` on, of which the first `wanted` can be touched.
    fn rest(&self, position: usize, wanted: usize) -> Result<&'a [u8]> {
        let read = |source| LogError::io("read", self.path, source);
        self.map.load(position..position.saturating_add(wanted)).map_err(read)?;
        Ok(self.map.bytes(position..self.map.published()).unwrap_or_default())
    }
}

struct Walk {
    base_offset: i64,
    position: usize,
    next_offset: i64,
    /// What `next_offset` was before the last batch.
    before_offset: i64,
    offset_index: OffsetIndex,
    time_index: TimeIndex,
    indexing: Indexing,
    spilled: (usize, usize),
    checked_bytes: u64,
    /// Whether the walk stopped at a batch that was durable, because the offset of one before it,
    /// which no CRC covers, is wrong.
    is_durable_damaged: bool,
}

impl Walk {
    /// Starts at the last batch that the index files lead to below the trusted offset, or at the
    /// front of the segment.
    fn start(
        fs: &Arc<dyn FileSystem>,
        dir: &Path,
        base_offset: i64,
        config: &LogConfig,
        trust: Trust,
        len: usize,
    ) -> Result<Self> {
        let index_bytes = config.segment_index_bytes;
        let mut walk = Self {
            base_offset,
            position: 0,
            next_offset: base_offset,
            before_offset: base_offset,
            offset_index: OffsetIndex::growing(base_offset, index_bytes),
            time_index: TimeIndex::growing(base_offset, index_bytes),
            indexing: Indexing::new(config.index_interval_bytes),
            spilled: (0, 0),
            checked_bytes: 0,
            is_durable_damaged: false,
        };
        let trusted_offset = if trust.clean { i64::MAX } else { trust.below_offset };
        if trusted_offset > base_offset {
            walk.believe_indexes(fs, dir, trusted_offset, (len, index_bytes))?;
        }
        Ok(walk)
    }

    fn believe_indexes(
        &mut self,
        fs: &Arc<dyn FileSystem>,
        dir: &Path,
        trusted_offset: i64,
        (len, index_bytes): (usize, u32),
    ) -> Result<()> {
        let segment = Segment::sealed(Arc::clone(fs), dir, self.base_offset, len);
        let Some((offsets, times)) = segment.indexes_of_files()? else { return Ok(()) };
        let offsets = offsets.prefix(trusted_offset, index_bytes);
        let Some(last) = offsets.last() else { return Ok(()) };
        let Ok(Some(at)) = segment.batch_at(last.position as usize) else { return Ok(()) };
        if at.header.base_offset > last.offset || at.header.last_offset() != last.offset {
            return Ok(());
        }
        let times = times.prefix(last.offset.saturating_add(1), index_bytes);
        self.indexing.largest = times.last().unwrap_or(TimestampOffset::NONE);
        self.spilled = (offsets.len(), times.len());
        self.offset_index = offsets;
        self.time_index = times;
        self.position = at.position;
        self.next_offset = at.header.base_offset;
        self.before_offset = at.header.base_offset;
        Ok(())
    }

    /// Walks to the first byte that is no good batch; says why it stopped, unless at the end of
    /// the file or in zeros.
    fn run(&mut self, source: &Source<'_>, trust: Trust) -> Result<Option<String>> {
        let mut indexed = self.offset_index.last().is_some();
        loop {
            let rest = source.rest(self.position, HEADER_SIZE_BYTES)?;
            if rest.iter().take(HEADER_SIZE_BYTES).all(|byte| *byte == 0) {
                let rest = source.rest(self.position, usize::MAX)?;
                let is_tail = rest.iter().all(|byte| *byte == 0);
                return Ok((!is_tail).then(|| "zeros stand where a batch should".to_owned()));
            }
            let claimed = rest.first_chunk().map_or(0, |head| BatchHeader::parse(head).length);
            let claimed = usize::try_from(claimed).unwrap_or(0).saturating_add(HEADER_SIZE_BYTES);
            let rest = source.rest(self.position, claimed)?;
            refuse_other_formats(rest, source.path)?;
            let batch = match self.good_batch(rest, trust) {
                Ok(batch) => batch,
                Err(reason) => return Ok(Some(reason)),
            };
            let place = (self.position, batch.bytes.len());
            if indexed {
                // The batch that the last entry names is indexed already.
                self.indexing.bytes_since_entry = batch.bytes.len();
                indexed = false;
            } else {
                self.indexing.add(&batch.header, place, (&self.offset_index, &self.time_index))?;
            }
            self.position += batch.bytes.len();
            self.before_offset = self.next_offset;
            self.next_offset = batch.header.next_offset();
        }
    }

    fn good_batch<'a>(&mut self, rest: &'a [u8], trust: Trust) -> Result<Batch<'a>, String> {
        let batch = Batch::first(rest)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "the last batch is cut off".to_owned())?;
        if batch.header.base_offset < self.next_offset {
            // If the batch before says too much, this one is still behind the one before that. If
            // not, this one was torn inside of its own offset, and was not durable.
            self.is_durable_damaged = batch.header.last_offset() < trust.below_offset
                && batch.header.base_offset > self.before_offset;
            return Err(format!(
                "offset {} follows offset {}",
                batch.header.base_offset,
                self.next_offset - 1
            ));
        }
        if batch.header.last_offset() - self.base_offset > i64::from(i32::MAX) {
            return Err(format!("offset {} is too far from the base", batch.header.last_offset()));
        }
        if !trust.clean && batch.header.last_offset() >= trust.below_offset {
            batch.verify_crc().map_err(|error| error.to_string())?;
            self.checked_bytes += batch.bytes.len() as u64;
        }
        Ok(batch)
    }

    fn finish(self) -> RecoveredSegment {
        RecoveredSegment {
            base_offset: self.base_offset,
            size_bytes: self.position,
            offset_index: self.offset_index,
            time_index: self.time_index,
            indexing: self.indexing,
            spilled: self.spilled,
            next_offset: self.next_offset,
        }
    }
}

/// Refuses a whole batch or message of another magic, told from damage by its own checksum: magic
/// 0 and 1 carry a CRC-32 at byte 12, later ones a CRC-32C at 17.
pub(crate) fn refuse_other_formats(rest: &[u8], path: &Path) -> Result<()> {
    let Some(head) = rest.first_chunk::<HEADER_SIZE_BYTES>() else { return Ok(()) };
    let header = BatchHeader::parse(head);
    let size = usize::try_from(i64::from(header.length) + 12).unwrap_or(0);
    let Some(message) = rest.get(..size).filter(|_| header.magic != MAGIC) else { return Ok(()) };
    let other = match header.magic {
        0 | 1 => message.split_at_checked(16).is_some_and(|(head, body)| {
            head.last_chunk::<4>().is_some_and(|crc| u32::from_be_bytes(*crc) == crc32(body))
        }),
        _ => message.get(21..).is_some_and(|body| crc32c(body) == header.crc),
    };
    if !other {
        return Ok(());
    }
    Err(LogError::UnsupportedFormat {
        path: path.to_owned(),
        format: "record batch",
        version: i64::from(header.magic),
    })
}
