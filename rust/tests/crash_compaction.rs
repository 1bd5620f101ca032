//! Power cuts in a log that is compacted: of every key the newest record that is left is there.
//!
//! A random history of keyed records, flushes and compactions is recorded on the faulty file system
//! and cut at every point. Nothing may be missing from an image but records that a later one of
//! their key, in the same image, replaced. A failure prints the seeds that bring its image back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cutting;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use logcore::crash_images::Choices;
use logcore::embedded::EmbeddedOptions;
use logcore::faulty_fs::FaultyFs;
use logcore::log::Isolation;
use logcore::record::{Records, decode};
use logcore::{
    Batches, CompactOptions, EmbeddedLog, FileSystem, LogConfig, LogError, ManualClock, RealFs,
};

const NOW_MS: i64 = 1_700_000_000_000;

/// Key and value of every offset that was ever appended.
type Appended = Vec<(u8, Vec<u8>)>;

/// What is promised after a step.
struct Step {
    /// Changes in the trace until the step was over.
    end: usize,
    /// Offsets below are on disk.
    durable: i64,
    name: &'static str,
}

struct History {
    fs: FaultyFs,
    appended: Appended,
    steps: Vec<Step>,
}

fn options(fs: Arc<dyn FileSystem>) -> EmbeddedOptions {
    let mut config = LogConfig {
        segment_bytes: 2 << 10,
        index_interval_bytes: 256,
        file_delete_delay_ms: 0,
        retention_ms: -1,
        ..LogConfig::default()
    };
    config.set("cleanup.policy", "compact").unwrap();
    let clock = Arc::new(ManualClock::new(NOW_MS));
    EmbeddedOptions { fs, clock, config, ..EmbeddedOptions::default() }
}

fn record(dir: &Path, seed: u64, step_count: usize) -> History {
    let fs = FaultyFs::new(dir).unwrap();
    let mut draw = Choices::Seeded(seed);
    let mut log = EmbeddedLog::open(dir, options(Arc::new(fs.clone()))).unwrap();
    let (mut appended, mut steps, mut durable): (Appended, Vec<Step>, i64) = Default::default();
    for _ in 0..step_count {
        let name = match draw.pick(12) {
            0..=6 => {
                let number = u32::try_from(appended.len()).unwrap();
                let size = [8, 60, 300][draw.pick(3)];
                let value: Vec<u8> =
                    number.to_be_bytes().iter().copied().cycle().take(size).collect();
                let key = u8::try_from(draw.pick(5)).unwrap();
                let offset = log.append(Some(NOW_MS), Some(&[key]), Some(&value), &[]).unwrap();
                assert_eq!(usize::try_from(offset).unwrap(), appended.len());
                appended.push((key, value));
                "append"
            }
            7 => {
                durable = log.flush().unwrap();
                "flush"
            }
            8..=10 => {
                let compaction = CompactOptions { roll: true, ..CompactOptions::default() };
                log.log().compact(&compaction).unwrap();
                log.log().apply_retention().unwrap();
                "compact"
            }
            _ => {
                log.close().unwrap();
                drop(log);
                log = EmbeddedLog::open(dir, options(Arc::new(fs.clone()))).unwrap();
                durable = log.end_offset();
                "close and open"
            }
        };
        steps.push(Step { end: fs.change_count(), durable, name });
    }
    log.abandon();
    History { fs, appended, steps }
}

/// Key and value by offset, as a log has them.
fn content(log: &EmbeddedLog) -> Result<BTreeMap<i64, (u8, Vec<u8>)>, LogError> {
    let (mut offset, mut found) = (log.log().log_start_offset(), BTreeMap::new());
    while let Some(bytes) = log.log().read(offset, 1 << 20, true, Isolation::LogEnd)?.records {
        for batch in Batches::new(&bytes) {
            let batch = batch?;
            batch.verify_crc()?;
            let records = decode(&batch, 1 << 20)?;
            for record in Records::new(&batch.header, &records)? {
                let record = record?;
                let at = batch.header.base_offset + i64::from(record.offset_delta);
                let key = record.key.unwrap_or_default().first().copied().unwrap_or(u8::MAX);
                found.insert(at, (key, record.value.unwrap_or_default().to_vec()));
            }
            offset = batch.header.next_offset();
        }
    }
    Ok(found)
}

fn check(dir: &Path, history: &History, at: usize) -> Result<(), String> {
    let told = |error: LogError| error.to_string();
    let log = EmbeddedLog::open(dir, options(Arc::new(RealFs))).map_err(told)?;
    let (found, end) = (content(&log).map_err(told)?, log.end_offset());
    let over = history.steps.iter().rfind(|step| step.end <= at);
    let durable = over.map_or(0, |step| step.durable);
    if end < durable {
        return Err(format!("offsets {end} to {durable} were flushed and are gone"));
    }
    let newest: BTreeMap<u8, i64> = found.iter().map(|(at, (key, _))| (*key, *at)).collect();
    for (offset, (key, value)) in (0..end).zip(&history.appended) {
        match found.get(&offset) {
            Some((found_key, found_value)) if (found_key, found_value) != (key, value) => {
                return Err(format!("offset {offset} holds something else"));
            }
            None if newest.get(key).is_none_or(|newest| *newest < offset) => {
                return Err(format!("offset {offset} is gone, and nothing newer of key {key}"));
            }
            _ => {}
        }
    }
    if end > i64::try_from(history.appended.len()).unwrap() {
        return Err(format!("the log ends at {end}, beyond what was appended"));
    }
    go_on(log, dir, &found, end).map_err(told)?
}

/// The log takes records and is compacted, and after a clean stop it is as before.
fn go_on(
    log: Arc<EmbeddedLog>,
    dir: &Path,
    found: &BTreeMap<i64, (u8, Vec<u8>)>,
    end: i64,
) -> Result<Result<(), String>, LogError> {
    let offset = log.append(Some(NOW_MS), Some(&[9]), Some(b"after"), &[])?;
    log.log().compact(&CompactOptions { roll: true, ..CompactOptions::default() })?;
    let before = content(&log)?;
    let newest: BTreeMap<u8, &Vec<u8>> = found.values().map(|(key, value)| (*key, value)).collect();
    let kept: BTreeMap<u8, &Vec<u8>> = before.values().map(|(key, value)| (*key, value)).collect();
    log.close()?;
    drop(log);
    let log = EmbeddedLog::open(dir, options(Arc::new(RealFs)))?;
    let after = content(&log)?;
    log.abandon();
    let is_kept = newest.iter().all(|(key, value)| kept.get(key) == Some(value));
    Ok(if offset != end || after != before || !is_kept {
        Err(format!("{offset} follows {end}, then {before:?}, then {after:?}"))
    } else {
        Ok(())
    })
}

/// Checks `per_point` images at each point of a history; returns how many.
fn cut_everywhere(seed: u64, per_point: u64) -> usize {
    let root = cutting::directory();
    let history = record(root.path(), seed, 50);
    let last = history.steps.last().unwrap().end;
    let (trace, root) = (history.fs.trace(), root.path());
    cutting::cut_everywhere((seed, per_point), root, &trace, last, |image, at| {
        check(image, &history, at).map_err(|reason| {
            let step = history.steps.iter().find(|step| step.end >= at);
            format!("{reason}, in {}", step.map_or("?", |step| step.name))
        })
    })
}

#[test]
fn no_cut_around_a_compaction_loses_the_newest_of_a_key() {
    let count: usize = (1..=10).map(|seed| cut_everywhere(seed, 1)).sum();
    assert!(count >= 1000, "only {count} images");
}

#[test]
#[ignore = "takes minutes; make fuzz runs it"]
fn many_images() {
    cutting::many(cut_everywhere);
}
