//! The way out: reads bounded by an isolation level, as views of mapped segments.
//!
//! Invariant: a read returns bytes of one segment, starts at the batch that holds the offset asked
//! for (so records before it may come along), and never reaches past its bound. The published size
//! is loaded before the last stable offset, so whatever lies below the first is decided by the
//! second. The mate of this file is `append.rs`, which publishes in the opposite order.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Log, NO_OFFSET};
use crate::error::{LogError, Result};
use crate::mmap::Slice;
use crate::segment::Segment;
use crate::segments::{ReadBound, bound_in, read_in};
use crate::transaction_index::AbortedTransaction;

/// How far a read may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// To the log end offset: replicas and the log's owner.
    LogEnd,
    /// To the high watermark: consumers that read uncommitted transactions.
    HighWatermark,
    /// To the last stable offset: consumers that read committed transactions only.
    TransactionCommitted,
}

/// What a read found.
#[derive(Debug, Clone)]
pub struct FetchData {
    /// Whole batches (the last may be cut), `None` when there is nothing past the offset yet.
    pub records: Option<Slice>,
    /// Aborted transactions among the records, with [`Isolation::TransactionCommitted`].
    pub aborted: Vec<AbortedTransaction>,
    /// Log start offset at the read.
    pub log_start_offset: i64,
    /// High watermark at the read.
    pub high_watermark: i64,
    /// Last stable offset at the read.
    pub last_stable_offset: i64,
}

const EVERYTHING: ReadBound = ReadBound { base_offset: i64::MAX, position: usize::MAX };

impl Log {
    /// Reads at most `max_bytes` from the batch that holds `offset`; a first batch that is larger
    /// comes whole with `min_one_batch`, and not at all without.
    ///
    /// # Errors
    /// `OffsetOutOfRange` below the log start offset or past the log end offset; `Corrupt` or `Io`
    /// when the segment cannot be read; `Closed`.
    pub fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        min_one_batch: bool,
        isolation: Isolation,
    ) -> Result<FetchData> {
        self.check_open()?;
        let (start, end) = (self.log_start_offset(), self.log_end_offset());
        if offset < start || offset > end {
            return Err(LogError::OffsetOutOfRange { offset, start, end });
        }
        let bound = self.bound(isolation);
        let mut data = FetchData {
            records: None,
            aborted: Vec::new(),
            log_start_offset: start,
            high_watermark: self.high_watermark(),
            last_stable_offset: self.last_stable_offset(),
        };
        if offset >= bound.unwrap_or_else(|| self.log_end_offset()) {
            return Ok(data);
        }
        // One list for all of it, loaded after the bound, so that it has the markers below. A later
        // one may lack a segment that was read from, or have it merged into one that begins before.
        let list = self.segments.load();
        let bound = bound.map_or(Ok(EVERYTHING), |offset| {
            Ok(bound_in(&list, offset)?.unwrap_or(ReadBound { base_offset: 0, position: 0 }))
        })?;
        let found = read_in(&list, offset, (max_bytes, min_one_batch), bound)?;
        if let Some((at, records)) = found {
            if isolation == Isolation::TransactionCommitted {
                let tail = list.get(at..).unwrap_or_default();
                data.aborted = self.aborted_among(tail, &records, offset)?;
            }
            data.records = Some(records).filter(|records| !records.is_empty());
        }
        Ok(data)
    }

    /// Offset at which a read of this isolation ends; `None` at the end of the log, wherever that is.
    fn bound(&self, isolation: Isolation) -> Option<i64> {
        match isolation {
            Isolation::LogEnd => None,
            Isolation::HighWatermark if self.end_is_stable => None,
            Isolation::HighWatermark => Some(self.high_watermark()),
            Isolation::TransactionCommitted => Some(self.last_stable_offset()),
        }
    }

    /// Aborted transactions that overlap a read which starts at `offset`, in the first of `tail`.
    fn aborted_among(
        &self,
        tail: &[Arc<Segment>],
        records: &Slice,
        offset: i64,
    ) -> Result<Vec<AbortedTransaction>> {
        let Some((segment, later)) = tail.split_first() else { return Ok(Vec::new()) };
        let next_base = later.first().map(|next| next.base_offset());
        let upper = segment.fetch_upper_bound(records, offset)?;
        let upper = upper.or(next_base).unwrap_or_else(|| self.log_end_offset());
        let mut aborted = Vec::new();
        for segment in tail {
            let (found, complete) = segment.transaction_index().collect(offset, upper)?;
            aborted.extend(found);
            if complete {
                break;
            }
        }
        Ok(aborted)
    }

    /// First offset whose transaction is undecided, if any is.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        Some(self.first_unstable_offset.load(Ordering::Acquire)).filter(|at| *at != NO_OFFSET)
    }
}
