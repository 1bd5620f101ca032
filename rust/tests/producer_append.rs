//! What a producer may append: sequences, epochs, transactions, and who is asked what.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod producers;

use logcore::batch::NO_SEQUENCE;
use logcore::control::EndTxnMarker;
use logcore::producer_append::AppendContext;
use logcore::{AppendOrigin, BatchHeader, LogError};
use producers::*;

macro_rules! refused {
    ($result:expr, $pattern:pat) => {
        match $result {
            Err($pattern) => {}
            other => panic!("expected {}, got {other:?}", stringify!($pattern)),
        }
    };
}

#[test]
fn a_producer_goes_on_where_it_was() {
    let mut log = Log::default();
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
    log.client(data(PRODUCER, 0, 1, 1)).unwrap();
    refused!(
        log.client(data(PRODUCER, 0, 5, 2)),
        LogError::OutOfOrderSequence { sequence: 5, expected: 2, .. }
    );
    log.client(data(PRODUCER, 1, 0, 3)).unwrap();
    refused!(
        log.client(data(PRODUCER, 0, 0, 4)),
        LogError::InvalidProducerEpoch { epoch: 0, current_epoch: 1, .. }
    );
    assert_eq!(log.state.active_producers().len(), 1);
}

#[test]
fn a_batch_without_a_producer_changes_nothing() {
    let mut log = Log::default();
    log.client(data(-1, -1, -1, 0)).unwrap();
    assert!(log.state.is_empty());
    assert_eq!(log.state.map_end_offset(), 1);
}

#[test]
fn the_last_five_batches_are_recognised_when_they_come_again() {
    let mut log = Log::default();
    for batch in 0..7 {
        let first = 100 * i64::from(batch);
        assert_eq!(
            log.client(up_to(first + 9, data(PRODUCER, 0, 10 * batch, first))).unwrap(),
            None
        );
    }
    for batch in 2..7 {
        let again = up_to(709, data(PRODUCER, 0, 10 * batch, 700));
        let original = log.client(again).unwrap().expect("a repetition");
        let first = 100 * i64::from(batch);
        assert_eq!((original.first_offset(), original.last_offset), (first, first + 9));
        assert_eq!(original.timestamp, log.now_ms);
    }
    refused!(
        log.client(up_to(709, data(PRODUCER, 0, 10, 700))),
        LogError::OutOfOrderSequence { sequence: 10, expected: 70, .. }
    );
    // Other bounds are no repetition, nor is another epoch or a replicated batch.
    refused!(
        log.client(up_to(708, data(PRODUCER, 0, 60, 700))),
        LogError::OutOfOrderSequence { .. }
    );
    refused!(
        log.client(up_to(709, data(PRODUCER, 1, 60, 700))),
        LogError::OutOfOrderSequence { .. }
    );
    log.replicate(up_to(709, data(PRODUCER, 0, 60, 700))).unwrap();
    assert_eq!(log.entry(PRODUCER).batches().len(), 5);
}

#[test]
fn a_marker_is_enough_to_fence() {
    let mut log = Log::default();
    log.end(control(PRODUCER, 2, 27), COMMIT).unwrap();
    assert_eq!(log.entry(PRODUCER).producer_epoch(), 2);
    assert_eq!(log.entry(PRODUCER).last_sequence(), NO_SEQUENCE);
    refused!(log.client(data(PRODUCER, 0, 0, 39)), LogError::InvalidProducerEpoch { .. });
    refused!(
        log.client(data(PRODUCER, 2, 17, 39)),
        LogError::OutOfOrderSequence { expected: 0, .. }
    );
    log.client(data(PRODUCER, 2, 0, 39)).unwrap();
    assert_eq!(log.entry(PRODUCER).last_sequence(), 0);
}

#[test]
fn sequences_wrap_between_batches() {
    let mut log = Log::default();
    log.replicate(data(PRODUCER, 15, i32::MAX, 735)).unwrap();
    refused!(log.client(data(PRODUCER, 15, 1, 1235)), LogError::OutOfOrderSequence { .. });
    log.client(data(PRODUCER, 15, 0, 1235)).unwrap();
    let batches = log.entry(PRODUCER).batches();
    assert_eq!((batches[0].first_sequence(), batches[1].last_sequence), (i32::MAX, 0));
}

#[test]
fn sequences_wrap_inside_a_batch() {
    let mut log = Log::default();
    let batch = up_to(2020, data(PRODUCER, 15, i32::MAX - 10, 2000));
    log.replicate(batch).unwrap();
    let last = *log.entry(PRODUCER).last_batch().unwrap();
    assert_eq!((last.first_sequence(), last.last_sequence), (i32::MAX - 10, 9));
    assert_eq!((last.first_offset(), last.last_offset), (2000, 2020));
    let again = BatchHeader { base_offset: 3000, ..batch };
    assert_eq!(log.client(again).unwrap(), Some(last), "also as a repetition");
    log.client(data(PRODUCER, 15, 10, 2021)).unwrap();
}

#[test]
fn an_unknown_producer_may_begin_anywhere() {
    let mut log = Log::default();
    log.replicate(data(PRODUCER, 5, 16, 735)).unwrap();
    let batch = log.entry(PRODUCER).last_batch().unwrap();
    assert_eq!((batch.first_sequence(), batch.last_sequence, batch.last_offset), (16, 16, 735));
    log.client(data(2, 3, 99, 736)).unwrap();
    assert_eq!(log.entry(2).last_sequence(), 99);
}

#[test]
fn a_marker_may_raise_the_epoch_and_sequences_begin_anew() {
    let mut log = Log::default();
    log.client(data(PRODUCER, 0, 0, 0)).unwrap();
    log.end(control(PRODUCER, 1, 1), ABORT).unwrap();
    let entry = log.entry(PRODUCER);
    assert_eq!((entry.producer_epoch(), entry.transaction_first_offset()), (1, None));
    assert!(entry.batches().is_empty());
    log.client(data(PRODUCER, 1, 0, 2)).unwrap();
    assert_eq!(log.entry(PRODUCER).last_sequence(), 0);
}

#[test]
fn after_a_marker_that_raised_the_epoch_only_sequence_zero_fits() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    log.client(transactional(PRODUCER, 0, 1, 1)).unwrap();
    log.end(control(PRODUCER, 1, 2), ABORT).unwrap();
    refused!(log.client(transactional(PRODUCER, 1, 2, 3)), LogError::OutOfOrderSequence { .. });
    refused!(log.client(transactional(PRODUCER, 2, 2, 3)), LogError::OutOfOrderSequence { .. });
    log.client(transactional(PRODUCER, 1, 0, 3)).unwrap();
    assert_eq!((log.entry(PRODUCER).producer_epoch(), log.entry(PRODUCER).last_sequence()), (1, 0));
}

#[test]
fn a_raised_epoch_must_begin_at_sequence_zero() {
    let mut log = Log::default();
    for sequence in 0..3 {
        log.client(data(PRODUCER, 0, sequence, i64::from(sequence))).unwrap();
    }
    refused!(log.client(data(PRODUCER, 1, 5, 3)), LogError::OutOfOrderSequence { expected: 0, .. });
    log.client(data(PRODUCER, 1, 0, 3)).unwrap();
}

#[test]
fn preparing_changes_nothing() {
    let mut log = Log::default();
    let mut update = client();
    log.state.prepare(&mut update, &up_to(20, data(PRODUCER, 0, 0, 15)), None).unwrap();
    assert_eq!(log.state.last_entry(PRODUCER), None);
    log.state.apply(update);
    let mut next = client();
    log.state.prepare(&mut next, &up_to(30, data(PRODUCER, 0, 6, 26)), None).unwrap();
    assert_eq!(log.entry(PRODUCER).last_sequence(), 5);
    assert_eq!(log.entry(PRODUCER).last_offset(), Some(20));
    log.state.apply(next);
    assert_eq!(log.entry(PRODUCER).last_sequence(), 10);
    assert_eq!(log.entry(PRODUCER).batches()[0].first_sequence(), 0);
}

#[test]
fn a_refused_batch_leaves_no_trace() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    let before = log.entry(PRODUCER).clone();
    let mut update = client();
    log.state.prepare(&mut update, &transactional(PRODUCER, 0, 1, 1), None).unwrap();
    assert!(log.state.prepare(&mut update, &data(PRODUCER, 0, 2, 2), None).is_err());
    drop(update);
    assert_eq!(*log.entry(PRODUCER), before);
}

#[test]
fn one_append_may_hold_batches_of_several_producers() {
    let mut log = Log::default();
    let mut update = client();
    for (offset, header) in (0..).zip([
        data(1, 0, 0, 0),
        transactional(2, 0, 0, 0),
        data(1, 0, 1, 0),
        data(3, 9, 7, 0),
        transactional(2, 0, 1, 0),
    ]) {
        let header = BatchHeader { base_offset: offset, ..header };
        assert_eq!(log.state.prepare(&mut update, &header, None).unwrap(), None);
    }
    assert_eq!(update.started(), [(1, 2)]);
    log.state.apply(update);
    assert_eq!([1, 2, 3].map(|id| log.entry(id).last_sequence()), [1, 1, 7]);
    assert_eq!(log.state.first_unstable_offset(), Some(1));
}

#[test]
fn a_transaction_begins_goes_on_and_ends_in_one_append() {
    let mut log = Log::default();
    log.client(data(PRODUCER, 0, 0, 9)).unwrap();
    let mut update = client();
    let mut prepare =
        |header: BatchHeader, marker| log.state.prepare(&mut update, &header, marker).map(|_| ());
    prepare(up_to(20, transactional(PRODUCER, 0, 1, 16)), None).unwrap();
    prepare(up_to(30, transactional(PRODUCER, 0, 6, 26)), None).unwrap();
    let marker = EndTxnMarker { commit: true, coordinator_epoch: 15 };
    prepare(control(PRODUCER, 0, 40), Some(marker)).unwrap();
    assert_eq!(update.started(), [(16, PRODUCER)]);
    let completed = update.completed()[0];
    assert_eq!((completed.producer_id, completed.is_aborted), (PRODUCER, false));
    assert_eq!((completed.first_offset, completed.last_offset), (16, 40));
    log.state.apply(update);
    let entry = log.entry(PRODUCER);
    assert_eq!(entry.coordinator_epoch(), 15);
    assert_eq!(entry.transaction_first_offset(), None);
    assert_eq!(entry.last_sequence(), 10, "the marker does not touch the batches");
    assert_eq!(entry.batches().len(), 3);
}

#[test]
fn a_write_outside_of_the_open_transaction_is_refused() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 0, 0, 0)).unwrap();
    refused!(log.client(data(PRODUCER, 0, 1, 1)), LogError::InvalidTransactionState { .. });
}

#[test]
fn a_replica_follows_what_its_leader_accepted() {
    let mut log = Log::default();
    log.client(data(PRODUCER, 3, 0, 0)).unwrap();
    refused!(log.client(data(PRODUCER, 3, 3, 1)), LogError::OutOfOrderSequence { .. });
    assert_eq!(log.entry(PRODUCER).last_sequence(), 0);
    log.replicate(data(PRODUCER, 3, 3, 1)).unwrap();
    assert_eq!(log.entry(PRODUCER).last_sequence(), 3);
    log.replicate(data(PRODUCER, 2, 40, 2)).unwrap();
    let entry = log.entry(PRODUCER);
    assert_eq!((entry.producer_epoch(), entry.batches().len()), (2, 1), "also an older epoch");
}

#[test]
fn a_coordinator_writes_without_sequences() {
    let mut log = Log::default();
    let context = AppendContext::new(AppendOrigin::Coordinator);
    for offset in 99..101 {
        let header = transactional(PRODUCER, 0, NO_SEQUENCE, offset);
        assert_eq!(log.append(context, header, None).unwrap().0, None, "and never repeats itself");
    }
    assert_eq!(log.entry(PRODUCER).batches()[1].first_sequence(), NO_SEQUENCE);
}

#[test]
fn a_marker_of_an_old_epoch_is_refused() {
    let mut log = Log::default();
    log.client(transactional(PRODUCER, 5, 0, 99)).unwrap();
    refused!(log.end(control(PRODUCER, 3, 100), COMMIT), LogError::InvalidProducerEpoch { .. });
    assert_eq!(log.state.first_undecided_offset(), Some(99));
}

#[test]
fn an_old_coordinator_is_fenced() {
    let mut log = Log::default();
    let of = |coordinator_epoch| EndTxnMarker { commit: true, coordinator_epoch };
    log.client(transactional(PRODUCER, 5, 0, 99)).unwrap();
    log.end(control(PRODUCER, 5, 100), of(1)).unwrap();
    assert_eq!(log.entry(PRODUCER).coordinator_epoch(), 1);
    log.end(control(PRODUCER, 5, 101), of(1)).unwrap();
    log.end(control(PRODUCER, 5, 102), of(2)).unwrap();
    refused!(
        log.end(control(PRODUCER, 5, 103), of(1)),
        LogError::TransactionCoordinatorFenced { epoch: 1, current_epoch: 2, .. }
    );
    let replicated = AppendContext::new(AppendOrigin::Replication);
    log.append(replicated, control(PRODUCER, 5, 103), Some(of(1))).unwrap();
}

#[test]
fn under_version_two_a_marker_must_raise_the_epoch() {
    let mut log = Log::default();
    let two =
        AppendContext { transaction_version: 2, ..AppendContext::new(AppendOrigin::Coordinator) };
    log.client(transactional(PRODUCER, 5, 0, 0)).unwrap();
    let late = log.append(two, control(PRODUCER, 5, 1), Some(COMMIT));
    refused!(late, LogError::InvalidProducerEpoch { epoch: 5, current_epoch: 5, .. });
    let (_, completed) = log.append(two, control(PRODUCER, 6, 1), Some(COMMIT)).unwrap();
    assert_eq!(completed.len(), 1);
    // The answer was lost and the marker comes again: nothing is open, so it does no harm.
    let (_, completed) = log.append(two, control(PRODUCER, 6, 2), Some(COMMIT)).unwrap();
    assert!(completed.is_empty());
    log.client(transactional(PRODUCER, 6, 0, 3)).unwrap();
    let stale = log.append(two, control(PRODUCER, 6, 4), Some(COMMIT));
    refused!(stale, LogError::InvalidProducerEpoch { .. });
}

#[test]
fn a_control_batch_that_compaction_emptied_changes_nothing() {
    let mut log = Log::default();
    log.append(AppendContext::new(AppendOrigin::Client), control(23_423, 0, 15), None).unwrap();
    assert_eq!(log.state.last_entry(23_423), None);
    assert_eq!((log.state.first_unstable_offset(), log.state.map_end_offset()), (None, 16));
}
