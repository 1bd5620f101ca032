//! What compaction keeps and what it drops: keys, tombstones, producers, transactions, ranges.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod cleaning;

use cleaning::*;
use logcore::cleaner::offset_map::OffsetMap;
use logcore::config::CleanupPolicy;
use logcore::{Codec, CompactOptions, FileSystem, LogConfig, LogError, RealFs, RecordBatchBuilder};

#[test]
fn the_newest_record_of_each_key_stays_where_it_was() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1")), ("b", Some("1"))]);
    fixture.append(&[("a", Some("2")), ("c", Some("1")), ("a", Some("3"))]);
    let report = fixture.compact();
    assert_eq!(fixture.pairs(), ["b=1", "c=1", "a=3"]);
    assert_eq!(fixture.offsets(), [1, 3, 4]);
    assert_eq!((report.records_read, report.records_kept), (5, 3));
    assert_eq!((report.rounds, report.clean_end_offset), (1, 5));
    assert!(report.bytes_after < report.bytes_before);
    assert!(!report.interrupted);
    assert_eq!(fixture.log.log_end_offset(), 5);
}

#[test]
fn a_batch_keeps_its_frame_when_records_go() {
    for codec in Codec::ALL {
        let fixture = Fixture::new(config());
        fixture.append_coded(codec, &[("a", Some("1")), ("b", Some("1")), ("a", Some("2"))]);
        fixture.append_coded(codec, &[("c", Some("1"))]);
        fixture.append_coded(codec, &[("a", Some("3"))]);
        let before = headers(&fixture.log)[0];
        let was = rows(&fixture.log, false);
        fixture.compact();
        let after = headers(&fixture.log)[0];
        assert_eq!(after.count, 1);
        assert_eq!(after.codec_id(), codec.id());
        assert_eq!(after.leader_epoch, 0);
        assert_eq!((after.base_offset, after.last_offset()), (0, before.last_offset()));
        // Timestamp, key and value of what stayed are those of before.
        assert_eq!(rows(&fixture.log, false)[0], was[1]);
    }
}

#[test]
fn the_active_segment_is_left_alone() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1"))]);
    fixture.append(&[("a", Some("2"))]);
    let report = fixture.log.compact(&CompactOptions::default()).unwrap();
    assert_eq!((report.rounds, report.clean_end_offset), (0, 0));
    fixture.log.roll().unwrap();
    fixture.append(&[("a", Some("3"))]);
    fixture.log.compact(&CompactOptions::default()).unwrap();
    // What the active segment holds counts for nothing yet.
    assert_eq!(fixture.pairs(), ["a=2", "a=3"]);
}

#[test]
fn a_tombstone_stays_until_its_horizon() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1")), ("b", Some("1"))]);
    fixture.append(&[("a", None), ("c", Some("1"))]);
    fixture.compact();
    assert_eq!(fixture.pairs(), ["b=1", "a", "c=1"]);
    let stamped = headers(&fixture.log)[1];
    assert_eq!(stamped.delete_horizon_ms(), Some(NOW_MS + HOUR_MS));
    assert_eq!(rows(&fixture.log, false)[1].1, NOW_MS);
    fixture.clock.advance(HOUR_MS - 1);
    fixture.compact();
    assert_eq!(headers(&fixture.log)[1], stamped, "stamped once only");
    fixture.clock.advance(1);
    fixture.append(&[("d", Some("1"))]);
    fixture.compact();
    assert_eq!(fixture.pairs(), ["b=1", "c=1", "d=1"]);
    let after = headers(&fixture.log)[1];
    assert_eq!(after.delete_horizon_ms(), Some(NOW_MS + HOUR_MS));
    assert_eq!(rows(&fixture.log, false)[1].1, NOW_MS + 1, "timestamps do not count as deltas");
}

#[test]
fn an_old_value_does_not_come_back_after_its_tombstone_went() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1"))]);
    fixture.log.roll().unwrap();
    fixture.append(&[("a", None)]);
    fixture.compact();
    fixture.clock.advance(2 * HOUR_MS);
    fixture.append(&[("b", Some("1"))]);
    fixture.compact();
    assert_eq!(fixture.pairs(), ["b=1"]);
}

#[test]
fn records_without_a_key_go_from_a_compacted_log() {
    let fixture = Fixture::new(config());
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.append(NOW_MS, None, Some(b"no key"), &[]).unwrap();
    builder.append(NOW_MS, Some(b"a"), Some(b"1"), &[]).unwrap();
    fixture.log.append_built(builder.finish().unwrap(), 0).unwrap();
    let report = fixture.compact();
    assert_eq!(fixture.pairs(), ["a=1"]);
    assert_eq!(report.records_unkeyed, 1);
}

#[test]
fn records_without_a_key_are_safe_in_a_log_of_another_policy() {
    let policy = CleanupPolicy { delete: true, compact: false };
    let fixture = Fixture::new(LogConfig { cleanup_policy: policy, ..config() });
    fixture.append(&[("a", Some("1")), ("a", Some("2"))]);
    fixture.log.roll().unwrap();
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.append(NOW_MS, None, Some(b"no key"), &[]).unwrap();
    fixture.log.append_built(builder.finish().unwrap(), 0).unwrap();
    let before = rows(&fixture.log, true);
    let error = fixture.log.compact(&ROLL).unwrap_err();
    assert!(matches!(error, LogError::InvalidArgument(_)), "{error}");
    assert_eq!(rows(&fixture.log, true), before);
    assert!(fixture.files().iter().all(|name| !name.ends_with(".cleaned")));
}

#[test]
fn the_last_batch_stays_as_an_empty_one() {
    let fixture = Fixture::new(config());
    fixture.append(&[("b", Some("1"))]);
    fixture.append(&[("a", None)]);
    fixture.compact();
    fixture.clock.advance(2 * HOUR_MS);
    fixture.compact();
    let last = *headers(&fixture.log).last().unwrap();
    assert_eq!((last.base_offset, last.count), (1, 0));
    assert_eq!(fixture.pairs(), ["b=1"]);
    // Once something follows, it has done its duty.
    fixture.append(&[("c", Some("1"))]);
    fixture.compact();
    assert_eq!(headers(&fixture.log).iter().map(|h| h.base_offset).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn the_last_sequence_of_a_producer_stays() {
    for clean in [true, false] {
        let mut fixture = Fixture::new(config());
        fixture.produce((7, 0, 0, false), &[("a", Some("1")), ("b", Some("1"))]);
        fixture.produce((7, 0, 2, false), &[("a", Some("2")), ("b", Some("2"))]);
        fixture.produce((8, 0, 0, false), &[("a", Some("3")), ("b", Some("3"))]);
        fixture.append(&[("c", Some("1"))]);
        fixture.compact();
        let left = headers(&fixture.log);
        let empty = left.iter().find(|header| header.producer_id == 7).unwrap();
        assert_eq!((empty.base_offset, empty.last_offset(), empty.count), (2, 3, 0));
        assert_eq!((empty.base_sequence, empty.last_sequence()), (2, 3));
        assert_eq!(left.iter().filter(|header| header.producer_id == 7).count(), 1);
        fixture.reopen(clean);
        for name in fixture.files().iter().filter(|name| name.ends_with(".snapshot")) {
            RealFs.remove(&fixture.dir.path().join(name)).unwrap();
        }
        fixture.reopen(false);
        fixture.produce((7, 0, 4, false), &[("d", Some("1"))]);
        fixture.produce((8, 0, 2, false), &[("e", Some("1"))]);
    }
}

#[test]
fn aborted_records_go_and_replace_nothing() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1"))]);
    fixture.produce((7, 0, 0, true), &[("a", Some("aborted"))]);
    fixture.log.roll().unwrap();
    fixture.produce((7, 0, 1, true), &[("a", Some("aborted too")), ("b", Some("aborted"))]);
    fixture.end_transaction((7, 0), false);
    fixture.produce((7, 0, 3, true), &[("c", Some("1"))]);
    fixture.end_transaction((7, 0), true);
    fixture.compact();
    assert_eq!(fixture.pairs(), ["a=1", "c=1"]);
    let markers = headers(&fixture.log).iter().filter(|h| h.is_control()).count();
    assert_eq!(markers, 2, "a marker stays at least as long as its records");
    assert_eq!(aborted_count(&fixture), 1);
}

fn aborted_count(fixture: &Fixture) -> usize {
    let list = fixture.log.segments().load();
    list.iter().map(|segment| segment.transaction_index().transactions().unwrap().len()).sum()
}

#[test]
fn a_marker_goes_a_horizon_after_its_records() {
    for commit in [true, false] {
        let fixture = Fixture::new(config());
        fixture.produce((7, 0, 0, true), &[("a", Some("1"))]);
        fixture.end_transaction((7, 0), commit);
        fixture.produce((7, 0, 1, true), &[("z", Some("1"))]);
        fixture.end_transaction((7, 0), true);
        fixture.append(&[("a", Some("2"))]);
        let controls = || {
            let all = headers(&fixture.log);
            all.into_iter().filter(|h| h.is_control() && h.base_offset == 1).collect::<Vec<_>>()
        };
        fixture.compact();
        assert_eq!(fixture.pairs(), ["z=1", "a=2"]);
        assert_eq!(controls()[0].delete_horizon_ms(), None, "its records went just now");
        assert_eq!(aborted_count(&fixture), usize::from(!commit));
        fixture.clock.advance(2 * HOUR_MS);
        fixture.compact();
        let horizon = NOW_MS + 3 * HOUR_MS;
        assert_eq!(controls()[0].delete_horizon_ms(), Some(horizon), "commit {commit}");
        assert_eq!(controls()[0].count, 1);
        assert_eq!(aborted_count(&fixture), 0);
        fixture.clock.advance(HOUR_MS);
        fixture.compact();
        assert!(controls().is_empty(), "commit {commit}");
    }
}

#[test]
fn an_open_transaction_stops_the_cleaning() {
    let mut fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1")), ("a", Some("2"))]);
    fixture.log.roll().unwrap();
    fixture.produce((7, 0, 0, true), &[("a", Some("open"))]);
    fixture.log.roll().unwrap();
    fixture.append(&[("b", Some("1")), ("b", Some("2"))]);
    let report = fixture.compact();
    assert_eq!(report.clean_end_offset, 2);
    assert_eq!(fixture.pairs(), ["a=2", "a=open", "b=1", "b=2"]);
    fixture.reopen(false);
    fixture.end_transaction((7, 0), true);
    fixture.compact();
    assert_eq!(fixture.pairs(), ["a=open", "b=2"]);
}

#[test]
fn what_is_younger_than_the_lag_is_left_alone() {
    let fixture = Fixture::new(LogConfig { min_compaction_lag_ms: HOUR_MS, ..config() });
    fixture.append(&[("a", Some("1")), ("a", Some("2"))]);
    assert_eq!(fixture.compact().rounds, 0);
    fixture.clock.advance(2 * HOUR_MS);
    fixture.compact();
    assert_eq!(fixture.pairs(), ["a=2"]);
}

#[test]
fn a_small_offset_map_takes_more_rounds() {
    let fixture = Fixture::new(config());
    let keys: Vec<String> = (0..40).map(|index| format!("key {}", index % 30)).collect();
    for chunk in keys.chunks(3) {
        let pairs: Vec<_> = chunk.iter().map(|key| (key.as_str(), Some("x"))).collect();
        fixture.append(&pairs);
        if fixture.log.log_end_offset() % 4 == 0 {
            fixture.log.roll().unwrap();
        }
    }
    let options = CompactOptions { roll: true, offset_map_bytes: 24 * 8 };
    let report = fixture.log.compact(&options).unwrap();
    assert!(report.rounds > 3, "{report:?}");
    assert_eq!(report.clean_end_offset, 40);
    assert_eq!(fixture.offsets(), (10..40).collect::<Vec<_>>());
}

#[test]
fn small_segments_become_one_and_large_ones_do_not() {
    let fixture = Fixture::new(LogConfig { segment_bytes: 1000, ..config() });
    for round in 0..10 {
        fixture.append(&[("a", Some(&*"x".repeat(200))), (&format!("{round}"), Some("1"))]);
    }
    let before = fixture.log.segments().load().len();
    let report = fixture.compact();
    assert_eq!(report.segments_after, before + 1, "no two of them fit one segment: {report:?}");
    let report = fixture.compact();
    assert!(report.segments_after < before, "now they do: {report:?}");
    for segment in fixture.log.segments().load().iter() {
        assert!(segment.size_bytes() <= 1000);
    }
    assert_eq!(fixture.offsets().len(), 11);
}

#[test]
fn a_damaged_batch_leaves_the_log_as_it_is() {
    for position in [8, 40, 70] {
        let fixture = Fixture::new(config());
        fixture.append(&[("a", Some("1"))]);
        fixture.append(&[("a", Some("2"))]);
        fixture.log.roll().unwrap();
        let path = fixture.dir.path().join("00000000000000000000.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[position] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let error = fixture.log.compact(&ROLL).unwrap_err();
        assert!(matches!(error, LogError::Corrupt { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert!(fixture.files().iter().all(|name| !name.ends_with(".cleaned")));
        assert_eq!(fixture.log.clean_end_offset(), 0);
        fixture.append(&[("b", Some("1"))]);
    }
}

#[test]
fn damage_in_the_clean_part_is_not_sealed_anew() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1")), ("b", Some("1")), ("b", Some("2"))]);
    fixture.compact();
    let path = fixture.dir.path().join("00000000000000000000.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    fixture.append(&[("a", Some("2"))]);
    let error = fixture.log.compact(&ROLL).unwrap_err();
    assert!(matches!(error, LogError::Corrupt { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_checkpoint_ahead_of_the_log_counts_for_nothing() {
    let fixture = Fixture::new(config());
    fixture.append(&[("a", Some("1")), ("a", Some("2"))]);
    fixture.log.set_clean_end_offset(1000);
    assert_eq!(fixture.compact().clean_end_offset, 2);
    assert_eq!(fixture.pairs(), ["a=2"]);
}

#[test]
fn a_scheduler_asks_for_ratio_and_age() {
    let lag = LogConfig { max_compaction_lag_ms: 10 * HOUR_MS, ..config() };
    let fixture = Fixture::new(lag.clone());
    fixture.append(&[("a", Some("1"))]);
    assert!(fixture.log.cleanable().unwrap().is_empty());
    fixture.log.roll().unwrap();
    let found = fixture.log.cleanable().unwrap();
    assert_eq!((found.first_dirty_offset, found.first_uncleanable_offset), (0, 1));
    assert!(found.is_due(&lag, NOW_MS) && (found.dirty_ratio() - 1.0).abs() < 1e-9);
    fixture.compact();
    assert!(!fixture.log.cleanable().unwrap().is_due(&lag, NOW_MS));
    fixture.append(&[("b", Some("1"))]);
    fixture.log.roll().unwrap();
    let half = fixture.log.cleanable().unwrap();
    assert!((half.dirty_ratio() - 0.5).abs() < 1e-9, "{half:?}");
    assert!(!half.is_due(&lag, NOW_MS));
    assert!(half.is_due(&lag, NOW_MS + 10 * HOUR_MS + 1));
}

#[test]
fn the_offset_map_is_bounded_and_keeps_the_newest() {
    let mut map = OffsetMap::new(24 * 100, usize::MAX);
    for offset in 0..90_i64 {
        assert!(map.put(&offset.to_be_bytes(), offset));
    }
    assert!(!map.put(b"one more", 90));
    assert!(map.put(&5_i64.to_be_bytes(), 200), "a known key needs no room");
    assert_eq!((map.len(), map.latest_offset()), (90, 200));
    assert_eq!(map.get(&5_i64.to_be_bytes()), Some(200));
    assert_eq!(map.get(&6_i64.to_be_bytes()), Some(6));
    assert_eq!(map.get(b"one more"), None);
    let mut least = OffsetMap::new(0, 0);
    assert!(least.is_empty() && least.put(b"a", 0) && !least.put(b"b", 1));
}
