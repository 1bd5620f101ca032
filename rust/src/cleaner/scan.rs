//! The first pass: the newest offset of each key between two offsets.
//!
//! Control batches and the records of aborted transactions are passed over, so that an aborted
//! write never takes a committed one's place. Invariant: the map has seen every key up to its
//! latest offset; when it is full the pass ends there, and the round cleans no further.
//! `rewrite.rs` is the second pass.

use std::ops::Range;
use std::sync::Arc;

use super::filter::{RECORDS_BYTES_MAX, unkeyed};
use super::offset_map::OffsetMap;
use super::transactions::TransactionWalk;
use crate::batch::Batch;
use crate::error::{LogError, Result};
use crate::record::{Records, decode};
use crate::segment::{BatchAt, FileKind, Segment};
use crate::transaction_index::AbortedTransaction;

/// Fills a map of at most `memory_bytes` from the records of `dirty`. `segments` are those of the
/// range, `aborted` the aborted transactions of the whole log.
///
/// # Errors
/// `Corrupt` where a batch is damaged; `Io`; `InvalidArgument` at a record without a key, unless
/// `drops_unkeyed`.
pub(crate) fn build_offset_map(
    segments: &[Arc<Segment>],
    dirty: Range<i64>,
    aborted: &[AbortedTransaction],
    (memory_bytes, drops_unkeyed): (usize, bool),
) -> Result<OffsetMap> {
    let keys_max = usize::try_from(dirty.end - dirty.start).unwrap_or(usize::MAX);
    let mut scan = Scan {
        map: OffsetMap::new(memory_bytes, keys_max),
        start: dirty.start,
        transactions: TransactionWalk::new(aborted, dirty.start),
        drops_unkeyed,
    };
    for segment in segments {
        let mut next = segment.find_offset(dirty.start)?;
        while let Some(at) = next {
            let has_room = with_batch(segment, &at, |batch| scan.take(batch))?;
            if !has_room {
                return Ok(scan.map);
            }
            next = segment.batch_at(at.end())?;
        }
    }
    scan.map.update_latest_offset(dirty.end - 1);
    Ok(scan.map)
}

/// Runs `judge` on a batch; what it finds damaged is told with its place.
pub(super) fn with_batch<T>(
    segment: &Segment,
    at: &BatchAt,
    judge: impl FnOnce(&Batch<'_>) -> Result<T>,
) -> Result<T> {
    let bytes = segment.slice(at.position..at.end())?;
    judge(&Batch { header: at.header, bytes: &bytes }).map_err(|error| match error {
        LogError::CorruptBatch { reason } => {
            LogError::corrupt(&segment.path(FileKind::Log), at.position as u64, reason)
        }
        other => other,
    })
}

struct Scan {
    map: OffsetMap,
    start: i64,
    transactions: TransactionWalk,
    drops_unkeyed: bool,
}

impl Scan {
    /// Takes a batch into account; `false` if a key found no room.
    fn take(&mut self, batch: &Batch<'_>) -> Result<bool> {
        batch.verify_crc()?;
        let header = &batch.header;
        if header.is_control() {
            self.transactions.on_control(batch)?;
        } else if !self.transactions.is_aborted(header) && !self.take_records(batch)? {
            return Ok(false);
        }
        self.map.update_latest_offset(header.last_offset());
        Ok(true)
    }

    fn take_records(&mut self, batch: &Batch<'_>) -> Result<bool> {
        let bytes = decode(batch, RECORDS_BYTES_MAX)?;
        for record in Records::new(&batch.header, &bytes)? {
            let record = record?;
            let offset = batch.header.base_offset + i64::from(record.offset_delta);
            match record.key {
                _ if offset < self.start => {}
                Some(key) => {
                    if !self.map.put(key, offset) {
                        return Ok(false);
                    }
                }
                None if self.drops_unkeyed => {}
                None => return Err(unkeyed(offset)),
            }
        }
        Ok(true)
    }
}
