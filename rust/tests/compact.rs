//! Compaction of a log in use: stopped at every change, failing at every change, beside appends,
//! reads and truncation.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cleaning;
#[path = "cleaning/stopping_fs.rs"]
mod stopping_fs;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cleaning::*;
use logcore::log::{Isolation, OpenOptions};
use logcore::record::{Records, decode};
use logcore::{
    Batches, Codec, FileSystem, Log, LogConfig, ManualClock, RealFs, RecordBatchBuilder,
};
use stopping_fs::StoppingFs;

/// A log of several segments with everything in it that compaction deals with.
fn filled() -> Fixture {
    let fixture = Fixture::new(LogConfig { segment_bytes: 700, ..config() });
    for round in 0..6 {
        let own = format!("own {round}");
        fixture.append(&[("a", Some(&*format!("{round}"))), (&own, Some(&*"x".repeat(60)))]);
        fixture.produce((7, 0, round * 2, true), &[("a", Some("t")), ("b", Some("t"))]);
        fixture.end_transaction((7, 0), round % 2 == 0);
        fixture.append(&[("gone", Some("1")), ("gone", None)]);
        if round == 3 {
            fixture.log.roll().unwrap();
        }
    }
    fixture.log.roll().unwrap();
    fixture.append(&[("a", Some("last"))]);
    fixture.log.flush().unwrap();
    fixture
}

fn open_on(fs: &StoppingFs, dir: &Path, now_ms: i64) -> Log {
    let options = OpenOptions {
        fs: Arc::new(fs.clone()),
        clock: Arc::new(ManualClock::new(now_ms)),
        config: LogConfig { segment_bytes: 700, ..config() },
        ..OpenOptions::default()
    };
    Log::open(dir, options).unwrap()
}

/// What a reader of committed records has in the end: the newest value of each key.
fn newest(log: &Log) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut offset = log.log_start_offset();
    while offset < log.log_end_offset() {
        let data = log.read(offset, 1 << 20, true, Isolation::TransactionCommitted).unwrap();
        let Some(bytes) = data.records else { break };
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            let header = batch.header;
            offset = header.next_offset();
            let is_aborted = data.aborted.iter().any(|aborted| {
                aborted.producer_id == header.producer_id
                    && (aborted.first_offset..=aborted.last_offset).contains(&header.base_offset)
            });
            if header.is_control() || is_aborted {
                continue;
            }
            let records = decode(&batch, 1 << 20).unwrap();
            for record in Records::new(&header, &records).unwrap() {
                let record = record.unwrap();
                let key = record.key.unwrap().to_vec();
                match record.value {
                    Some(value) => found.insert(key, value.to_vec()),
                    None => found.remove(&key),
                };
            }
        }
    }
    found
}

fn assert_no_leftovers(dir: &Path, suffixes: &[&str]) {
    for name in names(dir) {
        assert!(!suffixes.iter().any(|suffix| name.ends_with(suffix)), "{name} is left");
    }
}

#[test]
fn a_crash_at_any_change_loses_nothing_and_brings_nothing_back() {
    let fixture = filled();
    let (expected, end) = (newest(&fixture.log), fixture.log.log_end_offset());
    let before = rows(&fixture.log, true);
    let after = {
        let whole = copy(fixture.dir.path());
        let log = open(whole.path(), &fixture.clock, &fixture.config, (end, false)).unwrap();
        log.compact(&CLEAN).unwrap();
        rows(&log, true)
    };
    assert!(after.len() < before.len());
    let mut crashes = 0;
    for count in 0.. {
        let live = copy(fixture.dir.path());
        let fs = StoppingFs::new(false);
        let log = open_on(&fs, live.path(), NOW_MS);
        log.flush().unwrap();
        fs.stop_after(count);
        let result = log.compact(&CLEAN);
        if !fs.has_stopped() {
            assert!(result.is_ok());
            break;
        }
        crashes += 1;
        let image = copy(live.path());
        drop(log);
        for recovery_point in [0, end] {
            let image = copy(image.path());
            let log = open(image.path(), &fixture.clock, &fixture.config, (recovery_point, false))
                .unwrap();
            assert_no_leftovers(image.path(), &[".cleaned", ".swap", ".deleted"]);
            assert_eq!(newest(&log), expected, "crash at change {count}");
            assert_eq!(log.log_end_offset(), end);
            let now = rows(&log, true);
            assert!(now.iter().all(|row| before.contains(row)));
            assert!(after.iter().all(|row| now.contains(row)), "crash at change {count}");
            log.compact(&CLEAN).unwrap();
            assert_eq!(newest(&log), expected);
        }
    }
    assert!(crashes > 20, "only {crashes} changes");
}

const CLEAN: logcore::CompactOptions =
    logcore::CompactOptions { roll: false, offset_map_bytes: 1 << 20 };

#[test]
fn a_failure_at_any_change_harms_nothing() {
    let fixture = filled();
    let expected = newest(&fixture.log);
    let mut kinds = [0, 0];
    for count in 0.. {
        let live = copy(fixture.dir.path());
        let fs = StoppingFs::new(true);
        let log = open_on(&fs, live.path(), NOW_MS);
        log.flush().unwrap();
        fs.stop_after(count);
        let result = log.compact(&CLEAN);
        if !fs.has_stopped() {
            break;
        }
        kinds[usize::from(log.is_poisoned())] += 1;
        assert_eq!(newest(&log), expected, "failure at change {count}");
        if log.is_poisoned() {
            drop(log);
            assert_eq!(newest(&open_on(&fs, live.path(), NOW_MS)), expected, "change {count}");
        } else {
            if result.is_err() {
                assert_no_leftovers(live.path(), &[".swap"]);
            }
            log.compact(&CLEAN).unwrap();
            assert_eq!(newest(&log), expected);
            assert_no_leftovers(live.path(), &[".cleaned", ".swap"]);
        }
    }
    assert!(kinds[0] > 5 && kinds[1] > 5, "{kinds:?}");
}

#[test]
fn what_is_left_is_the_same_through_every_reopening() {
    for clean in [true, false] {
        let mut fixture = filled();
        fixture.compact();
        let (left, end) = (rows(&fixture.log, true), fixture.log.log_end_offset());
        let expected = newest(&fixture.log);
        fixture.reopen(clean);
        assert_eq!(rows(&fixture.log, true), left);
        assert_eq!((newest(&fixture.log), fixture.log.log_end_offset()), (expected, end));
        fixture.produce((7, 0, 12, false), &[("next", Some("1"))]);
    }
}

#[test]
fn indexes_that_are_gone_are_made_again() {
    let mut fixture = filled();
    fixture.compact();
    let expected = newest(&fixture.log);
    fixture.log.close().unwrap();
    for name in fixture.files().iter().filter(|name| name.ends_with("index")) {
        if !name.ends_with(".txnindex") {
            RealFs.remove(&fixture.dir.path().join(name)).unwrap();
        }
    }
    fixture.reopen(false);
    assert_eq!(newest(&fixture.log), expected);
}

#[test]
fn a_truncation_meanwhile_stops_the_compaction() {
    let dir = scratch();
    let fs = StoppingFs::new(false);
    let log = Arc::new(open_on(&fs, dir.path(), NOW_MS));
    let filler = filled();
    for batch in all_batches(&filler.log) {
        log.append_follower(&batch).unwrap();
    }
    log.roll().unwrap();
    let truncated = Arc::clone(&log);
    fs.when_cleaning(move || {
        truncated.truncate_to(1).unwrap();
    });
    let report = log.compact(&CLEAN).unwrap();
    assert!(report.interrupted);
    assert_eq!((report.clean_end_offset, log.log_end_offset()), (0, 0));
    assert_no_leftovers(dir.path(), &[".cleaned", ".swap"]);
}

#[test]
fn records_that_took_the_place_of_truncated_ones_meanwhile_are_seen() {
    let dir = scratch();
    let fs = StoppingFs::new(false);
    let log = Arc::new(open_on(&fs, dir.path(), NOW_MS));
    let append = |log: &Log, key: &[u8]| {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        builder.append(NOW_MS, Some(key), Some(b"value"), &[]).unwrap();
        log.append_built(builder.finish().unwrap(), 0).unwrap();
        log.roll().unwrap();
    };
    for key in [b"a", b"b", b"a"] {
        append(&log, key);
    }
    let replaced = Arc::clone(&log);
    fs.when_cleaning(move || {
        replaced.truncate_to(2).unwrap();
        append(&replaced, b"c");
    });
    assert!(log.compact(&CLEAN).unwrap().interrupted);
    log.compact(&CLEAN).unwrap();
    assert_eq!(newest(&log).keys().collect::<Vec<_>>(), [b"a", b"b", b"c"]);
}

fn all_batches(log: &Log) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for segment in log.segments().load().iter() {
        let bytes = segment.slice(0..segment.size_bytes()).unwrap();
        found.extend(Batches::new(&bytes).map(|batch| batch.unwrap().bytes.to_vec()));
    }
    found
}

#[test]
fn a_log_that_starts_inside_its_active_segment_is_left_alone() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1")), ("a", Some("2"))]);
    fixture.append(&[("a", Some("3"))]);
    fixture.log.delete_before(1).unwrap();
    assert_eq!(fixture.log.compact(&CLEAN).unwrap().rounds, 0);
    fixture.append(&[("a", Some("4"))]);
    assert_eq!(fixture.offsets(), [0, 1, 2, 3]);
}

#[test]
fn appends_and_reads_go_on_meanwhile() {
    let fixture = Fixture::new(LogConfig { segment_bytes: 4000, ..config() });
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..4000 {
                fixture.append(&[(&format!("{}", number % 50), Some(&format!("{number}")))]);
            }
            is_done.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                fixture.compact();
                fixture.log.apply_retention().unwrap();
            }
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                read_through(&fixture.log);
            }
        });
    });
    fixture.compact();
    let left = newest(&fixture.log);
    assert_eq!(left.len(), 50);
    for (key, value) in left {
        let key: usize = String::from_utf8(key).unwrap().parse().unwrap();
        assert_eq!(String::from_utf8(value).unwrap(), format!("{}", 3950 + key));
    }
}

/// Reads from start to end; offsets rise and every batch is whole.
fn read_through(log: &Log) {
    let mut offset = 0;
    let end = log.log_end_offset();
    while offset < end {
        let data = log.read(offset, 10_000, true, Isolation::LogEnd).unwrap();
        let Some(bytes) = data.records else { break };
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.last_offset() >= offset);
            offset = batch.header.next_offset();
        }
    }
}

#[test]
fn what_comes_in_the_place_of_truncated_records_is_not_clean() {
    let config = LogConfig { delete_retention_ms: 0, segment_bytes: 400, ..config() };
    let mut fixture = Fixture::new(config);
    fixture.append(&[("K", Some("secret"))]);
    for at in 0..20 {
        fixture.append(&[(&*format!("pad {at}"), Some("x"))]);
    }
    fixture.compact();
    assert_eq!(fixture.log.clean_end_offset(), 21);
    assert_eq!(fixture.log.truncate_to(10).unwrap(), 10);
    assert_eq!(fixture.log.clean_end_offset(), 10);
    fixture.append(&[("K", None)]);
    for at in 0..20 {
        fixture.append(&[(&*format!("more {at}"), Some("x"))]);
    }
    for _ in 0..3 {
        fixture.clock.advance(1);
        fixture.compact();
    }
    assert!(!fixture.pairs().iter().any(|pair| pair.starts_with('K')), "{:?}", fixture.pairs());
    fixture.reopen(false);
    fixture.log.set_clean_end_offset(5);
    fixture.log.truncate_fully_and_start_at(3).unwrap();
    assert_eq!(fixture.log.clean_end_offset(), 3);
}

#[test]
fn a_log_that_is_truncated_while_it_is_compacted_is_no_cleaner_than_it_is_long() {
    let fs = StoppingFs::new(false);
    let dir = scratch();
    let log = Arc::new(open_on(&fs, dir.path(), NOW_MS));
    let key = |at: i64| format!("{}", at % 3).into_bytes();
    for at in 0..60 {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        builder.append(NOW_MS, Some(&key(at)), Some(&[7; 50]), &[]).unwrap();
        log.append_built(builder.finish().unwrap(), 0).unwrap();
    }
    let other = Arc::clone(&log);
    fs.when_cleaning(move || {
        other.truncate_to(5).unwrap();
    });
    let report = log.compact(&ROLL).unwrap();
    assert!(report.interrupted, "{report:?}");
    assert!(log.clean_end_offset() <= log.log_end_offset());
}
