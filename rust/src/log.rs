//! One log: append, read, roll, flush, truncate, and the offsets that bound them.
//!
//! One writer at a time, behind a mutex; readers load the segment list and atomics and never wait,
//! not for an fsync either, which runs outside of the mutex (`flush.rs`). The parts:
//! `log/append.rs` (the way in), `log/own.rs` (what its owner writes), `log/read.rs` (the way out), `log/offsets.rs` (times and epochs),
//! `log/truncate.rs` (cutting the end), `log/housekeeping.rs` (roll, retention), `log/compact.rs`
//! (compaction).
//!
//! Invariants: `log_start <= high_watermark <= log_end`; bytes are published to readers only after
//! producer state and first unstable offset know of them; nothing is acknowledged as durable unless
//! an fsync that covered it succeeded; after a failed fsync every write is refused.

mod append;
mod compact;
mod housekeeping;
mod offsets;
mod open;
mod own;
mod producers;
mod read;
mod truncate;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Condvar, Mutex, MutexGuard};

pub use append::AppendInfo;
pub(crate) use append::Unsettled;
pub(crate) use offsets::first_at_or_past;
pub use offsets::{ListedOffset, TimestampSpec};
pub use open::{OpenOptions, RecoveryReport};
pub use own::{KeyValue, MarkerOwner, TransactionOwner};
pub use producers::ProducerFacts;
pub use read::{FetchData, Isolation};

use crate::clock::Clock;
use crate::config::LogConfig;
use crate::error::{LogError, Result};
use crate::flush::GroupCommit;
use crate::fs::{File, FileSystem};
use crate::leader_epoch::LeaderEpochCache;
use crate::producer_state::ProducerState;
use crate::segment::Segment;
use crate::segment_writer::SegmentWriter;
use crate::segments::Segments;

/// First unstable offset when no transaction is open.
const NO_OFFSET: i64 = i64::MAX;

/// One log in one directory. Share it by `Arc`.
#[derive(Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "log start offset and log end offset are Kafka's nouns"
)]
pub struct Log {
    dir: PathBuf,
    fs: Arc<dyn FileSystem>,
    clock: Arc<dyn Clock>,
    config: ArcSwap<LogConfig>,
    segments: Segments,
    epochs: LeaderEpochCache,
    writer: Mutex<Writer>,
    commit: GroupCommit,
    log_start_offset: AtomicI64,
    high_watermark: AtomicI64,
    log_end_offset: AtomicI64,
    first_unstable_offset: AtomicI64,
    /// Whether the high watermark is the log end offset, as in a log without replicas.
    end_is_stable: bool,
    closed: AtomicBool,
    appended: Signal,
    compaction: compact::Compaction,
    recovery: RecoveryReport,
    rolls: AtomicU64,
}

/// What only the thread that appends touches.
#[derive(Debug)]
struct Writer {
    segment: SegmentWriter,
    producers: ProducerState,
    /// Files that were written and not synced, besides the active segment's.
    dirty_files: Vec<Arc<dyn File>>,
    /// Segments whose transaction index was written and not synced.
    dirty_transaction_indexes: Vec<Arc<Segment>>,
    /// Whether names in the directory changed since it was synced.
    is_dir_dirty: bool,
    /// Records appended since the last flush began.
    unflushed_count: i64,
    /// This segment's share of `segment.jitter.ms`.
    jitter_ms: i64,
    /// Files that were renamed to `.deleted`, and when each may go.
    deleted: Vec<(i64, PathBuf)>,
}

/// Wakes those who wait for an append.
#[derive(Debug, Default)]
struct Signal {
    waiting: AtomicUsize,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Signal {
    fn notify(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let _guard = self.lock.lock();
            self.changed.notify_all();
        }
    }
}

impl Log {
    /// The log's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The settings as they are now.
    pub fn config(&self) -> Arc<LogConfig> {
        self.config.load_full()
    }

    /// Replaces the settings; what is on disk is not rewritten.
    ///
    /// # Errors
    /// `InvalidConfig`.
    pub fn set_config(&self, config: LogConfig) -> Result<()> {
        config.check()?;
        self.config.store(Arc::new(config));
        Ok(())
    }

    /// Lets go of the pages of segments that were read since the last time; they stay cached by the
    /// system.
    pub fn unload(&self) {
        self.segments.load().iter().for_each(|segment| segment.unload());
    }

    /// Whether an offset belongs to the active segment, whose bytes were written lately.
    pub fn is_active(&self, offset: i64) -> bool {
        self.segments.is_active(offset)
    }

    /// Whether an append may have to wait: for an fsync (`flush.messages`), or for who writes now.
    pub fn append_blocks(&self) -> bool {
        self.config.load().flush_messages != i64::MAX || self.writer.is_locked()
    }

    /// What opening found and repaired.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// The segments, for tools and tests.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// First offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.log_start_offset.load(Ordering::Acquire)
    }

    /// Offset of the next record.
    pub fn log_end_offset(&self) -> i64 {
        self.log_end_offset.load(Ordering::Acquire)
    }

    /// Offset below which records are replicated.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark.load(Ordering::Acquire)
    }

    /// Offset below which every transaction is decided, and at most the high watermark.
    pub fn last_stable_offset(&self) -> i64 {
        self.high_watermark().min(self.first_unstable_offset.load(Ordering::Acquire))
    }

    /// Offset below which everything is on disk: recovery starts there.
    pub fn recovery_point(&self) -> i64 {
        self.commit.durable_offset()
    }

    /// How many segments were started since the log was opened.
    pub fn roll_count(&self) -> u64 {
        self.rolls.load(Ordering::Relaxed)
    }

    /// Bytes of whole batches.
    pub fn size_bytes(&self) -> u64 {
        self.segments.size_bytes()
    }

    /// Whether an fsync failed, so that nothing can be written until the log is opened again.
    pub fn is_poisoned(&self) -> bool {
        self.commit.is_failed()
    }

    /// Refuses every write from now on: the log's directory failed elsewhere.
    pub(crate) fn fail(&self) {
        self.commit.fail();
    }

    /// Moves the high watermark, clamped to what the log holds; returns where it stands. A log
    /// without replicas moves it by itself.
    pub fn set_high_watermark(&self, offset: i64) -> i64 {
        let mut writer = self.writer.lock();
        let offset = offset.clamp(self.log_start_offset(), self.log_end_offset());
        self.high_watermark.store(offset, Ordering::Release);
        self.update_first_unstable(&mut writer);
        self.appended.notify();
        offset
    }

    fn update_first_unstable(&self, writer: &mut Writer) {
        writer.producers.on_high_watermark_updated(self.high_watermark());
        let unstable = writer.producers.first_unstable_offset();
        let unstable = unstable.map_or(NO_OFFSET, |offset| offset.max(self.log_start_offset()));
        self.first_unstable_offset.store(unstable, Ordering::Release);
    }

    /// The writer, if writing is possible.
    fn lock_writer(&self) -> Result<MutexGuard<'_, Writer>> {
        let writer = self.writer.lock();
        if self.closed.load(Ordering::Acquire) {
            return Err(LogError::Closed);
        }
        if self.commit.is_failed() {
            return Err(LogError::Poisoned { path: self.dir.clone() });
        }
        Ok(writer)
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(()) }
    }

    /// Makes everything appended so far durable; returns the offset below which it is.
    ///
    /// # Errors
    /// `Io` when the fsync fails, after which the log is poisoned; `Poisoned`, `Closed`.
    pub fn flush(&self) -> Result<i64> {
        self.check_open()?;
        let end = self.log_end_offset();
        self.flush_to(end)?;
        Ok(self.recovery_point())
    }

    /// Returns when everything below `offset` is durable, sharing fsyncs with other threads.
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub fn flush_to(&self, offset: i64) -> Result<()> {
        self.commit.commit(offset, || self.sync())
    }

    /// Returns when everything below `offset` is durable, after `drain` wrote what waits elsewhere.
    ///
    /// # Errors
    /// As [`Log::flush`], and those of `drain`, which do not poison.
    pub fn flush_after(&self, offset: i64, drain: impl Fn() -> Result<()>) -> Result<()> {
        self.commit.commit(offset, || {
            drain()?;
            self.sync()
        })
    }

    /// Writes what recovery starts from, index entries and producer snapshot, and makes everything
    /// durable; returns the offset to put into the recovery point checkpoint.
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub fn prepare_checkpoint(&self) -> Result<i64> {
        let (end, files) = {
            let mut writer = self.lock_writer()?;
            writer.producers.take_snapshot(true)?;
            (self.log_end_offset(), writer.segment.spill_indexes()?)
        };
        self.flush_to(end)?;
        self.sync_names(&files)?;
        Ok(end)
    }

    /// Makes finished files and their names durable; a failure poisons the log.
    fn sync_names(&self, files: &[Arc<dyn File>]) -> Result<()> {
        let synced = files.iter().try_for_each(|file| file.sync_data());
        synced.and_then(|()| self.fs.sync_dir(&self.dir)).inspect_err(|_| self.commit.fail())
    }

    /// Syncs what is dirty, outside of the writer's lock; returns the offset it covers.
    fn sync(&self) -> Result<i64> {
        let (end, files, indexes, dir_is_dirty) = {
            let mut writer = self.writer.lock();
            let indexes = std::mem::take(&mut writer.dirty_transaction_indexes);
            let mut files = std::mem::take(&mut writer.dirty_files);
            if writer.unflushed_count > 0 {
                files.push(Arc::clone(writer.segment.file()));
            }
            writer.unflushed_count = 0;
            let is_dir_dirty = std::mem::take(&mut writer.is_dir_dirty);
            (self.log_end_offset(), files, indexes, is_dir_dirty)
        };
        for file in files {
            file.sync_data()?;
        }
        for segment in indexes {
            segment.transaction_index().flush()?;
        }
        if dir_is_dirty {
            self.fs.sync_dir(&self.dir)?;
        }
        Ok(end)
    }

    /// Waits until the log end offset is past `offset`, or the time is over; tells which.
    ///
    /// # Errors
    /// `Closed`.
    pub fn wait_for(&self, offset: i64, timeout: Duration) -> Result<bool> {
        self.appended.waiting.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.appended.lock.lock();
        let is_there = || self.log_end_offset.load(Ordering::SeqCst) > offset;
        if !is_there() && !self.closed.load(Ordering::SeqCst) {
            let goes_on = |()| !is_there() && !self.closed.load(Ordering::SeqCst);
            self.appended.changed.wait_while_for(&mut guard, |()| goes_on(()), timeout);
        }
        drop(guard);
        self.appended.waiting.fetch_sub(1, Ordering::SeqCst);
        self.check_open()?;
        Ok(is_there())
    }

    /// Refuses further use at once, because the log is to be deleted: nothing of it need reach the
    /// disk. What runs in other threads ends with `Closed`, or in vain.
    pub(crate) fn abandon(&self) {
        let _writer = self.writer.lock();
        self.closed.store(true, Ordering::SeqCst);
        let _guard = self.appended.lock.lock();
        self.appended.changed.notify_all();
    }

    /// Whether it was closed or abandoned.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Completes the files, makes them durable and refuses further use. Returns the recovery
    /// point. Views that were handed out stay readable.
    ///
    /// # Errors
    /// `Io`; the log is closed all the same, and the next opening recovers it.
    pub fn close(&self) -> Result<i64> {
        let mut writer = self.writer.lock();
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(self.recovery_point());
        }
        let result = if self.commit.is_failed() {
            Err(LogError::Poisoned { path: self.dir.clone() })
        } else {
            self.finish_files(&mut writer)
        };
        drop(writer);
        {
            let _guard = self.appended.lock.lock();
            self.appended.changed.notify_all();
        }
        let files = result?;
        let end = self.log_end_offset();
        self.commit.commit(end, || self.sync())?;
        self.sync_names(&files)?;
        Ok(end)
    }

    fn finish_files(&self, writer: &mut Writer) -> Result<Vec<Arc<dyn File>>> {
        let files = writer.segment.finish()?;
        writer.producers.take_snapshot(true)?;
        self.epochs.flush()?;
        self.remove_deleted(writer, i64::MAX)?;
        Ok(files)
    }
}
