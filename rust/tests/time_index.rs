//! The time index: floors, order, the slot of the rolling entry.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use logcore::time_index::{TimeIndex, TimestampOffset};

fn at(timestamp: i64, offset: i64) -> TimestampOffset {
    TimestampOffset { timestamp, offset }
}

fn filled() -> TimeIndex {
    let index = TimeIndex::growing(45, 12 * 10);
    for entry in [at(10, 55), at(20, 65), at(30, 65), at(40, 85)] {
        index.maybe_append(entry, false).unwrap();
    }
    index
}

#[test]
fn a_lookup_gives_the_floor() {
    assert_eq!(TimeIndex::growing(45, 120).lookup(100), at(-1, 45));
    let index = filled();
    for (target, found) in
        [(-1, at(-1, 45)), (9, at(-1, 45)), (10, at(10, 55)), (39, at(30, 65)), (999, at(40, 85))]
    {
        assert_eq!(index.lookup(target), found, "floor of {target}");
    }
}

#[test]
fn times_that_do_not_rise_are_left_out() {
    let index = filled();
    for entry in [at(40, 90), at(5, 90), at(-1, 90), at(-100, 90)] {
        index.maybe_append(entry, false).unwrap();
    }
    assert_eq!((index.len(), index.last()), (4, Some(at(40, 85))));
    assert_eq!((index.entry(0), index.entry(4)), (Some(at(10, 55)), None));
}

#[test]
fn offsets_that_fall_or_do_not_fit_are_refused() {
    let index = filled();
    for offset in [84, 44, i64::MAX, i64::MIN, 46 + i64::from(i32::MAX)] {
        assert!(index.maybe_append(at(50, offset), false).is_err(), "{offset}");
    }
    index.maybe_append(at(50, 45 + i64::from(i32::MAX)), false).unwrap();
}

#[test]
fn the_last_slot_is_kept_for_the_rolling_entry() {
    let index = TimeIndex::growing(0, 12 * 3);
    index.maybe_append(at(1, 1), false).unwrap();
    index.maybe_append(at(2, 2), false).unwrap();
    assert!(index.is_full() && index.room() == 1);
    assert!(index.maybe_append(at(3, 3), false).is_err());
    index.maybe_append(at(3, 3), true).unwrap();
    assert!(index.maybe_append(at(4, 4), true).is_err() && index.room() == 0);
}

#[test]
fn entries_are_big_endian_and_relative() {
    let bytes = filled().encode_from(3);
    assert_eq!(bytes, [0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 40]);
    assert_eq!(filled().prefix(65, 120).encode_from(0), filled().encode_from(0)[..12]);
    assert!(filled().is_sane() && !filled().is_empty());
}
