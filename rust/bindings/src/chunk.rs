//! Opens batches for reading: CRC checked, decompressed, control batches left out.
//!
//! Invariants: only whole, undamaged batches come out; a chunk that is not the end of the log moves
//! on, so that whoever loops over chunks ends.

use logcore::log::Isolation;
use logcore::record::decode;
use logcore::segment::LOAD_BYTES_MAX;
use logcore::{Batch, BatchHeader, Batches, Log, Records, Result, Slice};

/// Bytes that records of one batch may have after decompression.
const DECOMPRESSED_BYTES_MAX: usize = i32::MAX as usize;

/// What batches are read from.
pub(crate) trait Source: Sync {
    /// Whole batches from the one that holds `offset`; the last may be cut off.
    fn read(&self, offset: i64, max_bytes: usize) -> Result<Option<Slice>>;
}

impl Source for Log {
    fn read(&self, offset: i64, max_bytes: usize) -> Result<Option<Slice>> {
        Ok(Self::read(self, offset, max_bytes, true, Isolation::LogEnd)?.records)
    }
}

/// The records' bytes of one batch.
pub(crate) enum RecordBytes {
    /// Not compressed: a view of the segment.
    Mapped(Slice),
    Owned(Vec<u8>),
}

impl RecordBytes {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(slice) => slice,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// A batch whose records can be read.
pub(crate) struct OpenBatch {
    pub(crate) header: BatchHeader,
    pub(crate) records: RecordBytes,
}

impl OpenBatch {
    /// Opens the batch that `slice` is.
    pub(crate) fn new(batch: &Batch<'_>, slice: &Slice) -> Result<Self> {
        batch.verify_crc()?;
        let header = batch.header;
        let records = match decode(batch, DECOMPRESSED_BYTES_MAX)? {
            std::borrow::Cow::Owned(bytes) => RecordBytes::Owned(bytes),
            std::borrow::Cow::Borrowed(bytes) => {
                let start = slice.len() - bytes.len();
                let part = slice.part(start..slice.len());
                part.map_or_else(|| RecordBytes::Owned(bytes.to_vec()), RecordBytes::Mapped)
            }
        };
        Ok(Self { header, records })
    }

    pub(crate) fn records(&self) -> Result<Records<'_>> {
        Records::new(&self.header, self.records.as_slice())
    }
}

/// Batches of one read.
pub(crate) struct Chunk {
    pub(crate) batches: Vec<OpenBatch>,
    /// The read's bytes.
    pub(crate) slice: Slice,
    /// Offset after the last batch.
    pub(crate) next_offset: i64,
    /// Bytes of the batches, those left out too.
    pub(crate) size_bytes: usize,
}

/// How much to read at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// No further batch is opened once so many records are there.
    pub(crate) max_records: usize,
    /// At least one batch is read, however large.
    pub(crate) max_bytes: usize,
}

/// Reads and opens batches from `offset` on; `None` at the end of the log. It may wait for a disk.
pub(crate) fn read_chunk(
    source: &impl Source,
    offset: i64,
    limits: Limits,
) -> Result<Option<Chunk>> {
    // No more than the read makes sure of.
    let max_bytes = limits.max_bytes.min(LOAD_BYTES_MAX);
    let Some(slice) = source.read(offset, max_bytes)? else { return Ok(None) };
    let mut chunk = Chunk { batches: Vec::new(), slice, next_offset: offset, size_bytes: 0 };
    let mut count = 0;
    for batch in Batches::new(&chunk.slice) {
        let batch = batch?;
        let start = chunk.size_bytes;
        chunk.size_bytes += batch.bytes.len();
        chunk.next_offset = chunk.next_offset.max(batch.header.next_offset());
        if batch.header.is_control() || batch.header.next_offset() <= offset {
            continue;
        }
        let Some(whole) = chunk.slice.part(start..chunk.size_bytes) else { break };
        chunk.batches.push(OpenBatch::new(&batch, &whole)?);
        let skipped = usize::try_from(offset - batch.header.base_offset).unwrap_or(0);
        count += usize::try_from(batch.header.count).unwrap_or(0).saturating_sub(skipped);
        if count >= limits.max_records {
            break;
        }
    }
    Ok((chunk.size_bytes > 0).then_some(chunk))
}
