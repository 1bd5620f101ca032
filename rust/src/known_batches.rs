//! Batches that somebody read a record in the middle of: checked once, and found again quickly.
//!
//! To read one record its whole batch must be checked, and walked up to it. Who reads at random
//! comes back, so what was checked is remembered, with a mark at every few records, and the records
//! themselves where they had to be decompressed. Invariants: a batch is known by its map and its
//! place in it, and published bytes never change, so what is remembered stays true; memory is
//! bounded for the whole process. The bindings use it; a walk from front to end does not.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use crate::batch::BatchHeader;
use crate::error::Result;
use crate::mmap::Slice;
use crate::record::{Mark, Records, marks};

/// Records between two marks.
const MARK_INTERVAL: i32 = 32;
/// Batches and decompressed bytes that a generation remembers; there are two.
const GENERATION_COUNT_MAX: usize = 512;
const GENERATION_BYTES_MAX: usize = 16 << 20;

/// A batch whose CRC and records were found right.
#[derive(Debug)]
pub struct KnownBatch {
    header: BatchHeader,
    marks: Vec<Mark>,
    /// The records' bytes, if they are compressed in the file.
    decompressed: Option<Vec<u8>>,
}

impl KnownBatch {
    /// Takes over a batch whose CRC is right. `records` are its decompressed records' bytes, kept
    /// if they are not those of the file.
    ///
    /// # Errors
    /// `CorruptBatch` when the records are damaged.
    pub fn new(header: &BatchHeader, records: std::borrow::Cow<'_, [u8]>) -> Result<Self> {
        let marks = marks(header, &records, MARK_INTERVAL)?;
        let decompressed = match records {
            std::borrow::Cow::Owned(records) => Some(records),
            std::borrow::Cow::Borrowed(_) => None,
        };
        Ok(Self { header: *header, marks, decompressed })
    }

    /// The records' bytes, if they are compressed in the file.
    pub fn decompressed(&self) -> Option<&[u8]> {
        self.decompressed.as_deref()
    }

    /// The records from a little before `offset` on, in the batch's records' bytes.
    ///
    /// # Errors
    /// `CorruptBatch` if the bytes are not this batch's.
    pub fn records_near<'a>(&self, records: &'a [u8], offset: i64) -> Result<Records<'a>> {
        let delta = i32::try_from(offset - self.header.base_offset).unwrap_or(i32::MAX);
        let after = self.marks.partition_point(|mark| mark.previous_delta < delta);
        match after.checked_sub(1).and_then(|at| self.marks.get(at)) {
            Some(mark) => Records::from_mark(&self.header, records, *mark),
            None => Records::new(&self.header, records),
        }
    }
}

/// A map's number and a position in it.
type Place = (u64, usize);

#[derive(Default)]
struct Generations {
    young: HashMap<Place, Arc<KnownBatch>>,
    young_bytes: usize,
    old: HashMap<Place, Arc<KnownBatch>>,
}

impl Generations {
    fn get(&mut self, place: Place) -> Option<Arc<KnownBatch>> {
        if let Some(known) = self.young.get(&place) {
            return Some(Arc::clone(known));
        }
        let known = self.old.remove(&place)?;
        self.put(place, Arc::clone(&known));
        Some(known)
    }

    fn put(&mut self, place: Place, known: Arc<KnownBatch>) {
        self.young_bytes += known.decompressed.as_ref().map_or(0, Vec::len);
        self.young.insert(place, known);
        if self.young.len() >= GENERATION_COUNT_MAX || self.young_bytes >= GENERATION_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

static KNOWN: LazyLock<Mutex<Generations>> = LazyLock::new(Mutex::default);

/// What is known of the batch that `slice` is.
pub fn find(slice: &Slice) -> Option<Arc<KnownBatch>> {
    KNOWN.lock().get((slice.map_number(), slice.position()))
}

/// Remembers the batch that `slice` is.
pub fn remember(slice: &Slice, known: &Arc<KnownBatch>) {
    KNOWN.lock().put((slice.map_number(), slice.position()), Arc::clone(known));
}
