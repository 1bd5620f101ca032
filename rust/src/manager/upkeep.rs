//! What a broker does with its logs from time to time, and at the end.
//!
//! Invariants: a failure of one log's storage takes its directory offline and does not keep the
//! others from being served; a checkpoint never claims more than is durable; the clean-stop marker
//! of a directory is the last thing written, and only if all its logs were closed well.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Hosted, LogManager};
use crate::checkpoint::TopicPartition;
use crate::cleaner::{CompactOptions, CompactionReport};
use crate::error::{LogError, Result};
use crate::log_dir::{Checkpoints, LogDir, Offsets};

/// What one compaction did, or that it could not.
pub type Compacted = (TopicPartition, Result<CompactionReport>);

impl LogManager {
    /// Does `work` with every log that is online; a storage failure takes its directory offline.
    fn each<T>(&self, work: impl Fn(&Hosted) -> Result<T>) -> Vec<(TopicPartition, Result<T>)> {
        let mut results = Vec::new();
        for (partition, hosted) in self.online() {
            // An earlier log of this pass may have taken the directory down.
            let result = hosted.dir.check_online().and_then(|()| work(&hosted));
            // A log that was deleted meanwhile fails without a fault of the storage.
            let is_failure = result.as_ref().is_err_and(LogError::is_storage_failure);
            if is_failure && !hosted.log.is_closed() {
                self.take_offline(&hosted.dir);
            }
            results.push((partition, result));
        }
        results
    }

    /// Flushes the logs that are due: by `flush.ms`, or because a segment was sealed since the last
    /// flush. Also lets go of pages that were read, which would count as this process's memory.
    /// Returns how many were flushed; failed directories are offline then.
    pub fn flush_due(&self) -> usize {
        let now_ms = self.options.clock.now_ms();
        let flushed = self.each(|hosted| {
            let log = &hosted.log;
            log.unload();
            let list = log.segments().load();
            let active_base = list.last().map_or(0, |active| active.base_offset());
            let is_rolled = log.recovery_point() < active_base;
            let waited_ms = now_ms.saturating_sub(hosted.flushed_ms.load(Ordering::Relaxed));
            let is_dirty = log.recovery_point() < log.log_end_offset();
            let is_due = is_rolled || (is_dirty && waited_ms >= log.config().flush_ms);
            if is_due {
                log.flush()?;
            }
            if is_due || !is_dirty {
                hosted.flushed_ms.store(now_ms, Ordering::Relaxed);
            }
            Ok(is_due)
        });
        flushed.iter().filter(|(_, result)| matches!(result, Ok(true))).count()
    }

    /// Writes the checkpoints of every directory that is online.
    ///
    /// # Errors
    /// The first failure; its directory is offline then, and the others are written all the same.
    pub fn checkpoint(&self) -> Result<()> {
        let online = self.dirs.iter().filter(|dir| !dir.is_offline());
        let results: Vec<_> = online.map(|dir| self.checkpoint_dir(dir)).collect();
        results.into_iter().collect()
    }

    pub(super) fn checkpoint_dir(&self, dir: &Arc<LogDir>) -> Result<()> {
        let _others_wait = dir.lock_checkpoints();
        self.write_checkpoints_of(dir)
    }

    /// Writes a directory's checkpoints as they should be now; under its lock.
    pub(super) fn write_checkpoints_of(&self, dir: &Arc<LogDir>) -> Result<()> {
        let written = dir.write_checkpoints(&self.checkpoints_of(dir));
        if dir.is_offline() {
            self.take_offline(dir);
        }
        written
    }

    /// What a directory's checkpoints should say now.
    pub(super) fn checkpoints_of(&self, dir: &Arc<LogDir>) -> Checkpoints {
        let mut checkpoints = Checkpoints::default();
        let logs = self.logs.read();
        for (partition, hosted) in logs.iter().filter(|(_, hosted)| Arc::ptr_eq(&hosted.dir, dir)) {
            let log = &hosted.log;
            let put = |offsets: &mut Offsets, offset| {
                offsets.insert(partition.clone(), offset);
            };
            put(&mut checkpoints.recovery_points, log.recovery_point());
            put(&mut checkpoints.high_watermarks, log.high_watermark());
            let list = log.segments().load();
            let first_base = list.first().map_or(0, |first| first.base_offset());
            if log.log_start_offset() > first_base {
                put(&mut checkpoints.log_start_offsets, log.log_start_offset());
            }
            if log.config().cleanup_policy.compact {
                put(&mut checkpoints.clean_end_offsets, log.clean_end_offset());
            }
        }
        for (partition, failed) in &self.failed {
            if Arc::ptr_eq(&failed.dir, dir) {
                checkpoints.keep(partition, &failed.known.0);
            }
        }
        checkpoints
    }

    /// Deletes what retention no longer keeps, in every log, and the files of deleted logs whose
    /// delay is over; forgets producers that were idle for too long. Returns the base offsets of
    /// the deleted segments by partition.
    pub fn apply_retention(&self) -> Vec<(TopicPartition, Vec<i64>)> {
        let results = self.each(|hosted| {
            hosted.log.expire_producers()?;
            hosted.log.apply_retention()
        });
        self.remove_deleted();
        let deleted = results.into_iter().filter_map(|(partition, result)| {
            Some((partition, result.ok().filter(|bases| !bases.is_empty())?))
        });
        deleted.collect()
    }

    /// Removes the directories of deleted logs whose delay is over; returns how many.
    pub fn remove_deleted(&self) -> usize {
        let now_ms = self.options.clock.now_ms();
        let mut doomed = self.doomed.lock();
        let due: Vec<_> = doomed.extract_if(.., |doomed| doomed.due_ms <= now_ms).collect();
        drop(doomed);
        let removed = due.iter().filter(|doomed| {
            let is_removed = doomed.dir.remove_deleted(&doomed.name).is_ok();
            if doomed.dir.is_offline() {
                self.take_offline(&doomed.dir);
            }
            is_removed
        });
        removed.count()
    }

    /// Compacts the log that needs it most, if any is due. One that cannot be compacted is left
    /// out from then on; the result says why.
    pub fn compact_due(&self) -> Option<Compacted> {
        let now_ms = self.options.clock.now_ms();
        let mut dirtiest: Option<(f64, TopicPartition, Arc<Hosted>)> = None;
        for (partition, hosted) in self.online() {
            let config = hosted.log.config();
            if !config.cleanup_policy.compact || self.uncleanable.lock().contains(&partition) {
                continue;
            }
            let Ok(cleanable) = hosted.log.cleanable() else { continue };
            let ratio = cleanable.dirty_ratio();
            if cleanable.is_due(&config, now_ms)
                && dirtiest.as_ref().is_none_or(|(most, ..)| ratio > *most)
            {
                dirtiest = Some((ratio, partition, hosted));
            }
        }
        let (_, partition, hosted) = dirtiest?;
        let result = hosted.log.compact(&CompactOptions::default());
        match &result {
            Err(_) if hosted.log.is_closed() => {} // deleted meanwhile
            Err(error) if error.is_storage_failure() => self.take_offline(&hosted.dir),
            Err(_) => drop(self.uncleanable.lock().insert(partition.clone())),
            Ok(_) => {}
        }
        Some((partition, result))
    }

    /// The partitions that compaction gave up on.
    pub fn uncleanable(&self) -> Vec<TopicPartition> {
        self.uncleanable.lock().iter().cloned().collect()
    }

    /// Closes every log, writes the checkpoints, and marks the directories clean whose logs were
    /// all loaded and closed well. `broker_epoch` goes into the marker, -1 without one. The locks
    /// fall when the manager is dropped.
    ///
    /// # Errors
    /// The first failure; everything else is closed all the same.
    pub fn close(&self, broker_epoch: i64) -> Result<()> {
        let mut failures = Vec::new();
        for (_, result) in self.each(|hosted| {
            hosted.log.close().inspect_err(|_| hosted.dir.set_complete(false)).map(|_| ())
        }) {
            failures.extend(result.err());
        }
        for dir in self.dirs.iter().filter(|dir| !dir.is_offline()) {
            let written = self.checkpoint_dir(dir);
            let marked = written.and_then(|()| dir.write_clean_marker(broker_epoch));
            failures.extend(marked.err());
        }
        failures.into_iter().next().map_or(Ok(()), Err)
    }
}
