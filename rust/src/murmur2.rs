//! The hash by which Kafka's clients choose a partition for a key.
//!
//! Invariant: equal to the `murmur2` of Kafka's Java client for every input, so that a key goes to
//! the same partition whoever produces it. `accumulator.rs` uses it.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The 32-bit hash of some bytes.
pub fn murmur2(bytes: &[u8]) -> u32 {
    let length = u32::try_from(bytes.len() & 0xFFFF_FFFF).unwrap_or_default();
    let mut hash = SEED ^ length;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = word.iter().rev().fold(0, |k, &byte| k << 8 | u32::from(byte));
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !tail.is_empty() {
        for (at, &byte) in tail.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// The partition of a key among `count`, which is at least one.
pub fn partition_of(key: &[u8], count: usize) -> usize {
    let positive = usize::try_from(murmur2(key) & 0x7FFF_FFFF).unwrap_or_default();
    positive % count.max(1)
}

#[cfg(test)]
mod tests {
    use super::murmur2;

    /// The values of Kafka's own test of its hash.
    #[test]
    fn the_hash_is_that_of_the_java_client() {
        let known: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ];
        for (bytes, hash) in known {
            assert_eq!(murmur2(bytes).cast_signed(), hash, "{bytes:?}");
        }
    }
}
