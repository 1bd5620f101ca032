//! Compaction of a log with transactions, against a model: a reader of committed records sees of
//! every key the newest, and nothing else, whatever was cleaned, deleted, or lost in a crash.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cleaning;
mod transacting;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use cleaning::{Fixture, HOUR_MS, NOW_MS, config, headers, names, rows};
use logcore::log::Isolation;
use logcore::{Batches, CompactOptions, FileSystem, LogConfig, RealFs};
use proptest::prelude::*;
use transacting::{Model, Transaction, Write, consume};

#[derive(Debug, Clone)]
enum Step {
    Write(Write),
    Finish { id: i64, commit: bool, bumps: bool },
    Roll,
    Compact { roll: bool, entries: usize },
    Wait { hours: i64 },
    DeleteBefore { percent: i64 },
    Reopen { clean: bool, snapshots: bool },
}

fn write() -> impl Strategy<Value = Write> {
    let record = (0_u8..9, proptest::option::weighted(0.8, any::<u8>()));
    let producer = proptest::option::weighted(0.8, (0_i64..4, proptest::bool::weighted(0.8)));
    (0_usize..5, producer, proptest::collection::vec(record, 1..5))
        .prop_map(|(codec, producer, records)| Write { codec, producer, records })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => write().prop_map(Step::Write),
        6 => (0_i64..4, any::<bool>(), any::<bool>())
            .prop_map(|(id, commit, bumps)| Step::Finish { id, commit, bumps }),
        3 => Just(Step::Roll),
        4 => (any::<bool>(), 3_usize..40).prop_map(|(roll, entries)| Step::Compact { roll, entries }),
        1 => (0_i64..3).prop_map(|hours| Step::Wait { hours }),
        1 => (0_i64..60).prop_map(|percent| Step::DeleteBefore { percent }),
        1 => (any::<bool>(), any::<bool>())
            .prop_map(|(clean, snapshots)| Step::Reopen { clean, snapshots }),
    ];
    proptest::collection::vec(step, 1..80)
}

struct Run {
    fixture: Fixture,
    model: Model,
    clean_end: i64,
    now_ms: i64,
    /// Transactions whose first batch was deleted before a reopening, which may not know them.
    forgotten_below: i64,
}

impl Run {
    fn new() -> Self {
        Self {
            fixture: Fixture::new(LogConfig { segment_bytes: 700, ..config() }),
            model: Model::default(),
            clean_end: 0,
            now_ms: NOW_MS,
            forgotten_below: 0,
        }
    }

    fn apply(&mut self, step: &Step) {
        let log = &self.fixture.log;
        match step {
            Step::Write(write) => self.model.write(log, write, self.now_ms).unwrap(),
            Step::Finish { id, commit, bumps } => {
                self.model.finish(log, (*id, *commit, *bumps), self.now_ms).unwrap();
            }
            Step::Roll => {
                log.roll().unwrap();
            }
            Step::Compact { roll, entries } => {
                let options = CompactOptions { roll: *roll, offset_map_bytes: 24 * entries };
                let stable = log.last_stable_offset();
                let report = log.compact(&options).unwrap();
                assert!(!report.interrupted);
                assert!(report.clean_end_offset <= stable, "cleaned into an open transaction");
                self.clean_end = report.clean_end_offset;
            }
            Step::Wait { hours } => {
                self.fixture.clock.advance(hours * HOUR_MS);
                self.now_ms += hours * HOUR_MS;
            }
            Step::DeleteBefore { percent } => {
                log.delete_before(log.log_end_offset() * percent / 100).unwrap();
            }
            Step::Reopen { clean, snapshots } => self.reopen(*clean, *snapshots),
        }
    }

    /// Opens the log anew; without its snapshots, producers and transactions come from the log.
    fn reopen(&mut self, clean: bool, snapshots: bool) {
        let (start, cleaned) =
            (self.fixture.log.log_start_offset(), self.fixture.log.clean_end_offset());
        if !clean && !snapshots {
            for name in names(self.fixture.dir.path()) {
                if name.ends_with(".snapshot") {
                    RealFs.remove(&self.fixture.dir.path().join(name)).unwrap();
                }
            }
        }
        self.fixture.reopen(clean);
        self.fixture.log.delete_before(start).unwrap();
        self.fixture.log.set_clean_end_offset(cleaned);
        self.forgotten_below = self.forgotten_below.max(start);
    }

    fn check(&self) {
        let log = &self.fixture.log;
        let (start, end) = (log.log_start_offset(), log.log_end_offset());
        assert_eq!(end, self.model.end);
        let stable = self.model.last_stable_offset(start, end);
        let lost = self.model.transactions.iter().any(|each| each.first < self.forgotten_below);
        if !lost {
            assert_eq!(log.last_stable_offset(), stable);
        }
        for (from, max_bytes) in [(start, 300), (start, 1 << 20), (i64::midpoint(start, end), 300)]
        {
            let view = consume(log, from, max_bytes).unwrap();
            if !lost {
                self.model.check_view(&view, from, end).unwrap();
            }
        }
        self.check_clean(start, end);
        self.check_producers(start);
        if !lost {
            self.check_index();
        }
    }

    /// Whatever is left of an aborted transaction, if only a batch without records, the transaction
    /// index knows as aborted.
    fn check_index(&self) {
        let log = &self.fixture.log;
        let mut indexed = Vec::new();
        for segment in log.segments().load().iter() {
            indexed.extend(segment.transaction_index().transactions().unwrap());
        }
        for header in headers(log).iter().filter(|each| each.is_transactional()) {
            let is_of = |each: &&Transaction| {
                each.producer == header.producer_id
                    && each.first <= header.base_offset
                    && each.end.is_some_and(|(marker, _)| header.last_offset() < marker)
            };
            let Some(of) = self.model.transactions.iter().find(is_of) else { continue };
            let Some((marker, false)) = of.end else { continue };
            let found = indexed.iter().any(|each| {
                each.producer_id == header.producer_id
                    && each.first_offset <= header.base_offset
                    && each.last_offset == marker
            });
            assert!(found, "the index does not know that {} was aborted", header.base_offset);
        }
    }

    /// What was cleaned holds no aborted record; what was not, everything.
    fn check_clean(&self, start: i64, end: i64) {
        let offsets: HashSet<i64> =
            rows(&self.fixture.log, true).into_iter().map(|row| row.0).collect();
        for (row, of) in self.model.rows.iter().filter(|(row, _)| row.0 >= start) {
            let is_there = offsets.contains(&row.0);
            if row.0 >= self.clean_end {
                assert!(is_there, "offset {} was not cleaned and is gone", row.0);
            } else if self.model.is_committed(*of, end) == Some(false) {
                assert!(!is_there, "offset {} was aborted, cleaned, and is there", row.0);
            }
        }
        for each in &self.model.transactions {
            let Some((marker, _)) = each.end else { continue };
            let is_due = self.now_ms >= self.model.appended_ms[&marker] + HOUR_MS;
            if marker >= start && !is_due {
                assert!(offsets.contains(&marker), "the marker {marker} went too early");
            }
        }
    }

    /// Each producer goes on where it stopped.
    fn check_producers(&self, start: i64) {
        let known = self.fixture.log.producers().unwrap();
        let kept = headers(&self.fixture.log);
        for (id, producer) in &self.model.producers {
            if producer.next_sequence == 0 || producer.last_offset < start {
                continue;
            }
            let found = known.iter().find(|each| each.producer_id == *id).unwrap();
            assert_eq!(found.last_sequence, producer.next_sequence - 1, "of producer {id}");
            assert_eq!(found.producer_epoch, producer.epoch, "of producer {id}");
            let mut own = kept.iter().filter(|each| each.producer_id == *id && !each.is_control());
            assert_eq!(own.next_back().unwrap().last_offset(), producer.last_offset);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn committed_readers_of_a_compacted_log_see_its_model(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.apply(step);
            if !matches!(step, Step::Write(_)) {
                run.check();
            }
        }
    }
}

#[test]
fn a_reader_is_told_of_aborted_records_while_their_segments_are_merged() {
    for attempt in 0..20 {
        let fixture = Fixture::new(LogConfig { segment_bytes: 1 << 20, ..config() });
        fixture.append(&[("a", Some("1"))]);
        fixture.append(&[("a", Some("2"))]);
        let first = fixture.log.roll().unwrap();
        let value = "z".repeat(100_000);
        for at in 0..9 {
            fixture.produce((7, 0, at, true), &[(&*format!("z{at}"), Some(&*value))]);
        }
        fixture.end_transaction((7, 0), false);
        fixture.log.roll().unwrap();
        fixture.append(&[("b", Some("1"))]);
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                fixture.log.compact(&CompactOptions::default()).unwrap();
                is_done.store(true, Ordering::SeqCst);
            });
            while !is_done.load(Ordering::SeqCst) {
                let isolation = Isolation::TransactionCommitted;
                let data = fixture.log.read(first, 2 << 20, true, isolation).unwrap();
                let records = data.records.unwrap();
                let is_told = Batches::new(&records).all(|batch| {
                    let header = batch.unwrap().header;
                    header.is_control() || !header.is_transactional() || !data.aborted.is_empty()
                });
                assert!(is_told, "attempt {attempt}: aborted records look committed");
            }
        });
    }
}
