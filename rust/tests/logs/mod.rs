//! What the tests of the log share: a log in a directory, batches for it, and reading it back.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test crate uses its part, and may panic"
)]

use std::path::Path;
use std::sync::Arc;

use logcore::log::{AppendInfo, Isolation, OpenOptions};
use logcore::record::{decode, record_timestamp};
use logcore::{Batches, Codec, Log, LogConfig, ManualClock, RecordBatchBuilder, Records};

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// Small segments and dense indexes, so that a few records fill many of them.
pub(crate) fn small() -> LogConfig {
    LogConfig {
        segment_bytes: 1000,
        index_interval_bytes: 100,
        retention_ms: -1,
        file_delete_delay_ms: 0,
        message_timestamp_after_max_ms: i64::MAX,
        ..LogConfig::default()
    }
}

/// A log in a directory that outlives it.
pub(crate) struct Case {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: LogConfig,
}

impl Case {
    pub(crate) fn new(config: LogConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, clock: Arc::new(ManualClock::new(NOW_MS)), config }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Opens with changed options; unclean, without a recovery point, unless told otherwise.
    pub(crate) fn open_with(&self, change: impl FnOnce(&mut OpenOptions)) -> Log {
        let mut options = OpenOptions {
            clock: Arc::clone(&self.clock) as _,
            config: self.config.clone(),
            ..OpenOptions::default()
        };
        change(&mut options);
        Log::open(self.path(), options).unwrap()
    }

    pub(crate) fn open(&self) -> Log {
        self.open_with(|_| {})
    }

    /// Files with this suffix, in order.
    pub(crate) fn files(&self, suffix: &str) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut found: Vec<_> =
            paths.filter(|path| path.to_str().unwrap().ends_with(suffix)).collect();
        found.sort();
        found
    }
}

/// A batch of values with their timestamps.
pub(crate) fn batch(records: &[(i64, &str)]) -> Vec<u8> {
    coded(Codec::None, records)
}

pub(crate) fn coded(codec: Codec, records: &[(i64, &str)]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(codec, None);
    builder.reset();
    for (timestamp, value) in records {
        builder.append(*timestamp, Some(b"key"), Some(value.as_bytes()), &[]).unwrap();
    }
    builder.finish().unwrap().to_vec()
}

pub(crate) fn append(log: &Log, records: &[(i64, &str)]) -> AppendInfo {
    log.append_built(&mut batch(records), 0).unwrap()
}

/// Appends batches of one value each, named by their offsets.
pub(crate) fn fill(log: &Log, count: i64) {
    for _ in 0..count {
        let offset = log.log_end_offset();
        append(log, &[(NOW_MS + offset, &format!("value {offset}"))]);
    }
}

/// One record as it came back.
pub(crate) type Found = (i64, i64, String);

/// Records of whole batches: offset, timestamp, value.
pub(crate) fn records_in(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    for batch in Batches::new(bytes) {
        let batch = batch.unwrap();
        batch.verify_crc().unwrap();
        let records = decode(&batch, 1 << 26).unwrap();
        for record in Records::new(&batch.header, &records).unwrap() {
            let record = record.unwrap();
            found.push((
                batch.header.base_offset + i64::from(record.offset_delta),
                record_timestamp(&batch.header, &record),
                String::from_utf8(record.value.unwrap_or_default().to_vec()).unwrap(),
            ));
        }
    }
    found
}

/// Every record from `start` on, through reads of `max_bytes`.
pub(crate) fn read_from(log: &Log, start: i64, max_bytes: usize) -> Vec<Found> {
    let (mut offset, mut found) = (start, Vec::new());
    while offset < log.log_end_offset() {
        let data = log.read(offset, max_bytes, true, Isolation::LogEnd).unwrap();
        let Some(bytes) = data.records else { break };
        let part = records_in(&bytes);
        let Some(last) = part.last() else { panic!("no whole batch at {offset}") };
        let next = last.0 + 1;
        found.extend(part.into_iter().filter(|(at, ..)| *at >= offset));
        offset = next;
    }
    found
}

pub(crate) fn read_all(log: &Log) -> Vec<Found> {
    read_from(log, log.log_start_offset(), 700)
}

/// Offsets of what can be read.
pub(crate) fn offsets(log: &Log) -> Vec<i64> {
    read_all(log).into_iter().map(|(offset, ..)| offset).collect()
}

/// Base offsets of the segments.
pub(crate) fn bases(log: &Log) -> Vec<i64> {
    log.segments().load().iter().map(|segment| segment.base_offset()).collect()
}
