//! Power cuts in a compacted log with transactions: a reader of committed records sees of every
//! key the newest that is on disk, nothing of a transaction that is open or was aborted, and the
//! log goes on from there.
//!
//! A random history of transactions, flushes, rolls and compactions is recorded on the faulty file
//! system and cut at every point. A failure prints the seeds that bring its image back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cutting;
mod transacting;

use std::path::Path;
use std::sync::Arc;

use logcore::config::CleanupPolicy;
use logcore::crash_images::Choices;
use logcore::faulty_fs::FaultyFs;
use logcore::log::OpenOptions;
use logcore::{CompactOptions, FileSystem, Log, LogConfig, LogError, ManualClock, RealFs};
use transacting::{Model, Write, consume};

const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 3_600_000;
const COMPACTION: CompactOptions = CompactOptions { roll: true, offset_map_bytes: 1 << 20 };

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
    model: Model,
    steps: Vec<Step>,
    now_ms: i64,
}

fn open(dir: &Path, fs: Arc<dyn FileSystem>, now_ms: i64) -> Result<Log, LogError> {
    let config = LogConfig {
        segment_bytes: 900,
        index_interval_bytes: 200,
        file_delete_delay_ms: 0,
        delete_retention_ms: HOUR_MS,
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        ..LogConfig::default()
    };
    let clock = Arc::new(ManualClock::new(now_ms));
    Log::open(dir, OpenOptions { fs, clock, config, ..OpenOptions::default() })
}

fn drawn(draw: &mut Choices) -> Write {
    let count = draw.pick(4) + 1;
    let mut byte = |bound: usize| u8::try_from(draw.pick(bound)).unwrap();
    let records =
        (0..count).map(|_| (byte(5), Some(byte(250)).filter(|value| value % 6 > 0))).collect();
    let producer = Some((i64::from(byte(3)), byte(5) > 0)).filter(|_| byte(5) > 0);
    Write { codec: usize::from(byte(2)) * 4, producer, records }
}

fn record(dir: &Path, seed: u64, step_count: usize) -> History {
    let fs = FaultyFs::new(dir).unwrap();
    let mut draw = Choices::Seeded(seed);
    let (mut model, mut steps, mut durable, mut now_ms) = (Model::default(), Vec::new(), 0, NOW_MS);
    let mut log = open(dir, Arc::new(fs.clone()), now_ms).unwrap();
    for _ in 0..step_count {
        let name = match draw.pick(16) {
            0..=6 => {
                model.write(&log, &drawn(&mut draw), now_ms).unwrap();
                "write"
            }
            7..=10 => {
                let id = i64::try_from(draw.pick(3)).unwrap();
                let (commit, bumps) = (draw.pick(2) == 0, draw.pick(2) == 0);
                model.finish(&log, (id, commit, bumps), now_ms).unwrap();
                "finish"
            }
            11 => {
                durable = log.flush().unwrap();
                "flush"
            }
            12..=14 => {
                log.compact(&COMPACTION).unwrap();
                log.apply_retention().unwrap();
                "compact"
            }
            _ => {
                log.close().unwrap();
                now_ms += HOUR_MS;
                log = open(dir, Arc::new(fs.clone()), now_ms).unwrap();
                durable = log.log_end_offset();
                "close and open an hour later"
            }
        };
        steps.push(Step { end: fs.change_count(), durable, name });
    }
    History { fs, model, steps, now_ms }
}

fn check(dir: &Path, history: &History, at: usize) -> Result<(), String> {
    let told = |error: LogError| error.to_string();
    let log = open(dir, Arc::new(RealFs), history.now_ms).map_err(told)?;
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    let over = history.steps.iter().rfind(|step| step.end <= at);
    let durable = over.map_or(0, |step| step.durable);
    if start != 0 || end < durable || end > history.model.end {
        return Err(format!(
            "{start} to {end}; {durable} is durable, {} the end",
            history.model.end
        ));
    }
    let stable = history.model.last_stable_offset(start, end);
    if log.last_stable_offset() != stable {
        return Err(format!("stable below {}, not {stable}", log.last_stable_offset()));
    }
    let view = consume(&log, start, 300).map_err(told)?;
    history.model.check_view(&view, start, end)?;
    go_on(dir, &history.model, log, history.now_ms).map_err(told)?
}

/// What was open is aborted, the log is compacted past its horizons, and a reader sees the same.
fn go_on(dir: &Path, model: &Model, log: Log, now_ms: i64) -> Result<Result<(), String>, LogError> {
    let end = log.log_end_offset();
    let mut next = Model { end, ..Model::default() };
    for producer in log.producers()? {
        let Some(first) = producer.transaction_first_offset else { continue };
        let id = producer.producer_id;
        next.transactions.push(transacting::Transaction { producer: id, first, end: None });
        let open = Some(next.transactions.len() - 1);
        let epoch = producer.producer_epoch;
        next.producers.insert(id, transacting::Producer { epoch, open, ..Default::default() });
        next.finish(&log, (id, false, true), now_ms)?;
    }
    log.compact(&COMPACTION)?;
    let later_ms = now_ms + 2 * HOUR_MS;
    log.close()?;
    drop(log);
    let log = open(dir, Arc::new(RealFs), later_ms)?;
    log.compact(&COMPACTION)?;
    let view = consume(&log, 0, 300)?;
    // What was open at the end is aborted by now: the rest is what is committed below that end.
    let decided = model
        .rows
        .iter()
        .filter(|(row, of)| row.0 < end && model.is_committed(*of, end) == Some(true));
    let wanted = transacting::newest(decided.map(|(row, _)| row));
    let seen = transacting::newest(view.iter());
    Ok(if seen == wanted { Ok(()) } else { Err(format!("later {seen:?}, not {wanted:?}")) })
}

/// Checks `per_point` images at each point of a history; returns how many.
fn cut_everywhere(seed: u64, per_point: u64) -> usize {
    let root = cutting::directory();
    let history = record(root.path(), seed, 60);
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
fn no_cut_around_a_compaction_shows_half_a_transaction() {
    let count: usize = (1..=4).map(|seed| cut_everywhere(seed, 1)).sum();
    assert!(count >= 1000, "only {count} images");
}

#[test]
#[ignore = "takes minutes; make fuzz runs it"]
fn many_images() {
    cutting::many(cut_everywhere);
}
