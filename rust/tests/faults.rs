//! Disks that fill up or fail, directories that vanish, and callers who are late: typed errors,
//! and nothing lost that was acknowledged. Damage of bytes is `faults_bits.rs`'s.
#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use logcore::embedded::{Durability, EmbeddedLog, EmbeddedOptions};
use logcore::faulty_fs::{Call, Fault, FaultyFs};
use logcore::log::Isolation;
use logcore::record::{Records, decode};
use logcore::{Batches, FileSystem, LogConfig, LogError, RealFs};
use tempfile::TempDir;

fn options(fs: Arc<dyn FileSystem>) -> EmbeddedOptions {
    let config = LogConfig {
        segment_bytes: 1000,
        index_interval_bytes: 100,
        file_delete_delay_ms: 0,
        retention_ms: -1,
        ..LogConfig::default()
    };
    EmbeddedOptions { fs, config, ..EmbeddedOptions::default() }
}

fn open(dir: &Path) -> Arc<EmbeddedLog> {
    EmbeddedLog::open(dir, options(Arc::new(RealFs))).expect("opens")
}

/// A directory in memory where there is one: these tests sync often.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    dir.expect("a temporary directory")
}

fn has_suffix(name: &str, suffix: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == suffix)
}

/// All values of a log, each with its offset.
fn values(log: &EmbeddedLog) -> Vec<(i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut offset = log.log().log_start_offset();
    while offset < log.end_offset() {
        let data = log.log().read(offset, 1 << 20, true, Isolation::LogEnd).expect("reads");
        for batch in Batches::new(&data.records.expect("there is more")) {
            let batch = batch.expect("whole");
            batch.verify_crc().expect("matches");
            let records = decode(&batch, 1 << 20).expect("decodes");
            for (record, at) in Records::new(&batch.header, &records).expect("fits").zip(offset..) {
                let value = record.expect("decodes").value.unwrap_or_default().to_vec();
                found.push((at, value));
            }
            offset = batch.header.next_offset();
        }
    }
    found
}

/// Works on a log until something fails; returns what was acknowledged with its offset, and what
/// failed.
fn work(log: &EmbeddedLog) -> (Vec<(i64, Vec<u8>)>, Vec<LogError>) {
    let (mut acknowledged, mut errors) = (Vec::new(), Vec::new());
    for number in 0..60_u8 {
        let value = vec![number; 20 + usize::from(number % 7) * 30];
        match log.append(None, None, Some(&value), &[]) {
            Ok(offset) => acknowledged.push((offset, value)),
            Err(error) => errors.push(error),
        }
        let other = match number % 20 {
            7 => log.flush().map(drop),
            13 => log.roll().map(drop),
            _ => Ok(()),
        };
        errors.extend(other.err());
    }
    (acknowledged, errors)
}

/// Every acknowledged record is there, and no offset is missing. A record whose append failed may
/// be there all the same.
fn check_kept(left: &[(i64, Vec<u8>)], acknowledged: &[(i64, Vec<u8>)], after: usize) {
    assert!(left.iter().zip(0..).all(|((offset, _), due)| *offset == due), "call {after}: a hole");
    for (offset, value) in acknowledged {
        let at = usize::try_from(*offset).expect("not negative");
        let found = left.get(at).map(|(_, value)| value);
        assert_eq!(found, Some(value), "call {after}: offset {offset} was acknowledged");
    }
}

/// Fails call after call of a workload and checks what is left.
fn fail_each(fault: impl Fn(usize) -> Fault, durability: Durability, preallocate: bool) {
    for after in 0.. {
        let dir = directory();
        let fs = FaultyFs::new(dir.path()).expect("an empty directory");
        let mut options = options(Arc::new(fs.clone()));
        options.durability = durability;
        options.config.preallocate = preallocate;
        fs.inject(fault(after));
        let mut acknowledged = Vec::new();
        match EmbeddedLog::open(dir.path(), options) {
            Ok(log) => {
                let (done, errors) = work(&log);
                acknowledged = done;
                for error in &errors {
                    assert!(error.is_storage_failure(), "call {after}: {error}");
                }
                if fs.fault_count() > 0 {
                    fs.clear_faults();
                    check_kept(&values(&log), &acknowledged, after);
                }
                let _ = log.close();
            }
            Err(error) => assert!(error.is_storage_failure(), "call {after}: {error}"),
        }
        let struck = fs.fault_count() > 0;
        fs.clear_faults();
        let log = open(dir.path());
        check_kept(&values(&log), &acknowledged, after);
        log.append(None, None, Some(b"after"), &[]).expect("appends");
        log.close().expect("closes");
        if !struck {
            assert!(after > 50, "only {after} calls");
            return;
        }
    }
}

#[test]
fn each_call_may_find_the_disk_full() {
    fail_each(|after| Fault::once(after, Fault::ENOSPC), Durability::Os, false);
}

#[test]
fn each_write_may_be_cut_short_by_a_full_disk() {
    let fault =
        |after| Fault { partial_bytes: 40, ..Fault::once(after, Fault::ENOSPC).of(Call::Write) };
    fail_each(fault, Durability::Os, false);
}

#[test]
fn the_disk_may_stay_full_from_each_write_on() {
    let fault = |after| Fault {
        partial_bytes: 10,
        times: usize::MAX,
        ..Fault::once(after, Fault::ENOSPC).of(Call::Write)
    };
    fail_each(fault, Durability::Os, false);
}

#[test]
fn each_call_may_fail_with_eio() {
    fail_each(|after| Fault::once(after, Fault::EIO), Durability::Batch, false);
}

#[test]
fn each_call_may_fail_while_space_is_allocated_ahead() {
    fail_each(|after| Fault::once(after, Fault::EIO), Durability::Os, true);
}

#[test]
fn a_failed_fsync_poisons_until_reopened() {
    let dir = directory();
    let fs = FaultyFs::new(dir.path()).expect("an empty directory");
    let log = EmbeddedLog::open(dir.path(), options(Arc::new(fs.clone()))).expect("opens");
    log.append(None, None, Some(b"kept"), &[]).expect("appends");
    log.flush().expect("flushes");
    log.append(None, None, Some(b"doubtful"), &[]).expect("appends");
    fs.inject(Fault::once(0, Fault::EIO).of(Call::SyncData));
    assert!(matches!(log.flush(), Err(LogError::Io { operation: "fdatasync", .. })));
    // The disk is well again, but what it dropped is unknown.
    assert!(matches!(log.flush(), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.append(None, None, None, &[]), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.close(), Err(LogError::Poisoned { .. })));
    drop(log);
    let log = open(dir.path());
    assert!(!log.log().recovery().clean);
    assert_eq!(values(&log).first(), Some(&(0, b"kept".to_vec())));
    log.append(None, None, Some(b"again"), &[]).expect("appends");
}

#[test]
fn half_a_truncation_is_finished_or_forgotten() {
    for after in 0..60 {
        let dir = directory();
        let fs = FaultyFs::new(dir.path()).expect("an empty directory");
        let log = EmbeddedLog::open(dir.path(), options(Arc::new(fs.clone()))).expect("opens");
        let (all, _) = work(&log);
        log.flush().expect("flushes");
        fs.inject(Fault::once(after, Fault::EIO));
        let cut = log.truncate(10);
        fs.clear_faults();
        let appended = log.append(None, None, Some(b"new"), &[]);
        if cut.is_ok() {
            assert_eq!(appended.expect("appends"), 10);
        } else if let Err(error) = appended {
            // Nothing more is acknowledged after half a truncation, or it never began.
            assert!(matches!(error, LogError::Poisoned { .. }), "call {after}: {error}");
        }
        let _ = log.close();
        drop(log);
        assert!(values(&open(dir.path())).starts_with(&all[..10]), "call {after}");
    }
}

#[test]
fn a_second_writer_is_refused() {
    let dir = directory();
    let log = open(dir.path());
    let second = EmbeddedLog::open(dir.path(), options(Arc::new(RealFs)));
    let refused = second.expect_err("locked");
    assert!(
        matches!(refused, LogError::Locked { pid: Some(pid), .. } if pid == std::process::id())
    );
    log.append(None, None, Some(b"undisturbed"), &[]).expect("appends");
    log.close().expect("closes");
    open(dir.path()).close().expect("the lock is free");
}

#[test]
fn a_removed_directory_is_an_error_and_views_stay() {
    let parent = directory();
    let dir = parent.path().join("log");
    let log = open(&dir);
    log.append(None, None, Some(&[7; 300]), &[]).expect("appends");
    let view = log.log().read(0, 1000, true, Isolation::LogEnd).expect("reads").records;
    std::fs::remove_dir_all(&dir).expect("removes");
    let mut failed = None;
    for _ in 0..10 {
        failed = log.append(None, None, Some(&[8; 300]), &[]).err().or(failed);
    }
    assert!(matches!(failed, Some(LogError::Io { .. } | LogError::Poisoned { .. })), "{failed:?}");
    let view = view.expect("has records");
    assert!(view.ends_with(&[7, 7, 0]), "the view lost its bytes");
    let _ = log.close();
}

#[test]
fn a_record_above_the_limit_is_refused_and_the_next_is_not() {
    let dir = directory();
    let mut options = options(Arc::new(RealFs));
    options.config.max_message_bytes = 500;
    let log = EmbeddedLog::open(dir.path(), options).expect("opens");
    let large = log.append(None, None, Some(&[0; 600]), &[]).expect_err("too large");
    assert!(matches!(large, LogError::BatchTooLarge { limit_bytes: 500, .. }), "{large}");
    assert_eq!(log.append(None, None, Some(&[0; 100]), &[]).expect("fits"), 0);
    let larger = log.append_with(|sink| sink.push(0, None, Some(&[0; 2000]), &[]));
    assert!(matches!(larger, Err(LogError::BatchTooLarge { .. })));
    assert_eq!(log.append(None, None, Some(&[0; 100]), &[]).expect("fits"), 1);
}

#[test]
fn use_after_close_is_an_error() {
    let dir = directory();
    let log = open(dir.path());
    log.append(None, None, Some(b"value"), &[]).expect("appends");
    log.close().expect("closes");
    log.close().expect("twice is no error");
    assert!(matches!(log.append(None, None, None, &[]), Err(LogError::Closed)));
    assert!(matches!(log.flush(), Err(LogError::Closed)));
    assert!(matches!(log.truncate(0), Err(LogError::Closed)));
    assert!(matches!(log.roll(), Err(LogError::Closed)));
    assert!(matches!(log.log().read(0, 1, true, Isolation::LogEnd), Err(LogError::Closed)));
}

#[test]
fn foreign_files_stay_and_do_no_harm() {
    let dir = directory();
    let log = open(dir.path());
    let (all, _) = work(&log);
    log.close().expect("closes");
    let foreign = ["notes.txt", "1.log", "00000000000000000x00.log", "00000000000000000000.bak"];
    for name in foreign {
        std::fs::write(dir.path().join(name), b"not ours").expect("writes");
    }
    std::fs::create_dir(dir.path().join("00000000000000000099.log.d")).expect("creates");
    assert_eq!(values(&open(dir.path())), all);
    for name in foreign {
        assert!(dir.path().join(name).exists(), "{name} is gone");
    }
}

#[test]
fn a_missing_index_or_snapshot_costs_no_record() {
    let dir = directory();
    let log = open(dir.path());
    let (all, _) = work(&log);
    log.close().expect("closes");
    drop(log);
    for entry in RealFs.list(dir.path()).expect("lists") {
        let is_data = has_suffix(&entry.name, "log") || entry.name.starts_with('.');
        if is_data || entry.name.ends_with("checkpoint") {
            continue;
        }
        RealFs.remove(&dir.path().join(&entry.name)).expect("removes");
        let log = open(dir.path());
        assert_eq!(values(&log), all, "without {}", entry.name);
        log.close().expect("closes");
    }
}

#[test]
fn a_missing_segment_that_was_durable_is_reported() {
    let dir = directory();
    let log = open(dir.path());
    work(&log);
    log.close().expect("closes");
    drop(log);
    let mut names: Vec<_> = RealFs.list(dir.path()).expect("lists");
    names.retain(|entry| has_suffix(&entry.name, "log"));
    names.sort_by(|one, other| one.name.cmp(&other.name));
    let last = names.last().expect("has segments");
    RealFs.remove(&dir.path().join(&last.name)).expect("removes");
    let refused = EmbeddedLog::open(dir.path(), options(Arc::new(RealFs)));
    assert!(matches!(refused, Err(LogError::Corrupt { .. })), "{refused:?}");
}
