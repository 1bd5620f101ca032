//! What a broker writes of its own: coordinator records as one batch, markers, and who wrote what.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod logs;

use std::sync::Arc;

use logcore::control::EndTxnMarker;
use logcore::faulty_fs::{Call, Fault, FaultyFs};
use logcore::log::{Isolation, KeyValue, MarkerOwner, TransactionOwner};
use logcore::producer_append::AppendContext;
use logcore::verification::{VerificationGuard, VerificationRequest};
use logcore::{AppendOrigin, Batches, Codec, Log, LogConfig, LogError, RecordBatchBuilder};
use logs::{Case, NOW_MS, records_in, small};

const PAIRS: [KeyValue<'static>; 3] =
    [(Some(b"k"), Some(b"one")), (Some(b"k"), None), (None, Some(b"three"))];

fn set(log: &Log, key: &str, value: &str) {
    let mut config = LogConfig::clone(&log.config());
    assert!(config.set(key, value).unwrap());
    log.set_config(config).unwrap();
}

fn owner(producer_id: i64) -> MarkerOwner {
    MarkerOwner { producer_id, producer_epoch: 3, transaction_version: 0 }
}

/// A transactional batch of one record, of epoch 3.
fn write(log: &Log, producer_id: i64) {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.set_producer(producer_id, 3, 0, true);
    builder.append(NOW_MS, None, Some(b"x"), &[]).unwrap();
    let context = AppendContext::new(AppendOrigin::Client);
    log.append_leader(builder.finish().unwrap(), 0, context).unwrap();
}

fn end(log: &Log, producer_id: i64, commit: bool) -> Result<i64, LogError> {
    let (key, value) = EndTxnMarker { commit, coordinator_epoch: 5 }.encode();
    let pair = (Some(key.as_slice()), Some(value.as_slice()));
    log.append_control(pair, Some(owner(producer_id)), 0, NOW_MS).map(|info| info.first_offset)
}

#[test]
fn records_come_back_as_one_batch_with_the_time_given() {
    let case = Case::new(small());
    let log = case.open();
    let info = log.append_records(&PAIRS, 4, 77).unwrap();
    assert_eq!((info.first_offset, info.last_offset, info.log_append_time), (0, 2, -1));
    let bytes = log.read(0, 1, true, Isolation::LogEnd).unwrap().records.unwrap();
    let batch = Batches::new(&bytes).next().unwrap().unwrap();
    assert_eq!((batch.header.count, batch.header.leader_epoch), (3, 4));
    assert_eq!(records_in(&bytes).last().unwrap(), &(2, 77, "three".into()));
    assert_eq!(log.append_records(&PAIRS[..1], 4, 78).unwrap().first_offset, 3);
}

#[test]
fn the_settings_of_the_log_count() {
    let case = Case::new(small());
    let log = case.open();
    set(&log, "compression.type", "gzip");
    set(&log, "message.timestamp.type", "LogAppendTime");
    let info = log.append_records(&[(None, Some(&[b'x'; 600]))], 0, 1).unwrap();
    assert_eq!(info.log_append_time, NOW_MS);
    let bytes = log.read(0, 1, true, Isolation::LogEnd).unwrap().records.unwrap();
    assert!(bytes.len() < 200);
    assert_eq!(records_in(&bytes)[0].1, NOW_MS);
    set(&log, "max.message.bytes", "50");
    let refused = log.append_records(&PAIRS, 0, 1).unwrap_err();
    assert!(matches!(refused, LogError::BatchTooLarge { limit_bytes: 50, .. }));
    let refused = log.append_records(&[], 0, 1).unwrap_err();
    assert!(matches!(refused, LogError::InvalidArgument(_)));
    assert_eq!(log.log_end_offset(), 1);
}

#[test]
fn a_marker_ends_its_producers_transaction() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    write(&log, 7);
    write(&log, 8);
    assert_eq!(log.last_stable_offset(), 0);
    assert_eq!(end(&log, 7, false).unwrap(), 2);
    assert_eq!(log.last_stable_offset(), 1);
    assert_eq!(end(&log, 8, true).unwrap(), 3);
    let found = log.read(0, 1000, true, Isolation::TransactionCommitted).unwrap();
    assert_eq!(found.last_stable_offset, 4);
    assert_eq!(found.aborted.len(), 1);
    assert_eq!((found.aborted[0].producer_id, found.aborted[0].first_offset), (7, 0));
}

#[test]
fn a_marker_of_an_epoch_that_is_over_is_refused() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    write(&log, 7);
    let (key, value) = EndTxnMarker { commit: true, coordinator_epoch: 0 }.encode();
    let pair = (Some(key.as_slice()), Some(value.as_slice()));
    let stale = MarkerOwner { producer_epoch: 2, ..owner(7) };
    let refused = log.append_control(pair, Some(stale), 0, NOW_MS).unwrap_err();
    assert!(matches!(refused, LogError::InvalidProducerEpoch { current_epoch: 3, .. }));
    let same_epoch = MarkerOwner { transaction_version: 2, ..owner(7) };
    assert!(log.append_control(pair, Some(same_epoch), 0, NOW_MS).is_err());
    assert_eq!((log.log_end_offset(), log.last_stable_offset()), (1, 0));
}

#[test]
fn control_records_without_an_owner_are_of_the_quorum() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    log.append_control((Some(&[0, 0, 0, 2]), Some(b"leader")), None, 1, NOW_MS).unwrap();
    let bytes = log.read(0, 1, true, Isolation::LogEnd).unwrap().records.unwrap();
    let header = Batches::new(&bytes).next().unwrap().unwrap().header;
    assert!(header.is_control() && !header.has_producer_id() && !header.is_transactional());
    assert_eq!(log.producers().unwrap(), []);
}

#[test]
fn producers_are_told_and_forgotten_in_time() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    write(&log, 8);
    write(&log, 7);
    end(&log, 8, true).unwrap();
    let told = log.producers().unwrap();
    assert_eq!(told.iter().map(|producer| producer.producer_id).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(told[0].transaction_first_offset, Some(1));
    assert_eq!((told[1].transaction_first_offset, told[1].coordinator_epoch), (None, 5));
    assert_eq!((told[1].producer_epoch, told[1].last_timestamp), (3, NOW_MS));
    set(&log, "producer.id.expiration.ms", "1000");
    case.clock.advance(999);
    log.expire_producers().unwrap();
    assert_eq!(log.producers().unwrap().len(), 2);
    case.clock.advance(1);
    log.expire_producers().unwrap();
    let left = log.producers().unwrap();
    assert_eq!(left.len(), 1, "inside of a transaction nobody is forgotten");
    assert_eq!(left[0].producer_id, 7);
}

#[test]
fn an_append_may_have_to_wait_if_it_flushes() {
    let case = Case::new(LogConfig::default());
    let log = case.open();
    assert!(!log.append_blocks());
    set(&log, "flush.messages", "10");
    assert!(log.append_blocks());
}

/// The marker is written, then its entry in the transaction index fails: nobody may read on as if
/// the transaction were decided, and the next opening finds it aborted.
#[test]
fn an_abort_that_cannot_be_indexed_poisons_the_log_until_it_is_opened_again() {
    for fault in [
        Fault::once(1, Fault::EIO).of(Call::Write),
        Fault { partial_bytes: 20, ..Fault::once(1, Fault::ENOSPC).of(Call::Write) },
        Fault::once(0, Fault::EIO).of(Call::Open),
    ] {
        let case = Case::new(LogConfig::default());
        let fs = FaultyFs::new(case.path()).unwrap();
        let log = case.open_with(|options| options.fs = Arc::new(fs.clone()));
        write(&log, 7);
        fs.inject(fault);
        let refused = end(&log, 7, false).unwrap_err();
        assert!(matches!(refused, LogError::Io { .. }), "{refused}");
        assert_eq!(fs.fault_count(), 1);
        assert!(log.is_poisoned());
        assert_eq!((log.log_end_offset(), log.last_stable_offset()), (1, 0));
        let found = log.read(0, 1000, true, Isolation::TransactionCommitted).unwrap();
        assert!(found.records.is_none());
        assert!(matches!(end(&log, 7, false), Err(LogError::Poisoned { .. })));
        drop(log);
        let log = case.open();
        assert_eq!((log.log_end_offset(), log.last_stable_offset()), (2, 2));
        let found = log.read(0, 1000, true, Isolation::TransactionCommitted).unwrap();
        let aborted: Vec<_> =
            found.aborted.iter().map(|one| (one.producer_id, one.first_offset)).collect();
        assert_eq!(aborted, [(7, 0)], "{fault:?}");
    }
}

/// A coordinator's records inside of a transaction: with the guard of the question that stands, and
/// stable once the marker is there.
#[test]
fn own_records_inside_of_a_transaction_show_a_guard() {
    let case = Case::new(LogConfig::default());
    let log = case.open_with(|options| options.verify_transactions = true);
    let owner = |verification_guard| TransactionOwner {
        producer_id: 7,
        producer_epoch: 3,
        verification_guard,
    };
    let append = |guard| log.append_transactional(&PAIRS, owner(guard), 0, NOW_MS);
    let refused = append(VerificationGuard::SENTINEL).unwrap_err();
    assert!(matches!(refused, LogError::InvalidTransactionState { .. }), "{refused}");
    let request = VerificationRequest {
        producer_id: 7,
        producer_epoch: 3,
        sequence: -1,
        supports_epoch_bump: true,
    };
    let guard = log.start_verification(&request).unwrap();
    assert_ne!(guard, VerificationGuard::SENTINEL);
    assert_eq!(VerificationGuard::from_number(guard.to_number()), guard);
    assert_eq!(append(guard).unwrap().last_offset, 2);
    assert_eq!(log.last_stable_offset(), 0);
    assert_eq!(log.start_verification(&request).unwrap(), VerificationGuard::SENTINEL);
    append(VerificationGuard::SENTINEL).unwrap();
    end(&log, 7, true).unwrap();
    assert_eq!(log.last_stable_offset(), 7);
    assert!(append(guard).is_err(), "the guard was of the transaction before");
}

#[test]
fn a_log_that_verifies_nothing_gives_no_guard() {
    let log = Case::new(LogConfig::default()).open();
    let request = VerificationRequest {
        producer_id: 7,
        producer_epoch: 0,
        sequence: 0,
        supports_epoch_bump: true,
    };
    assert_eq!(log.start_verification(&request).unwrap(), VerificationGuard::SENTINEL);
}
