//! The embedded log: durability, lingering, checkpoints, locks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, and spoils files by hand"
)]

use std::path::Path;

use logcore::columns::Columns;
use logcore::log::Isolation;
use logcore::{Batches, Durability, EmbeddedLog, EmbeddedOptions, LogError};

fn values(log: &EmbeddedLog) -> Vec<Vec<u8>> {
    log.drain().unwrap();
    let (mut offset, mut found) = (log.log().log_start_offset(), Vec::new());
    while let Some(records) =
        log.log().read(offset, 1 << 20, true, Isolation::LogEnd).unwrap().records
    {
        for batch in Batches::new(&records) {
            let batch = batch.unwrap();
            let bytes = logcore::record::decode(&batch, 1 << 24).unwrap();
            let columns = Columns::decode(&batch, &bytes, 0).unwrap();
            for at in 0..columns.len() {
                let start = usize::try_from(columns.value_starts[at]).unwrap();
                let len = usize::try_from(columns.value_lengths[at]).unwrap();
                found.push(bytes[start..start + len].to_vec());
            }
            offset = batch.header.next_offset();
        }
    }
    found
}

fn expected(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|at| format!("value-{at}").into_bytes()).collect()
}

fn open(dir: &Path, change: impl FnOnce(&mut EmbeddedOptions)) -> std::sync::Arc<EmbeddedLog> {
    let mut options = EmbeddedOptions::default();
    change(&mut options);
    EmbeddedLog::open(dir, options).unwrap()
}

fn append_all(log: &EmbeddedLog, range: std::ops::Range<usize>) {
    for at in range {
        let offset = log.append(None, None, Some(format!("value-{at}").as_bytes()), &[]).unwrap();
        assert_eq!(offset, i64::try_from(at).unwrap());
    }
}

#[test]
fn every_durability_and_linger_gives_back_what_was_appended() {
    for durability in [Durability::Os, Durability::Batch, Durability::Group] {
        for linger_ms in [0, 3] {
            let dir = tempfile::tempdir().unwrap();
            let log = open(dir.path(), |options| {
                options.durability = durability;
                options.linger_ms = linger_ms;
                options.config.segment_bytes = 1000;
            });
            append_all(&log, 0..40);
            assert_eq!(log.end_offset(), 40);
            assert_eq!(values(&log), expected(40));
            if durability == Durability::Group {
                assert_eq!(log.log().recovery_point(), 40);
            }
            log.close().unwrap();
            let log = open(dir.path(), |_| {});
            assert!(log.log().recovery().clean);
            assert_eq!(log.log().recovery_point(), 40);
            assert_eq!(values(&log), expected(40));
            append_all(&log, 40..50);
            assert_eq!(values(&log), expected(50));
        }
    }
}

#[test]
fn what_was_not_closed_is_recovered() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |options| options.config.segment_bytes = 2000);
    append_all(&log, 0..100);
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let recovered = open(copy.path(), |options| options.config.segment_bytes = 2000);
    assert!(!recovered.log().recovery().clean);
    assert_eq!(values(&recovered), expected(100));
}

#[test]
fn a_lingering_record_is_written_in_the_background() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |options| options.linger_ms = 2);
    append_all(&log, 0..3);
    for _ in 0..500 {
        if log.log().log_end_offset() == 3 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("nothing was written: {}", log.log().log_end_offset());
}

#[test]
fn many_at_once_are_split_into_batches_and_too_large_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |options| options.config.max_message_bytes = 500);
    let all = expected(200);
    let fill = |sink: &mut logcore::embedded::BatchSink| {
        all.iter().try_for_each(|value| sink.push(1, None, Some(value), &[]))
    };
    assert_eq!(log.append_with(fill).unwrap(), (0, 200));
    let large = vec![0; 600];
    let refused = log.append_with(|sink| sink.push(1, None, Some(&large), &[]));
    assert!(matches!(refused, Err(LogError::BatchTooLarge { .. })));
    assert!(matches!(
        log.append(None, None, Some(&large), &[]),
        Err(LogError::BatchTooLarge { .. })
    ));
    assert_eq!(values(&log), all);
}

#[test]
fn a_second_opening_is_refused_with_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |_| {});
    let refused = EmbeddedLog::open(dir.path(), EmbeddedOptions::default());
    let pid = std::process::id();
    assert!(matches!(refused, Err(LogError::Locked { pid: Some(holder), .. }) if holder == pid));
    log.close().unwrap();
    open(dir.path(), |_| {});
}

#[test]
fn truncation_and_deletion_survive_a_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let small = |options: &mut EmbeddedOptions| options.config.segment_bytes = 1000;
    let log = open(dir.path(), small);
    append_all(&log, 0..50);
    log.flush().unwrap();
    assert_eq!(log.truncate(30).unwrap(), 30);
    append_all(&log, 30..35);
    assert_eq!(log.delete_before(5).unwrap(), 5);
    assert_eq!(values(&log)[0], b"value-5");
    log.close().unwrap();
    let log = open(dir.path(), small);
    assert_eq!(log.log().log_start_offset(), 5);
    assert_eq!(values(&log), expected(35)[5..]);
}

#[test]
fn missing_files_below_the_recovery_point_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |_| {});
    append_all(&log, 0..5);
    log.close().unwrap();
    std::fs::remove_file(dir.path().join("00000000000000000000.log")).unwrap();
    let refused = EmbeddedLog::open(dir.path(), EmbeddedOptions::default());
    assert!(matches!(refused, Err(LogError::Corrupt { .. })), "{refused:?}");
}

#[test]
fn use_after_close_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |_| {});
    log.close().unwrap();
    log.close().unwrap();
    assert!(matches!(log.append(None, None, Some(b"x"), &[]), Err(LogError::Closed)));
    assert!(matches!(log.log().read(0, 1, true, Isolation::LogEnd), Err(LogError::Closed)));
    assert!(matches!(log.flush(), Err(LogError::Closed)));
}

#[test]
fn a_record_that_does_not_fit_takes_no_other_with_it() {
    let header = vec![7; 300];
    for (linger_ms, durability) in [(10_000, Durability::Os), (0, Durability::Group)] {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path(), |options| {
            options.config.max_message_bytes = 500;
            options.linger_ms = linger_ms;
            options.durability = durability;
        });
        let mut kept = Vec::new();
        for at in 0..200 {
            let value = vec![b'a'; at % 23 * 10];
            let headers: &[(&[u8], Option<&[u8]>)] =
                if at % 5 == 4 { &[(b"h", Some(&header))] } else { &[] };
            match log.append(None, None, Some(&value), headers) {
                Ok(offset) => {
                    assert_eq!(offset, i64::try_from(kept.len()).unwrap());
                    kept.push(value);
                }
                Err(LogError::BatchTooLarge { .. }) => assert!(value.len() + header.len() > 400),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(values(&log), kept);
    }
}

#[test]
fn headers_count_when_many_records_are_split_into_batches() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), |options| options.config.max_message_bytes = 500);
    let header = vec![7; 150];
    let (first, end) = log
        .append_with(|sink| {
            (0..50).try_for_each(|_| sink.push(1, None, Some(b"v"), &[(b"h", Some(&header))]))
        })
        .unwrap();
    assert_eq!((first, end), (0, 50));
}
