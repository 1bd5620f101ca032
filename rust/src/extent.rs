//! One record's bytes: where its parts lie.
//!
//! ```text
//! varint length | i8 attributes | varlong timestamp delta | varint offset delta
//! varint key length (-1 null) | key | varint value length (-1 null) | value
//! varint header count | { varint length | key | varint length (-1 null) | value } ...
//! ```
//! Invariant: an extent lies within the bytes, its fields fill it exactly, and its headers are
//! whole. [`glance`] is quick and reads ordinary records only; where it says something, [`parse`]
//! says the same. `record.rs` walks from record to record with both.

use crate::varint::{take_varint, take_varlong, unzigzag32};

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
    pub(crate) fn of<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::try_from(self.length).ok()?;
        bytes.get(self.start..)?.get(..length)
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
pub(crate) fn glance(bytes: &[u8], start: usize) -> Option<Extent> {
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
pub(crate) fn parse(bytes: &[u8], at: usize) -> Result<Extent, &'static str> {
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

pub(crate) fn take_header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let key_size = usize::try_from(take_varint(rest)?).ok()?;
    let key = rest.split_off(..key_size)?;
    let value = match take_varint(rest)? {
        -1 => None,
        length => Some(rest.split_off(..usize::try_from(length).ok()?)?),
    };
    Some((key, value))
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
