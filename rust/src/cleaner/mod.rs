//! Compaction: of the records of one key the newest stays, and of tombstones none for ever.
//!
//! A round goes over a log twice: `scan.rs` maps each key of the dirty part to its newest offset
//! (`offset_map.rs`), `rewrite.rs` writes groups of segments anew with what `filter.rs` lets through
//! (`transactions.rs` knows about aborts and markers), `swap.rs` puts them in place. This file
//! decides what may be cleaned, when it is due, and how segments are grouped; all of it is pure.
//! Invariants: only sealed segments are cleaned that lie below the last stable offset and outside
//! of `min.compaction.lag.ms`; no offset is ever given to another record. `log/compact.rs` drives.

mod filter;
pub mod offset_map;
mod rewrite;
mod scan;
mod swap;
mod transactions;

use std::sync::Arc;

pub use self::filter::LastRecord;
pub(crate) use self::filter::Rules;
pub(crate) use self::rewrite::Rewriter;
pub(crate) use self::scan::build_offset_map;
pub(crate) use self::swap::Swap;

use crate::config::LogConfig;
use crate::error::Result;
use crate::index::OffsetIndex;
use crate::segment::Segment;
use crate::time_index::TimeIndex;

/// `log.cleaner.dedupe.buffer.size`: 5.6 million entries.
const OFFSET_MAP_BYTES: usize = 128 << 20;

/// How a compaction is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactOptions {
    /// Whether the active segment is sealed first, so that it is cleaned too.
    pub roll: bool,
    /// Memory of the offset map at most, in bytes; with less, more rounds are needed.
    pub offset_map_bytes: usize,
}

impl Default for CompactOptions {
    fn default() -> Self {
        Self { roll: false, offset_map_bytes: OFFSET_MAP_BYTES }
    }
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactionReport {
    /// Segments of the log before, the active one included.
    pub segments_before: usize,
    /// Segments of the log after.
    pub segments_after: usize,
    /// Bytes of the log before.
    pub bytes_before: u64,
    /// Bytes of the log after.
    pub bytes_after: u64,
    /// Records read in the segments that were cleaned, in all rounds.
    pub records_read: u64,
    /// Records of these that stayed.
    pub records_kept: u64,
    /// Records that went because they had no key.
    pub records_unkeyed: u64,
    /// Rounds: more than one if the keys did not fit the offset map.
    pub rounds: usize,
    /// Offset below which the log is clean: the cleaner's checkpoint.
    pub clean_end_offset: i64,
    /// Whether a truncation or retention took the segments away meanwhile; what had not been
    /// cleaned until then is left for another time.
    pub interrupted: bool,
}

/// The part of a log that cleaning would deal with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleanable {
    /// First offset that was not cleaned yet.
    pub first_dirty_offset: i64,
    /// First offset that must not be cleaned now.
    pub first_uncleanable_offset: i64,
    /// Bytes of the segments below the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes of the segments that are dirty and may be cleaned.
    pub dirty_bytes: u64,
    /// Timestamp of the first dirty record, if a segment that may be cleaned has one.
    pub first_dirty_timestamp: Option<i64>,
}

impl Cleanable {
    /// Whether there is nothing to clean.
    pub fn is_empty(&self) -> bool {
        self.first_dirty_offset >= self.first_uncleanable_offset
    }

    /// The dirty share of what a cleaning would read, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub fn dirty_ratio(&self) -> f64 {
        let total_bytes = self.clean_bytes + self.dirty_bytes;
        if total_bytes == 0 { 0.0 } else { self.dirty_bytes as f64 / total_bytes as f64 }
    }

    /// Whether a scheduler should clean: more than `min.cleanable.dirty.ratio` is dirty, or a dirty
    /// record is older than `max.compaction.lag.ms`.
    pub fn is_due(&self, config: &LogConfig, now_ms: i64) -> bool {
        if self.is_empty() || self.dirty_bytes == 0 {
            return false;
        }
        let latest_ms = now_ms.saturating_sub(config.max_compaction_lag_ms);
        let is_overdue = self.first_dirty_timestamp.is_some_and(|first| first < latest_ms);
        is_overdue || self.dirty_ratio() > config.min_cleanable_dirty_ratio
    }
}

/// Where a log stands, as far as cleaning goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CleanBounds {
    /// Offset below which the log was cleaned before.
    pub(crate) clean_end_offset: i64,
    /// Log start offset.
    pub(crate) log_start_offset: i64,
    /// Last stable offset.
    pub(crate) last_stable_offset: i64,
    /// The time.
    pub(crate) now_ms: i64,
}

/// What may be cleaned of `list`, whose last segment is active.
///
/// # Errors
/// `Corrupt` or `Io` of a segment.
pub(crate) fn cleanable(
    list: &[Arc<Segment>],
    bounds: CleanBounds,
    config: &LogConfig,
) -> Result<Cleanable> {
    let active_base = list.last().map_or(0, |active| active.base_offset());
    // A checkpoint that the log has moved past, or that is ahead of it, counts from the start.
    let mut dirty = bounds.clean_end_offset.max(bounds.log_start_offset);
    if dirty > active_base {
        dirty = bounds.log_start_offset;
    }
    let mut found = Cleanable { first_dirty_offset: dirty, ..Cleanable::default() };
    found.first_uncleanable_offset = list.first().map_or(0, |first| first.base_offset());
    for (segment, next) in list.iter().zip(list.iter().skip(1)) {
        let size_bytes = segment.size_bytes() as u64;
        if next.base_offset() <= dirty {
            found.clean_bytes += size_bytes;
        } else if next.base_offset() > bounds.last_stable_offset
            || is_too_young(segment, config, bounds.now_ms)?
        {
            break;
        } else {
            found.dirty_bytes += size_bytes;
            if found.first_dirty_timestamp.is_none() {
                let first = segment.batch_at(0)?.map(|at| at.header.max_timestamp);
                found.first_dirty_timestamp = first.filter(|first| *first >= 0);
            }
        }
        found.first_uncleanable_offset = next.base_offset();
    }
    found.first_uncleanable_offset = found.first_uncleanable_offset.max(dirty);
    Ok(found)
}

fn is_too_young(segment: &Segment, config: &LogConfig, now_ms: i64) -> Result<bool> {
    if config.min_compaction_lag_ms <= 0 {
        return Ok(false);
    }
    let youngest = now_ms.saturating_sub(config.min_compaction_lag_ms);
    Ok(segment.largest_timestamp()?.timestamp > youngest)
}

/// Cuts `segments`, which end before offset `end`, into groups that fit one segment each: by bytes,
/// by the bytes of both indexes, and by a span of offsets that 31 bits hold.
///
/// # Errors
/// `Corrupt` or `Io` of a segment's indexes.
pub(crate) fn group_segments(
    segments: &[Arc<Segment>],
    end: i64,
    config: &LogConfig,
) -> Result<Vec<Vec<Arc<Segment>>>> {
    let mut groups: Vec<Vec<Arc<Segment>>> = Vec::new();
    let mut sum = [0; 3];
    let limits = [config.segment_bytes as usize, config.segment_index_bytes as usize];
    for (index, segment) in segments.iter().enumerate() {
        let next_base = segments.get(index + 1).map_or(end, |next| next.base_offset());
        let sizes = [
            segment.size_bytes(),
            segment.offset_index()?.len() * OffsetIndex::ENTRY_SIZE_BYTES,
            segment.time_index()?.len() * TimeIndex::ENTRY_SIZE_BYTES,
        ];
        let [bytes, offsets, times] = sum;
        let fits = bytes + sizes[0] <= limits[0]
            && offsets + sizes[1] <= limits[1]
            && times + sizes[2] <= limits[1];
        let base = groups.last().and_then(|group| group.first()).map(|first| first.base_offset());
        let spans = base.is_some_and(|base| next_base - 1 - base <= i64::from(i32::MAX));
        let last = groups.last_mut().filter(|_| fits && (spans || segment.size_bytes() == 0));
        if let Some(group) = last {
            group.push(Arc::clone(segment));
            sum = [bytes + sizes[0], offsets + sizes[1], times + sizes[2]];
        } else {
            groups.push(vec![Arc::clone(segment)]);
            sum = sizes;
        }
    }
    Ok(groups)
}
