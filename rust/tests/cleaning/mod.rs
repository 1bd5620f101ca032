//! What the tests of compaction share: a log with a clock of its own, batches for it, and views of
//! all that it holds.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test crates use parts"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use logcore::builder::{MarkerContext, end_transaction_marker};
use logcore::config::CleanupPolicy;
use logcore::control::EndTxnMarker;
use logcore::log::OpenOptions;
use logcore::producer_append::AppendContext;
use logcore::record::{Records, decode, record_timestamp};
use logcore::{
    AppendOrigin, Batch, BatchHeader, Codec, CompactOptions, CompactionReport, Log, LogConfig,
    ManualClock, RecordBatchBuilder, Result,
};
use tempfile::TempDir;

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const ROLL: CompactOptions = CompactOptions { roll: true, offset_map_bytes: 1 << 20 };

/// A record: offset, timestamp, key, value.
pub(crate) type Row = (i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);
/// A key and a value, the latter `None` for a tombstone.
pub(crate) type Pair<'a> = (&'a str, Option<&'a str>);

/// A log that is compacted, and its time.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: LogConfig,
    pub(crate) log: Log,
}

pub(crate) fn config() -> LogConfig {
    LogConfig {
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        delete_retention_ms: HOUR_MS,
        index_interval_bytes: 100,
        ..LogConfig::default()
    }
}

pub(crate) fn open(
    dir: &Path,
    clock: &Arc<ManualClock>,
    config: &LogConfig,
    recovery: (i64, bool),
) -> Result<Log> {
    let options = OpenOptions {
        clock: Arc::<ManualClock>::clone(clock),
        config: config.clone(),
        recovery_point: recovery.0,
        clean: recovery.1,
        ..OpenOptions::default()
    };
    Log::open(dir, options)
}

/// A directory in memory where there is one: these tests open logs by the hundred, and what an
/// fsync is good for is not their matter.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

impl Fixture {
    pub(crate) fn new(config: LogConfig) -> Self {
        let dir = scratch();
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let log = open(dir.path(), &clock, &config, (0, false)).unwrap();
        Self { dir, clock, config, log }
    }

    /// Opens the log anew, after a clean stop or as after a crash.
    pub(crate) fn reopen(&mut self, clean: bool) {
        let recovery_point = if clean { self.log.close().unwrap() } else { 0 };
        self.log =
            open(self.dir.path(), &self.clock, &self.config, (recovery_point, clean)).unwrap();
    }

    /// Appends one batch and returns the offset of its first record.
    pub(crate) fn append(&self, pairs: &[Pair<'_>]) -> i64 {
        self.append_coded(Codec::None, pairs)
    }

    pub(crate) fn append_coded(&self, codec: Codec, pairs: &[Pair<'_>]) -> i64 {
        let mut builder = RecordBatchBuilder::new(codec, None);
        for (index, (key, value)) in pairs.iter().enumerate() {
            let timestamp = NOW_MS + i64::try_from(index).unwrap();
            let headers = [(&b"header"[..], Some(key.as_bytes()))];
            let value = value.map(str::as_bytes);
            builder.append(timestamp, Some(key.as_bytes()), value, &headers).unwrap();
        }
        self.log.append_built(builder.finish().unwrap(), 0).unwrap().first_offset
    }

    /// Appends one batch of a producer.
    pub(crate) fn produce(
        &self,
        (id, epoch, sequence, transactional): (i64, i16, i32, bool),
        pairs: &[Pair<'_>],
    ) -> i64 {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        builder.set_producer(id, epoch, sequence, transactional);
        for (key, value) in pairs {
            let value = value.map(str::as_bytes);
            builder.append(NOW_MS, Some(key.as_bytes()), value, &[]).unwrap();
        }
        let context = AppendContext::new(AppendOrigin::Client);
        self.log.append_leader(builder.finish().unwrap(), 0, context).unwrap().first_offset
    }

    /// Appends the marker that ends a producer's transaction.
    pub(crate) fn end_transaction(&self, (id, epoch): (i64, i16), commit: bool) -> i64 {
        let context = MarkerContext {
            base_offset: 0,
            timestamp: NOW_MS,
            leader_epoch: 0,
            producer_id: id,
            producer_epoch: epoch,
        };
        let marker = EndTxnMarker { commit, coordinator_epoch: 0 };
        let mut batch = end_transaction_marker(&context, marker).unwrap();
        let context = AppendContext::new(AppendOrigin::Coordinator);
        self.log.append_leader(&mut batch, 0, context).unwrap().first_offset
    }

    /// Seals the active segment and compacts.
    pub(crate) fn compact(&self) -> CompactionReport {
        self.log.compact(&ROLL).unwrap()
    }

    /// `key=value` of every record that is no marker, `key` alone for a tombstone.
    pub(crate) fn pairs(&self) -> Vec<String> {
        let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes).unwrap());
        rows(&self.log, false)
            .into_iter()
            .map(|(_, _, key, value)| match text(value) {
                Some(value) => format!("{}={value}", text(key).unwrap_or_default()),
                None => text(key).unwrap_or_default(),
            })
            .collect()
    }

    pub(crate) fn offsets(&self) -> Vec<i64> {
        rows(&self.log, false).into_iter().map(|row| row.0).collect()
    }

    /// Names of the files, without those that wait for their deletion.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = names(self.dir.path());
        names.retain(|name| !name.ends_with(".deleted"));
        names
    }
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every batch of the log, in order.
pub(crate) fn headers(log: &Log) -> Vec<BatchHeader> {
    let mut found = Vec::new();
    for segment in log.segments().load().iter() {
        let mut next = segment.batch_at(0).unwrap();
        while let Some(at) = next {
            found.push(at.header);
            next = segment.batch_at(at.end()).unwrap();
        }
    }
    found
}

/// Every record of the log, in order, those of control batches too if asked; CRCs are checked.
pub(crate) fn rows(log: &Log, with_control: bool) -> Vec<Row> {
    let mut found = Vec::new();
    for segment in log.segments().load().iter() {
        let mut next = segment.batch_at(0).unwrap();
        while let Some(at) = next {
            let bytes = segment.slice(at.position..at.end()).unwrap();
            let batch = Batch { header: at.header, bytes: &bytes };
            batch.verify_crc().unwrap();
            let records = decode(&batch, 1 << 20).unwrap();
            for record in Records::new(&at.header, &records).unwrap() {
                let record = record.unwrap();
                if with_control || !at.header.is_control() {
                    let offset = at.header.base_offset + i64::from(record.offset_delta);
                    let timestamp = record_timestamp(&at.header, &record);
                    let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
                    found.push((offset, timestamp, own(record.key), own(record.value)));
                }
            }
            next = segment.batch_at(at.end()).unwrap();
        }
    }
    found
}

/// Copies a log's directory, as a crash would leave it.
pub(crate) fn copy(dir: &Path) -> TempDir {
    let target = scratch();
    for name in names(dir) {
        std::fs::copy(dir.join(&name), target.path().join(&name)).unwrap();
    }
    target
}

pub(crate) fn segment_files(dir: &Path, base_offset: i64) -> Vec<PathBuf> {
    [".log", ".index", ".timeindex", ".txnindex"]
        .iter()
        .map(|suffix| dir.join(format!("{base_offset:020}{suffix}")))
        .filter(|path| path.exists())
        .collect()
}
