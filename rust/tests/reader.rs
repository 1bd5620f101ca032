//! `LogReader`: what it sees of a log that a live writer appends to, rolls, truncates and deletes.
//!
//! The writers here are a `Log` in a thread and, for crashes, this test binary as a child process.
//! A value tells its own offset and round, so that a reader knows garbage when it sees it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "files are changed behind the engine's back here")]

use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logcore::log::{OpenOptions, TimestampSpec};
use logcore::record::{Records, decode};
use logcore::{
    Batches, Codec, EmbeddedLog, EmbeddedOptions, Log, LogConfig, LogError, LogReader, RealFs,
    RecordBatchBuilder,
};
use tempfile::TempDir;

fn config(segment_bytes: u32) -> LogConfig {
    LogConfig { segment_bytes, index_interval_bytes: 256, retention_ms: -1, ..LogConfig::default() }
}

fn open_log(dir: &Path, config: LogConfig) -> Log {
    Log::open(dir, OpenOptions { config, ..OpenOptions::default() }).unwrap()
}

fn open_reader(dir: &Path) -> LogReader {
    LogReader::open(dir, Arc::new(RealFs)).unwrap()
}

/// Appends one batch of `count` records that name their offsets.
fn append(log: &Log, count: i64, timestamp: i64) {
    let first = log.log_end_offset();
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    for offset in first..first + count {
        let value =
            format!("value of {offset} {}", "x".repeat(usize::try_from(offset % 90).unwrap()));
        builder.append(timestamp, None, Some(value.as_bytes()), &[]).unwrap();
    }
    log.append_built(builder.finish().unwrap(), 0).unwrap();
}

/// Reads everything from `offset` on, checking each record; returns the offset after the last.
fn read_all(reader: &LogReader, mut offset: i64) -> Result<i64, LogError> {
    while let Some(bytes) = reader.read(offset, 4096, true)? {
        let before = offset;
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            let records = decode(&batch, 1 << 20).unwrap();
            for record in Records::new(&batch.header, &records).unwrap() {
                let record = record.unwrap();
                let at = batch.header.base_offset + i64::from(record.offset_delta);
                let expected = format!("value of {at} ");
                assert!(record.value.unwrap().starts_with(expected.as_bytes()), "offset {at}");
            }
            offset = offset.max(batch.header.next_offset());
        }
        assert!(offset > before, "no progress at {offset}");
    }
    Ok(offset)
}

#[test]
fn what_is_no_log_is_refused() {
    let dir = TempDir::new().unwrap();
    let missing = LogReader::open(&dir.path().join("absent"), Arc::new(RealFs)).unwrap_err();
    assert!(missing.to_string().contains("does not exist"), "{missing}");
    let empty = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap_err();
    assert!(empty.to_string().contains("holds no log"), "{empty}");
    std::fs::write(dir.path().join("file"), b"x").unwrap();
    let file = LogReader::open(&dir.path().join("file"), Arc::new(RealFs)).unwrap_err();
    assert!(file.to_string().contains("no directory"), "{file}");
    std::fs::write(dir.path().join("00000000000000000000.log.swap"), b"").unwrap();
    let swapping = LogReader::open(dir.path(), Arc::new(RealFs)).unwrap_err();
    assert!(swapping.to_string().contains("compaction"), "{swapping}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing was created");
}

#[test]
fn appends_and_rolls_are_followed() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), config(2000));
    let reader = open_reader(dir.path());
    assert_eq!((reader.log_start_offset(), reader.log_end_offset()), (0, 0));
    assert!(reader.read(0, 100, true).unwrap().is_none());
    let mut read = 0;
    for round in 0..60 {
        append(&log, round % 7 + 1, round * 1000);
        read = read_all(&reader, read).unwrap();
        assert_eq!(read, log.log_end_offset(), "round {round}");
    }
    assert!(reader.segments().load().len() > 5);
    assert_eq!(read_all(&reader, 0).unwrap(), read);
    let at = |spec| reader.offset_for(spec).unwrap().map(|found| (found.timestamp, found.offset));
    let of_log = |spec| log.offset_for(spec).unwrap().map(|found| (found.timestamp, found.offset));
    for ms in (-1000..62_000).step_by(500) {
        let spec = TimestampSpec::At(ms);
        assert_eq!(at(spec), of_log(spec), "time {ms}");
    }
    assert_eq!(at(TimestampSpec::MaxTimestamp).unwrap().0, 59_000);
    assert_eq!(at(TimestampSpec::Latest), of_log(TimestampSpec::Latest));
}

#[test]
fn the_time_of_new_records_is_found_in_the_segment_that_grows() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), config(1 << 20));
    let reader = open_reader(dir.path());
    for round in 0..10 {
        append(&log, 1, round);
        reader.refresh().unwrap();
        for found in
            [log.offset_for(TimestampSpec::At(round)), reader.offset_for(TimestampSpec::At(round))]
        {
            assert_eq!(found.unwrap().map(|found| found.offset), Some(round));
        }
    }
}

#[test]
fn truncation_is_seen_and_old_views_stay() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), config(2000));
    (0..50).for_each(|_| append(&log, 2, 0));
    let reader = open_reader(dir.path());
    assert_eq!(read_all(&reader, 0).unwrap(), 100);
    let view = reader.read(98, 1000, true).unwrap().unwrap();
    let before = view.to_vec();
    for (target, appended) in [(91, 3), (40, 1), (0, 5), (0, 20)] {
        log.truncate_to(target).unwrap();
        (0..appended).for_each(|_| append(&log, 1, 0));
        reader.refresh().unwrap();
        assert_eq!(reader.log_end_offset(), log.log_end_offset(), "after {target}");
        assert_eq!(read_all(&reader, 0).unwrap(), log.log_end_offset());
        let past = reader.read(log.log_end_offset() + 1, 100, true).unwrap_err();
        assert!(matches!(past, LogError::OffsetOutOfRange { .. }));
    }
    log.truncate_fully_and_start_at(500).unwrap();
    append(&log, 4, 0);
    reader.refresh().unwrap();
    assert_eq!((reader.log_start_offset(), reader.log_end_offset()), (500, 504));
    assert_eq!(&view[..], &before[..]);
}

#[test]
fn a_removed_segment_moves_the_start() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), LogConfig { file_delete_delay_ms: 0, ..config(1000) });
    (0..100).for_each(|_| append(&log, 1, 0));
    let reader = open_reader(dir.path());
    log.delete_before(70).unwrap();
    let gone = log.apply_retention().unwrap();
    log.apply_retention().unwrap();
    assert!(gone.len() > 2);
    // The reader's list still names the segments that are gone.
    let error = reader.read(0, 100, true).unwrap_err();
    assert!(matches!(error, LogError::OffsetOutOfRange { offset: 0, .. }), "{error}");
    let start = reader.log_start_offset();
    assert!(start > 0 && start <= 70, "{start}");
    assert_eq!(read_all(&reader, start).unwrap(), 100);
}

#[test]
fn a_torn_tail_is_not_read_until_it_is_whole() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), config(1 << 20));
    (0..3).for_each(|_| append(&log, 3, 0));
    log.close().unwrap();
    let path = dir.path().join("00000000000000000000.log");
    let whole = std::fs::read(&path).unwrap();
    let last = whole.len() * 2 / 3;
    for cut in (0..whole.len()).step_by(7) {
        std::fs::remove_file(&path).unwrap();
        let mut bytes = whole[..cut].to_vec();
        bytes.resize(whole.len() + 4096, 0);
        std::fs::write(&path, &bytes).unwrap();
        let reader = open_reader(dir.path());
        let expected = Batches::new(&whole[..cut]).map(|batch| batch.unwrap().header.next_offset());
        assert_eq!(reader.log_end_offset(), expected.last().unwrap_or(0), "cut at {cut}");
        assert_eq!(read_all(&reader, 0).unwrap(), reader.log_end_offset());
        if cut > last {
            // The writer goes on in place; then the reader does.
            std::os::unix::fs::FileExt::write_all_at(
                &std::fs::OpenOptions::new().write(true).open(&path).unwrap(),
                &whole[cut..],
                cut as u64,
            )
            .unwrap();
            reader.refresh().unwrap();
            assert_eq!(reader.log_end_offset(), 9);
        }
    }
}

#[test]
fn every_flipped_byte_ends_the_log_before_its_batch() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), config(1 << 20));
    (0..3).for_each(|_| append(&log, 2, 0));
    log.close().unwrap();
    let path = dir.path().join("00000000000000000000.log");
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let reader = match LogReader::open(dir.path(), Arc::new(RealFs)) {
            Ok(reader) => reader,
            // A whole batch of another version is no damage.
            Err(LogError::UnsupportedFormat { version: 18, .. }) => continue,
            Err(error) => panic!("byte {at}: {error}"),
        };
        let end = reader.log_end_offset();
        let batch = i64::try_from(Batches::new(&whole[..at]).count()).unwrap();
        let in_batch =
            at - Batches::new(&whole[..at]).map(|b| b.unwrap().bytes.len()).sum::<usize>();
        // No checksum covers base offset and leader epoch.
        if in_batch >= 8 && !(12..16).contains(&in_batch) {
            assert_eq!(end, batch * 2, "byte {at}");
        }
    }
}

#[test]
fn damage_below_the_recovery_point_is_not_taken_for_the_end() {
    for is_clean in [true, false] {
        let dir = TempDir::new().unwrap();
        let log = EmbeddedLog::open(dir.path(), EmbeddedOptions::default()).unwrap();
        for at in 0..4 {
            assert_eq!(log.append(Some(1), None, Some(b"value"), &[]).unwrap(), at);
        }
        log.close().unwrap();
        if !is_clean {
            std::fs::remove_file(dir.path().join(".kafka_cleanshutdown")).unwrap();
        }
        let path = dir.path().join("00000000000000000000.log");
        let bytes = std::fs::read(&path).unwrap();
        let size = bytes.len() / 4;
        let spoil = |position: usize| {
            let mut spoilt = bytes.clone();
            spoilt[position] ^= 1;
            std::fs::write(&path, spoilt).unwrap();
        };
        spoil(2 * size - 1); // in the last record of the second batch
        let reader = open_reader(dir.path());
        assert_eq!(reader.log_end_offset(), 4);
        let found = reader.read(1, 1, true).unwrap().unwrap();
        assert!(Batches::new(&found).next().unwrap().unwrap().verify_crc().is_err());
        assert!(reader.read(2, 1, true).unwrap().is_some(), "what is behind it is still there");
        spoil(size + 16); // its format
        let refused = LogReader::open(dir.path(), Arc::new(RealFs));
        assert!(refused.is_err(), "{refused:?}");
        spoil(size + 11); // its length
        let refused = LogReader::open(dir.path(), Arc::new(RealFs));
        assert!(matches!(refused, Err(LogError::Corrupt { .. })), "{refused:?}");
    }
}

#[test]
fn waiting_ends_with_the_append_or_the_time() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), config(1 << 20));
    let reader = open_reader(dir.path());
    assert!(!reader.wait_for(0, Duration::from_millis(30)).unwrap());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.wait_for(0, Duration::from_secs(20)).unwrap());
        std::thread::sleep(Duration::from_millis(40));
        append(&log, 1, 0);
        assert!(waiting.join().unwrap());
    });
    assert_eq!(reader.log_end_offset(), 1);
}

#[test]
fn a_reader_follows_a_writer_that_does_everything() {
    let dir = TempDir::new().unwrap();
    let log = open_log(dir.path(), LogConfig { file_delete_delay_ms: 0, ..config(3000) });
    append(&log, 1, 0);
    let (reader, done) = (open_reader(dir.path()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..1500_i64 {
                append(&log, round % 5 + 1, round);
                let end = log.log_end_offset();
                match round % 50 {
                    10 | 30 => drop(log.truncate_to(end - 7.min(end - log.log_start_offset()))),
                    20 => drop(log.roll()),
                    40 => drop(log.delete_before(end - 10)),
                    41 | 42 => drop(log.apply_retention()),
                    _ => {}
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        let (mut offset, mut passes) = (0, 0);
        while !done.load(Ordering::SeqCst) {
            match read_all(&reader, offset) {
                Ok(next) => offset = next,
                Err(LogError::OffsetOutOfRange { start, end, .. }) => {
                    offset = offset.clamp(start, end.max(start));
                }
                Err(error) => panic!("{error}"),
            }
            passes += 1;
        }
        assert!(passes > 1);
    });
    reader.refresh().unwrap();
    assert_eq!(reader.log_end_offset(), log.log_end_offset());
    assert_eq!(read_all(&reader, reader.log_start_offset()).unwrap(), log.log_end_offset());
}

const CHILD_DIR: &str = "TEST_READER_DIR";

/// The writing child: appends until it is killed.
#[test]
fn child_writer() {
    let Ok(dir) = std::env::var(CHILD_DIR) else { return };
    let log = open_log(Path::new(&dir), LogConfig { preallocate: true, ..config(200_000) });
    loop {
        append(&log, log.log_end_offset() % 9 + 1, 0);
    }
}

fn spawn_writer(dir: &Path) -> Child {
    let exe = std::env::current_exe().unwrap();
    Command::new(exe).args(["--exact", "child_writer"]).env(CHILD_DIR, dir).spawn().unwrap()
}

#[test]
fn a_reader_outlives_writers_that_are_killed() {
    let dir = TempDir::new().unwrap();
    append(&open_log(dir.path(), config(200_000)), 1, 0);
    let reader = open_reader(dir.path());
    let mut offset = 0;
    for round in 0..6 {
        let mut child = spawn_writer(dir.path());
        let target = offset + 3000;
        while offset < target {
            reader.wait_for(offset, Duration::from_secs(20)).unwrap();
            offset = read_all(&reader, offset).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        reader.refresh().unwrap();
        let end = reader.log_end_offset();
        assert_eq!(open_reader(dir.path()).log_end_offset(), end, "round {round}");
    }
    reader.refresh().unwrap();
    assert_eq!(open_log(dir.path(), config(200_000)).log_end_offset(), reader.log_end_offset());
    assert_eq!(read_all(&reader, 0).unwrap(), reader.log_end_offset());
}
