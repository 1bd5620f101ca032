//! Snapshots and truncation: which files stay, and what state a log comes back with.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod producers;

use std::fs;

use logcore::control::EndTxnMarker;
use logcore::{BatchHeader, FileSystem, LogError, RealFs};
use producers::*;

/// Five batches of one producer, a snapshot after each.
fn five_snapshots() -> Log {
    let mut log = Log::default();
    for sequence in 0..5 {
        log.client(data(PRODUCER, 0, sequence, i64::from(sequence))).unwrap();
        log.state.take_snapshot(true).unwrap().unwrap();
    }
    log
}

#[test]
fn a_reload_removes_snapshots_outside_of_the_log() {
    let mut log = five_snapshots();
    log.state.truncate_and_reload(1, 3, log.now_ms).unwrap();
    assert_eq!(log.state.oldest_snapshot_offset(), Some(2));
    assert_eq!(log.state.latest_snapshot_offset(), Some(3));
    assert_eq!(log.snapshots(), [2, 3]);
    assert_eq!((log.state.map_end_offset(), log.entry(PRODUCER).last_sequence()), (3, 2));
}

#[test]
fn a_snapshot_is_named_by_its_end_and_can_be_fetched() {
    let mut log = Log::default();
    assert_eq!(log.state.fetch_snapshot(1), None);
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
    log.client(data(PRODUCER, 0, 1, 1)).unwrap();
    let path = log.state.take_snapshot(false).unwrap().unwrap();
    assert_eq!(log.state.fetch_snapshot(2), Some(path.clone()));
    assert_eq!(path, log.snapshot_path(2));
    assert_eq!(fs::read_dir(log.dir.path()).unwrap().count(), 1);
}

#[test]
fn nothing_new_is_no_reason_for_a_snapshot() {
    let mut log = Log::default();
    assert_eq!(log.state.take_snapshot(true).unwrap(), None, "an empty log");
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
    assert!(log.state.take_snapshot(true).unwrap().is_some());
    assert_eq!(log.state.take_snapshot(true).unwrap(), None);
    assert_eq!(log.snapshots(), [1]);
}

#[test]
fn an_open_transaction_comes_back_with_the_last_batch() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    log.client(transactional(PRODUCER, 0, 1, 1)).unwrap();
    log.state.take_snapshot(true).unwrap();
    log.state = log.reopened(0, 3, log.now_ms);
    let entry = log.entry(PRODUCER);
    assert_eq!(
        (entry.batches().len(), entry.last_sequence(), entry.last_offset()),
        (1, 1, Some(1))
    );
    assert_eq!(entry.transaction_first_offset(), Some(0));
    assert_eq!(log.state.first_unstable_offset(), Some(0));
    log.client(transactional(PRODUCER, 0, 2, 2)).unwrap();
}

#[test]
fn a_finished_transaction_comes_back_finished() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    log.client(transactional(PRODUCER, 0, 1, 1)).unwrap();
    log.end(control(PRODUCER, 0, 2), ABORT).unwrap();
    log.state.take_snapshot(true).unwrap();
    log.state = log.reopened(0, 3, log.now_ms);
    assert_eq!(log.entry(PRODUCER).last_sequence(), 1);
    assert_eq!(log.state.first_unstable_offset(), None);
}

#[test]
fn an_empty_transaction_comes_back_with_its_time() {
    let mut log = Log::default();
    log.end(control(PRODUCER, 0, 0), ABORT).unwrap();
    log.state.take_snapshot(true).unwrap();
    let state = log.reopened(0, 1, log.now_ms);
    let entry = state.last_entry(PRODUCER).unwrap();
    assert_eq!((entry.last_timestamp(), entry.transaction_first_offset()), (log.now_ms, None));
}

#[test]
fn the_coordinators_epoch_fences_after_a_reload() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 99)).unwrap();
    log.end(control(PRODUCER, 0, 100), EndTxnMarker { commit: true, coordinator_epoch: 1 })
        .unwrap();
    log.state.take_snapshot(true).unwrap();
    log.state = log.reopened(0, 101, log.now_ms);
    let refused = log.end(control(PRODUCER, 0, 101), COMMIT);
    assert!(matches!(refused, Err(LogError::TransactionCoordinatorFenced { .. })));
}

#[test]
fn expired_producers_do_not_come_back() {
    let mut log = Log::default();
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
    log.now_ms += 1;
    log.client(data(2, 0, 0, 1)).unwrap();
    log.state.take_snapshot(true).unwrap();
    log.state = log.reopened(0, 2, log.now_ms + DAY_MS - 1);
    assert_eq!(log.state.last_entry(PRODUCER), None);
    assert_eq!(log.entry(2).last_sequence(), 0);
    log.client(data(PRODUCER, 0, 2, 2)).unwrap();
    log.replicate(data(3, 0, 2, 3)).unwrap();
    assert_eq!((log.entry(PRODUCER).last_sequence(), log.state.map_end_offset()), (2, 4));
}

#[test]
fn a_state_that_is_already_right_is_kept() {
    let mut log = Log::default();
    log.client(data(1, 0, 0, 0)).unwrap();
    log.client(data(2, 0, 0, 1)).unwrap();
    log.client(data(2, 0, 1, 2)).unwrap();
    log.state.take_snapshot(true).unwrap();
    log.state.truncate_and_reload(1, 3, log.now_ms).unwrap();
    assert_eq!(log.entry(1).last_offset(), Some(0), "although its record is gone");
    assert_eq!(log.entry(2).batches().len(), 2);
}

#[test]
fn old_snapshots_are_deleted() {
    let mut log = five_snapshots();
    log.state.delete_snapshots_before(4).unwrap();
    assert_eq!(log.snapshots(), [4, 5]);
    log.state.delete_snapshots_before(6).unwrap();
    assert_eq!((log.snapshots(), log.state.latest_snapshot_offset()), (vec![], None));
}

#[test]
fn a_full_truncation_deletes_all_and_begins_anew() {
    let mut log = five_snapshots();
    log.state.truncate_fully_and_start_at(0).unwrap();
    assert!(log.snapshots().is_empty());
    assert!(log.state.is_empty());
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
    log.state.take_snapshot(true).unwrap();
    assert_eq!(log.snapshots(), [1]);
}

#[test]
fn snapshots_that_were_put_there_are_found() {
    let mut log = five_snapshots();
    let bytes = fs::read(log.snapshot_path(3)).unwrap();
    log.state.truncate_and_reload(3, 5, log.now_ms).unwrap();
    assert_eq!(log.snapshots(), [4, 5]);
    log.state.truncate_fully_and_start_at(0).unwrap();
    fs::write(log.snapshot_path(3), bytes).unwrap();
    assert_eq!(log.state.latest_snapshot_offset(), None);
    log.state.truncate_fully_and_reload_snapshots().unwrap();
    assert_eq!(log.state.latest_snapshot_offset(), Some(3));
    assert_eq!(log.snapshots(), [3]);
    log.state.truncate_and_reload(0, 3, log.now_ms).unwrap();
    assert_eq!(log.entry(PRODUCER).last_sequence(), 2);
}

#[test]
fn the_unstable_offset_comes_back_with_a_truncation() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 99)).unwrap();
    log.state.take_snapshot(true).unwrap();
    log.end(control(PRODUCER, 0, 105), COMMIT).unwrap();
    log.state.on_high_watermark_updated(106);
    assert_eq!(log.state.first_unstable_offset(), None);
    log.state.take_snapshot(true).unwrap();
    log.client(data(PRODUCER, 0, 1, 106)).unwrap();
    log.state.truncate_and_reload(0, 106, log.now_ms).unwrap();
    assert_eq!(log.state.first_unstable_offset(), None);
    log.state.truncate_and_reload(0, 100, log.now_ms).unwrap();
    assert_eq!(log.state.first_unstable_offset(), Some(99));
}

/// Damages the newer of two snapshots; the older one must be loaded and the damaged one be gone.
fn reload_after(damage: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let mut log = Log::default();
    for sequence in 0..2 {
        log.client(data(PRODUCER, 0, sequence, i64::from(sequence))).unwrap();
        log.state.take_snapshot(true).unwrap();
    }
    let bytes = fs::read(log.snapshot_path(2)).unwrap();
    fs::write(log.snapshot_path(2), damage(bytes)).unwrap();
    let state = log.reopened(0, 20, log.now_ms);
    assert_eq!(log.snapshots(), [1]);
    assert_eq!(state.last_entry(PRODUCER).unwrap().last_offset(), Some(0));
    assert_eq!((state.map_end_offset(), state.latest_snapshot_offset()), (1, Some(1)));
}

#[test]
fn damaged_snapshots_are_deleted_and_an_older_one_is_loaded() {
    reload_after(|_| Vec::new());
    reload_after(|bytes| bytes[..bytes.len() / 2].to_vec());
    reload_after(|mut bytes| {
        bytes[..37].fill(0);
        bytes
    });
}

#[test]
fn a_snapshot_of_a_newer_version_is_passed_over_and_left_alone() {
    let mut log = five_snapshots();
    let mut bytes = fs::read(log.snapshot_path(5)).unwrap();
    bytes[1] = 2;
    fs::write(log.snapshot_path(5), &bytes).unwrap();
    log.state = log.reopened(0, 5, log.now_ms);
    assert_eq!((log.state.map_end_offset(), log.entry(PRODUCER).last_sequence()), (4, 3));
    assert_eq!(fs::read(log.snapshot_path(5)).unwrap(), bytes);
}

#[test]
fn without_a_valid_snapshot_the_state_begins_at_the_log_start() {
    let log = Log::default();
    fs::write(log.snapshot_path(9), b"").unwrap();
    let state = log.reopened(4, 20, 0);
    assert_eq!((state.map_end_offset(), state.is_empty()), (4, true));
    assert!(log.snapshots().is_empty());
}

#[test]
fn the_snapshot_of_a_clean_shutdown_is_no_stray() {
    for (bases, kept) in [
        (vec![5], vec![5, 42]),
        (vec![42], vec![42]),
        (vec![2, 5], vec![2, 5, 42]),
        (vec![43], vec![]),
        (vec![], vec![42]),
    ] {
        let mut log = Log::default();
        for offset in [5, 2, 42] {
            fs::write(log.snapshot_path(offset), b"").unwrap();
        }
        log.state.remove_stray_snapshots(&bases).unwrap();
        assert_eq!(log.snapshots(), kept, "{bases:?}");
        assert_eq!(log.state.latest_snapshot_offset(), kept.last().copied());
        assert_eq!(log.state.oldest_snapshot_offset(), kept.first().copied());
    }
}

#[test]
fn a_snapshot_is_marked_as_deleted_once() {
    let log = Log::default();
    fs::write(log.snapshot_path(5), b"").unwrap();
    let mut state = open(log.dir.path());
    let marked = state.mark_snapshot_deleted(5).unwrap().unwrap();
    assert!(marked.to_str().unwrap().ends_with("5.snapshot.deleted") && marked.exists());
    assert_eq!(state.latest_snapshot_offset(), None);
    assert_eq!(state.mark_snapshot_deleted(5).unwrap(), None);
    fs::write(log.snapshot_path(6), b"").unwrap();
    let mut state = open(log.dir.path());
    RealFs.remove(&log.snapshot_path(6)).unwrap();
    assert_eq!(state.mark_snapshot_deleted(6).unwrap(), None, "somebody else deleted it");
    assert_eq!(state.latest_snapshot_offset(), None);
}

#[test]
fn only_names_of_snapshots_count() {
    let log = Log::default();
    for name in ["5.snapshot", "00000000000000000005.snapshot.tmp", "x.snapshot", ".snapshot"] {
        fs::write(log.dir.path().join(name), b"").unwrap();
    }
    fs::write(log.dir.path().join("99999999999999999999.snapshot"), b"").unwrap();
    fs::create_dir(log.snapshot_path(8)).unwrap();
    assert_eq!(open(log.dir.path()).latest_snapshot_offset(), None);
    assert_eq!(open(&log.dir.path().join("missing")).latest_snapshot_offset(), None);
}

#[test]
fn snapshots_follow_their_directory() {
    let mut log = five_snapshots();
    let renamed = log.dir.path().join("renamed");
    fs::create_dir(&renamed).unwrap();
    log.state.set_dir(&renamed);
    log.client(data(PRODUCER, 0, 5, 5)).unwrap();
    let path = log.state.take_snapshot(true).unwrap().unwrap();
    assert_eq!(path.parent(), Some(renamed.as_path()));
    assert_eq!(log.state.fetch_snapshot(1).unwrap().parent(), Some(renamed.as_path()));
}

#[test]
fn a_snapshot_that_cannot_be_written_is_tried_again() {
    let mut log = Log::default();
    log.client(BatchHeader { max_timestamp: 7, ..data(PRODUCER, 0, 0, 0) }).unwrap();
    log.state.set_dir(&log.dir.path().join("missing"));
    assert!(matches!(log.state.take_snapshot(true), Err(LogError::Io { .. })));
    log.state.set_dir(log.dir.path());
    assert!(log.state.take_snapshot(true).unwrap().is_some());
}
