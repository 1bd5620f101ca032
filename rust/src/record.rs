//! The records inside a batch: one walk over their bytes, and views of single records.
//!
//! ```text
//! varint length | i8 attributes | varlong timestamp delta | varint offset delta
//! varint key length (-1 null) | key | varint value length (-1 null) | value
//! varint header count | { varint length | key | varint length (-1 null) | value } ...
//! ```
//! Invariant: a walk that ends without an error has seen exactly the header's `count` records,
//! offset deltas rising within 0 to `last_offset_delta`, filling the bytes exactly. Nothing is
//! copied. `columns.rs` and `validator.rs` use the same walk; `builder.rs` is its inverse.

use std::borrow::Cow;

use crate::batch::{Batch, BatchHeader};
use crate::compression::{Codec, decompress};
use crate::error::{LogError, Result};
use crate::varint::{take_varint, take_varlong, unzigzag32};

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

/// Where the parts of one record lie: positions from the start of the records' bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) attributes: i8,
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) key: Field,
    pub(crate) value: Field,
    pub(crate) header_count: i32,
    pub(crate) headers_start: usize,
    pub(crate) end: usize,
}

/// A key or a value: `length` -1 is null, `start` then is where it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) start: usize,
    pub(crate) length: i32,
}

impl Field {
    fn of<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::try_from(self.length).ok()?;
        bytes.get(self.start..)?.get(..length)
    }
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

/// Bytes that [`glance`] looks at: five numbers of three bytes, the attributes, and some more, so
/// that a mask keeps every index inside.
const WINDOW_BYTES: usize = 32;

/// A number of at most three bytes, moving `at` past it.
#[inline]
fn short_number(window: &[u8; WINDOW_BYTES], at: &mut usize) -> Option<i32> {
    let byte = |at: usize| window.get(at % WINDOW_BYTES).copied().unwrap_or_default();
    let low = |byte: u8| u32::from(byte & 0x7F);
    let first = byte(*at);
    if first < 0x80 {
        *at += 1;
        return Some(unzigzag32(u32::from(first)));
    }
    let second = byte(*at + 1);
    if second < 0x80 {
        *at += 2;
        return Some(unzigzag32(low(first) | u32::from(second) << 7));
    }
    let third = byte(*at + 2);
    *at += 3;
    (third < 0x80).then(|| unzigzag32(low(first) | low(second) << 7 | u32::from(third) << 14))
}

/// Parses the record at `at` if it is an ordinary one: short numbers, no headers, nothing wrong and
/// some bytes after it. `None` says nothing of it: [`parse`] decides.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as a call it would hand ten numbers over in memory")]
fn glance(bytes: &[u8], start: usize) -> Option<Extent> {
    let window = bytes.get(start..)?.first_chunk::<WINDOW_BYTES>()?;
    let mut at = 0;
    let length = usize::try_from(short_number(window, &mut at)?).ok()?;
    let end = start + at + length;
    let attributes = window.get(at % WINDOW_BYTES).copied().unwrap_or_default().cast_signed();
    at += 1;
    let timestamp_delta = i64::from(short_number(window, &mut at)?);
    let offset_delta = short_number(window, &mut at)?;
    let key_length = short_number(window, &mut at)?;
    let key = Field { start: start + at, length: key_length };
    let value = if key_length <= 0 {
        let length = short_number(window, &mut at)?;
        Field { start: start + at, length }
    } else {
        let key_end = key.start + usize::try_from(key_length).ok()?;
        let window = bytes.get(key_end..)?.first_chunk::<WINDOW_BYTES>()?;
        let mut at = 0;
        let length = short_number(window, &mut at)?;
        Field { start: key_end + at, length }
    };
    let headers_at = value.start + usize::try_from(value.length.max(0)).ok()?;
    let is_ordinary = key_length >= -1
        && value.length >= -1
        && headers_at + 1 == end
        && *bytes.get(headers_at)? == 0;
    is_ordinary.then_some(Extent {
        attributes,
        timestamp_delta,
        offset_delta,
        key,
        value,
        header_count: 0,
        headers_start: end,
        end,
    })
}

/// Parses the record at `at`; the error says what is wrong with it.
#[inline(never)]
fn parse(bytes: &[u8], at: usize) -> Result<Extent, &'static str> {
    let mut rest = bytes.get(at..).ok_or(CUT_OFF)?;
    let length = take_varint(&mut rest).ok_or(CUT_OFF)?;
    let length = usize::try_from(length).map_err(|_| "its length is negative")?;
    let end = bytes.len() - rest.len() + length;
    rest = rest.get(..length).ok_or("it is longer than the bytes left")?;
    let (&attributes, tail) = rest.split_first().ok_or(CUT_OFF)?;
    rest = tail;
    let timestamp_delta = take_varlong(&mut rest).ok_or(CUT_OFF)?;
    let offset_delta = take_varint(&mut rest).ok_or(CUT_OFF)?;
    let key = take_field(&mut rest, end)?;
    let value = take_field(&mut rest, end)?;
    let header_count = take_varint(&mut rest).ok_or(CUT_OFF)?;
    let headers_start = end - rest.len();
    if header_count != 0 {
        rest = check_headers(rest, header_count)?;
    }
    if !rest.is_empty() {
        return Err("bytes follow its last field");
    }
    let attributes = attributes.cast_signed();
    Ok(Extent {
        attributes,
        timestamp_delta,
        offset_delta,
        key,
        value,
        header_count,
        headers_start,
        end,
    })
}

const CUT_OFF: &str = "it is cut off, or a number in it is too long";

#[inline]
fn take_field(rest: &mut &[u8], end: usize) -> Result<Field, &'static str> {
    let length = take_varint(rest).ok_or(CUT_OFF)?;
    let start = end - rest.len();
    if length > 0 {
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        *rest = rest.get(size..).ok_or("a key or value is longer than the record")?;
    } else if length < -1 {
        return Err("a key or value has a negative length");
    }
    Ok(Field { start, length })
}

/// Steps over `count` headers; what follows them.
fn check_headers(mut rest: &[u8], count: i32) -> Result<&[u8], &'static str> {
    if usize::try_from(count).map_or(true, |count| count > rest.len() / 2) {
        return Err("it has fewer bytes than headers need");
    }
    for _ in 0..count {
        take_header(&mut rest).ok_or("a header is cut off or has a negative length")?;
    }
    Ok(rest)
}

fn take_header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let key_size = usize::try_from(take_varint(rest)?).ok()?;
    let key = rest.split_off(..key_size)?;
    let value = match take_varint(rest)? {
        -1 => None,
        length => Some(rest.split_off(..usize::try_from(length).ok()?)?),
    };
    Some((key, value))
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

/// The headers of a record: key and value. A key that is not UTF-8 is an error, which does not end
/// the iteration.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<(&'a str, Option<&'a [u8]>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = take_header(&mut self.rest)?;
        let key = str::from_utf8(key)
            .map_err(|error| LogError::corrupt_batch(format!("a header key: {error}")));
        Some(key.map(|key| (key, value)))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{glance, parse};
    use crate::varint::{write_varint, write_varlong};

    fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
        let length = bytes.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        write_varint(out, length);
        out.extend_from_slice(bytes.unwrap_or_default());
    }

    type Parts = (i64, i32, Option<Vec<u8>>, Option<Vec<u8>>, i32);

    fn record((timestamp, offset, key, value, length_error): &Parts) -> Vec<u8> {
        let mut body = vec![0];
        write_varlong(&mut body, *timestamp);
        write_varint(&mut body, *offset);
        field(&mut body, key.as_deref());
        field(&mut body, value.as_deref());
        write_varint(&mut body, 0);
        let mut out = Vec::new();
        write_varint(&mut out, i32::try_from(body.len()).unwrap_or(i32::MAX) + length_error);
        out.extend(body);
        out
    }

    fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300))
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-3..200_i64, -20_000..20_000_i64, any::<i64>()]
    }

    proptest! {
        #[test]
        fn a_glance_says_nothing_or_what_parsing_says(
            timestamp in number(),
            offset in number(),
            (key, value) in (bytes(), bytes()),
            error in prop_oneof![Just(0), -3..3_i32],
            (flip, to, tail) in (any::<proptest::sample::Index>(), any::<u8>(), 0..40_usize),
            is_damaged in any::<bool>(),
        ) {
            let offset = i32::try_from(offset).unwrap_or(i32::MAX);
            let mut bytes = record(&(timestamp, offset, key, value, error));
            bytes.extend(std::iter::repeat_n(7, tail));
            if is_damaged {
                let at = flip.index(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = to;
                }
            }
            if let Some(seen) = glance(&bytes, 0) {
                prop_assert_eq!(parse(&bytes, 0), Ok(seen));
            }
        }
    }

    #[test]
    fn a_glance_is_enough_for_ordinary_records() {
        for (key, value) in [(None, 100), (None, 0), (Some(vec![1; 10]), 1000), (Some(vec![]), 5)] {
            let mut bytes = record(&(5, 3, key, Some(vec![9; value]), 0));
            bytes.extend([0; 32]);
            assert!(glance(&bytes, 0).is_some());
        }
    }
}
