//! What the tests of `LogManager` share: directories, settings, appends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::path::PathBuf;
use std::sync::Arc;

use logcore::checkpoint::TopicPartition;
use logcore::{
    Codec, Log, LogConfig, LogManager, ManagerOptions, ManualClock, RecordBatchBuilder, Result,
};
use tempfile::TempDir;

pub const MARKER: &str = ".kafka_cleanshutdown";

pub fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

pub fn options() -> ManagerOptions {
    let config = LogConfig { segment_bytes: 1000, retention_ms: -1, ..LogConfig::default() };
    ManagerOptions {
        clock: Arc::new(ManualClock::new(1_000_000)),
        config,
        end_is_stable: true,
        ..ManagerOptions::default()
    }
}

pub struct Roots {
    pub dir: TempDir,
    pub paths: Vec<PathBuf>,
}

impl Roots {
    pub fn new(count: usize) -> Self {
        let dir = TempDir::new().unwrap();
        let paths = (0..count).map(|at| dir.path().join(format!("d{at}"))).collect();
        Self { dir, paths }
    }

    pub fn open(&self, options: ManagerOptions) -> Result<LogManager> {
        LogManager::open(&self.paths, options)
    }
}

pub fn append(log: &Log, count: i64) {
    for _ in 0..count {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        let key = (log.log_end_offset() % 3).to_string();
        builder.append(1_000_000, Some(key.as_bytes()), Some(&[7; 100]), &[]).unwrap();
        log.append_built(builder.finish().unwrap(), 0).unwrap();
    }
}
