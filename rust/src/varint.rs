//! Zigzag variable-length integers, the numbers inside a record.
//!
//! Seven bits per byte, lowest first, the top bit saying that more follow; the sign is folded into
//! bit 0 so that small negatives stay short. At most 5 bytes for 32 bits and 10 for 64, as in
//! Kafka: bits beyond the width in the last byte are dropped, a longer run is damage. Invariant:
//! nothing here panics or allocates beyond the bytes written. `record.rs` and `builder.rs` are the
//! users; nearly all their numbers fit one byte, so that case is tested first.

/// Most bytes a 32-bit varint takes.
pub const VARINT_BYTES_MAX: usize = 5;
/// Most bytes a 64-bit varint takes.
pub const VARLONG_BYTES_MAX: usize = 10;

/// Reads a 32-bit varint: its value and its bytes. `None` if it is cut off or too long.
#[inline]
pub fn read_varint(buf: &[u8]) -> Option<(i32, usize)> {
    match *buf {
        [first, ..] if first < 0x80 => Some((unzigzag32(u32::from(first)), 1)),
        [first, second, ..] if second < 0x80 => {
            Some((unzigzag32(u32::from(first & 0x7F) | u32::from(second) << 7), 2))
        }
        _ => read_long_varint(buf),
    }
}

/// Reads a 64-bit varint: its value and its bytes. `None` if it is cut off or too long.
#[inline]
pub fn read_varlong(buf: &[u8]) -> Option<(i64, usize)> {
    match *buf {
        [first, ..] if first < 0x80 => Some((unzigzag64(u64::from(first)), 1)),
        [first, second, ..] if second < 0x80 => {
            Some((unzigzag64(u64::from(first & 0x7F) | u64::from(second) << 7), 2))
        }
        _ => read_long_varlong(buf),
    }
}

fn read_long_varint(buf: &[u8]) -> Option<(i32, usize)> {
    let mut raw = 0_u32;
    for (at, &byte) in buf.iter().take(VARINT_BYTES_MAX).enumerate() {
        raw |= u32::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            return Some((unzigzag32(raw), at + 1));
        }
    }
    None
}

fn read_long_varlong(buf: &[u8]) -> Option<(i64, usize)> {
    let mut raw = 0_u64;
    for (at, &byte) in buf.iter().take(VARLONG_BYTES_MAX).enumerate() {
        raw |= u64::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            return Some((unzigzag64(raw), at + 1));
        }
    }
    None
}

/// Takes a 32-bit varint off the front of `rest`.
#[inline]
pub(crate) fn take_varint(rest: &mut &[u8]) -> Option<i32> {
    let (value, used) = read_varint(rest)?;
    *rest = rest.get(used..)?;
    Some(value)
}

/// Takes a 64-bit varint off the front of `rest`.
#[inline]
pub(crate) fn take_varlong(rest: &mut &[u8]) -> Option<i64> {
    let (value, used) = read_varlong(rest)?;
    *rest = rest.get(used..)?;
    Some(value)
}

/// Appends a 32-bit varint.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, value: i32) {
    write_raw(out, u64::from(zigzag32(value)));
}

/// Appends a 64-bit varint.
#[inline]
pub fn write_varlong(out: &mut Vec<u8>, value: i64) {
    write_raw(out, zigzag64(value));
}

#[inline]
fn write_raw(out: &mut Vec<u8>, mut raw: u64) {
    while raw >= 0x80 {
        out.push(low_byte(raw) | 0x80);
        raw >>= 7;
    }
    out.push(low_byte(raw));
}

/// Writes a 32-bit varint at `at` of a buffer known to be long enough; where the next byte goes.
#[inline]
pub(crate) fn put_varint<const N: usize>(out: &mut [u8; N], at: usize, value: i32) -> usize {
    put_raw(out, at, u64::from(zigzag32(value)))
}

/// Writes a 64-bit varint at `at` of a buffer known to be long enough; where the next byte goes.
#[inline]
pub(crate) fn put_varlong<const N: usize>(out: &mut [u8; N], at: usize, value: i64) -> usize {
    put_raw(out, at, zigzag64(value))
}

#[inline]
fn put_raw<const N: usize>(out: &mut [u8; N], mut at: usize, mut raw: u64) -> usize {
    while raw >= 0x80 {
        put_byte(out, at, low_byte(raw) | 0x80);
        raw >>= 7;
        at += 1;
    }
    put_byte(out, at, low_byte(raw));
    at + 1
}

#[inline]
fn put_byte<const N: usize>(out: &mut [u8; N], at: usize, byte: u8) {
    debug_assert!(at < N);
    if let Some(slot) = out.get_mut(at) {
        *slot = byte;
    }
}

/// Bytes [`write_varint`] appends.
#[inline]
pub fn varint_size(value: i32) -> usize {
    raw_size(u64::from(zigzag32(value)))
}

/// Bytes [`write_varlong`] appends.
#[inline]
pub fn varlong_size(value: i64) -> usize {
    raw_size(zigzag64(value))
}

/// Seven bits per byte, rounded up; zero still takes one.
#[inline]
fn raw_size(raw: u64) -> usize {
    (70 - (raw | 1).leading_zeros() as usize) / 7
}

#[inline]
fn zigzag32(value: i32) -> u32 {
    (value.cast_unsigned() << 1) ^ (value >> 31).cast_unsigned()
}

#[inline]
fn zigzag64(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

#[inline]
pub(crate) fn unzigzag32(raw: u32) -> i32 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

#[inline]
fn unzigzag64(raw: u64) -> i64 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

#[inline]
fn low_byte(raw: u64) -> u8 {
    (raw & 0x7F) as u8
}
