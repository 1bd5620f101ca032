//! `verify`: sound logs have no problem; every kind of damage is one, and the check goes on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use logcore::log::OpenOptions;
use logcore::{Codec, Log, LogConfig, LogReader, RealFs, RecordBatchBuilder, VerifyReport, verify};
use tempfile::TempDir;

const FIRST: &str = "00000000000000000000";

/// A closed log of 40 batches of 5 records, in several segments of several batches.
fn filled(codec: Codec) -> TempDir {
    let dir = TempDir::new().unwrap();
    let config = LogConfig {
        segment_bytes: 5000,
        index_interval_bytes: 300,
        retention_ms: -1,
        ..LogConfig::default()
    };
    let log = Log::open(dir.path(), OpenOptions { config, ..OpenOptions::default() }).unwrap();
    for batch in 0..40_i64 {
        let mut builder = RecordBatchBuilder::new(codec, None);
        for record in 0..5 {
            let value = format!("{batch} {record} {}", "pad".repeat(20));
            let headers: [(&[u8], Option<&[u8]>); 1] = [(b"h", None)];
            builder.append(batch, Some(b"key"), Some(value.as_bytes()), &headers).unwrap();
        }
        log.append_built(builder.finish().unwrap(), 0).unwrap();
    }
    log.close().unwrap();
    std::fs::write(dir.path().join(".kafka_cleanshutdown"), b"").unwrap();
    dir
}

/// The report of the log; sealed segments are trusted at opening because of the clean marker.
fn report(dir: &Path) -> VerifyReport {
    let reader = LogReader::open(dir, Arc::new(RealFs)).unwrap();
    verify(reader.segments(), &mut |_, _| {}).unwrap()
}

fn change(path: &PathBuf, position: usize, change: impl Fn(u8) -> u8) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[position] = change(bytes[position]);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_sound_log_has_no_problem() {
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let dir = filled(codec);
        let reader = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap();
        let (mut last, mut calls) = ((0, 0), 0);
        let report = verify(reader.segments(), &mut |done, total| {
            assert!(done >= last.0 && done <= total);
            (last, calls) = ((done, total), calls + 1);
        });
        let report = report.unwrap();
        assert_eq!(report.problems, Vec::<String>::new(), "{codec:?}");
        assert_eq!((report.batches, report.records), (40, 200));
        assert_eq!(report.bytes, reader.segments().size_bytes());
        assert_eq!(report.segments, reader.segments().load().len() as u64);
        assert_eq!((last, calls), ((report.bytes, report.bytes), report.segments));
    }
}

#[test]
fn a_flipped_bit_is_told_with_its_place_and_the_check_goes_on() {
    let dir = filled(Codec::None);
    let path = dir.path().join(format!("{FIRST}.log"));
    change(&path, 100, |byte| byte ^ 1);
    let report = report(dir.path());
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("CRC") && report.problems[0].contains("at byte 0"));
    assert!(report.problems[0].contains(FIRST));
    assert_eq!((report.batches, report.records), (40, 195));
}

#[test]
fn a_broken_length_ends_its_segment_only() {
    let dir = filled(Codec::None);
    let path = dir.path().join(format!("{FIRST}.log"));
    change(&path, 8, |_| 0x7F);
    let report = report(dir.path());
    assert!(!report.problems.is_empty());
    assert!(report.batches > 20 && report.batches < 40, "{report:?}");
}

#[test]
fn offsets_that_fall_are_told() {
    let dir = filled(Codec::None);
    let path = dir.path().join(format!("{FIRST}.log"));
    let bytes = std::fs::read(&path).unwrap();
    let second = logcore::Batches::new(&bytes).next().unwrap().unwrap().bytes.len();
    change(&path, second + 7, |_| 0);
    let report = report(dir.path());
    assert!(report.problems.iter().any(|problem| problem.contains("offset 0 follows offset 4")));
}

#[test]
fn an_index_that_leads_astray_is_told() {
    let dir = filled(Codec::None);
    let path = dir.path().join(format!("{FIRST}.index"));
    assert!(std::fs::read(&path).unwrap().len() >= 16);
    change(&path, 7, |byte| byte.wrapping_add(1));
    let report = report(dir.path());
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("offset index"));
    assert_eq!((report.batches, report.records), (40, 200));
}

#[test]
fn a_file_that_lost_its_end_is_a_problem_and_no_fault() {
    let dir = filled(Codec::None);
    let reader = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap();
    let path = dir.path().join(format!("{FIRST}.log"));
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1000).unwrap();
    let report = verify(reader.segments(), &mut |_, _| {}).unwrap();
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("lost bytes"));
    assert!(report.batches > 20);
}
