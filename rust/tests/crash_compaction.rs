//! Power cuts in a log that is compacted: of every key the newest record that is left is there.
//!
//! A random history of keyed records, flushes and compactions is recorded on the faulty file system
//! and cut at every point. Nothing may be missing from an image but records that a later one of
//! their key, in the same image, replaced. A failure prints the seeds that bring its image back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use logcore::crash_images::{Choices, CrashImages};
use logcore::embedded::EmbeddedOptions;
use logcore::faulty_fs::FaultyFs;
use logcore::log::Isolation;
use logcore::record::{Records, decode};
use logcore::{
    Batches, CompactOptions, EmbeddedLog, FileSystem, LogConfig, LogError, ManualClock, RealFs,
};
use tempfile::TempDir;

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

fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { TempDir::new().unwrap() }
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

/// Opens `per_point` images at each point of a history; returns how many.
fn cut_everywhere(seed: u64, per_point: u64) -> usize {
    let (root, scratch) = (directory(), directory());
    let history = record(root.path(), seed, 50);
    let trace = history.fs.trace();
    let last = history.steps.last().unwrap().end;
    let (mut images, mut count) = (CrashImages::new(&trace), 0);
    while images.at() < last && images.advance() {
        for draw in 0..per_point {
            let image_seed = (seed << 32) ^ ((images.at() as u64) << 8) ^ draw;
            let image = scratch.path().join("image");
            std::fs::create_dir_all(&image).unwrap();
            images.write(&mut Choices::Seeded(image_seed), root.path(), &image).unwrap();
            if let Err(reason) = check(&image, &history, images.at()) {
                let step = history.steps.iter().find(|step| step.end >= images.at());
                let name = step.map_or("?", |step| step.name);
                panic!("{reason}; seed {seed}, image {image_seed}, in {name}, at {}", images.at());
            }
            std::fs::remove_dir_all(&image).unwrap();
            count += 1;
        }
    }
    count
}

#[test]
fn no_cut_around_a_compaction_loses_the_newest_of_a_key() {
    let count: usize = (1..=10).map(|seed| cut_everywhere(seed, 1)).sum();
    assert!(count >= 1000, "only {count} images");
}

/// `LOGCORE_CRASH_IMAGES` images at least, from seeds that `LOGCORE_CRASH_SEED` starts.
#[test]
#[ignore = "takes minutes; make fuzz runs it"]
fn many_images() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let wanted = number("LOGCORE_CRASH_IMAGES", 10_000);
    let (mut seed, mut count) = (number("LOGCORE_CRASH_SEED", 1000), 0);
    while count < wanted {
        count += cut_everywhere(seed, 4) as u64;
        seed += 1;
    }
    println!("{count} images, seeds to {}", seed - 1);
}
