//! What a manager tells of its directories: their volumes, and the logs in them by size.
//!
//! Invariant: asking changes nothing, and a directory that is offline or cannot be asked is told
//! of all the same, without the sizes that are not known.

use std::path::PathBuf;
use std::sync::Arc;

use super::LogManager;
use crate::checkpoint::TopicPartition;
use crate::fs::DiskSpace;

/// One log directory, as `DescribeLogDirs` tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirFacts {
    /// Its path.
    pub path: PathBuf,
    /// Whether it is in use.
    pub is_online: bool,
    /// The size of its volume, if that can be had.
    pub space: Option<DiskSpace>,
    /// Its logs with the bytes of their batches, in order.
    pub logs: Vec<(TopicPartition, u64)>,
}

impl LogManager {
    /// The log directories, those that could not even be opened last.
    pub fn dir_facts(&self) -> Vec<DirFacts> {
        let mut facts: Vec<DirFacts> = Vec::new();
        for dir in &self.dirs {
            let logs = self.logs.read();
            let hosted = logs.iter().filter(|(_, hosted)| Arc::ptr_eq(&hosted.dir, dir));
            let logs =
                hosted.map(|(partition, hosted)| (partition.clone(), hosted.log.size_bytes()));
            let logs = logs.collect();
            facts.push(DirFacts {
                path: dir.path().to_owned(),
                is_online: !dir.is_offline(),
                space: None,
                logs,
            });
        }
        // The volumes are asked without a lock held: a broken one may take its time.
        for facts in facts.iter_mut().filter(|facts| facts.is_online) {
            facts.space = self.options.fs.disk_space(&facts.path).ok();
        }
        let lost = self.lost_dirs.iter().cloned();
        facts.extend(lost.map(|path| DirFacts {
            path,
            is_online: false,
            space: None,
            logs: Vec::new(),
        }));
        facts
    }
}
