//! All logs of a broker, in one or more log directories: open, create, find, delete.
//!
//! Invariants: a partition has one log, in one directory; a directory whose storage fails goes
//! offline alone, with its logs, and the others go on; a directory or file that is not ours is
//! never changed; a log's topic id is on disk before its first record. Loading is in
//! `manager/load.rs`, what is done from time to time in `manager/upkeep.rs`. The owner calls those
//! methods; there is no thread here. `manager/configs.rs` has the settings, `manager/facts.rs` what is
//! told of the directories.

mod configs;
mod facts;
mod load;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use parking_lot::{Mutex, RwLock};

use configs::Configs;
pub use facts::DirFacts;
pub use load::{LoadProgress, LoadReport};
pub use upkeep::Compacted;

use crate::checkpoint::TopicPartition;
use crate::clock::{Clock, SystemClock};
use crate::config::LogConfig;
use crate::error::{LogError, Result};
use crate::fs::{FileSystem, RealFs};
use crate::log::{Log, OpenOptions};
use crate::log_dir::{Checkpoints, LogDir};
use crate::meta_properties::random_uuid;
use crate::partition_dir::PartitionDir;
use crate::partition_metadata::{PartitionMetadataFile, Uuid};

/// Threads that create logs, which mostly wait for the disk.
const CREATE_THREADS: usize = 8;

/// So many logs are worth more than one thread.
const PARALLEL_FROM: usize = 4;

/// What a manager is opened with.
#[derive(Debug, Clone)]
pub struct ManagerOptions {
    /// Where the files are.
    pub fs: Arc<dyn FileSystem>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Settings of logs whose topic has none of its own.
    pub config: LogConfig,
    /// Settings by topic.
    pub topic_configs: BTreeMap<String, LogConfig>,
    /// `cluster.id` that the directories must have.
    pub cluster_id: Option<String>,
    /// `node.id` that the directories must have.
    pub node_id: Option<i32>,
    /// `num.recovery.threads.per.data.dir`, for all directories together.
    pub load_threads: usize,
    /// Whether high watermarks follow the log ends, as without replicas.
    pub end_is_stable: bool,
    /// Whether a client's first write to a transaction needs a guard (KIP-890).
    pub verify_transactions: bool,
    /// Where loading tells how far it is.
    pub progress: Arc<LoadProgress>,
}

impl Default for ManagerOptions {
    fn default() -> Self {
        Self {
            fs: Arc::new(RealFs),
            clock: Arc::new(SystemClock),
            config: LogConfig::default(),
            topic_configs: BTreeMap::new(),
            cluster_id: None,
            node_id: None,
            load_threads: 2,
            end_is_stable: false,
            verify_transactions: false,
            progress: Arc::default(),
        }
    }
}

fn open_options(options: &ManagerOptions, config: LogConfig) -> OpenOptions {
    OpenOptions {
        fs: Arc::clone(&options.fs),
        clock: Arc::clone(&options.clock),
        config,
        end_is_stable: options.end_is_stable,
        verify_transactions: options.verify_transactions,
        ..OpenOptions::default()
    }
}

/// A log and where it lives.
#[derive(Debug)]
struct Hosted {
    log: Arc<Log>,
    dir: Arc<LogDir>,
    topic_id: Option<Uuid>,
    /// When it was last flushed because of `flush.ms`.
    flushed_ms: AtomicI64,
}

/// A log that is to be created.
#[derive(Debug)]
struct NewLog<'a> {
    partition: &'a TopicPartition,
    /// Of its directory.
    name: String,
    topic_id: Option<Uuid>,
}

/// The directory of a deleted log, and when it goes.
#[derive(Debug)]
struct Doomed {
    due_ms: i64,
    dir: Arc<LogDir>,
    name: String,
}

/// A log that is on disk and could not be loaded.
#[derive(Debug)]
struct Failed {
    path: PathBuf,
    reason: String,
    dir: Arc<LogDir>,
    /// What the checkpoints said of it, which must not be forgotten: without a recovery point the
    /// next start would take the damage for a torn tail.
    known: Arc<(Checkpoints, bool)>,
}

/// The logs of a broker. Share it by `Arc`.
#[derive(Debug)]
pub struct LogManager {
    options: ManagerOptions,
    configs: RwLock<Configs>,
    dirs: Vec<Arc<LogDir>>,
    /// Directories that could not even be opened.
    lost_dirs: Vec<PathBuf>,
    logs: RwLock<BTreeMap<TopicPartition, Arc<Hosted>>>,
    failed: BTreeMap<TopicPartition, Failed>,
    doomed: Mutex<Vec<Doomed>>,
    /// Logs whose compaction met something it cannot deal with.
    uncleanable: Mutex<BTreeSet<TopicPartition>>,
    report: LoadReport,
    /// Serialises creation and deletion.
    changing: Mutex<()>,
}

impl LogManager {
    /// The log directories that could be opened, offline ones included.
    pub fn dirs(&self) -> &[Arc<LogDir>] {
        &self.dirs
    }

    /// What loading found.
    pub fn report(&self) -> &LoadReport {
        &self.report
    }

    /// Paths of the directories that are offline.
    pub fn offline_dirs(&self) -> Vec<PathBuf> {
        let failed = self.dirs.iter().filter(|dir| dir.is_offline());
        let failed = failed.map(|dir| dir.path().to_owned());
        self.lost_dirs.iter().cloned().chain(failed).collect()
    }

    /// The partitions that have a log here, in order, also in offline directories.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.logs.read().keys().cloned().collect()
    }

    fn hosted(&self, partition: &TopicPartition) -> Option<Arc<Hosted>> {
        self.logs.read().get(partition).map(Arc::clone)
    }

    /// All logs whose directory is online.
    fn online(&self) -> Vec<(TopicPartition, Arc<Hosted>)> {
        let logs = self.logs.read();
        let online = logs.iter().filter(|(_, hosted)| !hosted.dir.is_offline());
        online.map(|(partition, hosted)| (partition.clone(), Arc::clone(hosted))).collect()
    }

    /// The log of a partition, `None` if there is none.
    ///
    /// # Errors
    /// `Offline` if its directory failed; `Corrupt` if it could not be loaded.
    pub fn get(&self, partition: &TopicPartition) -> Result<Option<Arc<Log>>> {
        if let Some(failed) = self.failed.get(partition) {
            failed.dir.check_online()?;
            return Err(LogError::corrupt(&failed.path, 0, failed.reason.clone()));
        }
        let Some(hosted) = self.hosted(partition) else { return Ok(None) };
        hosted.dir.check_online()?;
        Ok(Some(Arc::clone(&hosted.log)))
    }

    /// The topic id that a partition's log belongs to, if known.
    pub fn topic_id(&self, partition: &TopicPartition) -> Option<Uuid> {
        self.hosted(partition)?.topic_id
    }

    /// The log of a partition, created in the directory with the fewest logs if it has none.
    /// `is_new` says that no log of it can exist; else none is created while a directory is
    /// offline, which might hold it.
    ///
    /// # Errors
    /// `InvalidArgument` for an illegal name, or if the log is of a topic with another id;
    /// `Offline` if no directory is fit; as [`LogManager::get`]; `Io`.
    pub fn get_or_create(
        &self,
        partition: &TopicPartition,
        topic_id: Option<Uuid>,
        is_new: bool,
    ) -> Result<Arc<Log>> {
        let logs = self.get_or_create_all(&[(partition.clone(), topic_id)], is_new)?;
        logs.into_iter().next().ok_or(LogError::Closed)
    }

    /// The logs of several partitions, each with its topic's id, as [`LogManager::get_or_create`]
    /// gives one. Those that are created share what makes their names durable, so many of them do
    /// not wait for the disk once for each.
    ///
    /// # Errors
    /// As [`LogManager::get_or_create`]; then none of them is hosted that was not before.
    pub fn get_or_create_all(
        &self,
        partitions: &[(TopicPartition, Option<Uuid>)],
        is_new: bool,
    ) -> Result<Vec<Arc<Log>>> {
        let _one_at_a_time = self.changing.lock();
        let mut missing = Vec::new();
        for (partition, topic_id) in partitions {
            if self.get(partition)?.is_some() {
                check_topic_id(partition, self.topic_id(partition), *topic_id)?;
            } else {
                let name = PartitionDir::name(partition)?;
                missing.push(NewLog { partition, name, topic_id: *topic_id });
            }
        }
        if !missing.is_empty() {
            self.create_all(missing, is_new)?;
        }
        let logs = partitions.iter().map(|(partition, _)| self.get(partition));
        logs.map(|log| log?.ok_or(LogError::Closed)).collect()
    }

    fn create_all(&self, missing: Vec<NewLog<'_>>, is_new: bool) -> Result<()> {
        if let Some(path) = self.offline_dirs().into_iter().next().filter(|_| !is_new) {
            return Err(LogError::Offline { path });
        }
        let dirs = self.emptiest_dirs(missing.len())?;
        let jobs: Vec<_> = missing.into_iter().zip(&dirs).collect();
        let per_thread = jobs.len().div_ceil(CREATE_THREADS).max(1);
        let create_some = |jobs: &[(NewLog<'_>, &Arc<LogDir>)]| {
            let created = jobs.iter().map(|(new, dir)| dir.noting(self.create(dir, new)));
            created.collect::<Result<Vec<Hosted>>>()
        };
        let created: Vec<Hosted> = if jobs.len() < PARALLEL_FROM {
            create_some(&jobs)?
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> =
                    jobs.chunks(per_thread).map(|some| scope.spawn(|| create_some(some))).collect();
                let done = threads.into_iter().map(|thread| thread.join().expect("no panic"));
                done.collect::<Result<Vec<_>>>()
            })?
            .into_iter()
            .flatten()
            .collect()
        };
        for dir in self.dirs.iter().filter(|dir| dirs.iter().any(|used| Arc::ptr_eq(used, dir))) {
            dir.noting(self.options.fs.sync_dir(dir.path()))?;
        }
        let mut logs = self.logs.write();
        for ((new, _), hosted) in jobs.into_iter().zip(created) {
            logs.insert(new.partition.clone(), Arc::new(hosted));
        }
        Ok(())
    }

    /// The directories for `count` new logs, each time the one with the fewest.
    fn emptiest_dirs(&self, count: usize) -> Result<Vec<Arc<LogDir>>> {
        let logs = self.logs.read();
        let online = self.dirs.iter().filter(|dir| !dir.is_offline());
        let mut counts: Vec<(usize, &Arc<LogDir>)> = online
            .map(|dir| {
                let held = logs.values().filter(|hosted| Arc::ptr_eq(&hosted.dir, dir));
                (held.count(), dir)
            })
            .collect();
        let mut chosen = Vec::with_capacity(count);
        for _ in 0..count {
            let Some(emptiest) = counts.iter_mut().min_by_key(|(held, _)| *held) else {
                let path = self.offline_dirs().into_iter().next().unwrap_or_default();
                return Err(LogError::Offline { path });
            };
            emptiest.0 += 1;
            chosen.push(Arc::clone(emptiest.1));
        }
        Ok(chosen)
    }

    /// Creates a log; its name becomes durable with the directory's next fsync.
    fn create(&self, dir: &Arc<LogDir>, new: &NewLog<'_>) -> Result<Hosted> {
        let NewLog { partition, name, topic_id } = new;
        let topic_id = *topic_id;
        let path = dir.path().join(name);
        let is_fresh = self.options.fs.metadata(&path)?.is_none();
        self.options.fs.create_dir_all(&path)?;
        if let Some(topic_id) = topic_id {
            PartitionMetadataFile::new(Arc::clone(&self.options.fs), &path).write_new(topic_id)?;
        }
        let config = self.configs.read().of(&partition.topic).clone();
        // A fresh directory holds nothing that recovery could have to make durable.
        let options = OpenOptions { clean: is_fresh, ..open_options(&self.options, config) };
        let log = Log::open(&path, options)?;
        let now_ms = self.options.clock.now_ms();
        Ok(Hosted { log: Arc::new(log), dir: Arc::clone(dir), topic_id, flushed_ms: now_ms.into() })
    }

    /// Deletes a partition's log: it is gone from here at once, its directory is renamed, and the
    /// files go with a [`LogManager::remove_deleted`] after `file.delete.delay.ms`.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no such log; `Offline`; `Io`.
    pub fn delete(&self, partition: &TopicPartition) -> Result<()> {
        self.delete_all(std::slice::from_ref(partition))
    }

    /// Deletes the logs of several partitions, as [`LogManager::delete`] does one; what makes it
    /// durable is done once for all.
    ///
    /// # Errors
    /// As [`LogManager::delete`]; those before the one that failed are deleted.
    pub fn delete_all(&self, partitions: &[TopicPartition]) -> Result<()> {
        let _one_at_a_time = self.changing.lock();
        let mut changed: Vec<Arc<LogDir>> = Vec::new();
        let deleted = partitions.iter().try_for_each(|partition| {
            let dir = self.delete_one(partition)?;
            if !changed.iter().any(|other| Arc::ptr_eq(other, &dir)) {
                changed.push(dir);
            }
            Ok(())
        });
        for dir in changed {
            dir.noting(self.options.fs.sync_dir(dir.path()))?;
            self.checkpoint_dir(&dir)?;
        }
        deleted
    }

    /// Takes a log out and renames its directory; returns the directory it was in.
    fn delete_one(&self, partition: &TopicPartition) -> Result<Arc<LogDir>> {
        let hosted = self.hosted(partition).ok_or_else(|| no_log(partition))?;
        hosted.dir.check_online()?;
        hosted.log.abandon();
        self.logs.write().remove(partition);
        let name = PartitionDir::deleted_name(partition, random_uuid());
        let root = hosted.dir.path();
        let fs = &self.options.fs;
        hosted.dir.noting(fs.rename(hosted.log.dir(), &root.join(&name)))?;
        let delay_ms = hosted.log.config().file_delete_delay_ms;
        let due_ms = self.options.clock.now_ms().saturating_add(delay_ms);
        self.doomed.lock().push(Doomed { due_ms, dir: Arc::clone(&hosted.dir), name });
        Ok(Arc::clone(&hosted.dir))
    }

    /// Cuts a log before the batch that holds `offset`, as [`Log::truncate_to`], and first takes
    /// the claim back that what is cut was durable. Returns the new log end offset.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no such log; `Offline`, `Io`.
    pub fn truncate_to(&self, partition: &TopicPartition, offset: i64) -> Result<i64> {
        let hosted = self.hosted(partition).ok_or_else(|| no_log(partition))?;
        hosted.dir.check_online()?;
        // Until it is cut: a checkpoint from before would claim again that all of it was durable.
        let _others_wait = hosted.dir.lock_checkpoints();
        if offset < hosted.log.recovery_point() {
            let list = hosted.log.segments().load();
            let floor = crate::segments::floor_index(&list, offset).and_then(|at| list.get(at));
            let lowered = floor.map_or(0, |segment| segment.base_offset());
            let mut checkpoints = self.checkpoints_of(&hosted.dir);
            checkpoints.recovery_points.insert(partition.clone(), lowered);
            hosted.dir.write_checkpoints(&checkpoints)?;
        }
        let end = hosted.dir.noting(hosted.log.truncate_to(offset))?;
        self.write_checkpoints_of(&hosted.dir)?;
        Ok(end)
    }

    /// Reports a failure of a log that its user met, so that its directory goes offline if the
    /// storage is to blame. All writes to the directory's logs are refused from then on.
    pub fn note_failure(&self, partition: &TopicPartition, error: &LogError) {
        if let Some(hosted) = self.hosted(partition).filter(|_| error.is_storage_failure()) {
            self.take_offline(&hosted.dir);
        }
    }

    fn take_offline(&self, dir: &Arc<LogDir>) {
        dir.set_offline();
        for hosted in self.logs.read().values().filter(|hosted| Arc::ptr_eq(&hosted.dir, dir)) {
            hosted.log.fail();
        }
    }

    /// Where a partition's log lives.
    pub fn path_of(&self, partition: &TopicPartition) -> Option<PathBuf> {
        self.hosted(partition).map(|hosted| Path::to_owned(hosted.log.dir()))
    }
}

fn no_log(partition: &TopicPartition) -> LogError {
    let TopicPartition { topic, partition } = partition;
    LogError::InvalidArgument(format!("there is no log of {topic}-{partition}"))
}

fn check_topic_id(
    partition: &TopicPartition,
    found: Option<Uuid>,
    expected: Option<Uuid>,
) -> Result<()> {
    match (found, expected) {
        (Some(found), Some(expected)) if found != expected => {
            let TopicPartition { topic, partition } = partition;
            Err(LogError::InvalidArgument(format!(
                "the log of {topic}-{partition} is of topic id {found}, not {expected}"
            )))
        }
        _ => Ok(()),
    }
}
