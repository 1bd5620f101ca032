//! The buffer records are encoded into, one after the other: the hot end of the write path.
//!
//! A record is measured first, so that its length can stand before it and no byte moves twice.
//! Invariant: the bytes past `end` are initialised and at least [`SLACK_BYTES`], so that a record's
//! numbers are copied at a fixed size, which the compiler turns into one or two stores; what lies
//! past the numbers is overwritten by what follows them. Used by `RecordBatchBuilder` only.

use crate::error::{LogError, Result};
use crate::varint::{put_varint, put_varlong, varint_size, varlong_size};

/// Room for a record's numbers before its key: 5 + 1 + 10 + 5 + 5 bytes, rounded up.
const SLACK_BYTES: usize = 32;
/// Lengths in a batch are `i32`.
pub(super) const BATCH_BYTES_MAX: usize = i32::MAX as usize;

/// A header to append: UTF-8 key and value.
pub type HeaderRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// What a record holds besides its headers.
pub(super) struct Fields<'a> {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// Bytes that grow by records.
#[derive(Debug)]
pub(super) struct RecordBuffer {
    bytes: Vec<u8>,
    end: usize,
}

impl RecordBuffer {
    /// A buffer that begins with `reserved` zero bytes.
    pub(super) fn new(reserved: usize) -> Self {
        Self { bytes: vec![0; reserved + SLACK_BYTES], end: reserved }
    }

    pub(super) fn len(&self) -> usize {
        self.end
    }

    /// Forgets what lies past `len`, which is at most the length now.
    pub(super) fn truncate(&mut self, len: usize) {
        self.end = self.end.min(len);
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.end).unwrap_or_default()
    }

    /// Appends a record. An error leaves the buffer as it was.
    #[inline]
    pub(super) fn push(&mut self, fields: &Fields<'_>, headers: &[HeaderRef<'_>]) -> Result<()> {
        if headers.is_empty() {
            return self.begin(fields, 0, 0).map(drop);
        }
        let count = i32::try_from(headers.len()).map_err(|_| too_large())?;
        let mut at = self.begin(fields, count, headers_size(headers)?)?;
        for &(key, value) in headers {
            at = self.put_field(at, Some(key));
            at = self.put_field(at, value);
        }
        debug_assert_eq!(at, self.end);
        Ok(())
    }

    /// Appends a record whose headers are encoded already.
    pub(super) fn push_raw(
        &mut self,
        fields: &Fields<'_>,
        header_count: i32,
        header_bytes: &[u8],
    ) -> Result<()> {
        let at = self.begin(fields, header_count, header_bytes.len())?;
        self.put(at, header_bytes);
        Ok(())
    }

    /// Encodes a record up to its header count, with room for the headers; where they start.
    #[inline]
    fn begin(
        &mut self,
        fields: &Fields<'_>,
        header_count: i32,
        headers_size: usize,
    ) -> Result<usize> {
        let key_length = length(fields.key)?;
        let value_length = length(fields.value)?;
        let body = 1
            + varlong_size(fields.timestamp_delta)
            + varint_size(fields.offset_delta)
            + varint_size(key_length)
            + fields.key.map_or(0, <[u8]>::len)
            + varint_size(value_length)
            + fields.value.map_or(0, <[u8]>::len)
            + varint_size(header_count)
            + headers_size;
        let body_length = i32::try_from(body).map_err(|_| too_large())?;
        let start = self.take(varint_size(body_length) + body)?;
        let mut head = [0; SLACK_BYTES];
        let mut size = put_varint(&mut head, 0, body_length) + 1; // after the attributes, 0
        size = put_varlong(&mut head, size, fields.timestamp_delta);
        size = put_varint(&mut head, size, fields.offset_delta);
        size = put_varint(&mut head, size, key_length);
        self.put_head(start, &head);
        let mut at = self.put(start + size, fields.key.unwrap_or_default());
        at = self.put_number(at, value_length);
        at = self.put(at, fields.value.unwrap_or_default());
        Ok(self.put_number(at, header_count))
    }

    /// Makes room for a record of `size` bytes; where it starts.
    #[inline]
    fn take(&mut self, size: usize) -> Result<usize> {
        let start = self.end;
        let end = start.checked_add(size).filter(|&end| end <= BATCH_BYTES_MAX);
        let end = end.ok_or_else(too_large)?;
        if end + SLACK_BYTES > self.bytes.len() {
            self.grow(end + SLACK_BYTES);
        }
        self.end = end;
        Ok(start)
    }

    #[cold]
    fn grow(&mut self, size: usize) {
        let doubled = self.bytes.len().saturating_mul(2);
        self.bytes.resize(size.max(doubled), 0);
    }

    /// Copies `bytes` to `at`, where room was measured for them; where the next byte goes.
    #[inline]
    fn put(&mut self, at: usize, bytes: &[u8]) -> usize {
        let end = at + bytes.len();
        debug_assert!(end <= self.end);
        if let Some(room) = self.bytes.get_mut(at..end) {
            room.copy_from_slice(bytes);
        }
        end
    }

    /// Copies an array of fixed size to `at`, which may reach into the slack.
    #[inline]
    fn put_head<const N: usize>(&mut self, at: usize, head: &[u8; N]) {
        if let Some(room) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *room = *head;
        }
    }

    #[inline]
    fn put_number(&mut self, at: usize, value: i32) -> usize {
        let mut number = [0; 8];
        let size = put_varint(&mut number, 0, value);
        self.put_head(at, &number);
        at + size
    }

    fn put_field(&mut self, at: usize, field: Option<&[u8]>) -> usize {
        let length = length(field).unwrap_or(-1); // measured by headers_size
        let at = self.put_number(at, length);
        self.put(at, field.unwrap_or_default())
    }
}

/// The length that stands before a key or a value: -1 for null.
#[inline]
fn length(field: Option<&[u8]>) -> Result<i32> {
    field.map_or(Ok(-1), |field| i32::try_from(field.len()).map_err(|_| too_large()))
}

fn headers_size(headers: &[HeaderRef<'_>]) -> Result<usize> {
    let mut size = 0;
    for &(key, value) in headers {
        size += varint_size(length(Some(key))?) + key.len();
        size += varint_size(length(value)?) + value.map_or(0, <[u8]>::len);
    }
    Ok(size)
}

#[cold]
pub(super) fn too_large() -> LogError {
    LogError::InvalidArgument("a batch holds at most 2^31 - 1 bytes".into())
}
