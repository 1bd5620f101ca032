//! Retention and `DeleteRecords` under a transaction that is open: what they take of it is gone,
//! the rest stays undecided until the marker comes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cleaning;
mod transacting;

use cleaning::{Fixture, HOUR_MS, NOW_MS, config};
use logcore::LogConfig;
use logcore::config::CleanupPolicy;
use transacting::{Model, Write, consume};

/// A log whose only transaction of producer 1 began at offset 2 and goes on to the end.
struct Case {
    fixture: Fixture,
    model: Model,
}

impl Case {
    fn new(change: impl FnOnce(&mut LogConfig)) -> Self {
        let mut config = LogConfig {
            segment_bytes: 400,
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            retention_ms: -1,
            file_delete_delay_ms: 0,
            ..config()
        };
        change(&mut config);
        let mut case = Self { fixture: Fixture::new(config), model: Model::default() };
        case.write(None, 2);
        for _ in 0..4 {
            case.write(Some((1, true)), 3);
            case.write(None, 2);
        }
        case
    }

    fn write(&mut self, producer: Option<(i64, bool)>, count: u8) {
        let records = (0..count).map(|at| (at, Some(at))).collect();
        let write = Write { codec: 0, producer, records };
        self.model.write(&self.fixture.log, &write, NOW_MS).unwrap();
    }

    fn finish(&mut self, commit: bool) {
        self.model.finish(&self.fixture.log, (1, commit, true), NOW_MS).unwrap();
    }

    /// What a reader of committed records sees from the start on, compared with the model.
    fn check(&self) -> usize {
        let log = &self.fixture.log;
        let (start, end) = (log.log_start_offset(), log.log_end_offset());
        assert_eq!(log.last_stable_offset(), self.model.last_stable_offset(start, end));
        let view = consume(log, start, 1 << 20).unwrap();
        let wanted: Vec<_> = self.model.committed(start, end).into_iter().cloned().collect();
        assert_eq!(view, wanted);
        view.len()
    }
}

#[test]
fn deleting_into_a_transaction_leaves_its_rest_undecided() {
    for commit in [false, true] {
        let mut case = Case::new(|_| {});
        assert_eq!(case.check(), 2);
        case.fixture.log.delete_before(9).unwrap();
        assert_eq!(case.fixture.log.last_stable_offset(), 9);
        assert_eq!(case.check(), 0);
        case.finish(commit);
        let (plain, of_transaction) = (6, 7);
        assert_eq!(case.check(), plain + if commit { of_transaction } else { 0 });
    }
}

#[test]
fn deleting_past_a_transactions_records_leaves_it_open() {
    let mut case = Case::new(|_| {});
    let end = case.fixture.log.log_end_offset();
    assert!(case.fixture.log.delete_before(end + 1).is_err(), "past the high watermark");
    case.fixture.log.delete_before(end).unwrap();
    assert_eq!(case.fixture.log.last_stable_offset(), end);
    case.write(None, 2);
    assert_eq!(case.check(), 0);
    case.finish(false);
    assert_eq!(case.check(), 2);
}

#[test]
fn retention_takes_segments_in_which_a_transaction_began() {
    for commit in [false, true] {
        let mut case = Case::new(|config| config.retention_bytes = 500);
        assert!(!case.fixture.log.apply_retention().unwrap().is_empty());
        let start = case.fixture.log.log_start_offset();
        assert!(start > 2, "the transaction's first batch went");
        assert_eq!(case.fixture.log.last_stable_offset(), start);
        assert_eq!(case.check(), 0);
        case.finish(commit);
        case.check();
        assert_eq!(case.fixture.log.last_stable_offset(), case.fixture.log.log_end_offset());
    }
}

#[test]
fn a_transaction_of_which_everything_expired_can_still_be_ended() {
    let mut case = Case::new(|config| config.retention_ms = HOUR_MS);
    case.fixture.clock.advance(2 * HOUR_MS);
    assert!(!case.fixture.log.apply_retention().unwrap().is_empty());
    let end = case.fixture.log.log_end_offset();
    assert_eq!(case.fixture.log.log_start_offset(), end);
    case.finish(true);
    assert_eq!(case.check(), 0);
    assert_eq!(case.fixture.log.last_stable_offset(), end + 1);
}

#[test]
fn it_is_the_same_after_a_stop_and_after_a_crash() {
    for clean in [true, false] {
        let mut case = Case::new(|_| {});
        case.fixture.log.delete_before(9).unwrap();
        case.fixture.reopen(clean);
        case.fixture.log.delete_before(9).unwrap();
        assert_eq!(case.fixture.log.last_stable_offset(), 9);
        case.write(Some((1, true)), 2);
        case.finish(false);
        assert_eq!(case.check(), 6);
    }
}
