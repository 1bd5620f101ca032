//! Opens batches for reading: CRC checked, decompressed, control batches left out.
//!
//! Invariants: only whole, undamaged batches come out; a chunk that is not the end of the log moves
//! on, so that whoever loops over chunks ends.

use std::borrow::Cow;
use std::sync::Arc;

use logcore::batch::HEADER_SIZE_BYTES;
use logcore::known_batches::{self, KnownBatch};
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

/// Records from which it is worth to remember a batch that is read from its middle.
const WORTH_COUNT: i32 = 64;

/// The records' bytes of one batch.
pub(crate) enum RecordBytes {
    /// Not compressed: a view of the segment.
    Mapped(Slice),
    Owned(Vec<u8>),
    /// Decompressed before.
    Known(Arc<KnownBatch>),
}

impl RecordBytes {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(slice) => slice,
            Self::Owned(bytes) => bytes,
            Self::Known(known) => known.decompressed().unwrap_or_default(),
        }
    }

    /// The records' bytes of a batch as they stand in its slice.
    fn mapped(slice: &Slice) -> Self {
        let part = slice.part(HEADER_SIZE_BYTES.min(slice.len())..slice.len());
        part.map_or_else(|| Self::Owned(Vec::new()), Self::Mapped)
    }
}

/// A batch whose records can be read.
pub(crate) struct OpenBatch {
    pub(crate) header: BatchHeader,
    pub(crate) records: RecordBytes,
    known: Option<Arc<KnownBatch>>,
}

impl OpenBatch {
    /// Opens the batch that `slice` is.
    pub(crate) fn new(batch: &Batch<'_>, slice: &Slice) -> Result<Self> {
        batch.verify_crc()?;
        let records = match decode(batch, DECOMPRESSED_BYTES_MAX)? {
            Cow::Owned(bytes) => RecordBytes::Owned(bytes),
            Cow::Borrowed(_) => RecordBytes::mapped(slice),
        };
        Ok(Self { header: batch.header, records, known: None })
    }

    /// Opens the batch that `slice` is for a read from `offset` on, which may lie in its middle.
    fn at(batch: &Batch<'_>, slice: &Slice, offset: i64) -> Result<Self> {
        let header = batch.header;
        if offset <= header.base_offset || header.count < WORTH_COUNT {
            return Self::new(batch, slice);
        }
        let known = if let Some(known) = known_batches::find(slice) {
            known
        } else {
            batch.verify_crc()?;
            let records = decode(batch, DECOMPRESSED_BYTES_MAX)?;
            let known = Arc::new(KnownBatch::new(&header, records)?);
            known_batches::remember(slice, &known);
            known
        };
        let records = match known.decompressed() {
            Some(_) => RecordBytes::Known(Arc::clone(&known)),
            None => RecordBytes::mapped(slice),
        };
        Ok(Self { header, records, known: Some(known) })
    }

    pub(crate) fn records(&self) -> Result<Records<'_>> {
        Records::new(&self.header, self.records.as_slice())
    }

    /// The records from `offset` on, and perhaps some before it.
    pub(crate) fn records_near(&self, offset: i64) -> Result<Records<'_>> {
        match &self.known {
            Some(known) => known.records_near(self.records.as_slice(), offset),
            None => self.records(),
        }
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
        chunk.batches.push(OpenBatch::at(&batch, &whole, offset)?);
        let skipped = usize::try_from(offset - batch.header.base_offset).unwrap_or(0);
        count += usize::try_from(batch.header.count).unwrap_or(0).saturating_sub(skipped);
        if count >= limits.max_records {
            break;
        }
    }
    Ok((chunk.size_bytes > 0).then_some(chunk))
}
