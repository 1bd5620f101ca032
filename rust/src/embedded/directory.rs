//! The directory of an embedded log: its lock, checkpoints and clean-stop marker.
//!
//! The same files that a broker keeps for all logs of a log directory stand here in the log's own,
//! for the one name `log-0`. Invariants: the marker goes before anything is loaded and comes only
//! after everything was closed well; a checkpoint never claims more than is durable: index entries
//! and producer snapshot are written, data is synced, then the recovery point. A partition of a
//! Kafka broker may be opened too; then the broker's log directory is locked as well, and its log
//! start offset counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::EmbeddedOptions;
use crate::checkpoint::{OffsetCheckpoint, TopicPartition};
use crate::clean_shutdown::CleanShutdownMarker;
use crate::error::{LogError, Result};
use crate::fs::FileSystem;
use crate::lock::DirLock;
use crate::log::{Log, OpenOptions};

const RECOVERY_POINT: &str = "recovery-point-offset-checkpoint";
const LOG_START: &str = "log-start-offset-checkpoint";
const META_PROPERTIES: &str = "meta.properties";
/// Bytes after which a flush also moves the recovery point on disk.
const CHECKPOINT_INTERVAL_BYTES: u64 = 16 << 20;

/// An embedded log's directory.
#[derive(Debug)]
pub(super) struct Directory {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    locks: Vec<DirLock>,
    marker: CleanShutdownMarker,
    recovery_point: OffsetCheckpoint,
    log_start: OffsetCheckpoint,
    /// Size of the log when the recovery point was last written.
    checkpointed_bytes: u64,
}

/// The name under which the checkpoints list the log.
fn this_log() -> TopicPartition {
    TopicPartition { topic: "log".into(), partition: 0 }
}

impl Directory {
    /// Locks the directory and opens the log in it.
    pub(super) fn open(dir: &Path, options: &EmbeddedOptions) -> Result<(Self, Log)> {
        let fs = Arc::clone(&options.fs);
        fs.create_dir_durably(dir)?;
        let kafka = kafka_partition(&*fs, dir)?;
        let mut locks = vec![DirLock::acquire(&*fs, dir)?];
        if let Some((parent, _)) = &kafka {
            locks.push(DirLock::acquire(&*fs, parent)?);
        }
        let mut this = Self {
            marker: CleanShutdownMarker::new(Arc::clone(&fs), dir),
            recovery_point: OffsetCheckpoint::new(Arc::clone(&fs), dir, RECOVERY_POINT),
            log_start: OffsetCheckpoint::new(Arc::clone(&fs), dir, LOG_START),
            fs,
            dir: dir.to_owned(),
            locks,
            checkpointed_bytes: 0,
        };
        let log = this.load(options, kafka.as_ref())?;
        this.checkpointed_bytes = log.size_bytes();
        Ok((this, log))
    }

    fn load(
        &mut self,
        options: &EmbeddedOptions,
        kafka: Option<&(PathBuf, TopicPartition)>,
    ) -> Result<Log> {
        let recovery_point = offset_in(&self.recovery_point, &this_log())?;
        let mut log_start = offset_in(&self.log_start, &this_log())?;
        if let (None, Some((parent, name))) = (log_start, kafka) {
            let checkpoint = OffsetCheckpoint::new(Arc::clone(&self.fs), parent, LOG_START);
            log_start = offset_in(&checkpoint, name)?;
        }
        let clean = recovery_point.is_some() && self.marker.exists()?;
        self.marker.remove()?;
        let log = Log::open(
            &self.dir,
            OpenOptions {
                fs: Arc::clone(&options.fs),
                clock: Arc::clone(&options.clock),
                config: options.config.clone(),
                log_start_offset: log_start.unwrap_or(0),
                recovery_point: recovery_point.unwrap_or(0),
                clean,
                // Without a checkpoint of ours the log is new or a broker's.
                expect_gaps: recovery_point.is_none(),
                end_is_stable: true,
                verify_transactions: false,
            },
        )?;
        let end = log.log_end_offset();
        match recovery_point.filter(|point| *point > end) {
            Some(point) => Err(LogError::corrupt(
                &self.dir,
                0,
                format!("records {end} to {point} were durable and their files are missing"),
            )),
            None if recovery_point.is_some() => Ok(log),
            None => {
                // From now on a gap above the recovery point is damage.
                self.checkpoint(&log)?;
                Ok(log)
            }
        }
    }

    /// Moves the recovery point on disk if much was written since.
    pub(super) fn checkpoint_if_due(&mut self, log: &Log) -> Result<()> {
        let size = log.size_bytes();
        if size.abs_diff(self.checkpointed_bytes) < CHECKPOINT_INTERVAL_BYTES {
            return Ok(());
        }
        self.checkpoint(log)
    }

    fn checkpoint(&mut self, log: &Log) -> Result<()> {
        let recovery_point = log.prepare_checkpoint()?;
        self.write_recovery_point(recovery_point)?;
        self.checkpointed_bytes = log.size_bytes();
        Ok(())
    }

    fn write_recovery_point(&self, offset: i64) -> Result<()> {
        self.recovery_point.write(&BTreeMap::from([(this_log(), offset)]))
    }

    /// Writes the log start offset.
    pub(super) fn write_start(&self, log: &Log) -> Result<()> {
        self.log_start.write(&BTreeMap::from([(this_log(), log.log_start_offset())]))
    }

    /// Lowers the recovery point before records below it go, to the start of their segment.
    pub(super) fn before_truncation(&self, log: &Log, offset: i64) -> Result<()> {
        if offset >= log.recovery_point() {
            return Ok(());
        }
        let list = log.segments().load();
        let floor = crate::segments::floor_index(&list, offset).and_then(|at| list.get(at));
        self.write_recovery_point(floor.map_or(0, |segment| segment.base_offset().min(offset)))
    }

    /// Writes the checkpoints and the marker of a log that was closed well.
    pub(super) fn close(&mut self, log: &Log) -> Result<()> {
        self.write_recovery_point(log.recovery_point())?;
        self.write_start(log)?;
        self.marker.write(-1)
    }

    /// Lets others have the directory.
    pub(super) fn release(&mut self) {
        self.locks.clear();
    }
}

/// The offset of one log in a checkpoint. An unreadable checkpoint counts as empty: it only makes
/// recovery longer. A newer version does not.
fn offset_in(checkpoint: &OffsetCheckpoint, name: &TopicPartition) -> Result<Option<i64>> {
    match checkpoint.read() {
        Ok(offsets) => Ok(offsets.get(name).copied()),
        Err(LogError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The broker's log directory and the partition's name, if `dir` is a partition of a broker.
fn kafka_partition(fs: &dyn FileSystem, dir: &Path) -> Result<Option<(PathBuf, TopicPartition)>> {
    let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(None);
    };
    let name = dir.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| name.rsplit_once('-'));
    let name = name.and_then(|(topic, partition)| {
        Some(TopicPartition { topic: topic.into(), partition: partition.parse().ok()? })
    });
    let Some(name) = name else { return Ok(None) };
    let is_broker = fs.metadata(&parent.join(META_PROPERTIES))?.is_some();
    Ok(is_broker.then(|| (parent.to_owned(), name)))
}
