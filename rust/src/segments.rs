//! The segments of a log, ordered by base offset, as one list that readers load without a lock.
//!
//! The writer replaces the list as a whole; a reader goes on with the one it loaded, whose removed
//! segments stay readable as long as they were mapped. Invariants: base offsets strictly increase;
//! the last segment is the active one; the list is never empty once a log is open.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::error::Result;
use crate::mmap::Slice;
use crate::segment::{ReadLimits, Segment};

/// One list of segments, as it was when it was loaded.
pub type SegmentList = Vec<Arc<Segment>>;

/// The segments of a log.
#[derive(Debug)]
pub struct Segments {
    list: ArcSwap<SegmentList>,
}

/// The end of what a read may see: a position in one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadBound {
    /// Base offset of the segment.
    pub base_offset: i64,
    /// Position in it, in bytes.
    pub position: usize,
}

/// Index of the segment that may hold `offset`: the last one that does not start after it.
pub fn floor_index(list: &SegmentList, offset: i64) -> Option<usize> {
    list.partition_point(|segment| segment.base_offset() <= offset).checked_sub(1)
}

impl Segments {
    /// The segments of `list`, in order.
    pub fn new(list: SegmentList) -> Self {
        let this = Self { list: ArcSwap::from_pointee(Vec::new()) };
        this.replace(list);
        this
    }

    /// The list as it is now.
    pub fn load(&self) -> Arc<SegmentList> {
        self.list.load_full()
    }

    /// Whether an offset belongs to the last segment.
    pub fn is_active(&self, offset: i64) -> bool {
        self.list.load().last().is_some_and(|active| active.base_offset() <= offset)
    }

    /// Replaces the list; only the writer calls it.
    pub fn replace(&self, list: SegmentList) {
        debug_assert!(list.is_sorted_by_key(|segment| segment.base_offset()));
        self.list.store(Arc::new(list));
    }

    /// Replaces the last segment by its sealed form and adds a new active one.
    pub(crate) fn roll(&self, sealed: Arc<Segment>, active: Arc<Segment>) {
        let mut list = self.load().to_vec();
        list.pop();
        list.extend([sealed, active]);
        self.replace(list);
    }

    /// Bytes of whole batches in all segments.
    pub fn size_bytes(&self) -> u64 {
        self.list.load().iter().map(|segment| segment.size_bytes() as u64).sum()
    }
}

/// Where a read bounded by `offset` must stop: at the start of the batch that holds it.
///
/// # Errors
/// `Corrupt` or `Io`.
pub fn bound_in(list: &SegmentList, offset: i64) -> Result<Option<ReadBound>> {
    let Some(segment) = floor_index(list, offset).and_then(|at| list.get(at)) else {
        return Ok(None);
    };
    // Before the search: a batch that comes after it is past the bound.
    let size_bytes = segment.size_bytes();
    let found = segment.find_offset(offset)?;
    let position = found.map_or(size_bytes, |at| at.position);
    Ok(Some(ReadBound { base_offset: segment.base_offset(), position }))
}

/// Bytes from the batch that holds `offset`, or the next one after a gap, up to `bound`; from one
/// segment only. With the place in the list of the segment they come from.
///
/// # Errors
/// `Corrupt` or `Io`.
pub fn read_in(
    list: &SegmentList,
    offset: i64,
    (max_bytes, min_one_batch): (usize, bool),
    bound: ReadBound,
) -> Result<Option<(usize, Slice)>> {
    let first = floor_index(list, offset).unwrap_or(0);
    for (at, segment) in list.iter().enumerate().skip(first) {
        let max_position = match segment.base_offset().cmp(&bound.base_offset) {
            std::cmp::Ordering::Less => usize::MAX,
            std::cmp::Ordering::Equal => bound.position,
            std::cmp::Ordering::Greater => break,
        };
        let limits = ReadLimits { max_bytes, max_position, min_one_batch };
        if let Some(slice) = segment.read(offset, limits)? {
            return Ok(Some((at, slice)));
        }
    }
    Ok(None)
}
