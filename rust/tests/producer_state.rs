//! Transactions of a log over time: what is unstable, what is late, what expires.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod producers;

use logcore::producer_append::{AppendContext, CompletedTransaction, ProducerUpdate};
use logcore::{AppendOrigin, BatchHeader};
use producers::*;

fn completed(producer_id: i64, first_offset: i64, last_offset: i64) -> CompletedTransaction {
    CompletedTransaction { producer_id, first_offset, last_offset, is_aborted: false }
}

#[test]
fn the_first_record_of_a_transaction_is_unstable() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 992_342)).unwrap();
    assert_eq!(log.state.first_unstable_offset(), Some(992_342));
    assert!(log.state.has_open_transaction(PRODUCER, 0));
    assert!(!log.state.has_open_transaction(PRODUCER, 1));
}

#[test]
fn a_transaction_is_unstable_until_its_marker_is_replicated() {
    let mut log = Log::default();
    assert_eq!(log.state.first_undecided_offset(), None);
    log.client(transactional(PRODUCER, 5, 0, 99)).unwrap();
    log.client(transactional(2, 5, 0, 105)).unwrap();
    let offsets =
        |log: &Log| (log.state.first_undecided_offset(), log.state.first_unstable_offset());
    assert_eq!(offsets(&log), (Some(99), Some(99)));
    log.end(control(PRODUCER, 5, 109), COMMIT).unwrap();
    assert_eq!(offsets(&log), (Some(105), Some(99)));
    for (high_watermark, unstable) in [(100, 99), (109, 99), (110, 105)] {
        log.state.on_high_watermark_updated(high_watermark);
        assert_eq!(offsets(&log), (Some(105), Some(unstable)), "{high_watermark}");
    }
    log.end(control(2, 5, 112), ABORT).unwrap();
    assert_eq!(offsets(&log), (None, Some(105)));
    log.state.on_high_watermark_updated(113);
    assert_eq!(offsets(&log), (None, None));
}

#[test]
fn the_stable_offset_of_an_abort_is_the_next_open_transaction() {
    let mut log = Log::default();
    let (first, second, third) = (992_342, 992_367, 992_399);
    for (id, start) in [(1, first), (2, second), (3, third)] {
        log.client(transactional(id, 0, 0, start)).unwrap();
    }
    let mut finish = |transaction: CompletedTransaction, stable, unstable| {
        assert_eq!(log.state.last_stable_offset(&transaction), stable);
        assert_eq!(transaction.aborted(stable).last_stable_offset, stable);
        log.state.complete(&transaction);
        log.state.on_high_watermark_updated(transaction.last_offset + 1);
        assert_eq!(log.state.first_unstable_offset(), unstable);
    };
    finish(completed(1, first, third + 15), second, Some(second));
    finish(completed(3, third, third + 35), second, Some(second));
    finish(completed(2, second, third + 113), third + 114, None);
}

#[test]
fn empty_transactions_are_not_completed() {
    let mut log = Log::default();
    log.client(up_to(20, transactional(PRODUCER, 0, 0, 16))).unwrap();
    log.state.on_high_watermark_updated(21);
    assert_eq!(log.state.first_unstable_offset(), Some(16));
    // One append ends the old transaction, holds empty ones, a whole one, and an open one.
    let mut update = ProducerUpdate::new(AppendContext::new(AppendOrigin::Client));
    for (header, marker) in [
        (control(PRODUCER, 0, 21), Some(COMMIT)),
        (control(PRODUCER, 0, 22), Some(COMMIT)),
        (control(PRODUCER, 0, 23), Some(ABORT)),
        (up_to(27, transactional(PRODUCER, 0, 5, 24)), None),
        (control(PRODUCER, 0, 28), Some(ABORT)),
        (control(PRODUCER, 0, 29), Some(ABORT)),
        (up_to(31, transactional(PRODUCER, 0, 9, 30)), None),
    ] {
        log.state.prepare(&mut update, &header, marker).unwrap();
    }
    assert_eq!(update.started(), [(24, PRODUCER), (30, PRODUCER)]);
    let done = log.state.apply(update);
    let aborted = CompletedTransaction { is_aborted: true, ..completed(PRODUCER, 24, 28) };
    assert_eq!(done, [completed(PRODUCER, 16, 21), aborted]);
    for transaction in &done {
        log.state.complete(transaction);
    }
    log.state.on_high_watermark_updated(32);
    assert_eq!(log.state.first_unstable_offset(), Some(30));
}

#[test]
fn the_oldest_transaction_tells_whether_one_is_late() {
    let mut log = Log::default();
    log.client(transactional(39, 2, 0, 100)).unwrap();
    assert!(!log.state.has_late_transaction(log.now_ms));
    log.now_ms += 500;
    log.client(transactional(57, 9, 0, 150)).unwrap();
    assert!(!log.state.has_late_transaction(log.now_ms + LATE_MS - 500));
    log.now_ms += LATE_MS - 500 + 1;
    assert!(log.state.has_late_transaction(log.now_ms));
    log.now_ms += 500;
    log.end(control(39, 2, 200), COMMIT).unwrap();
    assert!(log.state.has_late_transaction(log.now_ms), "the second one is late now, too");
    log.end(control(57, 9, 250), COMMIT).unwrap();
    assert!(!log.state.has_late_transaction(log.now_ms));
}

#[test]
fn lateness_survives_a_reload_and_ends_with_a_truncation() {
    let mut log = Log::default();
    log.client(transactional(39, 2, 0, 100)).unwrap();
    log.state.take_snapshot(true).unwrap();
    log.now_ms += LATE_MS + 1;
    let reopened = log.reopened(0, log.state.map_end_offset(), log.now_ms);
    assert!(reopened.has_late_transaction(log.now_ms));
    assert!(log.state.has_late_transaction(log.now_ms));
    log.state.truncate_and_reload(0, 80, log.now_ms).unwrap();
    assert!(!log.state.has_late_transaction(log.now_ms));

    log.client(BatchHeader { max_timestamp: 1, ..transactional(39, 2, 0, 100) }).unwrap();
    assert!(log.state.has_late_transaction(log.now_ms));
    log.state.truncate_fully_and_start_at(150).unwrap();
    assert!(!log.state.has_late_transaction(log.now_ms));
    assert_eq!((log.state.first_unstable_offset(), log.state.map_end_offset()), (None, 150));
}

#[test]
fn an_idle_producer_expires() {
    let mut log = Log::default();
    log.client(data(PRODUCER, 5, 0, 1)).unwrap();
    log.state.remove_expired(log.now_ms + DAY_MS - 1);
    assert_eq!(log.entry(PRODUCER).last_timestamp(), log.now_ms);
    log.now_ms += DAY_MS + 1;
    log.state.remove_expired(log.now_ms);
    assert!(log.state.is_empty());
    log.client(data(PRODUCER, 5, 1, 2)).unwrap();
    assert_eq!(log.entry(PRODUCER).batches().len(), 1);
    assert_eq!(log.state.map_end_offset(), 3);
}

#[test]
fn a_producer_inside_a_transaction_does_not_expire() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 5, 0, 99)).unwrap();
    log.now_ms += DAY_MS + 1;
    for _ in 0..2 {
        log.state.remove_expired(log.now_ms);
        assert_eq!(log.entry(PRODUCER).transaction_first_offset(), Some(99));
        assert_eq!(log.state.first_undecided_offset(), Some(99));
    }
    // The marker's timestamp counts from then on.
    log.end(control(PRODUCER, 5, 100), COMMIT).unwrap();
    log.state.remove_expired(log.now_ms);
    assert_eq!(log.entry(PRODUCER).last_timestamp(), log.now_ms);
    log.state.remove_expired(log.now_ms + DAY_MS);
    assert_eq!(log.state.last_entry(PRODUCER), None);
}

#[test]
fn the_epoch_of_a_fencing_abort_is_kept() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    let aborted = log.end(control(PRODUCER, 1, 1), ABORT).unwrap().unwrap();
    assert!(aborted.is_aborted);
    assert_eq!(log.entry(PRODUCER).last_offset(), None);
    log.state.remove_expired(log.now_ms);
    assert_eq!(log.entry(PRODUCER).producer_epoch(), 1);
}

#[test]
fn replaying_a_log_gives_its_state_and_the_entries_of_its_index() {
    let mut log = Log::default();
    let state = &mut log.state;
    assert_eq!(state.replay(&data(-1, -1, -1, 0), None).unwrap(), None);
    assert_eq!(state.replay(&transactional(1, 0, 40, 1), None).unwrap(), None);
    assert_eq!(state.replay(&transactional(2, 0, 7, 2), None).unwrap(), None);
    let (first, stable) = state.replay(&control(1, 0, 3), Some(ABORT)).unwrap().unwrap();
    assert_eq!((first.first_offset, first.last_offset, stable), (1, 3, 2));
    assert!(first.is_aborted);
    assert_eq!(state.replay(&control(1, 0, 4), Some(ABORT)).unwrap(), None);
    assert_eq!((state.map_end_offset(), state.first_unstable_offset()), (5, Some(1)));
    state.on_log_start_offset_incremented(4);
    assert_eq!(state.first_unstable_offset(), Some(2));
    state.on_log_start_offset_incremented(9);
    assert_eq!(state.map_end_offset(), 9);
}

#[test]
fn a_log_without_producers_is_small() {
    assert!(size_of::<logcore::producer_state::ProducerState>() <= 320);
}
