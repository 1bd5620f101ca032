//! A log that one process owns: what `logcore.Log` is made of.
//!
//! Adds to [`Log`] what a broker would do for it: the directory's lock, checkpoints and clean-stop
//! marker in the directory itself (`embedded/directory.rs`), building batches of single records,
//! lingering, and durability. Invariants: offsets are promised in the order of `append`, so every
//! way in holds `pending` while it writes and drains what lingers (`embedded/pending.rs`) first, and
//! lets go of it before it waits for a sync; with `Batch` and `Group` a call that wrote returns after
//! an fsync that covered it; a lingering record is lost only with the process. `background.rs` wakes
//! it, the bindings hold it.

mod directory;
mod pending;
mod sink;
mod upkeep;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

pub use sink::BatchSink;

use crate::append_origin::AppendOrigin;
use crate::background::{Background, schedule};
use crate::batch::NO_LEADER_EPOCH;
use crate::builder::{HeaderRef, record_size_bytes_max};
use crate::cleaner::{CompactOptions, CompactionReport};
use crate::clock::{Clock, SystemClock};
use crate::compression::Codec;
use crate::config::LogConfig;
use crate::error::{LogError, Result};
use crate::fs::{FileSystem, RealFs};
use crate::log::{AppendInfo, Log};
use crate::producer_append::AppendContext;
use directory::Directory;
use pending::Pending;
use upkeep::{UPKEEP_INTERVAL, Upkeep};

/// When an append is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When the operating system has it: survives the process, not a power loss.
    Os,
    /// When the batch it went into is on disk; lingering records are acknowledged before.
    Batch,
    /// When it is on disk; concurrent appends share batches and fsyncs.
    Group,
}

/// What an embedded log is opened with.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Where its files are.
    pub fs: Arc<dyn FileSystem>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Its settings.
    pub config: LogConfig,
    /// When an append is acknowledged.
    pub durability: Durability,
    /// How long a record may wait for others to share its batch, in milliseconds.
    pub linger_ms: u64,
    /// What batches built here are compressed with.
    pub codec: Codec,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            fs: Arc::new(RealFs),
            clock: Arc::new(SystemClock),
            config: LogConfig { retention_ms: -1, ..LogConfig::default() },
            durability: Durability::Os,
            linger_ms: 0,
            codec: Codec::None,
        }
    }
}

/// Bytes after which a batch that is being built is written without further waiting.
const BATCH_SIZE_BYTES_MAX: usize = (1 << 20) + 12;
const LINGER_SIZE_BYTES: usize = 64 << 10;

/// A log that one process owns. Close it: dropping the last handle closes it too, but the background
/// thread may hold one for a moment longer, and the directory's lock with it.
#[derive(Debug)]
pub struct EmbeddedLog {
    log: Arc<Log>,
    options: EmbeddedOptions,
    directory: Mutex<Directory>,
    pending: Mutex<Pending>,
    upkeep: Arc<Upkeep>,
    periodic: Arc<Upkeep>,
    /// Segments that had been started when upkeep was last asked for.
    seen_rolls: AtomicU64,
    closed: AtomicBool,
    this: Weak<Self>,
}

impl EmbeddedLog {
    /// Opens the log in `dir`, creating it if absent, and takes its lock.
    ///
    /// # Errors
    /// `Locked` while somebody else has it; what [`Log::open`] raises; `Corrupt` when files below
    /// the recovery point are missing.
    pub fn open(dir: &Path, options: EmbeddedOptions) -> Result<Arc<Self>> {
        let (directory, log) = Directory::open(dir, &options)?;
        let pending = Pending::new(options.codec, options.config.compression_level(options.codec));
        let this = Arc::new_cyclic(|this| Self {
            log: Arc::new(log),
            options,
            directory: Mutex::new(directory),
            pending: Mutex::new(pending),
            upkeep: Upkeep::new(this, false),
            periodic: Upkeep::new(this, true),
            seen_rolls: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            this: Weak::clone(this),
        });
        this.periodic.schedule(UPKEEP_INTERVAL);
        Ok(this)
    }

    /// The log itself, for reads.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Offset that the next record gets; counts those that linger.
    pub fn end_offset(&self) -> i64 {
        let pending = self.pending.lock();
        self.log.log_end_offset() + pending.count()
    }

    /// Whether an append may wait: for an fsync, or for another thread.
    pub fn append_blocks(&self) -> bool {
        self.options.durability != Durability::Os
            || self.log.config().flush_messages != i64::MAX
            || self.pending.is_locked()
    }

    fn lock_pending(&self) -> Result<MutexGuard<'_, Pending>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(LogError::Closed);
        }
        let pending = self.pending.lock();
        // It may have been closed by who held it.
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(pending) }
    }

    /// Appends one record; returns its offset. Without a timestamp it gets the current time.
    ///
    /// # Errors
    /// `BatchTooLarge` for a record above `max.message.bytes`; `InvalidArgument` for a timestamp
    /// below 0; `Io`, `Poisoned`, `Closed`.
    pub fn append(
        &self,
        timestamp: Option<i64>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<i64> {
        let timestamp = timestamp.unwrap_or_else(|| self.options.clock.now_ms());
        let shares = self.options.linger_ms > 0 || self.options.durability == Durability::Group;
        let mut pending = self.lock_pending()?;
        let mut due = pending.write_stuck(&self.log)?;
        if !shares {
            pending.builder.reset();
            pending.builder.append(timestamp, key, value, headers)?;
            let appended = pending.write_single(&self.log);
            drop(pending);
            let appended = appended?;
            let offset = appended.info.first_offset;
            self.make_durable(offset + 1, due.max(appended.due))?;
            return Ok(offset);
        }
        let size_bytes = record_size_bytes_max(key, value, headers);
        let room = LINGER_SIZE_BYTES.min(self.batch_size_bytes());
        if !pending.builder.is_empty() && pending.builder.size_bytes() + size_bytes > room {
            due = due.max(pending.write(&self.log)?);
        }
        if pending.builder.is_empty() {
            pending.builder.reset();
        }
        let offset = self.log.log_end_offset() + pending.count();
        pending.builder.append(timestamp, key, value, headers)?;
        if pending.builder.size_bytes() > self.batch_size_bytes() {
            // Alone in its batch, for the others were written, and still too large.
            debug_assert_eq!(pending.builder.len(), 1);
            let size_bytes = pending.builder.size_bytes() as u64;
            pending.builder.reset();
            let limit_bytes = u64::from(self.log.config().max_message_bytes);
            return Err(LogError::BatchTooLarge { size_bytes, limit_bytes });
        }
        self.settle_shared(pending, offset, due)
    }

    /// A record was put into the shared batch: waits for it, or has it written later.
    fn settle_shared(
        &self,
        mut pending: MutexGuard<'_, Pending>,
        offset: i64,
        due: Option<i64>,
    ) -> Result<i64> {
        if self.options.durability == Durability::Group {
            drop(pending);
            self.make_durable(offset + 1, due)?;
            return Ok(offset);
        }
        if !pending.is_scheduled {
            pending.is_scheduled = true;
            let delay = Duration::from_millis(self.options.linger_ms);
            schedule(delay, Weak::clone(&self.this) as Weak<dyn Background>);
        }
        drop(pending);
        self.flush_due(due)?;
        Ok(offset)
    }

    /// Makes durable what `flush.messages` want to be.
    fn flush_due(&self, due: Option<i64>) -> Result<()> {
        due.map_or(Ok(()), |due| self.log.flush_to(due))
    }

    fn batch_size_bytes(&self) -> usize {
        (self.log.config().max_message_bytes as usize).min(BATCH_SIZE_BYTES_MAX)
    }

    /// Writes what lingers, so that readers see it.
    ///
    /// # Errors
    /// `Io`, `Poisoned`, `Closed`; the records are kept and tried again.
    pub fn drain(&self) -> Result<()> {
        self.flush_due(self.write_pending()?)
    }

    /// Writes what lingers; returns below which offset it has to be durable, if a flush is due.
    fn write_pending(&self) -> Result<Option<i64>> {
        if self.options.linger_ms == 0 && self.options.durability != Durability::Group {
            return Ok(None);
        }
        self.lock_pending()?.write(&self.log)
    }

    /// Appends many records: `fill` pushes them, then they are written at once. Returns the first
    /// offset and the one after the last. An error of `fill` writes nothing.
    ///
    /// # Errors
    /// The error of `fill`; as [`EmbeddedLog::append`].
    pub fn append_with<F>(&self, fill: F) -> Result<(i64, i64)>
    where
        F: FnOnce(&mut BatchSink) -> Result<()>,
    {
        let mut sink = self.take_sink();
        let result = fill(&mut sink).and_then(|()| self.append_sink(&mut sink));
        self.give_sink(sink);
        result
    }

    /// A sink to fill; give it back with [`EmbeddedLog::give_sink`].
    pub fn take_sink(&self) -> BatchSink {
        let codec = self.options.codec;
        let codec = (codec, self.options.config.compression_level(codec));
        BatchSink::take(codec, self.options.clock.now_ms(), self.batch_size_bytes())
    }

    /// Gives a sink back, whose buffers others can use.
    pub fn give_sink(&self, sink: BatchSink) {
        sink.give();
    }

    /// Appends what was pushed into a sink, as [`EmbeddedLog::append_with`] does.
    ///
    /// # Errors
    /// As [`EmbeddedLog::append`].
    pub fn append_sink(&self, sink: &mut BatchSink) -> Result<(i64, i64)> {
        let segment_bytes = self.log.config().segment_bytes as usize;
        sink.seal()?;
        let mut pending = self.lock_pending()?;
        let mut due = pending.write(&self.log)?;
        let first = self.log.log_end_offset();
        sink.groups(segment_bytes, |batches| {
            due = due.max(self.log.append_built_unsettled(batches, NO_LEADER_EPOCH)?.due);
            Ok(())
        })?;
        let end = self.log.log_end_offset();
        drop(pending);
        self.make_durable(end, due)?;
        Ok((first, end))
    }

    /// Appends ready-made batches after checking them in full; offsets are written in place.
    ///
    /// # Errors
    /// As [`Log::append_leader`].
    pub fn append_raw(&self, records: &mut [u8]) -> Result<AppendInfo> {
        let mut pending = self.lock_pending()?;
        let due = pending.write(&self.log)?;
        let context = AppendContext::new(AppendOrigin::Coordinator);
        let appended = self.log.append_leader_unsettled(records, NO_LEADER_EPOCH, context)?;
        drop(pending);
        self.make_durable(appended.info.last_offset + 1, due.max(appended.due))?;
        Ok(appended.info)
    }

    /// Returns when what was appended below `offset` may be told of.
    fn make_durable(&self, offset: i64, due: Option<i64>) -> Result<()> {
        let rolls = self.log.roll_count();
        if rolls != self.seen_rolls.load(Ordering::Relaxed) {
            self.seen_rolls.store(rolls, Ordering::Relaxed);
            self.upkeep.schedule(Duration::ZERO);
        }
        match self.options.durability {
            Durability::Os => self.flush_due(due),
            Durability::Batch => self.log.flush_to(offset),
            Durability::Group => self.log.flush_after(offset, || self.write_pending().map(|_| ())),
        }
    }

    /// Makes everything appended so far durable; returns the offset below which it is.
    ///
    /// # Errors
    /// `Io`, `Poisoned`, `Closed`.
    pub fn flush(&self) -> Result<i64> {
        self.drain()?;
        let durable = self.log.flush()?;
        self.directory.lock().checkpoint_if_due(&self.log)?;
        Ok(durable)
    }

    /// Removes every record from `offset` on, and those that share its batch.
    ///
    /// # Errors
    /// As [`Log::truncate_to`].
    pub fn truncate(&self, offset: i64) -> Result<i64> {
        // In this order: who holds the directory may wait for who syncs, and that one for `pending`.
        let directory = self.directory.lock();
        let mut pending = self.lock_pending()?;
        let due = pending.write(&self.log)?;
        let start = self.log.log_start_offset();
        directory.before_truncation(&self.log, offset)?;
        let end = self.log.truncate_to(offset)?;
        if self.log.log_start_offset() < start {
            // Or the next opening would hide what is appended below the old start.
            directory.write_start(&self.log)?;
        }
        drop(pending);
        drop(directory);
        self.flush_due(due)?;
        Ok(end)
    }

    /// Raises the log start offset, durably.
    ///
    /// # Errors
    /// As [`Log::delete_before`].
    pub fn delete_before(&self, offset: i64) -> Result<i64> {
        self.drain()?;
        let start = self.log.delete_before(offset)?;
        self.directory.lock().write_start(&self.log)?;
        Ok(start)
    }

    /// Deletes what retention no longer keeps; returns the base offsets of the deleted segments.
    ///
    /// # Errors
    /// As [`Log::apply_retention`].
    pub fn apply_retention(&self) -> Result<Vec<i64>> {
        self.drain()?;
        let deleted = self.log.apply_retention()?;
        if !deleted.is_empty() {
            self.directory.lock().write_start(&self.log)?;
        }
        Ok(deleted)
    }

    /// Seals what was written and keeps only the newest record of each key, at the same offsets.
    ///
    /// # Errors
    /// As [`Log::compact`].
    pub fn compact(&self) -> Result<CompactionReport> {
        self.drain()?;
        self.log.compact(&CompactOptions { roll: true, ..CompactOptions::default() })
    }

    /// Compacts what was sealed, where the settings want it and enough of it is dirty.
    fn compact_if_due(&self) -> Result<()> {
        let config = self.log.config();
        let is_due = config.cleanup_policy.compact
            && self.log.cleanable()?.is_due(&config, self.options.clock.now_ms());
        if is_due { self.log.compact(&CompactOptions::default()).map(|_| ()) } else { Ok(()) }
    }

    /// Starts a new segment, unless the active one is empty.
    ///
    /// # Errors
    /// As [`Log::roll`].
    pub fn roll(&self) -> Result<i64> {
        self.drain()?;
        self.log.roll()
    }

    /// Writes and syncs what is left, the checkpoints and the clean-stop marker, and releases the
    /// directory. Closing twice is no error.
    ///
    /// # Errors
    /// `Io`, `Poisoned`; the log is closed all the same, and the next opening recovers it.
    pub fn close(&self) -> Result<()> {
        let mut pending = self.pending.lock();
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let drained = pending.write(&self.log);
        drop(pending);
        let closed = self.log.close();
        let mut directory = self.directory.lock();
        let result = drained.and(closed).and_then(|_| directory.close(&self.log));
        directory.release();
        result
    }

    /// Lets go of the directory without touching it: in a child process after a fork, where the
    /// parent goes on with it.
    pub fn abandon(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

impl Background for EmbeddedLog {
    fn run_due(&self) {
        let Ok(mut pending) = self.lock_pending() else { return };
        pending.is_scheduled = false;
        // A failure keeps the records; the next append or flush meets it and tells the caller.
        let written = pending.write(&self.log);
        drop(pending);
        let _ = match written {
            Ok(_) if self.options.durability == Durability::Batch => self.log.flush().map(|_| ()),
            Ok(due) => self.flush_due(due),
            Err(_) => Ok(()),
        };
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        let _ = self.close();
    }
}
