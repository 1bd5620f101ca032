//! Offsets by time and by leader epoch: what `ListOffsets` and `OffsetForLeaderEpoch` ask.
//!
//! Invariant: an answer lies within the log, `log_start <= offset <= log_end`. A search by time
//! finds the first record in offset order whose timestamp is at or past the target: the segment by
//! its largest timestamp, the batch by the time index, the record by decoding one batch.

use super::Log;
use crate::batch::{Batch, NO_TIMESTAMP};
use crate::error::Result;
use crate::leader_epoch::EpochEndOffset;
use crate::record::{Records, decode, record_timestamp};
use crate::segment::{BatchAt, Segment};
use crate::time_index::TimestampOffset;

/// What offset is asked for; negative timestamps on the wire are the special ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampSpec {
    /// First record at or past this time, in milliseconds since the epoch.
    At(i64),
    /// -1: the end.
    Latest,
    /// -2: the log start offset.
    Earliest,
    /// -3: the record with the largest timestamp.
    MaxTimestamp,
    /// -4: the first offset on local disk.
    EarliestLocal,
    /// -5: the last offset in tiered storage; none without it.
    LatestTiered,
    /// -6: the first offset not yet uploaded; none without tiered storage.
    EarliestPendingUpload,
}

impl TimestampSpec {
    /// The meaning of a timestamp on the wire, `None` for an unknown special one.
    pub fn from_wire(timestamp: i64) -> Option<Self> {
        Some(match timestamp {
            0.. => Self::At(timestamp),
            -1 => Self::Latest,
            -2 => Self::Earliest,
            -3 => Self::MaxTimestamp,
            -4 => Self::EarliestLocal,
            -5 => Self::LatestTiered,
            -6 => Self::EarliestPendingUpload,
            _ => return None,
        })
    }
}

/// An offset that was asked for, with its record's timestamp and leader epoch where known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedOffset {
    /// The record's timestamp, -1 for special offsets.
    pub timestamp: i64,
    /// The offset.
    pub offset: i64,
    /// The epoch it was written in, if known.
    pub leader_epoch: Option<i32>,
}

impl Log {
    /// The offset for a time or a special one; `None` if no record is that young.
    ///
    /// # Errors
    /// `Corrupt` or `Io` when a segment cannot be read; `Closed`.
    pub fn offset_for(&self, spec: TimestampSpec) -> Result<Option<ListedOffset>> {
        self.check_open()?;
        let special = |offset: i64, leader_epoch: Option<i32>| {
            Some(ListedOffset { timestamp: NO_TIMESTAMP, offset, leader_epoch })
        };
        Ok(match spec {
            TimestampSpec::At(timestamp) => self.offset_at(timestamp)?,
            TimestampSpec::Latest => special(self.log_end_offset(), self.epochs.latest_epoch()),
            TimestampSpec::Earliest | TimestampSpec::EarliestLocal => {
                let start = self.log_start_offset();
                special(start, self.epochs.epoch_for_offset(start))
            }
            TimestampSpec::MaxTimestamp => self.offset_of_max_timestamp()?,
            TimestampSpec::LatestTiered | TimestampSpec::EarliestPendingUpload => None,
        })
    }

    fn offset_at(&self, timestamp: i64) -> Result<Option<ListedOffset>> {
        for segment in self.segments.load().iter() {
            if segment.largest_timestamp()?.timestamp < timestamp {
                continue;
            }
            let start = self.log_start_offset();
            if let Some(found) = first_at_or_past(segment, timestamp, start)? {
                return Ok(Some(self.with_epoch(found)));
            }
        }
        Ok(None)
    }

    fn offset_of_max_timestamp(&self) -> Result<Option<ListedOffset>> {
        let mut largest: Option<TimestampOffset> = None;
        for segment in self.segments.load().iter() {
            let candidate = segment.largest_timestamp()?;
            if candidate.timestamp > largest.map_or(NO_TIMESTAMP, |largest| largest.timestamp) {
                largest = Some(candidate);
            }
        }
        let Some(largest) = largest else { return Ok(None) };
        self.offset_at(largest.timestamp)
    }

    fn with_epoch(&self, found: TimestampOffset) -> ListedOffset {
        ListedOffset {
            timestamp: found.timestamp,
            offset: found.offset,
            leader_epoch: self.epochs.epoch_for_offset(found.offset),
        }
    }

    /// Where a leader epoch ends: the largest known epoch at or below it, and the start of the
    /// next one, or the log end offset for the latest.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> Option<EpochEndOffset> {
        self.epochs.end_offset_for(epoch, self.log_end_offset())
    }

    /// The newest leader epoch that has records.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.epochs.latest_epoch()
    }

    /// Notes that a leader epoch starts at the log end offset, durably.
    ///
    /// # Errors
    /// `InvalidArgument` if it is negative, `Io`, `Closed`.
    pub fn assign_epoch_start(&self, epoch: i32) -> Result<()> {
        let _writer = self.lock_writer()?;
        self.epochs.assign(epoch, self.log_end_offset())
    }
}

/// The first record of a segment from `start_offset` on that is at or past `timestamp`.
pub(crate) fn first_at_or_past(
    segment: &Segment,
    timestamp: i64,
    start_offset: i64,
) -> Result<Option<TimestampOffset>> {
    let floor = segment.time_index()?.lookup(timestamp);
    let mut next = segment.find_offset(floor.offset.max(start_offset))?;
    while let Some(at) = next {
        if at.header.max_timestamp >= timestamp {
            let found = first_record(segment, &at, timestamp, start_offset)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        next = segment.batch_at(at.end())?;
    }
    Ok(None)
}

fn first_record(
    segment: &Segment,
    at: &BatchAt,
    timestamp: i64,
    start_offset: i64,
) -> Result<Option<TimestampOffset>> {
    let bytes = segment.slice(at.position..at.end())?;
    let batch = Batch { header: at.header, bytes: &bytes };
    let records = decode(&batch, usize::MAX)?;
    for record in Records::new(&at.header, &records)? {
        let record = record?;
        let found = TimestampOffset {
            timestamp: record_timestamp(&at.header, &record),
            offset: at.header.base_offset + i64::from(record.offset_delta),
        };
        if found.timestamp >= timestamp && found.offset >= start_offset {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
