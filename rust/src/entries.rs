//! The storage under both sparse indexes: fixed-size entries, growing in memory or sealed in a map.
//!
//! An active segment's index grows in memory, in chunks that never move, so that readers search it
//! without a lock while one writer appends; a sealed segment's index is its file, mapped. Keeping
//! the growing part off the disk is deliberate: a preallocated mapped index ends in zeros after a
//! crash and faults on a full disk. Invariant: entries below `len` never change. `index.rs` and
//! `time_index.rs` give the entries their meaning.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::mmap::FileMap;

/// A fixed-size index entry that fits [`Entry::WORDS`] words.
pub(crate) trait Entry: Copy {
    /// Bytes of an entry in the file.
    const SIZE_BYTES: usize;
    /// Words of an entry in memory, at most 2.
    const WORDS: usize;
    /// The entry as words; unused ones are 0.
    fn to_words(self) -> [u64; 2];
    /// The entry from its words.
    fn from_words(words: [u64; 2]) -> Self;
    /// The entry from `SIZE_BYTES` bytes of the file.
    fn decode(bytes: &[u8]) -> Option<Self>;
    /// Appends the entry as the file holds it.
    fn encode(self, out: &mut Vec<u8>);
}

const FIRST_CHUNK_WORDS: usize = 64;
const CHUNK_COUNT: usize = 20;

/// Words that only grow: chunk `k` holds `64 << k` of them and never moves.
#[derive(Debug)]
struct Words {
    chunks: [OnceLock<Box<[AtomicU64]>>; CHUNK_COUNT],
}

/// The chunk a word lies in, and where in it.
fn locate(word: usize) -> (usize, usize) {
    let shifted = word + FIRST_CHUNK_WORDS;
    let chunk = (shifted.ilog2() - FIRST_CHUNK_WORDS.ilog2()) as usize;
    (chunk, shifted - (FIRST_CHUNK_WORDS << chunk))
}

impl Words {
    fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNK_COUNT] }
    }

    fn load(&self, word: usize) -> u64 {
        let (chunk, at) = locate(word);
        let words = self.chunks.get(chunk).and_then(OnceLock::get);
        words.and_then(|words| words.get(at)).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    fn store(&self, word: usize, value: u64) {
        let (chunk, at) = locate(word);
        let Some(slot) = self.chunks.get(chunk) else { return };
        let words = slot
            .get_or_init(|| (0..FIRST_CHUNK_WORDS << chunk).map(|_| AtomicU64::new(0)).collect());
        if let Some(word) = words.get(at) {
            word.store(value, Ordering::Relaxed);
        }
    }
}

/// Entries of one index.
#[derive(Debug)]
pub(crate) struct Entries<E> {
    storage: Storage,
    entry: PhantomData<E>,
}

#[derive(Debug)]
enum Storage {
    /// Of an active segment: grows in memory.
    Growing { words: Box<Words>, len: AtomicUsize },
    /// Of a sealed segment: the mapped file.
    Sealed { map: FileMap, len: usize },
}

impl<E: Entry> Entries<E> {
    /// An empty growing index.
    pub(crate) fn growing() -> Self {
        let storage = Storage::Growing { words: Box::new(Words::new()), len: AtomicUsize::new(0) };
        Self { storage, entry: PhantomData }
    }

    /// The whole entries of a mapped file; a cut-off one at its end does not count.
    pub(crate) fn sealed(map: FileMap) -> Self {
        let len = map.published() / E::SIZE_BYTES;
        Self { storage: Storage::Sealed { map, len }, entry: PhantomData }
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        match &self.storage {
            Storage::Growing { len, .. } => len.load(Ordering::Acquire),
            Storage::Sealed { len, .. } => *len,
        }
    }

    /// Entry `at`, `None` past the end.
    pub(crate) fn get(&self, at: usize) -> Option<E> {
        if at >= self.len() {
            return None;
        }
        match &self.storage {
            Storage::Growing { words, .. } => {
                let first = at * E::WORDS;
                let second = if E::WORDS == 2 { words.load(first + 1) } else { 0 };
                Some(E::from_words([words.load(first), second]))
            }
            Storage::Sealed { map, .. } => {
                let start = at * E::SIZE_BYTES;
                E::decode(map.bytes(start..start + E::SIZE_BYTES)?)
            }
        }
    }

    /// The last entry.
    pub(crate) fn last(&self) -> Option<E> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Appends to a growing index; only the one writer calls it. A sealed index takes nothing.
    pub(crate) fn push(&self, entry: E) {
        let Storage::Growing { words, len } = &self.storage else {
            debug_assert!(false, "push to a sealed index");
            return;
        };
        let at = len.load(Ordering::Relaxed);
        let [first, second] = entry.to_words();
        words.store(at * E::WORDS, first);
        if E::WORDS == 2 {
            words.store(at * E::WORDS + 1, second);
        }
        len.store(at + 1, Ordering::Release);
    }

    /// How many leading entries satisfy `holds`, which must be true for a prefix. The last 8 KiB
    /// are tried first: lookups mostly go there, and those pages are warm while the middle of a
    /// large index may be on disk.
    pub(crate) fn partition_point(&self, holds: impl Fn(E) -> bool) -> usize {
        let len = self.len();
        let warm_start = len.saturating_sub(WARM_BYTES / E::SIZE_BYTES);
        let at = |index: usize| self.get(index).is_some_and(&holds);
        let (mut low, mut high) =
            if warm_start == 0 || at(warm_start) { (warm_start, len) } else { (0, warm_start) };
        while low < high {
            let middle = low + (high - low) / 2;
            if at(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Entries `from..` as the file holds them.
    pub(crate) fn encode_from(&self, from: usize) -> Vec<u8> {
        let len = self.len();
        let mut out = Vec::with_capacity(len.saturating_sub(from) * E::SIZE_BYTES);
        for entry in (from..len).filter_map(|at| self.get(at)) {
            entry.encode(&mut out);
        }
        out
    }
}

const WARM_BYTES: usize = 8192;

#[cfg(test)]
mod tests {
    use super::{CHUNK_COUNT, FIRST_CHUNK_WORDS, Words, locate};

    #[test]
    fn chunks_tile_the_words() {
        let mut expected = (0, 0);
        for word in 0..10_000 {
            assert_eq!(locate(word), expected, "word {word}");
            expected.1 += 1;
            if expected.1 == FIRST_CHUNK_WORDS << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        let last = (FIRST_CHUNK_WORDS << CHUNK_COUNT) - FIRST_CHUNK_WORDS - 1;
        assert_eq!(locate(last).0, CHUNK_COUNT - 1);
    }

    #[test]
    fn words_keep_their_values_as_chunks_are_added() {
        let words = Words::new();
        for word in 0..5_000_usize {
            words.store(word, word as u64 * 3);
        }
        assert!((0..5_000_usize).all(|word| words.load(word) == word as u64 * 3));
    }
}
