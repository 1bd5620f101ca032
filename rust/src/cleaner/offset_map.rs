//! The newest offset of every key of a log's dirty part, in bounded memory.
//!
//! An open-addressed table of 24 bytes an entry: 128 bits of the key's hash and the offset. The key
//! itself is not kept; two keys with one hash would count as one, which 128 keyed bits make as
//! unlikely as a failure of the memory, also for keys that somebody chose. Invariants: the table is
//! filled to at most 0.9, so a search ends; an offset once put only grows. `scan.rs` fills it,
//! `filter.rs` asks it.

use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

/// Bytes of an entry.
pub const ENTRY_SIZE_BYTES: usize = 24;

/// Hash, and offset + 1: zero is a free slot.
type Slot = [u64; 3];

/// Keys and the newest offset of each.
#[derive(Debug)]
pub struct OffsetMap {
    slots: Vec<Slot>,
    hasher: SipHasher13,
    len: usize,
    limit: usize,
    latest_offset: i64,
}

impl OffsetMap {
    /// A map of at most `memory_bytes` that need not hold more than `keys_max` keys. It has room for
    /// one key at least, so that whoever fills it gets on.
    pub fn new(memory_bytes: usize, keys_max: usize) -> Self {
        let wanted = keys_max.saturating_add(keys_max / 8).saturating_add(2);
        let count = (memory_bytes / ENTRY_SIZE_BYTES).min(wanted).max(2);
        let random = RandomState::new();
        let key = |salt| {
            let mut hasher = random.build_hasher();
            hasher.write_u64(salt);
            hasher.finish()
        };
        Self {
            slots: vec![[0; 3]; count],
            hasher: SipHasher13::new_with_keys(key(0), key(1)),
            len: 0,
            limit: (count - count.div_ceil(10)).max(1),
            latest_offset: -1,
        }
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Last offset that the map takes into account, -1 if none.
    pub fn latest_offset(&self) -> i64 {
        self.latest_offset
    }

    /// Notes that everything up to `offset` was seen.
    pub fn update_latest_offset(&mut self, offset: i64) {
        self.latest_offset = self.latest_offset.max(offset);
    }

    /// The slot of a hash: where it stands or would stand.
    fn find(&self, hash: (u64, u64)) -> usize {
        let count = self.slots.len();
        let start = hash.0 % (count as u64);
        let mut at = usize::try_from(start).unwrap_or_default();
        loop {
            match self.slots.get(at) {
                Some([_, _, 0]) | None => return at,
                Some([first, second, _]) if (*first, *second) == hash => return at,
                Some(_) => at = (at + 1) % count,
            }
        }
    }

    fn hash(&self, key: &[u8]) -> (u64, u64) {
        self.hasher.hash(key).as_u64()
    }

    /// Notes a key's offset; `false`, and nothing noted, if the key is new and the map is full.
    pub fn put(&mut self, key: &[u8], offset: i64) -> bool {
        debug_assert!(offset >= 0);
        let hash = self.hash(key);
        let at = self.find(hash);
        let has_room = self.len < self.limit;
        let Some(slot) = self.slots.get_mut(at) else { return false };
        let stored = offset.cast_unsigned() + 1;
        if slot[2] == 0 {
            if !has_room {
                return false;
            }
            self.len += 1;
        }
        *slot = [hash.0, hash.1, slot[2].max(stored)];
        self.update_latest_offset(offset);
        true
    }

    /// The newest offset of a key.
    pub fn get(&self, key: &[u8]) -> Option<i64> {
        let [_, _, stored] = self.slots.get(self.find(self.hash(key)))?;
        stored.checked_sub(1).map(u64::cast_signed)
    }
}
