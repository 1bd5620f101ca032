//! Maps: what they show of a file, and what happens when the file cannot be read any more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod logs;

use logcore::log::Isolation;
use logcore::{Log, LogConfig, LogError};
use logs::{Case, NOW_MS, append, offsets, records_in};

const VALUE_BYTES: usize = 1 << 16;

/// A log of one sealed segment of 64 KiB batches, and an active one.
fn large(case: &Case) -> Log {
    let log = case.open();
    let value = "v".repeat(VALUE_BYTES);
    for _ in 0..40 {
        append(&log, &[(NOW_MS, &value)]);
    }
    log.roll().unwrap();
    append(&log, &[(NOW_MS, "last")]);
    log
}

fn cut(case: &Case, suffix: &str, len: u64) {
    let path = &case.files(suffix)[0];
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Somebody else cuts the file, which gives the same fault as a disk that does not answer.
#[test]
fn pages_that_cannot_be_read_are_an_error_and_not_a_signal() {
    let case = Case::new(LogConfig::default());
    let log = large(&case);
    let first = log.read(0, 100, true, Isolation::LogEnd).unwrap().records.unwrap();
    assert_eq!(records_in(&first).len(), 1);
    cut(&case, ".log", 100_000);
    for max_bytes in [1, 1 << 20] {
        let refused = log.read(20, max_bytes, true, Isolation::LogEnd).unwrap_err();
        let LogError::Io { operation: "read", path, source } = refused else { panic!("{refused}") };
        assert_eq!(path, case.files(".log")[0]);
        assert_eq!(source.raw_os_error(), Some(5));
    }
    let verified = logcore::verify(log.segments(), &mut |_, _| {});
    assert!(verified.is_err_and(|error| error.is_storage_failure()));
    let beyond = log.read(40, 1, true, Isolation::LogEnd).unwrap().records.unwrap();
    assert_eq!(records_in(&beyond)[0].2, "last");
}

#[test]
fn what_was_read_stays_readable_when_its_files_are_gone() {
    let case = Case::new(LogConfig { retention_bytes: 0, ..logs::small() });
    let log = case.open();
    logs::fill(&log, 40);
    let kept = log.read(0, 500, true, Isolation::LogEnd).unwrap().records.unwrap();
    let before = kept.to_vec();
    log.set_high_watermark(40);
    assert!(!log.apply_retention().unwrap().is_empty());
    log.close().unwrap();
    std::fs::remove_dir_all(case.path()).unwrap();
    assert_eq!(*kept, *before);
}

#[test]
fn a_part_of_a_slice_stays_inside_of_it() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    append(&log, &[(NOW_MS, "value")]);
    let slice = log.read(0, 1000, true, Isolation::LogEnd).unwrap().records.unwrap();
    let part = slice.part(10..20).unwrap();
    assert_eq!((part.position(), &*part), (10, &slice[10..20]));
    assert_eq!(part.part(5..10).unwrap().position(), 15);
    let beyond = part.len() + 1;
    assert!(part.part(0..beyond).is_none());
    assert!(part.part(beyond..beyond).is_none());
    assert!(slice.part(slice.len()..slice.len()).unwrap().is_empty());
}

#[test]
fn a_map_shows_what_is_appended_after_it_was_made() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    append(&log, &[(NOW_MS, "one")]);
    let map = std::sync::Arc::clone(log.segments().load()[0].map().unwrap());
    let size = map.published();
    assert!(map.len() > size && !map.is_empty());
    assert!(map.bytes(0..size + 1).is_none(), "nothing past what is published");
    append(&log, &[(NOW_MS, "two")]);
    assert!(map.published() > size);
    assert_eq!(records_in(map.bytes(0..map.published()).unwrap()).len(), 2);
    map.load(0..usize::MAX).unwrap();
    assert_eq!(offsets(&log), [0, 1]);
}

/// Resident KiB of this process's maps of a file.
fn resident_kib(path: &std::path::Path) -> u64 {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = maps.lines();
    lines.by_ref().find(|line| line.ends_with(path.to_str().unwrap())).unwrap();
    let line = lines.find(|line| line.starts_with("Rss:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn pages_that_were_read_can_be_let_go_and_come_back() {
    let case = Case::new(LogConfig::default());
    let log = large(&case);
    let found = log.read(0, 1 << 22, true, Isolation::LogEnd).unwrap().records.unwrap();
    let path = &case.files(".log")[0];
    assert!(resident_kib(path) > 2500);
    log.unload();
    assert_eq!(resident_kib(path), 0);
    assert_eq!(records_in(&found).len(), 40);
    log.unload();
    assert_eq!(offsets(&log).len(), 41);
}
