//! The records inside a batch: one walk over their bytes, and views of single records.
//!
//! Invariant: a walk that ends without an error has seen exactly the header's `count` records,
//! offset deltas rising within 0 to `last_offset_delta`, filling the bytes exactly. Nothing is
//! copied. `extent.rs` reads a single record; `columns.rs` and `validator.rs` use the same walk;
//! `builder.rs` is its inverse.

use std::borrow::Cow;

use crate::batch::{Batch, BatchHeader};
use crate::compression::{Codec, decompress};
use crate::error::{LogError, Result};
use crate::extent::{Extent, glance, parse, take_header};

/// Bytes of the smallest record: seven one-byte numbers.
pub const RECORD_BYTES_MIN: usize = 7;

/// The records' bytes of a batch: borrowed if they are not compressed, else decompressed into at
/// most `limit_bytes`.
///
/// # Errors
/// `UnsupportedCompression` for an unknown codec, `CorruptBatch` for damage or past the limit.
pub fn decode<'a>(batch: &Batch<'a>, limit_bytes: usize) -> Result<Cow<'a, [u8]>> {
    let bytes = batch.records_bytes();
    let codec = Codec::from_id(batch.header.codec_id())?;
    // Compaction may leave a batch of no records; there is nothing to decompress then.
    if codec == Codec::None || (bytes.is_empty() && batch.header.count == 0) {
        return Ok(Cow::Borrowed(bytes));
    }
    decompress(codec, bytes, limit_bytes).map(Cow::Owned)
}

/// The timestamp of a record: the append time if the broker set it, else base plus delta.
pub fn record_timestamp(header: &BatchHeader, record: &RecordRef<'_>) -> i64 {
    timestamp(header, record.timestamp_delta)
}

#[inline]
pub(crate) fn timestamp(header: &BatchHeader, timestamp_delta: i64) -> i64 {
    if header.is_log_append_time() {
        return header.max_timestamp;
    }
    header.base_timestamp.wrapping_add(timestamp_delta)
}

/// The walk from record to record; every reader of records goes through it.
#[derive(Debug, Clone)]
pub(crate) struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    left: i32,
    previous_delta: i32,
    last_delta: i32,
}

impl<'a> Walk<'a> {
    /// A walk over the decompressed records' bytes of a batch.
    pub(crate) fn new(header: &BatchHeader, bytes: &'a [u8]) -> Result<Self> {
        let most = bytes.len() / RECORD_BYTES_MIN;
        if usize::try_from(header.count).map_or(true, |count| count > most) {
            return Err(LogError::corrupt_batch(format!(
                "{} records cannot stand in {} bytes",
                header.count,
                bytes.len()
            )));
        }
        let last_delta = header.last_offset_delta;
        Ok(Self { bytes, at: 0, left: header.count, previous_delta: -1, last_delta })
    }

    /// Where the walk stands.
    fn mark(&self) -> Mark {
        Mark { at: self.at, left: self.left, previous_delta: self.previous_delta }
    }

    /// The next record; `None` after the last, once it is sure that no bytes are left.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as a call it would hand ten numbers over in memory")]
    pub(crate) fn step(&mut self) -> Result<Option<Extent>> {
        if self.left == 0 {
            return if self.at == self.bytes.len() { Ok(None) } else { Err(self.too_many()) };
        }
        let extent = match glance(self.bytes, self.at) {
            Some(extent) => extent,
            None => parse(self.bytes, self.at).map_err(|why| self.damaged(why))?,
        };
        if extent.offset_delta <= self.previous_delta || extent.offset_delta > self.last_delta {
            return Err(self.out_of_order(extent.offset_delta));
        }
        self.previous_delta = extent.offset_delta;
        self.at = extent.end;
        self.left -= 1;
        Ok(Some(extent))
    }

    #[cold]
    fn too_many(&self) -> LogError {
        let extra = self.bytes.len() - self.at;
        LogError::corrupt_batch(format!("{extra} bytes follow the last record"))
    }

    #[cold]
    fn damaged(&self, why: &'static str) -> LogError {
        LogError::corrupt_batch(format!("record at byte {}: {why}", self.at))
    }

    #[cold]
    fn out_of_order(&self, offset_delta: i32) -> LogError {
        LogError::corrupt_batch(format!(
            "record at byte {}: offset delta {offset_delta} is not within {} to {}",
            self.at,
            i64::from(self.previous_delta) + 1,
            self.last_delta
        ))
    }
}

/// One record, borrowed from the records' bytes of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Unused by Kafka so far: 0.
    pub attributes: i8,
    /// Offset minus the batch's base offset.
    pub offset_delta: i32,
    /// Timestamp minus the batch's base timestamp; see [`record_timestamp`].
    pub timestamp_delta: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null: a tombstone.
    pub value: Option<&'a [u8]>,
    /// Number of headers.
    pub header_count: i32,
    /// The headers as they stand in the record, without their count; whole by construction.
    pub(crate) header_bytes: &'a [u8],
}

impl<'a> RecordRef<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], extent: &Extent) -> Self {
        Self {
            attributes: extent.attributes,
            offset_delta: extent.offset_delta,
            timestamp_delta: extent.timestamp_delta,
            key: extent.key.of(bytes),
            value: extent.value.of(bytes),
            header_count: extent.header_count,
            header_bytes: bytes.get(extent.headers_start..extent.end).unwrap_or_default(),
        }
    }

    /// The headers, in order; keys may repeat.
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.header_bytes }
    }
}

/// The headers of a record: key and value. What of a key is not UTF-8 becomes U+FFFD, as in Apache
/// Kafka's clients: brokers take any bytes.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Headers<'a> {
    type Item = (Cow<'a, str>, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = take_header(&mut self.rest)?;
        Some((String::from_utf8_lossy(key), value))
    }
}

/// A place between two records, from which a walk can go on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    at: usize,
    left: i32,
    /// Offset delta of the record before.
    pub(crate) previous_delta: i32,
}

/// A place in a batch from which its records can be read one by one, without borrowing its bytes
/// meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct RecordCursor(Mark);

impl RecordCursor {
    /// The place before the first record.
    pub fn start(header: &BatchHeader) -> Self {
        Self(Mark { at: 0, left: header.count, previous_delta: -1 })
    }

    /// The record at this place in the decompressed records' bytes of the batch, and on to the
    /// next one; `None` after the last.
    ///
    /// # Errors
    /// `CorruptBatch` at the first damage.
    #[inline]
    pub fn next<'a>(
        &mut self,
        header: &BatchHeader,
        bytes: &'a [u8],
    ) -> Result<Option<RecordRef<'a>>> {
        let Mark { at, left, previous_delta } = self.0;
        let last_delta = header.last_offset_delta;
        let mut walk = Walk { bytes, at, left, previous_delta, last_delta };
        let extent = walk.step()?;
        self.0 = walk.mark();
        Ok(extent.map(|extent| RecordRef::new(bytes, &extent)))
    }
}

/// Walks over all records; a mark after every `interval` of them.
pub(crate) fn marks(header: &BatchHeader, bytes: &[u8], interval: i32) -> Result<Vec<Mark>> {
    let mut walk = Walk::new(header, bytes)?;
    let mut marks = Vec::new();
    while walk.step()?.is_some() {
        if (header.count - walk.left) % interval == 0 {
            marks.push(walk.mark());
        }
    }
    Ok(marks)
}

/// The records of a batch, in order; the first damage is an error and the end.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    /// `None` after the end.
    walk: Option<Walk<'a>>,
}

impl<'a> Records<'a> {
    /// The records in the decompressed records' bytes of a batch; see [`decode`].
    ///
    /// # Errors
    /// `CorruptBatch` when the bytes cannot hold so many records.
    pub fn new(header: &BatchHeader, bytes: &'a [u8]) -> Result<Self> {
        Walk::new(header, bytes).map(|walk| Self { walk: Some(walk) })
    }

    /// The records after a mark of the same batch.
    pub(crate) fn from_mark(header: &BatchHeader, bytes: &'a [u8], mark: Mark) -> Result<Self> {
        let Mark { at, left, previous_delta } = mark;
        let walk = Walk { at, left, previous_delta, ..Walk::new(header, bytes)? };
        Ok(Self { walk: Some(walk) })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordRef<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let walk = self.walk.as_mut()?;
        let bytes = walk.bytes;
        let item =
            walk.step().transpose().map(|step| step.map(|extent| RecordRef::new(bytes, &extent)));
        if !matches!(item, Some(Ok(_))) {
            self.walk = None;
        }
        item
    }
}
