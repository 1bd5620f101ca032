//! Verification of transactions: guards, the lowest sequence, and expiry.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod producers;

use logcore::producer_append::{AppendContext, ProducerUpdate};
use logcore::producer_state::ProducerStateConfig;
use logcore::verification::{VerificationGuard, VerificationRequest};
use logcore::{AppendOrigin, LogError, Result};
use producers::*;

fn request(epoch: i16, sequence: i32) -> VerificationRequest {
    VerificationRequest {
        producer_id: PRODUCER,
        producer_epoch: epoch,
        sequence,
        supports_epoch_bump: true,
    }
}

fn strict() -> Log {
    let mut log = Log::default();
    log.state.set_config(ProducerStateConfig { transaction_verification: true, ..CONFIG });
    log
}

fn ask(log: &mut Log, epoch: i16, sequence: i32) -> VerificationGuard {
    log.state.maybe_start_verification(&request(epoch, sequence), log.now_ms)
}

/// A transactional append of a client that shows `guard`.
fn write(log: &mut Log, guard: VerificationGuard, sequence: i32, offset: i64) -> Result<()> {
    let context =
        AppendContext { verification_guard: guard, ..AppendContext::new(AppendOrigin::Client) };
    log.append(context, transactional(PRODUCER, 0, sequence, offset), None).map(|_| ())
}

#[test]
fn a_question_that_stands_is_not_asked_again() {
    let mut log = Log::default();
    let guard = ask(&mut log, 0, 0);
    assert_ne!(guard, VerificationGuard::SENTINEL);
    assert_eq!(ask(&mut log, 0, 0), guard);
    assert_eq!(log.state.verification(PRODUCER).unwrap().guard, guard);
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    assert!(log.state.verification(PRODUCER).is_none(), "the append answers it");
}

#[test]
fn the_lowest_sequence_of_the_newest_epoch_is_kept() {
    let mut log = Log::default();
    let guard = ask(&mut log, 0, 1);
    for ((epoch, sequence), expected) in
        [((0, 1), (0, 1)), ((0, 0), (0, 0)), ((0, 5), (0, 0)), ((1, 2), (1, 2)), ((0, 0), (1, 2))]
    {
        assert_eq!(ask(&mut log, epoch, sequence), guard);
        let standing = log.state.verification(PRODUCER).unwrap();
        assert_eq!((standing.producer_epoch, standing.lowest_sequence), expected);
    }
}

#[test]
fn a_higher_sequence_may_not_overtake_the_one_that_asked() {
    for enabled in [true, false] {
        let mut log = strict();
        let guard = ask(&mut log, 0, 0);
        log.state.set_config(ProducerStateConfig { transaction_verification: enabled, ..CONFIG });
        let refused = write(&mut log, guard, 4, 0);
        assert!(matches!(refused, Err(LogError::OutOfOrderSequence { expected: 0, .. })));
        assert!(log.state.check_verification(PRODUCER, guard), "the question still stands");
    }
}

#[test]
fn a_question_nobody_came_back_to_expires() {
    let mut log = Log::default();
    let guard = ask(&mut log, 0, 0);
    log.now_ms += DAY_MS / 2;
    ask(&mut log, 0, 0);
    log.state.remove_expired(log.now_ms);
    assert!(log.state.check_verification(PRODUCER, guard));
    log.now_ms += DAY_MS / 2 + 1;
    log.state.remove_expired(log.now_ms);
    assert!(log.state.verification(PRODUCER).is_none(), "asking again does not prolong it");
}

#[test]
fn an_unknown_producer_of_version_two_begins_at_zero() {
    let mut log = Log::default();
    ask(&mut log, 0, 5);
    let refused = log.client(data(PRODUCER, 0, 5, 0));
    assert!(matches!(refused, Err(LogError::OutOfOrderSequence { expected: 0, .. })));
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
}

#[test]
fn an_unknown_producer_of_version_one_begins_anywhere() {
    let mut log = Log::default();
    let old = VerificationRequest { supports_epoch_bump: false, ..request(0, 5) };
    log.state.maybe_start_verification(&old, log.now_ms);
    let overtaking = log.client(data(PRODUCER, 0, 6, 0));
    assert!(matches!(overtaking, Err(LogError::OutOfOrderSequence { expected: 5, .. })));
    log.client(data(PRODUCER, 0, 5, 0)).unwrap();
}

#[test]
fn the_first_write_to_a_transaction_needs_the_guard() {
    let mut log = strict();
    for guard in [VerificationGuard::SENTINEL, VerificationGuard::default()] {
        let refused = write(&mut log, guard, 0, 0);
        assert!(matches!(refused, Err(LogError::InvalidTransactionState { .. })));
    }
    let guard = ask(&mut log, 0, 0);
    let refused = write(&mut log, VerificationGuard::SENTINEL, 0, 0);
    assert!(matches!(refused, Err(LogError::InvalidTransactionState { .. })));
    write(&mut log, guard, 0, 0).unwrap();
    // From here the transaction is open, which is proof enough.
    assert_eq!(ask(&mut log, 0, 1), VerificationGuard::SENTINEL);
    write(&mut log, VerificationGuard::SENTINEL, 1, 1).unwrap();
    assert_ne!(ask(&mut log, 1, 0), VerificationGuard::SENTINEL, "another epoch is not in it");
}

#[test]
fn an_answer_that_comes_after_the_end_proves_nothing() {
    let mut log = strict();
    let late = ask(&mut log, 0, 0);
    log.end(control(PRODUCER, 0, 0), ABORT).unwrap();
    assert!(!log.state.check_verification(PRODUCER, late));
    assert!(matches!(write(&mut log, late, 0, 1), Err(LogError::InvalidTransactionState { .. })));
    let current = ask(&mut log, 0, 0);
    assert_ne!(current, late);
    assert!(matches!(write(&mut log, late, 0, 1), Err(LogError::InvalidTransactionState { .. })));
    write(&mut log, current, 0, 1).unwrap();
}

#[test]
fn an_append_that_was_not_written_keeps_its_question() {
    let mut log = strict();
    let guard = ask(&mut log, 0, 0);
    let context =
        AppendContext { verification_guard: guard, ..AppendContext::new(AppendOrigin::Client) };
    let mut update = ProducerUpdate::new(context);
    log.state.prepare(&mut update, &transactional(PRODUCER, 0, 0, 0), None).unwrap();
    drop(update);
    write(&mut log, guard, 0, 0).unwrap();
}

#[test]
fn replicas_and_writes_outside_of_transactions_are_not_asked() {
    let mut log = strict();
    log.client(data(2, 0, 0, 0)).unwrap();
    log.replicate(transactional(PRODUCER, 0, 0, 1)).unwrap();
    log.state.clear_verification(PRODUCER);
    assert_eq!(log.state.first_unstable_offset(), Some(1));
}
