//! Which segments go: by log start, size and time, from the front, never past the high watermark.

use logcore::LogConfig;
use logcore::config::CleanupPolicy;
use logcore::retention::{Breach, SegmentAge, expired};

const NOW_MS: i64 = 1_000_000;

/// Ten offsets and 100 bytes each, one second apart, the last one now.
fn segments(count: i64) -> Vec<SegmentAge> {
    (0..count)
        .map(|at| SegmentAge {
            size_bytes: 100,
            largest_timestamp: NOW_MS - (count - 1 - at) * 1000,
            next_offset: (at + 1) * 10,
        })
        .collect()
}

fn config(retention_bytes: i64, retention_ms: i64) -> LogConfig {
    LogConfig { retention_bytes, retention_ms, ..LogConfig::default() }
}

#[test]
fn nothing_is_expired_without_limits() {
    assert!(expired(&segments(5), &config(-1, -1), (0, 50), NOW_MS).is_empty());
    assert!(expired(&[], &config(0, 0), (0, 0), NOW_MS).is_empty());
}

#[test]
fn size_keeps_at_least_what_is_asked_for() {
    for (bytes, gone) in [(500, 0), (499, 0), (400, 1), (350, 1), (300, 2), (0, 5)] {
        let found = expired(&segments(5), &config(bytes, -1), (0, 50), NOW_MS);
        let expected = if gone == 0 { vec![] } else { vec![(Breach::Size, gone)] };
        assert_eq!(found, expected, "{bytes} bytes");
    }
}

#[test]
fn time_stops_at_the_first_segment_that_is_young() {
    assert_eq!(expired(&segments(5), &config(-1, 2500), (0, 50), NOW_MS), [(Breach::Time, 2)]);
    let mut mixed = segments(5);
    mixed[0].largest_timestamp = NOW_MS + 5;
    assert!(expired(&mixed, &config(-1, 0), (0, 50), NOW_MS).is_empty(), "the first is young");
}

#[test]
fn the_high_watermark_bounds_every_rule() {
    assert_eq!(expired(&segments(5), &config(0, -1), (0, 29), NOW_MS), [(Breach::Size, 2)]);
    assert!(expired(&segments(5), &config(0, 0), (50, 9), NOW_MS + 9999).is_empty());
}

#[test]
fn the_log_start_counts_in_every_policy_and_comes_first() {
    let compacted = LogConfig {
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        ..config(0, 0)
    };
    assert_eq!(
        expired(&segments(5), &compacted, (25, 50), NOW_MS + 9999),
        [(Breach::LogStartOffset, 2)]
    );
    assert_eq!(
        expired(&segments(5), &config(200, 500), (10, 50), NOW_MS),
        [(Breach::LogStartOffset, 1), (Breach::Size, 2), (Breach::Time, 1)]
    );
}
