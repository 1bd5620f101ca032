//! Compaction against a model that remembers every record and the newest of each key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cleaning;

use std::collections::{HashMap, HashSet};

use cleaning::*;
use logcore::{BatchHeader, Codec, CompactOptions, LogConfig, RecordBatchBuilder};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Append { codec: usize, producer: Option<i64>, records: Vec<(u8, Option<u8>, i64)> },
    Roll,
    Compact { roll: bool, entries: usize },
    Wait { hours: i64 },
    DeleteBefore { percent: i64 },
    Reopen { clean: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let record = (0_u8..12, proptest::option::weighted(0.8, any::<u8>()), 0_i64..1000);
    let append =
        (0_usize..5, proptest::option::of(0_i64..3), proptest::collection::vec(record, 1..6))
            .prop_map(|(codec, producer, records)| Step::Append { codec, producer, records });
    let step = prop_oneof![
        8 => append,
        2 => Just(Step::Roll),
        3 => (any::<bool>(), 3_usize..40).prop_map(|(roll, entries)| Step::Compact { roll, entries }),
        1 => (0_i64..3).prop_map(|hours| Step::Wait { hours }),
        1 => (0_i64..30).prop_map(|percent| Step::DeleteBefore { percent }),
        1 => any::<bool>().prop_map(|clean| Step::Reopen { clean }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Everything that was ever appended.
#[derive(Default)]
struct Model {
    rows: Vec<Row>,
    /// When a tombstone was appended, by offset.
    tombstoned_ms: HashMap<i64, i64>,
    /// Next sequence and last batch's end, by producer.
    producers: HashMap<i64, (i32, i64)>,
    clean_end: i64,
    now_ms: i64,
}

impl Model {
    /// Compares what the log holds with what it may and must hold.
    fn check(&self, found: &[Row], headers: &[BatchHeader], start: i64) {
        let offsets: HashSet<i64> = found.iter().map(|row| row.0).collect();
        assert!(found.iter().all(|row| self.rows.contains(row)), "a record changed");
        assert!(found.is_sorted_by_key(|row| row.0));
        let clean = |row: &&Row| row.0 < self.clean_end;
        let mut newest = HashMap::new();
        for (offset, _, key, _) in self.rows.iter().filter(clean) {
            newest.insert(key.clone(), *offset);
        }
        for (offset, _, key, value) in self.rows.iter().filter(|row| row.0 >= start) {
            let is_there = offsets.contains(offset);
            let is_newest = newest.get(key) == Some(offset);
            let is_due = |at: &i64| self.now_ms >= at + HOUR_MS;
            match self.tombstoned_ms.get(offset) {
                _ if *offset >= self.clean_end => assert!(is_there, "{offset} was not clean"),
                Some(at) if is_newest && value.is_none() => assert!(is_there || is_due(at)),
                _ => assert_eq!(is_there, is_newest, "offset {offset}, key {key:?}"),
            }
        }
        for (id, (sequence, last_offset)) in &self.producers {
            let mut own = headers.iter().rev().filter(|header| header.producer_id == *id);
            if *last_offset >= start {
                let last = own.next().unwrap();
                assert_eq!(
                    (last.last_sequence(), last.last_offset()),
                    (sequence - 1, *last_offset)
                );
            }
        }
    }
}

fn append(fixture: &Fixture, model: &mut Model, step: &Step) {
    let Step::Append { codec, producer, records } = step else { return };
    let mut builder = RecordBatchBuilder::new(Codec::ALL[*codec], None);
    let base = fixture.log.log_end_offset();
    let last = base + i64::try_from(records.len()).unwrap() - 1;
    if let Some(id) = producer {
        let entry = model.producers.entry(*id).or_default();
        builder.set_producer(*id, 0, entry.0, false);
        *entry = (entry.0 + i32::try_from(records.len()).unwrap(), last);
    }
    for (offset, (key, value, late)) in (base..).zip(records) {
        let (key, value) = (vec![*key; 3], value.map(|value| vec![value; 20]));
        let timestamp = NOW_MS + late;
        builder.append(timestamp, Some(&key), value.as_deref(), &[]).unwrap();
        if value.is_none() {
            model.tombstoned_ms.insert(offset, model.now_ms);
        }
        model.rows.push((offset, timestamp, Some(key), value));
    }
    fixture.log.append_built(builder.finish().unwrap(), 0).unwrap();
}

fn apply(fixture: &mut Fixture, model: &mut Model, step: &Step) {
    match step {
        Step::Append { .. } => append(fixture, model, step),
        Step::Roll => {
            fixture.log.roll().unwrap();
        }
        Step::Compact { roll, entries } => {
            let options = CompactOptions { roll: *roll, offset_map_bytes: 24 * entries };
            let report = fixture.log.compact(&options).unwrap();
            assert!(!report.interrupted);
            model.clean_end = report.clean_end_offset;
        }
        Step::Wait { hours } => {
            fixture.clock.advance(hours * HOUR_MS);
            model.now_ms += hours * HOUR_MS;
        }
        Step::DeleteBefore { percent } => {
            let end = fixture.log.log_end_offset();
            fixture.log.delete_before(end * percent / 100).unwrap();
        }
        Step::Reopen { clean } => {
            let (start, cleaned) = (fixture.log.log_start_offset(), fixture.log.clean_end_offset());
            fixture.reopen(*clean);
            fixture.log.delete_before(start).unwrap();
            fixture.log.set_clean_end_offset(cleaned);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_compacted_log_is_its_model(steps in steps()) {
        let mut fixture = Fixture::new(LogConfig { segment_bytes: 900, ..config() });
        let mut model = Model { now_ms: NOW_MS, ..Model::default() };
        for step in &steps {
            apply(&mut fixture, &mut model, step);
            let start = fixture.log.log_start_offset();
            let end = model.rows.last().map_or(0, |row| row.0 + 1);
            assert_eq!(fixture.log.log_end_offset(), end);
            if !matches!(step, Step::Append { .. }) {
                model.check(&rows(&fixture.log, true), &headers(&fixture.log), start);
            }
        }
    }
}
