//! The history of leader epochs of one log: at which offset each epoch began.
//!
//! A follower that comes back asks its leader where its own last epoch ended and truncates to the
//! answer; a consumer checks the same way that what it read still stands. Invariant: epochs and
//! start offsets both increase strictly, and no epoch that is served is missing on disk:
//! [`LeaderEpochCache::assign`] syncs the checkpoint before it publishes. Truncation only forgets,
//! so it may reach the disk later ([`LeaderEpochCache::flush`]): a stale entry is truncated again
//! when the log is loaded. Readers never wait for the disk. `checkpoint.rs` has the file.

use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::checkpoint::{EpochEntry, LeaderEpochCheckpoint};
use crate::error::{LogError, Result};
use crate::fs::FileSystem;

/// Where an epoch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEndOffset {
    /// The largest epoch in the history that is not above the one asked for.
    pub epoch: i32,
    /// The offset after its last record.
    pub end_offset: i64,
}

/// What the holder of the writers' lock may touch besides the entries.
#[derive(Debug)]
struct Writer {
    checkpoint: LeaderEpochCheckpoint,
    /// Whether entries were dropped that the checkpoint still has.
    stale: bool,
}

/// The epochs of a log, in memory and in its checkpoint.
#[derive(Debug)]
pub struct LeaderEpochCache {
    fs: Arc<dyn FileSystem>,
    /// Taken before `entries`, and held while the checkpoint is written.
    writer: Mutex<Writer>,
    entries: RwLock<Vec<EpochEntry>>,
}

/// Whether `entry` says anything new: another epoch, or an earlier start of the latest one.
fn is_news(entries: &[EpochEntry], entry: EpochEntry) -> bool {
    entries
        .last()
        .is_none_or(|last| last.epoch != entry.epoch || entry.start_offset < last.start_offset)
}

/// Adds `entry` and drops what contradicts it: the last assignment wins.
fn assigned(entries: &[EpochEntry], entry: EpochEntry) -> Vec<EpochEntry> {
    let agrees =
        |old: &EpochEntry| old.epoch < entry.epoch && old.start_offset < entry.start_offset;
    let kept = entries.iter().rposition(agrees).map_or(0, |index| index + 1);
    entries.iter().take(kept).copied().chain([entry]).collect()
}

/// Drops the epochs that end at or below `start_offset`; the one it falls into begins there now.
fn truncated_from_start(entries: &[EpochEntry], start_offset: i64) -> Vec<EpochEntry> {
    let below = entries.partition_point(|entry| entry.start_offset <= start_offset);
    let mut kept: Vec<_> = entries.iter().skip(below.saturating_sub(1)).copied().collect();
    if let Some(first) = kept.first_mut().filter(|_| below > 0) {
        first.start_offset = start_offset;
    }
    kept
}

/// Drops the epochs that begin at or beyond `end_offset`; a negative one means none.
fn truncated_from_end(entries: &[EpochEntry], end_offset: i64) -> Vec<EpochEntry> {
    let kept = |entry: &&EpochEntry| end_offset < 0 || entry.start_offset < end_offset;
    entries.iter().take_while(kept).copied().collect()
}

impl LeaderEpochCache {
    /// The history of the partition in `dir`, as its checkpoint has it. A crash may have left
    /// epochs there that the log no longer has; the caller truncates both ends to the log's.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat` and `Io` of the checkpoint.
    pub fn open(fs: Arc<dyn FileSystem>, dir: &Path) -> Result<Self> {
        let checkpoint = LeaderEpochCheckpoint::new(Arc::clone(&fs), dir);
        let mut entries = Vec::new();
        for entry in checkpoint.read()? {
            if is_news(&entries, entry) {
                entries = assigned(&entries, entry);
            }
        }
        let writer = Mutex::new(Writer { checkpoint, stale: false });
        Ok(Self { fs, writer, entries: RwLock::new(entries) })
    }

    /// Follows a rename of the partition's directory.
    pub fn set_dir(&self, dir: &Path) {
        self.writer.lock().checkpoint = LeaderEpochCheckpoint::new(Arc::clone(&self.fs), dir);
    }

    /// Notes that `epoch` starts at `start_offset`, durably if that is news. Called for every
    /// append, so the common case, the latest epoch again, takes a read lock and nothing else.
    ///
    /// # Errors
    /// `InvalidArgument` if either is negative, `Io` if the checkpoint cannot be written; the
    /// epoch is then not noted.
    pub fn assign(&self, epoch: i32, start_offset: i64) -> Result<()> {
        let entry = EpochEntry { epoch, start_offset };
        if epoch < 0 || start_offset < 0 {
            return Err(LogError::InvalidArgument(format!("{entry:?} is negative")));
        }
        if !is_news(&self.entries.read(), entry) {
            return Ok(());
        }
        let mut writer = self.writer.lock();
        let entries = assigned(&self.entries.read(), entry);
        writer.checkpoint.write(&entries)?;
        writer.stale = false;
        *self.entries.write() = entries;
        Ok(())
    }

    /// Replaces the whole history, durably, as a follower does that starts from tiered storage.
    ///
    /// # Errors
    /// `InvalidArgument` if an entry is negative, `Io` if the checkpoint cannot be written.
    pub fn replace(&self, entries: &[EpochEntry]) -> Result<()> {
        let mut fresh = Vec::new();
        for &entry in entries {
            if entry.epoch < 0 || entry.start_offset < 0 {
                return Err(LogError::InvalidArgument(format!("{entry:?} is negative")));
            }
            fresh = assigned(&fresh, entry);
        }
        let mut writer = self.writer.lock();
        writer.checkpoint.write(&fresh)?;
        writer.stale = false;
        *self.entries.write() = fresh;
        Ok(())
    }

    fn forget(&self, truncated: impl FnOnce(&[EpochEntry]) -> Vec<EpochEntry>) -> bool {
        let mut writer = self.writer.lock();
        let kept = truncated(&self.entries.read());
        let changed = kept != *self.entries.read();
        if changed {
            writer.stale = true;
            *self.entries.write() = kept;
        }
        changed
    }

    /// Forgets what lies below the log start offset. Returns whether there was something; then a
    /// [`flush`](Self::flush) is due, at leisure.
    pub fn truncate_from_start(&self, start_offset: i64) -> bool {
        self.forget(|entries| truncated_from_start(entries, start_offset))
    }

    /// Forgets the epochs that begin at or beyond the log end offset. Returns whether there were
    /// any; then a [`flush`](Self::flush) is due, at leisure.
    pub fn truncate_from_end(&self, end_offset: i64) -> bool {
        self.forget(|entries| truncated_from_end(entries, end_offset))
    }

    /// Forgets everything. Returns whether there was something; then a flush is due.
    pub fn clear(&self) -> bool {
        self.forget(|_| Vec::new())
    }

    /// Writes the checkpoint, durably, if truncation made it stale.
    ///
    /// # Errors
    /// `Io`.
    pub fn flush(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        if writer.stale {
            let entries = self.entries.read().clone();
            writer.checkpoint.write(&entries)?;
            writer.stale = false;
        }
        Ok(())
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<EpochEntry> {
        self.entries.read().clone()
    }

    /// The entries a log of `start_offset` to `end_offset` (exclusive) would have.
    pub fn entries_in_range(&self, start_offset: i64, end_offset: i64) -> Vec<EpochEntry> {
        let from_start = truncated_from_start(&self.entries.read(), start_offset);
        truncated_from_end(&from_start, end_offset)
    }

    /// Whether no epoch is known.
    pub fn is_empty(&self) -> bool {
        self.entries.read().is_empty()
    }

    /// The oldest entry.
    pub fn earliest(&self) -> Option<EpochEntry> {
        self.entries.read().first().copied()
    }

    /// The newest entry.
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.read().last().copied()
    }

    /// The newest epoch that has records.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.latest().map(|entry| entry.epoch)
    }

    /// The entry of exactly this epoch.
    pub fn entry(&self, epoch: i32) -> Option<EpochEntry> {
        self.entries.read().iter().find(|entry| entry.epoch == epoch).copied()
    }

    /// The newest entry below `epoch`.
    pub fn previous_entry(&self, epoch: i32) -> Option<EpochEntry> {
        self.entries.read().iter().rfind(|entry| entry.epoch < epoch).copied()
    }

    /// The newest epoch below `epoch`.
    pub fn previous_epoch(&self, epoch: i32) -> Option<i32> {
        self.previous_entry(epoch).map(|entry| entry.epoch)
    }

    /// The oldest epoch above `epoch`.
    pub fn next_epoch(&self, epoch: i32) -> Option<i32> {
        self.entries.read().iter().map(|entry| entry.epoch).find(|&next| next > epoch)
    }

    /// The epoch in which the record at `offset` was written.
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        let entries = self.entries.read();
        let after = entries.partition_point(|entry| entry.start_offset <= offset);
        entries.get(after.checked_sub(1)?).map(|entry| entry.epoch)
    }

    /// Where `epoch` ends: at the log end offset if it is the latest, else where the next higher
    /// one begins. Below the oldest epoch the answer is the epoch itself and the oldest start:
    /// those records are gone, so replication can only begin there. `None` for an epoch above all
    /// known ones, a negative one, or an empty history.
    pub fn end_offset_for(&self, epoch: i32, log_end_offset: i64) -> Option<EpochEndOffset> {
        if epoch < 0 {
            return None;
        }
        let entries = self.entries.read();
        if entries.last()?.epoch == epoch {
            return Some(EpochEndOffset { epoch, end_offset: log_end_offset });
        }
        let higher = entries.partition_point(|entry| entry.epoch <= epoch);
        let end_offset = entries.get(higher)?.start_offset;
        let floor = higher.checked_sub(1).and_then(|index| entries.get(index));
        Some(EpochEndOffset { epoch: floor.map_or(epoch, |entry| entry.epoch), end_offset })
    }
}
