//! `LogManager`: all logs of a broker, as Python sees them.
//!
//! Invariants: every method that touches a disk lets go of the interpreter; after `close`, and in
//! the child of a fork, every call is refused. A manager that is dropped without `close` leaves its
//! directories as a crash would. `python/logcore/log/manager.py` derives the public class.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use logcore::checkpoint::TopicPartition;
use logcore::partition_metadata::Uuid;
use logcore::{CompactionReport, LogError, ManagerOptions, Result, ShiftedClock};
use parking_lot::{Mutex, RwLock};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{Outcome, forked, invalid};
use crate::fork;
use crate::partition::PartitionLog;
use crate::seams::Seams;
use crate::settings::{Settings, Texts};

type Partition = (String, i32);
type Dir = (String, bool, i64, i64, Vec<(String, i32, u64)>);
type Compacted<'py> = (Partition, Option<Bound<'py, PyDict>>, Option<String>);

/// How far a manager is with opening its logs, for another thread to ask.
#[pyclass(frozen, module = "logcore._native._core")]
#[derive(Default)]
pub(crate) struct LoadProgress {
    progress: Arc<logcore::manager::LoadProgress>,
}

#[pymethods]
impl LoadProgress {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Logs to open; 0 until they are counted.
    #[getter]
    fn total(&self) -> usize {
        self.progress.total()
    }

    /// Logs that are open, or could not be opened.
    #[getter]
    fn done(&self) -> usize {
        self.progress.done()
    }
}

/// All logs of a broker.
#[pyclass(subclass, frozen, weakref, module = "logcore._native._core")]
pub(crate) struct LogManager {
    /// `None` once it is closed.
    manager: RwLock<Option<Arc<logcore::LogManager>>>,
    /// What the logs are set to, in words; locked while it is changed.
    settings: Mutex<Settings>,
    forks: u64,
}

fn named(topic: String, partition: i32) -> TopicPartition {
    TopicPartition { topic, partition }
}

fn pair(partition: TopicPartition) -> Partition {
    (partition.topic, partition.partition)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn uuid_of(bytes: &[u8]) -> Outcome<Uuid> {
    let bytes = <[u8; 16]>::try_from(bytes);
    Ok(Uuid(bytes.map_err(|_| invalid("a topic id has 16 bytes"))?))
}

fn bytes_or_unknown(bytes: Option<u64>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn facts<'py>(py: Python<'py>, report: &CompactionReport) -> Outcome<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("segments_before", report.segments_before)?;
    facts.set_item("segments_after", report.segments_after)?;
    facts.set_item("bytes_before", report.bytes_before)?;
    facts.set_item("bytes_after", report.bytes_after)?;
    facts.set_item("records_read", report.records_read)?;
    facts.set_item("records_kept", report.records_kept)?;
    Ok(facts)
}

impl LogManager {
    fn manager(&self) -> Outcome<Arc<logcore::LogManager>> {
        if self.forks != fork::count() {
            return Err(forked());
        }
        let manager = self.manager.read();
        Ok(manager.as_ref().map(Arc::clone).ok_or(LogError::Closed)?)
    }

    /// Does what may wait for a disk, without the interpreter.
    fn detached<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&logcore::LogManager) -> Result<T> + Send,
    ) -> Outcome<T> {
        let manager = self.manager()?;
        let result = py.detach(|| {
            let result = work(&manager);
            // The last reference may be this one, if the manager was closed meanwhile.
            drop(manager);
            result
        });
        Ok(result?)
    }
}

#[pymethods]
impl LogManager {
    #[new]
    #[pyo3(signature = (paths, *, settings, topic_settings, cluster_id, node_id, load_threads,
                        progress, verify_transactions, seams=None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "pyo3 hands a method's arguments over one by one"
    )]
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 hands the arguments over")]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        settings: Texts,
        topic_settings: BTreeMap<String, Texts>,
        cluster_id: Option<String>,
        node_id: Option<i32>,
        load_threads: usize,
        progress: Option<PyRef<'_, LoadProgress>>,
        verify_transactions: bool,
        seams: Option<PyRef<'_, Seams>>,
    ) -> Outcome<Self> {
        let settings = Settings { default: settings, topics: topic_settings };
        let mut options = ManagerOptions {
            config: settings.default_config()?,
            topic_configs: settings.topic_configs()?,
            cluster_id,
            node_id,
            load_threads,
            end_is_stable: true,
            verify_transactions,
            progress: progress.map(|shared| Arc::clone(&shared.progress)).unwrap_or_default(),
            ..ManagerOptions::default()
        };
        if let Some(seams) = seams {
            options.fs = Arc::new(seams.fs.clone());
            options.clock = Arc::<ShiftedClock>::clone(&seams.clock);
        }
        let manager = py.detach(|| logcore::LogManager::open(&paths, options))?;
        Ok(Self {
            manager: RwLock::new(Some(Arc::new(manager))),
            settings: Mutex::new(settings),
            forks: fork::count(),
        })
    }

    /// List the partitions that have a log.
    fn partitions(&self) -> Outcome<Vec<Partition>> {
        Ok(self.manager()?.partitions().into_iter().map(pair).collect())
    }

    /// The topic id that a partition's log belongs to.
    fn topic_id<'py>(
        &self,
        py: Python<'py>,
        topic: String,
        partition: i32,
    ) -> Outcome<Option<Bound<'py, PyBytes>>> {
        let id = self.manager()?.topic_id(&named(topic, partition));
        Ok(id.map(|id| PyBytes::new(py, &id.0)))
    }

    /// Find the log of a partition.
    fn get(&self, topic: String, partition: i32) -> Outcome<Option<PartitionLog>> {
        let (manager, partition) = (self.manager()?, named(topic, partition));
        let found = manager.get(&partition)?;
        Ok(found.map(|log| PartitionLog::new(log, &manager, partition, self.forks)))
    }

    /// Find the log of a partition, or create it.
    fn get_or_create(
        &self,
        py: Python<'_>,
        topic: String,
        partition: i32,
        topic_id: Option<&[u8]>,
        is_new: bool,
    ) -> Outcome<PartitionLog> {
        let (manager, partition) = (self.manager()?, named(topic, partition));
        let topic_id = topic_id.map(uuid_of).transpose()?;
        let log = py.detach(|| manager.get_or_create(&partition, topic_id, is_new))?;
        Ok(PartitionLog::new(log, &manager, partition, self.forks))
    }

    /// Find the logs of several partitions, or create them together.
    fn get_or_create_all(
        &self,
        py: Python<'_>,
        partitions: Vec<(String, i32, Option<Vec<u8>>)>,
        is_new: bool,
    ) -> Outcome<Vec<PartitionLog>> {
        let manager = self.manager()?;
        let partitions = partitions
            .into_iter()
            .map(|(topic, partition, topic_id)| {
                Ok((named(topic, partition), topic_id.as_deref().map(uuid_of).transpose()?))
            })
            .collect::<Outcome<Vec<_>>>()?;
        let logs = py.detach(|| manager.get_or_create_all(&partitions, is_new))?;
        let both = logs.into_iter().zip(partitions);
        Ok(both.map(|(log, (at, _))| PartitionLog::new(log, &manager, at, self.forks)).collect())
    }

    /// Delete the log of a partition.
    fn delete(&self, py: Python<'_>, topic: String, partition: i32) -> Outcome<()> {
        self.detached(py, |manager| manager.delete(&named(topic, partition)))
    }

    /// Delete the logs of several partitions.
    fn delete_all(&self, py: Python<'_>, partitions: Vec<(String, i32)>) -> Outcome<()> {
        let partitions: Vec<_> =
            partitions.into_iter().map(|(topic, partition)| named(topic, partition)).collect();
        self.detached(py, |manager| manager.delete_all(&partitions))
    }

    /// Cut the log of a partition before the batch that holds an offset; return the new end.
    fn truncate_to(
        &self,
        py: Python<'_>,
        topic: String,
        partition: i32,
        offset: i64,
    ) -> Outcome<i64> {
        self.detached(py, |manager| manager.truncate_to(&named(topic, partition), offset))
    }

    /// Give the logs of a topic settings of their own.
    fn set_topic_settings(&self, py: Python<'_>, topic: String, settings: Texts) -> Outcome<()> {
        let manager = self.manager()?;
        py.detach(|| {
            let mut all = self.settings.lock();
            let own = if settings.is_empty() { None } else { Some(all.with(&settings)?) };
            manager.set_topic_config(&topic, own)?;
            if settings.is_empty() {
                all.topics.remove(&topic);
            } else {
                all.topics.insert(topic, settings);
            }
            drop(all);
            drop(manager);
            Ok(())
        })
    }

    /// Replace the settings that all logs have in common.
    fn set_settings(&self, py: Python<'_>, settings: Texts) -> Outcome<()> {
        let manager = self.manager()?;
        py.detach(|| {
            let mut all = self.settings.lock();
            let before = std::mem::replace(&mut all.default, settings);
            let changed = all
                .default_config()
                .and_then(|default| Ok(manager.set_configs(default, all.topic_configs()?)?));
            if changed.is_err() {
                all.default = before;
            }
            drop(all);
            drop(manager);
            changed
        })
    }

    fn _report<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyDict>> {
        let manager = self.manager()?;
        let (report, facts) = (manager.report(), PyDict::new(py));
        let texts = |paths: &[PathBuf]| paths.iter().map(|path| text(path)).collect::<Vec<_>>();
        let failed = report.failed.iter().map(|(path, reason)| (text(path), reason.as_str()));
        facts.set_item("loaded", report.loaded)?;
        facts.set_item("truncated_bytes", report.truncated_bytes)?;
        facts.set_item("failed", failed.collect::<Vec<_>>())?;
        facts.set_item("foreign", texts(&report.foreign))?;
        facts.set_item("set_aside", texts(&report.set_aside))?;
        Ok(facts)
    }

    /// The directories that are offline.
    fn offline_dirs(&self) -> Outcome<Vec<String>> {
        Ok(self.manager()?.offline_dirs().iter().map(|path| text(path)).collect())
    }

    fn _log_dirs(&self, py: Python<'_>) -> Outcome<Vec<Dir>> {
        let dirs = self.detached(py, |manager| Ok(manager.dir_facts()))?;
        let told = dirs.into_iter().map(|dir| {
            let logs = dir.logs.into_iter();
            let logs = logs.map(|(log, size_bytes)| (log.topic, log.partition, size_bytes));
            let total_bytes = bytes_or_unknown(dir.space.map(|space| space.total_bytes));
            let usable_bytes = bytes_or_unknown(dir.space.map(|space| space.usable_bytes));
            (text(&dir.path), dir.is_online, total_bytes, usable_bytes, logs.collect())
        });
        Ok(told.collect())
    }

    /// Flush the logs that are due.
    fn flush_due(&self, py: Python<'_>) -> Outcome<usize> {
        self.detached(py, |manager| Ok(manager.flush_due()))
    }

    /// Write the checkpoints.
    fn checkpoint(&self, py: Python<'_>) -> Outcome<()> {
        self.detached(py, logcore::LogManager::checkpoint)
    }

    /// Delete what retention no longer keeps.
    fn apply_retention(&self, py: Python<'_>) -> Outcome<Vec<(Partition, Vec<i64>)>> {
        let deleted = self.detached(py, |manager| Ok(manager.apply_retention()))?;
        Ok(deleted.into_iter().map(|(partition, bases)| (pair(partition), bases)).collect())
    }

    /// Remove the files of deleted logs whose delay is over.
    fn remove_deleted(&self, py: Python<'_>) -> Outcome<usize> {
        self.detached(py, |manager| Ok(manager.remove_deleted()))
    }

    fn _compact_due<'py>(&self, py: Python<'py>) -> Outcome<Option<Compacted<'py>>> {
        let compacted = self.detached(py, |manager| Ok(manager.compact_due()))?;
        let Some((partition, result)) = compacted else { return Ok(None) };
        Ok(Some(match result {
            Ok(report) => (pair(partition), Some(facts(py, &report)?), None),
            Err(error) => (pair(partition), None, Some(error.to_string())),
        }))
    }

    /// The partitions that compaction gave up on.
    fn uncleanable(&self) -> Outcome<Vec<Partition>> {
        Ok(self.manager()?.uncleanable().into_iter().map(pair).collect())
    }

    /// Close every log, and mark the directories as cleanly stopped.
    #[pyo3(signature = (broker_epoch=-1), text_signature = "($self, broker_epoch=-1)")]
    fn close(&self, py: Python<'_>, broker_epoch: i64) -> Outcome<()> {
        if self.forks != fork::count() {
            return Err(forked());
        }
        let taken = py.detach(|| self.manager.write().take());
        let Some(manager) = taken else { return Ok(()) };
        py.detach(|| {
            let result = manager.close(broker_epoch);
            drop(manager);
            Ok(result?)
        })
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self) -> bool {
        self.manager.read().is_none()
    }
}

impl Drop for LogManager {
    fn drop(&mut self) {
        let Some(manager) = self.manager.get_mut().take() else { return };
        if self.forks == fork::count() {
            Python::attach(|py| py.detach(|| drop(manager)));
        } else {
            std::mem::forget(manager);
        }
    }
}
