//! Opening what a crash, another program or a vandal left.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, and spoils files by hand"
)]

mod logs;

use std::fs;
use std::io::Write;

use logcore::log::OpenOptions;
use logcore::{Log, LogConfig, LogError};
use logs::{Case, NOW_MS, append, bases, batch, fill, offsets, read_all, small};

fn garbage(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[3]
        })
        .collect()
}

fn add(path: &std::path::Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn open_clean(case: &Case, point: i64) -> Log {
    case.open_with(|options| (options.clean, options.recovery_point) = (true, point))
}

#[test]
fn garbage_behind_log_and_indexes_is_cut_ten_times_over() {
    let case = Case::new(small());
    for round in 0..10_u64 {
        let log = case.open();
        fill(&log, 13);
        let expected = read_all(&log);
        let point = log.flush().unwrap();
        drop(log);
        let len = usize::try_from(round * 37 + 1).unwrap();
        for suffix in [".log", ".index", ".timeindex"] {
            add(case.files(suffix).last().unwrap(), &garbage(round + 7, len));
        }
        let log = case.open_with(|options| options.recovery_point = point);
        assert_eq!(read_all(&log), expected, "round {round}");
        assert_eq!(log.recovery().truncated_bytes, len as u64);
        assert!(log.recovery().truncated_reason.is_some());
    }
}

#[test]
fn a_damaged_record_leaves_exactly_the_ones_before_it() {
    for spoiled in [0, 3, 8, 14] {
        let case = Case::new(LogConfig { segment_bytes: 500, ..small() });
        let log = case.open();
        fill(&log, 15);
        let list = log.segments().load();
        let at = list.partition_point(|segment| segment.base_offset() <= spoiled) - 1;
        let place = list[at].find_offset(spoiled).unwrap().unwrap();
        let path = list[at].path(logcore::segment::FileKind::Log);
        drop((list, log));
        let mut bytes = fs::read(&path).unwrap();
        bytes[place.end() - 1] ^= 1;
        fs::write(&path, bytes).unwrap();
        let log = case.open();
        assert_eq!(offsets(&log), (0..spoiled).collect::<Vec<_>>());
        assert_eq!(log.log_end_offset(), spoiled);
        fill(&log, 2);
        assert_eq!(offsets(&log), (0..spoiled + 2).collect::<Vec<_>>());
    }
}

#[test]
fn senseless_index_files_are_as_good_as_none() {
    for (clean, len) in [(true, 2), (false, 2), (true, 24), (false, 24), (true, 0), (false, 4096)] {
        let case = Case::new(small());
        let log = case.open();
        fill(&log, 40);
        let expected = read_all(&log);
        let point = log.close().unwrap();
        drop(log);
        for suffix in [".index", ".timeindex"] {
            for path in case.files(suffix) {
                fs::write(path, garbage(len as u64 + 3, len)).unwrap();
            }
        }
        let log = case.open_with(|options| {
            (options.clean, options.recovery_point) = (clean, point);
        });
        assert_eq!(read_all(&log), expected, "clean {clean}, {len} bytes");
        for (offset, time, _) in expected {
            let spec = logcore::log::TimestampSpec::At(time);
            assert_eq!(log.offset_for(spec).unwrap().unwrap().offset, offset);
        }
    }
}

#[test]
fn nonsense_over_the_index_at_byte_five_does_not_lead_astray() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 30);
    let expected = read_all(&log);
    let point = log.close().unwrap();
    for path in case.files(".index") {
        let mut bytes = fs::read(&path).unwrap();
        if let Some(part) = bytes.get_mut(5..8) {
            part.copy_from_slice(&[0x01, 0x02, 0x03]);
        }
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(read_all(&open_clean(&case, point)), expected);
}

#[test]
fn only_the_last_segment_is_walked_below_the_recovery_point() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 40);
    let (count, last) = (bases(&log).len(), *bases(&log).last().unwrap());
    log.flush().unwrap();
    drop(log);
    let log = case.open_with(|options| options.recovery_point = last);
    assert_eq!(log.recovery().segments_walked, 1);
    drop(log);
    let log = case.open();
    assert_eq!(log.recovery().segments_walked, count, "all of them without a recovery point");
}

#[test]
fn a_log_that_ends_before_it_starts_begins_anew_there() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 20);
    drop(log);
    let log = case.open_with(|options| options.log_start_offset = 90);
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (90, 90));
    fill(&log, 1);
    assert_eq!(offsets(&log), [90]);
}

#[test]
fn preallocated_files_are_cut_at_a_clean_stop_and_no_damage_after_another() {
    for clean in [true, false] {
        let case = Case::new(LogConfig { preallocate: true, segment_bytes: 1 << 20, ..small() });
        let log = case.open();
        fill(&log, 20);
        let (expected, size) = (read_all(&log), log.size_bytes());
        while fs::metadata(&case.files(".log")[0]).unwrap().len() == size {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let point = if clean { log.close().unwrap() } else { 0 };
        drop(log);
        let len = fs::metadata(&case.files(".log")[0]).unwrap().len();
        assert_eq!(len == size, clean, "{len} bytes of {size}");
        let log = case.open_with(|options| {
            (options.clean, options.recovery_point) = (clean, point);
        });
        assert_eq!(read_all(&log), expected);
        assert_eq!(log.recovery().truncated_reason, None);
    }
}

#[test]
fn what_follows_zeros_inside_a_segment_is_not_kept() {
    let case = Case::new(LogConfig { segment_bytes: 500, ..small() });
    let log = case.open();
    fill(&log, 20);
    drop(log);
    let path = &case.files(".log")[0];
    let mut bytes = fs::read(path).unwrap();
    let half = logcore::Batches::new(&bytes).next().unwrap().unwrap().bytes.len();
    bytes[half..].fill(0);
    fs::write(path, bytes).unwrap();
    let log = case.open();
    assert_eq!(offsets(&log), [0], "nor are the segments behind it");
    assert!(log.recovery().truncated_bytes > 0);
}

#[test]
fn an_empty_segment_inside_another_does_not_end_the_log() {
    for clean in [true, false] {
        let case = Case::new(LogConfig { segment_bytes: 1 << 20, ..small() });
        let log = case.open();
        fill(&log, 10);
        let point = log.close().unwrap();
        fs::write(case.path().join("00000000000000000004.log"), b"").unwrap();
        let log = case.open_with(|options| {
            (options.clean, options.recovery_point) = (clean, point);
        });
        assert_eq!(offsets(&log), (0..10).collect::<Vec<_>>(), "clean {clean}");
        assert_eq!(log.log_end_offset(), 10);
    }
}

#[test]
fn leftovers_go_and_strange_files_stay() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 20);
    let expected = read_all(&log);
    drop(log);
    let name = |name: &str| case.path().join(name);
    for leftover in ["00000000000000000000.log.deleted", "00000000000000000007.log.cleaned"] {
        fs::write(name(leftover), b"leftover").unwrap();
    }
    fs::write(name("00000000000000000999.index"), b"an orphan").unwrap();
    fs::write(name("notes.txt"), b"mine").unwrap();
    let log = case.open();
    assert_eq!(read_all(&log), expected);
    assert!(case.files(".deleted").is_empty() && case.files(".cleaned").is_empty());
    assert!(!name("00000000000000000999.index").exists() && name("notes.txt").exists());
}

#[test]
fn another_format_is_refused_and_nothing_is_changed() {
    let case = Case::new(small());
    drop(case.open());
    let mut bytes = batch(&[(NOW_MS, "from the future")]);
    bytes[16] = 3;
    let path = &case.files(".log")[0];
    fs::write(path, &bytes).unwrap();
    let refused = Log::open(case.path(), OpenOptions::default());
    assert!(matches!(refused, Err(LogError::UnsupportedFormat { version: 3, .. })), "{refused:?}");
    assert_eq!(fs::read(path).unwrap(), bytes);
}

#[test]
fn index_entries_of_records_that_were_cut_do_not_come_back() {
    let case = Case::new(LogConfig { segment_bytes: 4000, ..small() });
    let log = case.open();
    for time in 0..20 {
        append(&log, &[(NOW_MS + 1000 + time, "later")]);
    }
    log.close().unwrap();
    let path = &case.files(".log")[0];
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 4]).unwrap();
    let log = case.open();
    let end = log.log_end_offset();
    assert!(end < 6);
    append(&log, &[(NOW_MS + 1, "short")]);
    log.roll().unwrap();
    let point = log.close().unwrap();
    drop(log);
    let log = open_clean(&case, point);
    let youngest = log.offset_for(logcore::log::TimestampSpec::MaxTimestamp).unwrap().unwrap();
    assert_eq!(youngest.offset, end - 1);
    assert_eq!(log.log_end_offset(), end + 1);
}

#[test]
fn every_cut_of_the_file_leaves_a_prefix() {
    let case = Case::new(LogConfig { segment_bytes: 1 << 20, ..small() });
    let log = case.open();
    fill(&log, 4);
    let expected = read_all(&log);
    drop(log);
    let path = case.files(".log")[0].clone();
    let bytes = fs::read(&path).unwrap();
    for len in (0..bytes.len()).step_by(7) {
        fs::write(&path, &bytes[..len]).unwrap();
        let found = read_all(&case.open());
        assert_eq!(found, expected[..found.len()], "cut at {len}");
        assert!(found.len() >= len / (bytes.len() / 3 + 1));
    }
}

#[test]
fn a_batch_that_was_torn_inside_of_its_offset_is_a_tail_and_one_behind_a_wrong_offset_is_damage() {
    let case = Case::new(LogConfig { segment_bytes: 1 << 20, ..small() });
    let log = case.open();
    fill(&log, 3);
    drop(log);
    let path = &case.files(".log")[0];
    let whole = fs::read(path).unwrap();
    let starts: Vec<usize> = logcore::Batches::new(&whole)
        .scan(0, |at, batch| {
            let start = *at;
            *at += batch.unwrap().bytes.len();
            Some(start)
        })
        .collect();
    let opened = |bytes: &[u8], recovery_point: i64| {
        fs::write(path, bytes).unwrap();
        let options =
            OpenOptions { config: case.config.clone(), recovery_point, ..OpenOptions::default() };
        Log::open(case.path(), options)
    };
    // The first sector of the third batch's write did not reach the disk.
    let mut torn = whole.clone();
    torn[starts[2]..starts[2] + 8].fill(0);
    assert_eq!(opened(&torn, 2).unwrap().log_end_offset(), 2);
    // The second one says that it is far behind, and the third was durable.
    let mut wrong = whole.clone();
    wrong[starts[1] + 6] = 1;
    let refused = opened(&wrong, 3).unwrap_err();
    assert!(matches!(refused, LogError::Corrupt { .. }), "{refused}");
}
