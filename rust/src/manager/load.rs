//! Opens all log directories and the logs in them, several at a time.
//!
//! Invariants: the lock of another process is an error, failing storage takes one directory offline,
//! and a log that is damaged beyond recovery only fails itself, but keeps its directory from being
//! marked clean; the marker goes before the first log is opened, so that a crash while loading
//! counts as unclean.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::configs::Configs;
use super::{Doomed, Failed, Hosted, LogManager, ManagerOptions, open_options};
use crate::checkpoint::TopicPartition;
use crate::error::{LogError, Result};
use crate::log::{Log, OpenOptions};
use crate::log_dir::{Checkpoints, LogDir};
use crate::meta_properties::MetaProperties;
use crate::partition_dir::PartitionDir;
use crate::partition_metadata::PartitionMetadataFile;

/// What loading found.
#[derive(Debug, Default)]
pub struct LoadReport {
    /// Logs that were loaded.
    pub loaded: usize,
    /// Bytes that recovery cut off, in all logs.
    pub truncated_bytes: u64,
    /// Directories of logs that could not be loaded, and why.
    pub failed: Vec<(PathBuf, String)>,
    /// Directories that are no log's; they are left alone.
    pub foreign: Vec<PathBuf>,
    /// Directories of logs that move in or belong to nobody; they are left alone.
    pub set_aside: Vec<PathBuf>,
}

/// How far loading is, for another thread to look at meanwhile.
#[derive(Debug, Default)]
pub struct LoadProgress {
    total: AtomicUsize,
    done: AtomicUsize,
}

impl LoadProgress {
    /// Logs to load; 0 until they are counted.
    pub fn total(&self) -> usize {
        self.total.load(Ordering::Acquire)
    }

    /// Logs that are loaded, or could not be.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Acquire)
    }
}

/// One log to load.
struct Job {
    partition: TopicPartition,
    path: PathBuf,
    dir: Arc<LogDir>,
    known: Arc<(Checkpoints, bool)>,
}

/// What is collected while loading.
#[derive(Default)]
struct Loading {
    jobs: Vec<Job>,
    doomed: Vec<Doomed>,
    report: LoadReport,
}

impl LogManager {
    /// Takes the log directories at `paths` and opens every log in them.
    ///
    /// # Errors
    /// `Locked` if another process or manager has one; `InvalidArgument` if one belongs to another
    /// cluster or node, or two hold the same partition; `InvalidConfig`; `Offline` if none is left.
    pub fn open(paths: &[PathBuf], mut options: ManagerOptions) -> Result<Self> {
        let configs = Configs {
            default: options.config.clone(),
            topics: std::mem::take(&mut options.topic_configs),
        };
        configs.check()?;
        let owner = MetaProperties::of(options.cluster_id.clone(), options.node_id);
        let (mut dirs, mut lost_dirs) = (Vec::new(), Vec::new());
        for path in paths {
            match LogDir::open(path, Arc::clone(&options.fs), &owner) {
                Ok(dir) => dirs.push(Arc::new(dir)),
                Err(error) if error.is_storage_failure() => lost_dirs.push(path.clone()),
                Err(error) => return Err(error),
            }
        }
        let mut loading = Loading::default();
        for dir in &dirs {
            match loading.survey(dir, options.clock.now_ms()) {
                Err(error) if error.is_storage_failure() => dir.set_offline(),
                result => result?,
            }
        }
        check_unique(&loading.jobs)?;
        let results = run(&loading.jobs, &options, &configs);
        let mut manager = Self {
            options,
            configs: RwLock::new(configs),
            dirs,
            lost_dirs,
            logs: RwLock::default(),
            failed: BTreeMap::new(),
            doomed: Mutex::new(loading.doomed),
            uncleanable: Mutex::default(),
            report: loading.report,
            changing: Mutex::default(),
        };
        for (job, result) in loading.jobs.into_iter().zip(results) {
            manager.take(job, result);
        }
        if manager.dirs.iter().all(|dir| dir.is_offline()) {
            let path = manager.offline_dirs().into_iter().next().unwrap_or_default();
            return Err(LogError::Offline { path });
        }
        Ok(manager)
    }

    fn take(&mut self, job: Job, result: Result<Hosted>) {
        match result {
            Ok(hosted) => {
                self.report.loaded += 1;
                self.report.truncated_bytes += hosted.log.recovery().truncated_bytes;
                self.logs.get_mut().insert(job.partition, Arc::new(hosted));
            }
            Err(error) => {
                job.dir.set_complete(false);
                if error.is_storage_failure() {
                    self.take_offline(&job.dir);
                }
                let (reason, path) = (error.to_string(), job.path);
                self.report.failed.push((path.clone(), reason.clone()));
                let failed = Failed { path, reason, dir: job.dir, known: job.known };
                self.failed.insert(job.partition, failed);
            }
        }
    }
}

impl Loading {
    /// Lists a directory: what is to be loaded, what is to go, what is left alone.
    fn survey(&mut self, dir: &Arc<LogDir>, now_ms: i64) -> Result<()> {
        let checkpoints = dir.read_checkpoints()?;
        let contents = dir.contents()?;
        let known = Arc::new((checkpoints, dir.take_clean_marker()?));
        dir.set_complete(true);
        for (name, meaning) in contents.partitions {
            let path = dir.path().join(&name);
            match meaning {
                PartitionDir::Log(partition) => {
                    let (dir, known) = (Arc::clone(dir), Arc::clone(&known));
                    self.jobs.push(Job { partition, path, dir, known });
                }
                PartitionDir::Deleted(_) => {
                    let dir = Arc::clone(dir);
                    self.doomed.push(Doomed { due_ms: now_ms, dir, name });
                }
                PartitionDir::Future(_) | PartitionDir::Stray(_) => {
                    self.report.set_aside.push(path);
                }
            }
        }
        let foreign = contents.foreign.iter().map(|name| dir.path().join(name));
        self.report.foreign.extend(foreign);
        Ok(())
    }
}

fn check_unique(jobs: &[Job]) -> Result<()> {
    let mut paths = BTreeMap::new();
    for job in jobs {
        if let Some(other) = paths.insert(&job.partition, &job.path) {
            return Err(LogError::InvalidArgument(format!(
                "{} and {} hold the same partition; remove one",
                other.display(),
                job.path.display()
            )));
        }
    }
    Ok(())
}

/// Loads all logs on a few threads; the results are in the order of the jobs.
fn run(jobs: &[Job], options: &ManagerOptions, configs: &Configs) -> Vec<Result<Hosted>> {
    options.progress.total.store(jobs.len(), Ordering::Release);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..options.load_threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let result = load(job, options, configs);
                    options.progress.done.fetch_add(1, Ordering::AcqRel);
                    results.lock().push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn load(job: &Job, options: &ManagerOptions, configs: &Configs) -> Result<Hosted> {
    job.dir.check_online()?;
    let (checkpoints, clean) = &*job.known;
    let metadata = PartitionMetadataFile::new(Arc::clone(&options.fs), &job.path).read()?;
    let offset = |offsets: &BTreeMap<TopicPartition, i64>| offsets.get(&job.partition).copied();
    let recovery_point = offset(&checkpoints.recovery_points);
    let config = configs.of(&job.partition.topic).clone();
    // Compaction leaves gaps between segments, Apache Kafka's also where ours does not; without a
    // checkpoint nothing tells them from the tail of a segment that was lost.
    let expect_gaps = recovery_point.is_none() && config.cleanup_policy.compact;
    let log = Log::open(
        &job.path,
        OpenOptions {
            log_start_offset: offset(&checkpoints.log_start_offsets).unwrap_or(0),
            recovery_point: recovery_point.unwrap_or(0),
            // A log that no checkpoint names was not there at the clean stop.
            clean: *clean && recovery_point.is_some(),
            expect_gaps,
            ..open_options(options, config)
        },
    )?;
    if let Some(high_watermark) = offset(&checkpoints.high_watermarks) {
        log.set_high_watermark(high_watermark.min(log.log_end_offset()));
    }
    // Of what was cut since it was written, nothing that comes in its place is clean.
    let clean_end_offset = offset(&checkpoints.clean_end_offsets).unwrap_or(0);
    log.set_clean_end_offset(clean_end_offset.min(log.log_end_offset()));
    Ok(Hosted {
        log: Arc::new(log),
        dir: Arc::clone(&job.dir),
        topic_id: metadata.map(|metadata| metadata.topic_id),
        flushed_ms: options.clock.now_ms().into(),
    })
}
