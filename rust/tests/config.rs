//! The settings: Kafka's keys, defaults and ranges.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use logcore::config::{CleanupPolicy, CompressionType, TimestampType};
use logcore::{Codec, LogConfig, LogError};

#[test]
fn every_key_is_taken_and_strange_ones_are_told() {
    let mut config = LogConfig::default();
    for (key, value) in [
        ("segment.bytes", "1048576"),
        ("segment.ms", "5"),
        ("segment.jitter.ms", "3"),
        ("segment.index.bytes", "1024"),
        ("index.interval.bytes", "0"),
        ("max.message.bytes", "100"),
        ("message.timestamp.type", "LogAppendTime"),
        ("message.timestamp.before.max.ms", "7"),
        ("message.timestamp.after.max.ms", "8"),
        ("compression.type", "zstd"),
        ("compression.zstd.level", "9"),
        ("cleanup.policy", " compact, delete "),
        ("retention.ms", "-1"),
        ("retention.bytes", "12"),
        ("min.cleanable.dirty.ratio", "0.25"),
        ("min.compaction.lag.ms", "1"),
        ("max.compaction.lag.ms", "2"),
        ("delete.retention.ms", "3"),
        ("file.delete.delay.ms", "4"),
        ("flush.messages", "5"),
        ("flush.ms", "6"),
        ("preallocate", "true"),
        ("producer.id.expiration.ms", "7"),
    ] {
        assert!(config.set(key, value).unwrap(), "{key}");
    }
    config.check().unwrap();
    assert_eq!((config.segment_bytes, config.retention_bytes, config.flush_ms), (1 << 20, 12, 6));
    assert_eq!(config.message_timestamp_type, TimestampType::LogAppendTime);
    assert_eq!(config.compression_type, CompressionType::Codec(Codec::Zstd));
    assert_eq!(config.compression_level(Codec::Zstd), Some(9));
    assert_eq!(config.compression_level(Codec::Gzip), None, "another codec's level");
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: true, compact: true });
    assert!(config.preallocate);
    assert_eq!(config.roll_ms(), 2, "compaction's lag is shorter than segment.ms");
    assert!(!config.set("min.insync.replicas", "2").unwrap(), "no concern of a log");
}

#[test]
fn values_out_of_range_are_refused_and_change_nothing() {
    let mut config = LogConfig::default();
    for (key, value) in [
        ("segment.bytes", "13"),
        ("segment.bytes", "2147483648"),
        ("segment.bytes", "many"),
        ("segment.ms", "0"),
        ("retention.ms", "-2"),
        ("min.cleanable.dirty.ratio", "1.1"),
        ("min.cleanable.dirty.ratio", "NaN"),
        ("cleanup.policy", "shred"),
        ("compression.type", "brotli"),
        ("preallocate", "maybe"),
        ("flush.messages", "0"),
    ] {
        let refused = config.set(key, value);
        assert!(matches!(refused, Err(LogError::InvalidConfig { .. })), "{key}={value}");
    }
    assert_eq!(config, LogConfig::default());
}

#[test]
fn compaction_lags_must_agree() {
    let config =
        LogConfig { min_compaction_lag_ms: 2, max_compaction_lag_ms: 1, ..LogConfig::default() };
    assert!(config.check().is_err());
}
