//! Flushes that take long: who waits for them, and who must not wait for whom.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "flushing/slow_fs.rs"]
mod slow_fs;

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use logcore::log::OpenOptions;
use logcore::producer_append::AppendContext;
use logcore::{
    AppendOrigin, Codec, Durability, EmbeddedLog, EmbeddedOptions, Log, LogConfig, LogError,
    RecordBatchBuilder,
};
use slow_fs::SlowFs;

const LONG: Duration = Duration::from_secs(60);

/// Does something in a thread of its own, and fails if it is not over in a minute.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(work()));
    told.recv_timeout(LONG).unwrap_or_else(|_| panic!("{what} hangs"))
}

fn batch(sequence: i32) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.set_producer(7, 0, sequence, false);
    builder.append(1, None, Some(b"value"), &[]).unwrap();
    builder.finish().unwrap().to_vec()
}

/// A log that flushes every record, to a disk that can be slow.
fn flushing_each(dir: &Path) -> (SlowFs, Arc<Log>) {
    let fs = SlowFs::default();
    let options = OpenOptions {
        fs: Arc::new(fs.clone()),
        config: LogConfig { flush_messages: 1, ..LogConfig::default() },
        ..OpenOptions::default()
    };
    (fs, Arc::new(Log::open(dir, options).unwrap()))
}

#[test]
fn a_repeated_batch_waits_for_the_flush_of_the_first_one() {
    let dir = tempfile::tempdir().unwrap();
    let (fs, log) = flushing_each(dir.path());
    let append = |sequence: i32| {
        let log = Arc::clone(&log);
        thread::spawn(move || {
            let context = AppendContext::new(AppendOrigin::Client);
            log.append_leader(&mut batch(sequence), 0, context)
        })
    };
    append(0).join().unwrap().unwrap();
    fs.stall();
    let first = append(1);
    fs.wait_until_stalled();
    let again = append(1);
    thread::sleep(Duration::from_millis(100));
    assert!(!first.is_finished() && !again.is_finished(), "acknowledged before it is durable");
    assert_eq!(log.recovery_point(), 1);
    fs.go_on();
    assert!(!first.join().unwrap().unwrap().duplicate);
    let again = again.join().unwrap().unwrap();
    assert_eq!((again.first_offset, again.duplicate), (1, true));
    assert_eq!(log.recovery_point(), 2);
}

#[test]
fn a_repeated_batch_is_refused_if_the_flush_of_the_first_one_fails() {
    let dir = tempfile::tempdir().unwrap();
    let (fs, log) = flushing_each(dir.path());
    let append = |sequence: i32| {
        let context = AppendContext::new(AppendOrigin::Client);
        log.append_leader(&mut batch(sequence), 0, context)
    };
    append(0).unwrap();
    fs.fail();
    assert!(matches!(append(1), Err(LogError::Io { .. })));
    let refused = append(1);
    assert!(matches!(refused, Err(LogError::Poisoned { .. })), "{refused:?}");
}

#[test]
fn every_durability_goes_with_flush_messages() {
    for durability in [Durability::Os, Durability::Batch, Durability::Group] {
        for linger_ms in [0, 2] {
            let what = format!("{durability:?}, linger {linger_ms}");
            in_time(&what, move || {
                let dir = tempfile::tempdir().unwrap();
                let config = LogConfig { flush_messages: 1, ..EmbeddedOptions::default().config };
                let options =
                    EmbeddedOptions { config, durability, linger_ms, ..EmbeddedOptions::default() };
                let log = EmbeddedLog::open(dir.path(), options).unwrap();
                for at in 0..3 {
                    assert_eq!(log.append(None, None, Some(b"x"), &[]).unwrap(), at);
                }
                log.append_with(|sink| sink.push(1, None, Some(b"y"), &[])).unwrap();
                log.drain().unwrap();
                assert_eq!(log.log().recovery_point(), 4);
                let end = log.truncate(2).unwrap(); // before the batch that holds it
                log.append_raw(&mut batch(0)).unwrap();
                assert_eq!(log.log().recovery_point(), end + 1);
                log.close().unwrap();
            });
        }
    }
}

#[test]
fn closing_waits_for_no_append_that_waits_for_it() {
    for attempt in 0..12 {
        in_time(&format!("closing, attempt {attempt},"), move || {
            let dir = tempfile::tempdir().unwrap();
            let options = EmbeddedOptions {
                durability: Durability::Group,
                codec: Codec::Gzip,
                ..EmbeddedOptions::default()
            };
            let log = EmbeddedLog::open(dir.path(), options.clone()).unwrap();
            let value = vec![b'v'; 40_000];
            let acknowledged = AtomicI64::new(0);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        while let Ok(offset) = log.append(None, None, Some(&value), &[]) {
                            acknowledged.fetch_max(offset + 1, Ordering::SeqCst);
                        }
                    });
                }
                thread::sleep(Duration::from_millis(3 * attempt));
                log.close().unwrap();
            });
            let again = EmbeddedLog::open(dir.path(), options).unwrap();
            assert!(again.end_offset() >= acknowledged.load(Ordering::SeqCst));
        });
    }
}

#[test]
fn truncating_and_flushing_beside_appends_end() {
    in_time("truncating beside appends", || {
        let dir = tempfile::tempdir().unwrap();
        let options =
            EmbeddedOptions { durability: Durability::Group, ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(dir.path(), options).unwrap();
        let value = vec![b'v'; 300_000];
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        log.append(None, None, Some(&value), &[]).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                for _ in 0..40 {
                    log.flush().unwrap();
                }
            });
            scope.spawn(|| {
                for _ in 0..20 {
                    log.truncate((log.end_offset() - 2).max(0)).unwrap();
                }
            });
        });
        log.close().unwrap();
    });
}
