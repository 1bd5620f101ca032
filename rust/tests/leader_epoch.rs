//! The leader epoch history: assignment, truncation from both ends, and the questions asked of it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::sync::Arc;

use logcore::checkpoint::{EpochEntry, LEADER_EPOCH_CHECKPOINT};
use logcore::leader_epoch::{EpochEndOffset, LeaderEpochCache};
use logcore::{LogError, RealFs};
use proptest::prelude::*;
use tempfile::TempDir;

fn open(dir: &TempDir) -> LeaderEpochCache {
    LeaderEpochCache::open(Arc::new(RealFs), dir.path()).unwrap()
}

/// A history with these entries, and the directory that keeps it.
fn history(entries: &[(i32, i64)]) -> (TempDir, LeaderEpochCache) {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&dir);
    for &(epoch, start_offset) in entries {
        cache.assign(epoch, start_offset).unwrap();
    }
    (dir, cache)
}

fn pairs(entries: Vec<EpochEntry>) -> Vec<(i32, i64)> {
    entries.into_iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
}

fn end(cache: &LeaderEpochCache, epoch: i32, log_end_offset: i64) -> Option<(i32, i64)> {
    let answer = cache.end_offset_for(epoch, log_end_offset);
    answer.map(|EpochEndOffset { epoch, end_offset }| (epoch, end_offset))
}

const THREE: [(i32, i64); 3] = [(2, 6), (3, 8), (4, 11)];

#[test]
fn the_latest_epoch_ends_at_the_log_end() {
    let (_dir, cache) = history(&[(2, 10)]);
    assert_eq!(cache.latest_epoch(), Some(2));
    assert_eq!(pairs(cache.entries()), [(2, 10)]);
    assert_eq!(end(&cache, 2, 11), Some((2, 11)));
    cache.assign(2, 12).unwrap();
    assert_eq!(end(&cache, 2, 14), Some((2, 14)));
}

#[test]
fn an_epoch_keeps_its_first_start() {
    let (_dir, cache) = history(&[(2, 6), (2, 7), (2, 10)]);
    assert_eq!(pairs(cache.entries()), [(2, 6)]);
}

#[test]
fn an_undefined_or_unknown_epoch_has_no_end() {
    let (_dir, cache) = history(&[]);
    assert_eq!((end(&cache, -1, 73), end(&cache, 0, 0), end(&cache, 7, 0)), (None, None, None));
    cache.assign(2, 11).unwrap();
    cache.assign(3, 12).unwrap();
    assert_eq!(end(&cache, -1, 0), None);
    assert_eq!(end(&cache, 4, 100), None, "above all that are tracked");
}

#[test]
fn an_epoch_that_wrote_nothing_is_replaced() {
    let (_dir, cache) = history(&[(2, 9), (3, 9)]);
    assert_eq!(pairs(cache.entries()), [(3, 9)]);
}

#[test]
fn below_the_first_epoch_replication_begins_at_its_start() {
    let (_dir, cache) = history(&[(5, 11), (6, 12), (7, 13)]);
    assert_eq!(end(&cache, 4, 0), Some((4, 11)));
}

#[test]
fn an_earlier_start_of_the_same_epoch_wins() {
    let (_dir, cache) = history(&[(5, 11), (6, 12), (7, 13), (7, 12)]);
    assert_eq!(end(&cache, 5, 0), Some((5, 12)));
    assert_eq!(end(&cache, 6, 0), Some((5, 12)));
}

#[test]
fn an_older_epoch_ends_where_the_next_begins() {
    let (_dir, cache) = history(&[(1, 11), (1, 12), (2, 13), (2, 14), (3, 15), (3, 16)]);
    assert_eq!(end(&cache, 2, 17), Some((2, 15)));
    let (_dir, gaps) = history(&[(0, 10), (2, 13), (4, 17)]);
    assert_eq!(end(&gaps, 1, 0), Some((0, 13)));
    assert_eq!(end(&gaps, 2, 0), Some((2, 17)));
    assert_eq!(end(&gaps, 3, 0), Some((2, 17)));
}

#[test]
fn the_history_survives_reopening() {
    let (dir, _cache) = history(&THREE);
    assert_eq!(pairs(open(&dir).entries()), THREE);
}

#[test]
fn going_back_in_epochs_or_offsets_drops_the_conflict() {
    let (_dir, cache) = history(&[(1, 5), (2, 6), (1, 7)]);
    assert_eq!(pairs(cache.entries()), [(1, 7)]);
    assert_eq!(end(&cache, 1, 8), Some((1, 8)));
    assert_eq!(end(&cache, 2, 8), None);
    let (_dir, cache) = history(&[(2, 6), (3, 5)]);
    assert_eq!(pairs(cache.entries()), [(3, 5)]);
}

#[test]
fn leaders_change_many_times() {
    let (_dir, cache) = history(&[(0, 0), (1, 0)]);
    assert_eq!(cache.latest_epoch(), Some(1));
    assert_eq!((end(&cache, 1, 0), end(&cache, 0, 0)), (Some((1, 0)), Some((0, 0))));
    assert_eq!((end(&cache, 1, 5), end(&cache, 0, 5)), (Some((1, 5)), Some((0, 0))));
    cache.assign(2, 5).unwrap();
    let ends = [0, 1, 2].map(|epoch| end(&cache, epoch, 10));
    assert_eq!(ends, [Some((0, 0)), Some((1, 5)), Some((2, 10))]);
}

#[test]
fn a_follower_assigns_with_every_batch() {
    let (_dir, cache) = history(&[]);
    for offset in 0..9 {
        let epoch = i32::try_from(offset / 3).unwrap();
        cache.assign(epoch, offset).unwrap();
        assert_eq!(end(&cache, epoch, offset + 1), Some((epoch, offset + 1)));
    }
    assert_eq!(end(&cache, 0, 9), Some((0, 3)));
    assert_eq!(end(&cache, 1, 9), Some((1, 6)));
}

#[test]
fn truncating_the_end_drops_epochs_that_begin_there() {
    for (end_offset, kept) in [(12, 3), (11, 2), (9, 2), (8, 1), (7, 1), (6, 0), (0, 0), (-1, 3)] {
        let (_dir, cache) = history(&THREE);
        assert_eq!(cache.truncate_from_end(end_offset), kept < 3, "{end_offset}");
        assert_eq!(pairs(cache.entries()), THREE[..kept], "{end_offset}");
    }
}

#[test]
fn truncating_the_start_moves_the_epoch_it_falls_into() {
    for (start_offset, expected) in [
        (-1, THREE.to_vec()),
        (1, THREE.to_vec()),
        (6, THREE.to_vec()),
        (7, vec![(2, 7), (3, 8), (4, 11)]),
        (8, vec![(3, 8), (4, 11)]),
        (9, vec![(3, 9), (4, 11)]),
        (11, vec![(4, 11)]),
        (15, vec![(4, 15)]),
    ] {
        let (_dir, cache) = history(&THREE);
        assert_eq!(cache.truncate_from_start(start_offset), expected != THREE, "{start_offset}");
        assert_eq!(pairs(cache.entries()), expected, "{start_offset}");
    }
}

#[test]
fn an_empty_history_can_be_truncated_and_cleared() {
    let (_dir, cache) = history(&[]);
    assert!(!cache.truncate_from_start(7) && !cache.truncate_from_end(7) && !cache.clear());
    assert_eq!((cache.latest_epoch(), cache.earliest()), (None, None));
    assert!(cache.is_empty());
}

#[test]
fn clearing_reaches_the_disk_with_the_flush() {
    let (dir, cache) = history(&THREE);
    assert!(cache.clear());
    assert!(cache.is_empty());
    assert_eq!(open(&dir).entries().len(), 3, "forgetting is not urgent");
    cache.flush().unwrap();
    assert!(open(&dir).is_empty());
}

#[test]
fn truncation_is_written_by_the_flush_or_the_next_assignment() {
    let (dir, cache) = history(&THREE);
    cache.truncate_from_end(11);
    cache.truncate_from_start(8);
    cache.flush().unwrap();
    assert_eq!(pairs(open(&dir).entries()), [(3, 8)]);
    cache.truncate_from_start(9);
    cache.assign(5, 20).unwrap();
    assert_eq!(pairs(open(&dir).entries()), [(3, 9), (5, 20)]);
}

#[test]
fn neighbours_are_found() {
    let (_dir, cache) = history(&[]);
    assert_eq!(cache.previous_epoch(2), None);
    cache.assign(2, 10).unwrap();
    assert_eq!(cache.previous_entry(2), None);
    cache.assign(4, 15).unwrap();
    cache.assign(10, 20).unwrap();
    assert_eq!(cache.previous_epoch(4), Some(2));
    assert_eq!(cache.previous_entry(10), Some(EpochEntry { epoch: 4, start_offset: 15 }));
    assert_eq!(
        [-1, 2, 3, 10, 100].map(|e| cache.next_epoch(e)),
        [Some(2), Some(4), Some(4), None, None]
    );
    assert_eq!(cache.entry(4), Some(EpochEntry { epoch: 4, start_offset: 15 }));
    assert_eq!(cache.entry(5), None);
    cache.truncate_from_end(18);
    assert_eq!(cache.previous_epoch(cache.latest_epoch().unwrap()), Some(2));
}

#[test]
fn an_offset_tells_its_epoch() {
    let (_dir, cache) = history(&[(0, 10), (1, 20), (5, 30)]);
    let found = [5, 10, 19, 20, 25, 30, 50].map(|offset| cache.epoch_for_offset(offset));
    assert_eq!(found, [None, Some(0), Some(0), Some(1), Some(1), Some(5), Some(5)]);
}

#[test]
fn a_range_has_the_entries_of_its_log() {
    let (_dir, cache) = history(&THREE);
    assert_eq!(pairs(cache.entries_in_range(7, 11)), [(2, 7), (3, 8)]);
    assert_eq!(pairs(cache.entries_in_range(-1, 100)), THREE);
    assert_eq!(pairs(cache.entries()), THREE, "asking changes nothing");
}

#[test]
fn a_follower_may_take_over_a_whole_history() {
    let (dir, cache) = history(&THREE);
    let other = [(0, 0), (9, 40)].map(|(epoch, start_offset)| EpochEntry { epoch, start_offset });
    cache.replace(&other).unwrap();
    assert_eq!(open(&dir).entries(), other);
}

#[test]
fn negative_entries_are_refused() {
    let (_dir, cache) = history(&[]);
    assert!(matches!(cache.assign(-1, 0), Err(LogError::InvalidArgument(_))));
    assert!(matches!(cache.assign(0, -1), Err(LogError::InvalidArgument(_))));
    let entry = EpochEntry { epoch: 0, start_offset: -1 };
    assert!(cache.replace(&[entry]).is_err());
    assert!(cache.is_empty());
}

#[test]
fn an_epoch_that_cannot_be_written_is_not_served() {
    let (dir, cache) = history(&[(2, 6)]);
    cache.set_dir(&dir.path().join("missing"));
    assert!(matches!(cache.assign(3, 8), Err(LogError::Io { .. })));
    assert_eq!(pairs(cache.entries()), [(2, 6)]);
    cache.set_dir(dir.path());
    cache.assign(3, 8).unwrap();
    assert_eq!(pairs(open(&dir).entries()), [(2, 6), (3, 8)]);
}

#[test]
fn a_corrupt_checkpoint_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(LEADER_EPOCH_CHECKPOINT), "0\n1\n2 -6\n").unwrap();
    let opened = LeaderEpochCache::open(Arc::new(RealFs), dir.path());
    assert!(matches!(opened, Err(LogError::Corrupt { position: 4, .. })));
}

#[test]
fn a_checkpoint_out_of_order_is_read_as_it_was_assigned() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(LEADER_EPOCH_CHECKPOINT), "0\n3\n2 6\n4 11\n3 8\n").unwrap();
    assert_eq!(pairs(open(&dir).entries()), [(2, 6), (3, 8)]);
}

proptest! {
    // Every case syncs real files.
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Against a model that stores the epoch of every offset.
    #[test]
    fn answers_agree_with_a_list_of_offsets(
        bumps in proptest::collection::vec(0_i32..3, 1..60), cut in 0_usize..60, start in 0_usize..60,
    ) {
        let (_dir, cache) = history(&[]);
        let mut epoch = 0;
        let mut model = Vec::new();
        for bump in bumps {
            epoch += (bump - 1).max(0);
            cache.assign(epoch, i64::try_from(model.len()).unwrap()).unwrap();
            model.push(epoch);
        }
        model.truncate(cut.max(1));
        let start = start.min(model.len() - 1);
        let log_end = i64::try_from(model.len()).unwrap();
        cache.truncate_from_end(log_end);
        cache.truncate_from_start(i64::try_from(start).unwrap());
        for (offset, &epoch) in (0_i64..).zip(&model).skip(start) {
            prop_assert_eq!(cache.epoch_for_offset(offset), Some(epoch));
        }
        for asked in model[start]..=model[model.len() - 1] {
            let known = model[start..].iter().rev().find(|&&e| e <= asked).copied().unwrap();
            let end_offset = model.iter().rposition(|&e| e <= asked).unwrap() + 1;
            let expected = (known, i64::try_from(end_offset).unwrap());
            prop_assert_eq!(end(&cache, asked, log_end), Some(expected));
        }
    }

    #[test]
    fn whatever_is_assigned_increases(
        entries in proptest::collection::vec((0_i32..10, 0_i64..30), 0..30)
    ) {
        let (dir, cache) = history(&entries);
        let found = pairs(cache.entries());
        prop_assert!(found.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
        prop_assert_eq!(found, pairs(open(&dir).entries()));
    }
}
