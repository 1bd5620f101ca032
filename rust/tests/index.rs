//! The offset index: floors, bounds, order, fullness and sense.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use logcore::LogError;
use logcore::index::{OffsetIndex, OffsetPosition};

const START: OffsetPosition = OffsetPosition { offset: 45, position: 0 };

fn at(offset: i64, position: u32) -> OffsetPosition {
    OffsetPosition { offset, position }
}

fn filled() -> OffsetIndex {
    let index = OffsetIndex::growing(45, 8 * 30);
    for (offset, position) in [(46, 0), (50, 100), (60, 200), (70, 300)] {
        index.append(offset, position).unwrap();
    }
    index
}

#[test]
fn an_empty_index_leads_to_the_start() {
    let index = OffsetIndex::growing(45, 80);
    for target in [i64::MIN, 0, 45, i64::MAX] {
        assert_eq!(index.lookup(target), START);
    }
    assert!(index.is_empty() && index.last().is_none() && index.entry(0).is_none());
    assert!(index.fetch_upper_bound(START, u32::MAX).is_none());
    assert!(index.is_sane(0));
}

#[test]
fn a_lookup_gives_the_floor() {
    let index = filled();
    for (target, found) in
        [(44, START), (46, at(46, 0)), (49, at(46, 0)), (50, at(50, 100)), (69, at(60, 200))]
    {
        assert_eq!(index.lookup(target), found, "floor of {target}");
    }
    assert_eq!(index.lookup(i64::MAX), at(70, 300));
}

#[test]
fn a_fetch_is_bounded_by_the_first_entry_past_its_bytes() {
    let index = filled();
    assert_eq!(index.fetch_upper_bound(at(46, 0), 5), Some(at(50, 100)));
    assert_eq!(index.fetch_upper_bound(at(46, 0), 100), Some(at(50, 100)));
    assert_eq!(index.fetch_upper_bound(at(46, 0), 101), Some(at(60, 200)));
    assert_eq!(index.fetch_upper_bound(at(60, 200), 101), None);
    assert_eq!(index.fetch_upper_bound(at(60, u32::MAX), u32::MAX), None);
}

#[test]
fn what_does_not_follow_is_refused() {
    let index = filled();
    for (offset, position) in [(70, 400), (69, 400), (71, 300), (44, 400), (i64::MAX, 400)] {
        let refused = index.append(offset, position);
        assert!(matches!(refused, Err(LogError::InvalidArgument(_))), "{offset}, {position}");
    }
    assert!(index.append(45 + i64::from(i32::MAX) + 1, 400).is_err());
    index.append(45 + i64::from(i32::MAX), 400).unwrap();
}

#[test]
fn a_full_index_takes_nothing() {
    let index = OffsetIndex::growing(0, 8 * 3 + 7);
    for at in 0..3 {
        assert!(!index.is_full());
        index.append(i64::from(at) + 1, at).unwrap();
    }
    assert!(index.is_full() && index.room() == 0);
    assert!(index.append(100, 100).is_err());
}

#[test]
fn a_prefix_keeps_what_lies_below() {
    let index = filled();
    for (offset, kept) in [(46, 0), (47, 1), (60, 2), (61, 3), (i64::MAX, 4)] {
        let prefix = index.prefix(offset, 80);
        assert_eq!(prefix.len(), kept, "below {offset}");
        assert_eq!(prefix.encode_from(0), index.encode_from(0)[..kept * 8]);
    }
}

#[test]
fn entries_are_big_endian_and_relative() {
    assert_eq!(filled().encode_from(1)[..8], [0, 0, 0, 5, 0, 0, 0, 100]);
    assert!(filled().encode_from(4).is_empty());
}

#[test]
fn sense_is_order_and_places_inside_the_segment() {
    assert!(filled().is_sane(301));
    assert!(!filled().is_sane(300));
}

#[test]
fn large_indexes_find_every_entry() {
    let index = OffsetIndex::growing(0, 8 << 20);
    for at in 0..20_000_u32 {
        index.append(i64::from(at) * 3 + 2, at * 10).unwrap();
    }
    for target in (0..60_000_i64).step_by(7) {
        let expected = u32::try_from((target + 1) / 3 - 1)
            .ok()
            .map_or((0, 0), |entry| (i64::from(entry) * 3 + 2, entry * 10));
        let found = index.lookup(target);
        assert_eq!((found.offset, found.position), expected, "{target}");
    }
}
