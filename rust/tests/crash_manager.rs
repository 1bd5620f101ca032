//! Power cuts under a broker's logs with `flush.messages=1`: what was acknowledged is there.
//!
//! A random history of logs that are created, appended to, rolled and checkpointed is recorded on
//! the faulty file system, and cut at every point: in each image every acknowledged record stands in
//! its log, under the topic id it was written for. A failure prints the seeds of its image.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cutting;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use logcore::checkpoint::TopicPartition;
use logcore::crash_images::Choices;
use logcore::faulty_fs::FaultyFs;
use logcore::log::Isolation;
use logcore::partition_metadata::Uuid;
use logcore::producer_append::AppendContext;
use logcore::record::{Records, decode};
use logcore::{
    AppendOrigin, Batches, Codec, FileSystem, Log, LogConfig, LogError, LogManager, ManagerOptions,
    ManualClock, RealFs, RecordBatchBuilder,
};

const NOW_MS: i64 = 1_700_000_000_000;

/// A record that was acknowledged, and when: changes in the trace until then.
struct Acknowledged {
    partition: TopicPartition,
    value: Vec<u8>,
    at: usize,
}

fn dirs(root: &Path) -> [PathBuf; 2] {
    ["one", "two"].map(|name| root.join(name))
}

fn open(root: &Path, fs: Arc<dyn FileSystem>) -> Result<LogManager, LogError> {
    let config = LogConfig {
        segment_bytes: 1500,
        index_interval_bytes: 200,
        flush_messages: 1,
        retention_ms: -1,
        ..LogConfig::default()
    };
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let options = ManagerOptions {
        fs,
        clock,
        config,
        load_threads: 1,
        end_is_stable: true,
        ..ManagerOptions::default()
    };
    LogManager::open(&dirs(root), options)
}

fn topic_id(number: u8) -> Uuid {
    Uuid([number + 1; 16])
}

fn append(log: &Log, value: &[u8]) -> i64 {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.append(NOW_MS, None, Some(value), &[]).unwrap();
    let context = AppendContext::new(AppendOrigin::Client);
    log.append_leader(builder.finish().unwrap(), 3, context).unwrap().first_offset
}

fn record(root: &Path, seed: u64, step_count: usize) -> (FaultyFs, Vec<Acknowledged>) {
    let fs = FaultyFs::new(root).unwrap();
    let mut draw = Choices::Seeded(seed);
    let mut manager = open(root, Arc::new(fs.clone())).unwrap();
    let (mut acknowledged, mut topics) = (Vec::new(), 0_u8);
    for number in 0..step_count {
        let partitions = manager.partitions();
        match draw.pick(14) {
            0..=1 if topics < 6 => {
                let topic = format!("t{topics}");
                let count = i32::try_from(1 + draw.pick(3)).unwrap();
                let new: Vec<_> = (0..count)
                    .map(|at| {
                        let topic = topic.clone();
                        (TopicPartition { topic, partition: at }, Some(topic_id(topics)))
                    })
                    .collect();
                manager.get_or_create_all(&new, true).unwrap();
                topics += 1;
            }
            2 => manager.checkpoint().unwrap(),
            3 => drop(manager.flush_due()),
            4 => {
                manager.close(-1).unwrap();
                drop(manager);
                manager = open(root, Arc::new(fs.clone())).unwrap();
            }
            _ if partitions.is_empty() => {}
            5 => {
                let partition = &partitions[draw.pick(partitions.len())];
                manager.get(partition).unwrap().unwrap().roll().unwrap();
            }
            _ => {
                let partition = partitions[draw.pick(partitions.len())].clone();
                let value = format!("{number} ").repeat([1, 20, 150][draw.pick(3)]).into_bytes();
                append(&manager.get(&partition).unwrap().unwrap(), &value);
                acknowledged.push(Acknowledged { partition, value, at: fs.change_count() });
            }
        }
    }
    (fs, acknowledged)
}

fn values(log: &Log) -> Result<Vec<Vec<u8>>, LogError> {
    let (mut offset, mut found) = (log.log_start_offset(), Vec::new());
    while let Some(bytes) = log.read(offset, 1 << 20, true, Isolation::HighWatermark)?.records {
        for batch in Batches::new(&bytes) {
            let batch = batch?;
            batch.verify_crc()?;
            for record in Records::new(&batch.header, &decode(&batch, 1 << 20)?)? {
                found.push(record?.value.unwrap_or_default().to_vec());
            }
            offset = batch.header.next_offset();
        }
    }
    Ok(found)
}

fn check(root: &Path, acknowledged: &[Acknowledged], at: usize) -> Result<(), String> {
    let told = |error: LogError| error.to_string();
    let manager = open(root, Arc::new(RealFs)).map_err(told)?;
    if let Some((path, reason)) = manager.report().failed.first() {
        return Err(format!("{} does not load: {reason}", path.display()));
    }
    let mut by_partition: BTreeMap<&TopicPartition, Vec<&Acknowledged>> = BTreeMap::new();
    for one in acknowledged {
        by_partition.entry(&one.partition).or_default().push(one);
    }
    for (partition, all) in by_partition {
        let due = all.iter().filter(|one| one.at <= at).count();
        let Some(log) = manager.get(partition).map_err(told)? else {
            if due > 0 {
                return Err(format!("{partition:?} is gone, with {due} records"));
            }
            continue;
        };
        let found = values(&log).map_err(told)?;
        let expected = all.iter().map(|one| one.value.as_slice());
        if found.len() < due || found.len() > due + 1 {
            return Err(format!("{partition:?} has {} of {due} records", found.len()));
        }
        if !found.iter().map(Vec::as_slice).eq(expected.take(found.len())) {
            return Err(format!("{partition:?} holds something else"));
        }
        let number = partition.topic.trim_start_matches('t').parse().unwrap();
        if due > 0 && manager.topic_id(partition) != Some(topic_id(number)) {
            return Err(format!("{partition:?} is of topic {:?}", manager.topic_id(partition)));
        }
        if append(&log, b"after") != i64::try_from(found.len()).unwrap() {
            return Err(format!("{partition:?} goes on at another offset"));
        }
    }
    manager.close(-1).map_err(told)
}

/// Checks `per_point` images at each point of a history; returns how many.
fn cut_everywhere(seed: u64, per_point: u64) -> usize {
    let root = cutting::directory();
    let (fs, acknowledged) = record(root.path(), seed, 50);
    let (trace, root) = (fs.trace(), root.path());
    cutting::cut_everywhere((seed, per_point), root, &trace, usize::MAX, |image, at| {
        check(image, &acknowledged, at)
    })
}

#[test]
fn no_cut_loses_what_was_acknowledged() {
    let count: usize = (1..=3).map(|seed| cut_everywhere(seed, 1)).sum();
    assert!(count >= 500, "only {count} images");
}

#[test]
#[ignore = "takes minutes; make fuzz runs it"]
fn many_images() {
    cutting::many(cut_everywhere);
}
