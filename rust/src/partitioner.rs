//! Which partition a record goes to if nobody says: by its key, by turns, or where little waits.
//!
//! Invariants: a key goes to the partition that the client whose partitioner is named would choose;
//! what has no key goes to partitions by chance, more often to those that have less waiting.
//! `accumulator.rs` asks.

use crate::crc::crc32;
use crate::murmur2::partition_of;

/// How partitions are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitioner {
    /// As Java's producer does: by murmur2 of the key, one without a key sticks.
    #[default]
    Murmur2,
    /// As librdkafka does by default: by CRC-32 of the key, one that is empty or null sticks.
    Crc32,
    /// As Sarama does: by FNV-1a of the key, one without a key sticks.
    Fnv1a,
    /// One after the other, whatever the key.
    RoundRobin,
}

impl Partitioner {
    /// The partitioner of a name, which is librdkafka's where that has it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "murmur2_random" => Some(Self::Murmur2),
            "consistent_random" => Some(Self::Crc32),
            "fnv1a_random" => Some(Self::Fnv1a),
            "roundrobin" => Some(Self::RoundRobin),
            _ => None,
        }
    }

    /// The partition of a key among `count`, which is at least one; `None` if it has no say.
    #[inline]
    pub fn of_key(self, key: &[u8], count: usize) -> Option<usize> {
        match self {
            Self::Murmur2 => Some(partition_of(key, count)),
            Self::Crc32 if key.is_empty() => None,
            Self::Crc32 => Some(below(crc32(key), count)),
            Self::Fnv1a => Some(below(fnv1a(key), count)),
            Self::RoundRobin => None,
        }
    }
}

fn below(hash: u32, count: usize) -> usize {
    usize::try_from(hash).unwrap_or_default() % count.max(1)
}

/// FNV-1a of 32 bits, whose sign is dropped as Sarama does.
fn fnv1a(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811C_9DC5, step).cast_signed().wrapping_abs().cast_unsigned()
}

/// Numbers by chance: Marsaglia's xorshift.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Chance that a seed decides.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % count.max(1)
    }

    /// One of `count` candidates, the likelier the lower its load is below the highest (KIP-794);
    /// where all loads are equal, another than the `last` one.
    pub fn draw(
        &mut self,
        count: usize,
        load: impl Fn(usize) -> usize,
        last: Option<usize>,
    ) -> usize {
        let highest = (0..count).map(&load).max().unwrap_or_default();
        let weight = |at| highest + 1 - load(at);
        let total: usize = (0..count).map(weight).sum();
        if total == count {
            let pick = self.below(count);
            return if last == Some(pick) { (pick + 1) % count.max(1) } else { pick };
        }
        let mut left = self.below(total);
        for at in 0..count {
            match left.checked_sub(weight(at)) {
                Some(rest) => left = rest,
                None => return at,
            }
        }
        0
    }
}
