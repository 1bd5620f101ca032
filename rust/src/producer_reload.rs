//! Saving the producer state, and coming back to it.
//!
//! A snapshot is taken when a segment is rolled and when the log is closed. After a truncation or a
//! restart the state starts from the newest valid snapshot inside the log, and the batches after it
//! are replayed. Invariant: a state that was loaded is one the log had at the map end offset, less
//! the producers that expired; snapshots outside the log's range do not stay. Both impls of
//! [`ProducerState`] are one type: `producer_state.rs` has what needs no files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::{LogError, Result};
use crate::producer_entry::ProducerEntry;
use crate::producer_snapshot::encode;
use crate::producer_state::{ProducerState, is_expired};

impl ProducerState {
    /// Forgets what lies outside of the log's `start` to `end` offset: if the state is not that of
    /// `end`, it becomes that of the newest valid snapshot at or below, and the caller replays the
    /// batches from [`ProducerState::map_end_offset`] on. Snapshots outside of the range, and
    /// damaged ones, are deleted; one of a newer version is left alone.
    ///
    /// # Errors
    /// `Io`.
    pub fn truncate_and_reload(&mut self, start: i64, end: i64, now_ms: i64) -> Result<()> {
        self.snapshots.remove_where(|offset| offset > end || offset <= start)?;
        if end == self.map_end_offset {
            self.on_log_start_offset_incremented(start);
            return Ok(());
        }
        self.clear();
        self.load_latest_snapshot(start, now_ms)
    }

    fn load_latest_snapshot(&mut self, log_start_offset: i64, now_ms: i64) -> Result<()> {
        while let Some(offset) = self.latest_snapshot_offset() {
            match self.snapshots.read(offset) {
                Ok(producers) => {
                    self.take_over(producers, now_ms);
                    self.snapshot_offset = offset;
                    self.map_end_offset = offset;
                    return Ok(());
                }
                Err(LogError::Corrupt { .. }) => self.snapshots.remove_where(|at| at == offset)?,
                Err(LogError::UnsupportedFormat { .. }) => self.snapshots.forget(offset),
                Err(error) => return Err(error),
            }
        }
        self.snapshot_offset = log_start_offset;
        self.map_end_offset = log_start_offset;
        Ok(())
    }

    fn take_over(&mut self, producers: Vec<(i64, ProducerEntry)>, now_ms: i64) {
        let after_ms = self.config.producer_id_expiration_ms;
        let alive = |(_, entry): &(i64, ProducerEntry)| !is_expired(entry, now_ms, after_ms);
        for (producer_id, entry) in producers.into_iter().filter(alive) {
            let open = entry.transaction_first_offset.map(|first| (first, producer_id));
            self.ongoing.extend(open);
            self.producers.insert(producer_id, entry);
        }
    }

    fn clear(&mut self) {
        self.producers.clear();
        self.ongoing.clear();
        self.unreplicated.clear();
    }

    /// Forgets everything, deletes all snapshots, and starts at `offset`.
    ///
    /// # Errors
    /// `Io`.
    pub fn truncate_fully_and_start_at(&mut self, offset: i64) -> Result<()> {
        self.clear();
        self.snapshots.remove_where(|_| true)?;
        self.snapshot_offset = 0;
        self.map_end_offset = offset;
        Ok(())
    }

    /// Forgets everything and looks which snapshots the directory has now, as after a follower
    /// fetched one from tiered storage.
    ///
    /// # Errors
    /// `Io`.
    pub fn truncate_fully_and_reload_snapshots(&mut self) -> Result<()> {
        self.truncate_fully_and_start_at(0)?;
        self.snapshots.list()
    }

    /// Writes a snapshot at the map end offset unless the last one stands there; returns its
    /// file. Without `sync` the caller makes it durable later: a snapshot that did not survive is
    /// recognised by its CRC.
    ///
    /// # Errors
    /// `Io`.
    pub fn take_snapshot(&mut self, sync: bool) -> Result<Option<PathBuf>> {
        if self.map_end_offset <= self.snapshot_offset {
            return Ok(None);
        }
        let mut producers: Vec<_> = self.active_producers().collect();
        producers.sort_unstable_by_key(|(producer_id, _)| *producer_id);
        let bytes = encode(producers.into_iter());
        let path = self.snapshots.write(self.map_end_offset, &bytes, sync)?;
        self.snapshot_offset = self.map_end_offset;
        Ok(Some(path))
    }

    /// Deletes snapshots that belong to no segment, given the segments' base offsets. The newest
    /// of them stays if it lies beyond all segments: a clean shutdown wrote it.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove_stray_snapshots(&mut self, base_offsets: &[i64]) -> Result<()> {
        self.snapshots.list()?;
        let bases: BTreeSet<i64> = base_offsets.iter().copied().collect();
        let newest_stray = self.snapshots.offsets().difference(&bases).max().copied();
        let last_base = bases.last().copied();
        let kept = newest_stray.filter(|&stray| last_base.is_none_or(|base| stray > base));
        self.snapshots.remove_where(|offset| !bases.contains(&offset) && Some(offset) != kept)
    }

    /// Deletes the snapshots below `offset`.
    ///
    /// # Errors
    /// `Io`.
    pub fn delete_snapshots_before(&mut self, offset: i64) -> Result<()> {
        self.snapshots.remove_where(|at| at < offset)
    }

    /// Deletes the snapshots past `offset`, before the batches they stand for go.
    ///
    /// # Errors
    /// `Io`.
    pub fn delete_snapshots_after(&mut self, offset: i64) -> Result<()> {
        self.snapshots.remove_where(|at| at > offset)
    }

    /// Renames the snapshot at `offset` to `.deleted` and forgets it; returns the new name, or
    /// `None` if there was no such file.
    ///
    /// # Errors
    /// `Io`.
    pub fn mark_snapshot_deleted(&mut self, offset: i64) -> Result<Option<PathBuf>> {
        self.snapshots.mark_deleted(offset)
    }

    /// The file of the snapshot at `offset`, if there is one.
    pub fn fetch_snapshot(&self, offset: i64) -> Option<PathBuf> {
        self.snapshots.offsets().contains(&offset).then(|| self.snapshots.path(offset))
    }

    /// Offset of the newest snapshot.
    pub fn latest_snapshot_offset(&self) -> Option<i64> {
        self.snapshots.offsets().last().copied()
    }

    /// Offset of the oldest snapshot.
    pub fn oldest_snapshot_offset(&self) -> Option<i64> {
        self.snapshots.offsets().first().copied()
    }
}
