//! Decides which segments are too old, too many, or below the log start offset.
//!
//! Pure: segments' facts in, a count of the oldest ones to delete out; `log/housekeeping.rs` acts.
//! Invariant: deletion takes segments from the front only and stops at the first that must stay;
//! nothing at or past the high watermark goes.

use crate::config::LogConfig;

/// What retention needs to know of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentAge {
    /// Its bytes.
    pub size_bytes: u64,
    /// Its largest timestamp, or the file's modification time without one.
    pub largest_timestamp: i64,
    /// Offset after its last one: the next segment's base, or the log end offset.
    pub next_offset: i64,
}

/// Why segments go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// All their records lie below the log start offset.
    LogStartOffset,
    /// `retention.bytes`.
    Size,
    /// `retention.ms`.
    Time,
}

/// How many of the oldest segments break a rule, each rule in turn: the log start offset always,
/// size and time only where `cleanup.policy` has `delete`.
pub fn expired(
    segments: &[SegmentAge],
    config: &LogConfig,
    (log_start_offset, high_watermark): (i64, i64),
    now_ms: i64,
) -> Vec<(Breach, usize)> {
    let replicated = segments.partition_point(|segment| segment.next_offset <= high_watermark);
    let candidates = segments.get(..replicated).unwrap_or_default();
    let mut rest = candidates;
    let mut found = Vec::new();
    let mut take = |breach: Breach, count: usize| {
        rest = rest.get(count..).unwrap_or_default();
        if count > 0 {
            found.push((breach, count));
        }
        rest
    };
    let below = |segment: &&SegmentAge| segment.next_offset <= log_start_offset;
    let mut left = take(Breach::LogStartOffset, candidates.iter().take_while(below).count());
    if !config.cleanup_policy.delete {
        return found;
    }
    if config.retention_bytes >= 0 {
        let gone: u64 = found_size(candidates, left);
        let total: u64 = segments.iter().map(|segment| segment.size_bytes).sum::<u64>() - gone;
        let mut excess = total.saturating_sub(config.retention_bytes.cast_unsigned());
        let count = left.iter().take_while(|segment| {
            let fits = excess >= segment.size_bytes && excess > 0;
            excess = excess.saturating_sub(segment.size_bytes);
            fits
        });
        let count = count.count();
        left = take(Breach::Size, count);
    }
    if config.retention_ms >= 0 {
        let old = |segment: &&SegmentAge| {
            now_ms.saturating_sub(segment.largest_timestamp) > config.retention_ms
        };
        take(Breach::Time, left.iter().take_while(old).count());
    }
    found
}

fn found_size(all: &[SegmentAge], left: &[SegmentAge]) -> u64 {
    let gone = all.get(..all.len() - left.len()).unwrap_or_default();
    gone.iter().map(|segment| segment.size_bytes).sum()
}
