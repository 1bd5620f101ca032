//! One segment, through a log's list: names, batches, reads, time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod logs;

use logcore::LogConfig;
use logcore::segment::{FileKind, ReadLimits};
use logs::{Case, NOW_MS, append, fill, records_in, small};

#[test]
fn names_are_twenty_digits_and_a_known_suffix() {
    for kind in FileKind::ALL {
        let path = kind.path(std::path::Path::new("dir"), 1234);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(FileKind::parse(name), Some((kind, 1234)));
    }
    for name in [
        "",
        ".log",
        "1.log",
        "00000000000000000001",
        "00000000000000000001.log.deleted",
        "00000000000000000001.txt",
        "-0000000000000000001.log",
        "99999999999999999999.log",
        "\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}.log",
    ] {
        assert_eq!(FileKind::parse(name), None, "{name:?}");
    }
}

#[test]
fn reads_are_cut_by_bytes_and_by_the_bound() {
    let case = Case::new(LogConfig { segment_bytes: 1 << 20, ..small() });
    let log = case.open();
    fill(&log, 5);
    let segment = log.segments().load()[0].clone();
    let second = segment.find_offset(1).unwrap().unwrap();
    let read = |offset, max_bytes, max_position, min_one_batch| {
        let limits = ReadLimits { max_bytes, max_position, min_one_batch };
        segment.read(offset, limits).unwrap()
    };
    assert_eq!(records_in(&read(1, 1 << 20, usize::MAX, false).unwrap()).len(), 4);
    assert_eq!(read(1, 1, usize::MAX, true).unwrap().len(), second.size_bytes);
    assert!(read(1, second.size_bytes - 1, usize::MAX, false).unwrap().is_empty(), "no part of it");
    assert_eq!(read(1, second.size_bytes, usize::MAX, false).unwrap().len(), second.size_bytes);
    assert_eq!(
        read(1, second.size_bytes + 9, usize::MAX, false).unwrap().len(),
        second.size_bytes + 9
    );
    assert!(read(1, 1 << 20, second.position, true).unwrap().is_empty(), "the bound wins");
    assert_eq!(read(1, 1 << 20, second.end(), true).unwrap().len(), second.size_bytes);
    assert!(read(5, 1 << 20, usize::MAX, true).is_none(), "after the last");
    assert_eq!(read(-9, 1, usize::MAX, true).unwrap().position(), 0, "before the first");
    assert!(segment.slice(0..segment.size_bytes() + 1).is_err());
    assert!(segment.batch_at(1).is_err() && segment.batch_at(usize::MAX).unwrap().is_none());
}

#[test]
fn the_largest_timestamp_follows_appends_and_outlives_a_reopening() {
    let case = Case::new(LogConfig { segment_bytes: 1 << 20, ..small() });
    let log = case.open();
    let largest = |log: &logcore::Log| log.segments().load()[0].largest_timestamp().unwrap();
    assert_eq!(largest(&log).timestamp, -1);
    for time in [10, 90, 30, 95, 40, 41, 42, 43] {
        append(&log, &[(NOW_MS + time, "v")]);
        assert!(largest(&log).timestamp >= NOW_MS + time, "fresh after {time}");
    }
    assert_eq!((largest(&log).timestamp, largest(&log).offset), (NOW_MS + 95, 3));
    log.roll().unwrap();
    assert_eq!((largest(&log).timestamp, largest(&log).offset), (NOW_MS + 95, 3));
    let point = log.close().unwrap();
    drop(log);
    let log = case.open_with(|options| (options.clean, options.recovery_point) = (true, point));
    assert_eq!((largest(&log).timestamp, largest(&log).offset), (NOW_MS + 95, 3));
}
