//! xxHash-32 with seed 0, the checksum of LZ4 frames.
//!
//! Invariant: equals the reference algorithm for every length. Used by `lz4.rs` only.

#![expect(clippy::little_endian_bytes, reason = "xxHash reads its input little-endian")]

const PRIME_1: u32 = 0x9E37_79B1;
const PRIME_2: u32 = 0x85EB_CA77;
const PRIME_3: u32 = 0xC2B2_AE3D;
const PRIME_4: u32 = 0x27D4_EB2F;
const PRIME_5: u32 = 0x1656_67B1;

pub(super) fn xxhash32(input: &[u8]) -> u32 {
    let (stripes, tail) = input.as_chunks::<16>();
    let mut hash = if stripes.is_empty() { PRIME_5 } else { lanes(stripes) };
    hash = hash.wrapping_add(u32::try_from(input.len() & 0xFFFF_FFFF).unwrap_or_default());
    let (words, bytes) = tail.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(PRIME_3));
        hash = hash.rotate_left(17).wrapping_mul(PRIME_4);
    }
    for &byte in bytes {
        hash = hash.wrapping_add(u32::from(byte).wrapping_mul(PRIME_5));
        hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
    }
    hash = (hash ^ (hash >> 15)).wrapping_mul(PRIME_2);
    hash = (hash ^ (hash >> 13)).wrapping_mul(PRIME_3);
    hash ^ (hash >> 16)
}

/// Four lanes over the whole stripes of 16 bytes, folded into one.
fn lanes(stripes: &[[u8; 16]]) -> u32 {
    let mut lanes = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0_u32.wrapping_sub(PRIME_1)];
    for stripe in stripes {
        for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
            let mixed = lane.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(PRIME_2));
            *lane = mixed.rotate_left(13).wrapping_mul(PRIME_1);
        }
    }
    lanes
        .iter()
        .zip([1, 7, 12, 18])
        .fold(0, |hash: u32, (lane, turn)| hash.wrapping_add(lane.rotate_left(turn)))
}

#[cfg(test)]
mod tests {
    use super::xxhash32;

    #[test]
    fn known_answers() {
        assert_eq!(xxhash32(b""), 0x02CC_5D05);
        assert_eq!(xxhash32(b"a"), 0x550D_7456);
        assert_eq!(xxhash32(b"abc"), 0x32D1_53FF);
        assert_eq!(xxhash32(b"Nobody inspects the spammish repetition"), 0xE229_3B2F);
    }
}
