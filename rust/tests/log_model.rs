//! A log against a list of records: random operations must leave both alike.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, and removes files by hand"
)]

mod logs;

use logcore::log::{Isolation, TimestampSpec};
use logcore::{Codec, Log, LogConfig};
use logs::{Case, NOW_MS, coded, read_all, read_from, records_in, small};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// Records of a batch: how far in time, how long.
    Append(Vec<(i64, usize)>, Codec),
    Roll,
    Read(u16, usize, bool),
    Truncate(u16),
    DeleteBefore(u16),
    Retain(i64),
    Time(i64),
    Flush,
    Reopen {
        clean: bool,
        keeps_indexes: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let records = prop::collection::vec((-500_i64..500, 0_usize..120), 1..6);
    let codec = prop_oneof![4 => Just(Codec::None), 1 => Just(Codec::Lz4)];
    prop_oneof![
        10 => (records, codec).prop_map(|(records, codec)| Step::Append(records, codec)),
        1 => Just(Step::Roll),
        4 => (any::<u16>(), 0_usize..2000, any::<bool>())
            .prop_map(|(at, max, whole)| Step::Read(at, max, whole)),
        1 => any::<u16>().prop_map(Step::Truncate),
        1 => any::<u16>().prop_map(Step::DeleteBefore),
        1 => (500_i64..4000).prop_map(Step::Retain),
        2 => (-600_i64..600).prop_map(Step::Time),
        1 => Just(Step::Flush),
        2 => (any::<bool>(), any::<bool>())
            .prop_map(|(clean, keeps_indexes)| Step::Reopen { clean, keeps_indexes }),
    ]
}

/// What the log should hold: offset, timestamp, value, first offset of the batch.
#[derive(Default)]
struct Model {
    records: Vec<(i64, i64, String, i64)>,
    start: i64,
    end: i64,
}

impl Model {
    fn visible(&self) -> Vec<(i64, i64, String)> {
        let visible = self.records.iter().filter(|record| record.0 >= self.start);
        visible.map(|(offset, time, value, _)| (*offset, *time, value.clone())).collect()
    }

    /// An offset in the log, or its end, by chance.
    fn offset(&self, chance: u16) -> i64 {
        self.start + i64::from(chance) % (self.end - self.start + 1)
    }
}

struct Pair {
    case: Case,
    log: Option<Log>,
    model: Model,
}

impl Pair {
    fn log(&self) -> &Log {
        self.log.as_ref().unwrap()
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Append(records, codec) => self.append(&records, codec),
            Step::Roll => drop(self.log().roll().unwrap()),
            Step::Read(at, max_bytes, whole) => self.read(self.model.offset(at), max_bytes, whole),
            Step::Truncate(at) => self.truncate(self.model.offset(at)),
            Step::DeleteBefore(at) => {
                let offset = self.model.offset(at);
                self.model.start = self.log().delete_before(offset).unwrap();
                assert_eq!(self.model.start, offset);
            }
            Step::Retain(bytes) => self.retain(bytes),
            Step::Time(delta) => self.time(NOW_MS + delta),
            Step::Flush => {
                assert_eq!(self.log().flush().unwrap(), self.model.end);
            }
            Step::Reopen { clean, keeps_indexes } => self.reopen(clean, keeps_indexes),
        }
    }

    fn append(&mut self, records: &[(i64, usize)], codec: Codec) {
        let first = self.model.end;
        let named: Vec<_> = (first..)
            .zip(records)
            .map(|(offset, (delta, len))| {
                (NOW_MS + delta, format!("{offset}-{}", "x".repeat(*len)))
            })
            .collect();
        let given: Vec<_> = named.iter().map(|(time, value)| (*time, value.as_str())).collect();
        let info = self.log().append_built(&mut coded(codec, &given), 0).unwrap();
        assert_eq!(info.first_offset, first);
        for (offset, (time, value)) in (first..).zip(named) {
            self.model.records.push((offset, time, value, first));
            self.model.end = offset + 1;
        }
    }

    fn read(&self, offset: i64, max_bytes: usize, whole: bool) {
        let data = self.log().read(offset, max_bytes, whole, Isolation::LogEnd).unwrap();
        let Some(bytes) = data.records else {
            let first = self.log().read(offset, 1, true, Isolation::LogEnd).unwrap().records;
            let is_larger = first.is_some_and(|first| first.len() > max_bytes);
            assert!(offset == self.model.end || !whole && is_larger, "nothing at {offset}");
            return;
        };
        let found = records_in(&bytes);
        assert!(found.iter().any(|record| record.0 == offset), "not {offset}");
        let expected = self
            .model
            .records
            .iter()
            .filter(|record| found.first().is_some_and(|first| record.0 >= first.0));
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, &(expected.0, expected.1, expected.2.clone()));
        }
    }

    fn truncate(&mut self, offset: i64) {
        // The whole batch goes that holds the offset.
        let end = self.model.records.iter().find(|record| record.0 == offset);
        let end = if offset == 0 { 0 } else { end.map_or(self.model.end, |record| record.3) };
        let reached = self.log().truncate_to(offset).unwrap();
        assert_eq!(reached, self.log().log_end_offset());
        if self.model.end > offset {
            // Below its first segment the log starts anew where it is told to.
            assert!(reached == end || reached == offset, "{reached} is not {end}");
        }
        self.model.records.retain(|record| record.0 < reached);
        self.model.end = reached;
        self.model.start = self.model.start.min(reached);
        assert!(self.log().recovery_point() <= reached);
    }

    fn retain(&mut self, retention_bytes: i64) {
        let config = LogConfig { retention_bytes, ..self.case.config.clone() };
        self.log().set_config(config).unwrap();
        self.log().apply_retention().unwrap();
        let start = self.log().log_start_offset();
        assert!(start >= self.model.start && start <= self.model.end);
        self.model.start = start;
        assert!(self.log().apply_retention().unwrap().is_empty(), "not idempotent");
    }

    fn time(&self, timestamp: i64) {
        let visible = self.model.visible();
        let expected = visible.iter().find(|record| record.1 >= timestamp);
        let found = self.log().offset_for(TimestampSpec::At(timestamp)).unwrap();
        assert_eq!(
            found.map(|found| (found.offset, found.timestamp)),
            expected.map(|record| (record.0, record.1)),
            "first at or past {timestamp}"
        );
    }

    fn reopen(&mut self, clean: bool, keeps_indexes: bool) {
        let log = self.log.take().unwrap();
        let (start, mut point) = (log.log_start_offset(), log.recovery_point());
        if clean {
            point = log.close().unwrap();
        }
        drop(log);
        if !keeps_indexes {
            for path in self.case.files("index") {
                if !path.to_str().unwrap().ends_with("txnindex") {
                    std::fs::remove_file(path).unwrap();
                }
            }
        }
        self.log = Some(self.case.open_with(|options| {
            options.clean = clean;
            options.recovery_point = point;
            options.log_start_offset = start;
        }));
        assert_eq!(self.log().recovery().truncated_bytes, 0);
    }

    fn check(&self) {
        let log = self.log();
        assert_eq!(log.log_start_offset(), self.model.start);
        assert_eq!(log.log_end_offset(), self.model.end);
        assert_eq!(read_all(log), self.model.visible());
        if let Some(last) = self.model.visible().last() {
            assert_eq!(read_from(log, last.0, 1), std::slice::from_ref(last));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_a_list_of_records(
        steps in prop::collection::vec(step(), 1..60),
        preallocate in any::<bool>(),
    ) {
        let case = Case::new(LogConfig { preallocate, ..small() });
        let log = Some(case.open());
        let mut pair = Pair { case, log, model: Model::default() };
        for step in steps {
            pair.run(step);
            pair.check();
        }
    }
}
