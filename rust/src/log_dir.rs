//! One log directory of a broker: its lock, its owner, its checkpoints, its clean-stop marker.
//!
//! Invariants: nothing is read before the lock is held and the owner is known to be us; the marker
//! is removed before the first log is loaded, and written only if every log of the directory was
//! loaded and closed well; a directory whose storage failed is offline until restart, and nothing
//! is written to it any more. `manager.rs` puts logs into it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::checkpoint::{
    CLEANER_CHECKPOINT, HIGH_WATERMARK_CHECKPOINT, LOG_START_OFFSET_CHECKPOINT, OffsetCheckpoint,
    RECOVERY_POINT_CHECKPOINT, TopicPartition,
};
use crate::clean_shutdown::CleanShutdownMarker;
use crate::error::{LogError, Result};
use crate::fs::FileSystem;
use crate::lock::DirLock;
use crate::meta_properties::MetaProperties;
use crate::partition_dir::PartitionDir;

/// Offsets by partition, as a checkpoint holds them.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// What the checkpoints of a log directory say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Below these everything is durable.
    pub recovery_points: Offsets,
    /// First offsets that may be read, where that is not the first segment's.
    pub log_start_offsets: Offsets,
    /// Below these everything is replicated.
    pub high_watermarks: Offsets,
    /// Below these logs are compacted.
    pub clean_end_offsets: Offsets,
}

impl Checkpoints {
    /// Takes over what other checkpoints say of one partition.
    pub(crate) fn keep(&mut self, partition: &TopicPartition, from: &Self) {
        let pairs = [
            (&mut self.recovery_points, &from.recovery_points),
            (&mut self.log_start_offsets, &from.log_start_offsets),
            (&mut self.high_watermarks, &from.high_watermarks),
            (&mut self.clean_end_offsets, &from.clean_end_offsets),
        ];
        for (mine, others) in pairs {
            mine.extend(others.get(partition).map(|offset| (partition.clone(), *offset)));
        }
    }
}

/// What stands in a log directory.
#[derive(Debug, Default)]
pub struct Contents {
    /// Directories of partitions, in whatever state.
    pub partitions: Vec<(String, PartitionDir)>,
    /// Directories that are none of ours.
    pub foreign: Vec<String>,
}

/// A log directory that this process holds.
#[derive(Debug)]
pub struct LogDir {
    path: PathBuf,
    fs: Arc<dyn FileSystem>,
    meta: MetaProperties,
    marker: CleanShutdownMarker,
    is_offline: AtomicBool,
    /// Held while checkpoints are computed and written, so that the newest ones are written last.
    checkpointing: Mutex<()>,
    /// Whether some log could not be loaded or closed, so that the marker must not be written.
    is_incomplete: AtomicBool,
    _lock: DirLock,
}

impl LogDir {
    /// Takes a directory, creating it if absent.
    ///
    /// # Errors
    /// `Locked` if another process or handle has it; `InvalidArgument` if it belongs to another
    /// cluster or node; `Corrupt`, `UnsupportedFormat`, `Io`.
    pub fn open(path: &Path, fs: Arc<dyn FileSystem>, owner: &MetaProperties) -> Result<Self> {
        fs.create_dir_durably(path)?;
        let lock = DirLock::acquire(&*fs, path)?;
        let meta = MetaProperties::settle(&*fs, path, owner)?;
        Ok(Self {
            path: path.to_owned(),
            marker: CleanShutdownMarker::new(Arc::clone(&fs), path),
            fs,
            meta,
            is_offline: false.into(),
            checkpointing: Mutex::new(()),
            is_incomplete: true.into(),
            _lock: lock,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn meta(&self) -> &MetaProperties {
        &self.meta
    }

    /// Whether its storage failed.
    pub fn is_offline(&self) -> bool {
        self.is_offline.load(Ordering::Acquire)
    }

    /// Takes it out of use.
    pub fn set_offline(&self) {
        self.is_offline.store(true, Ordering::Release);
    }

    /// Refuses to go on if the directory is offline.
    ///
    /// # Errors
    /// `Offline`.
    pub fn check_online(&self) -> Result<()> {
        if self.is_offline() {
            return Err(LogError::Offline { path: self.path.clone() });
        }
        Ok(())
    }

    /// Takes the directory offline if an operation failed because of its storage.
    ///
    /// # Errors
    /// The operation's.
    pub fn noting<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.is_storage_failure() {
                self.set_offline();
            }
        })
    }

    /// Removes the clean-stop marker, durably, and tells whether it was there.
    ///
    /// # Errors
    /// `Io`.
    pub fn take_clean_marker(&self) -> Result<bool> {
        let was_clean = self.marker.exists()?;
        self.marker.remove()?;
        Ok(was_clean)
    }

    /// Says whether all logs are loaded, or one could not be loaded or closed.
    pub fn set_complete(&self, is_complete: bool) {
        self.is_incomplete.store(!is_complete, Ordering::Release);
    }

    /// Writes the clean-stop marker, unless the directory failed or a log of it did.
    ///
    /// # Errors
    /// `Io`.
    pub fn write_clean_marker(&self, broker_epoch: i64) -> Result<bool> {
        let may = !self.is_offline() && !self.is_incomplete.load(Ordering::Acquire);
        if may {
            self.noting(self.marker.write(broker_epoch))?;
        }
        Ok(may)
    }

    fn checkpoint(&self, name: &str) -> OffsetCheckpoint {
        OffsetCheckpoint::new(Arc::clone(&self.fs), &self.path, name)
    }

    /// Reads all checkpoints. One that is damaged counts as empty: it only makes loading longer.
    ///
    /// # Errors
    /// `Io`, `UnsupportedFormat`.
    pub fn read_checkpoints(&self) -> Result<Checkpoints> {
        let read = |name| match self.checkpoint(name).read() {
            Err(LogError::Corrupt { .. }) => Ok(Offsets::new()),
            result => result,
        };
        Ok(Checkpoints {
            recovery_points: read(RECOVERY_POINT_CHECKPOINT)?,
            log_start_offsets: read(LOG_START_OFFSET_CHECKPOINT)?,
            high_watermarks: read(HIGH_WATERMARK_CHECKPOINT)?,
            clean_end_offsets: read(CLEANER_CHECKPOINT)?,
        })
    }

    /// Holds off everybody else who would write checkpoints. Whoever does takes this before the
    /// offsets are looked at: the files are replaced as a whole, and what is older must not stay.
    pub(crate) fn lock_checkpoints(&self) -> MutexGuard<'_, ()> {
        self.checkpointing.lock()
    }

    /// Replaces all checkpoints, durably; under [`LogDir::lock_checkpoints`].
    ///
    /// # Errors
    /// `Offline`; `Io`, which takes the directory offline.
    pub fn write_checkpoints(&self, checkpoints: &Checkpoints) -> Result<()> {
        self.check_online()?;
        let write = |name, offsets| self.noting(self.checkpoint(name).write(offsets));
        // The start goes first: a recovery point below it would make recovery look for what went.
        write(LOG_START_OFFSET_CHECKPOINT, &checkpoints.log_start_offsets)?;
        write(RECOVERY_POINT_CHECKPOINT, &checkpoints.recovery_points)?;
        write(HIGH_WATERMARK_CHECKPOINT, &checkpoints.high_watermarks)?;
        write(CLEANER_CHECKPOINT, &checkpoints.clean_end_offsets)
    }

    /// Lists the directory; files are not looked at.
    ///
    /// # Errors
    /// `Io`.
    pub fn contents(&self) -> Result<Contents> {
        let mut contents = Contents::default();
        for entry in self.fs.list(&self.path)?.into_iter().filter(|entry| entry.is_dir) {
            match PartitionDir::parse(&entry.name) {
                Some(meaning) => contents.partitions.push((entry.name, meaning)),
                None => contents.foreign.push(entry.name),
            }
        }
        contents.partitions.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(contents)
    }

    /// Removes the directory of a deleted log with its files.
    ///
    /// # Errors
    /// `InvalidArgument` for any other directory; `Offline`, `Io`.
    pub fn remove_deleted(&self, name: &str) -> Result<()> {
        self.check_online()?;
        if !matches!(PartitionDir::parse(name), Some(PartitionDir::Deleted(_))) {
            return Err(LogError::InvalidArgument(format!("{name} is not a deleted log")));
        }
        let dir = self.path.join(name);
        if self.noting(self.fs.metadata(&dir))?.is_none() {
            return Ok(());
        }
        let removed = self.fs.list(&dir).and_then(|entries| {
            entries.iter().try_for_each(|entry| self.fs.remove(&dir.join(&entry.name)))?;
            self.fs.remove_dir(&dir)
        });
        self.noting(removed)
    }
}
