//! The settings of one log, under Kafka's names and with Kafka's defaults.
//!
//! Invariant: a [`LogConfig`] that came out of [`LogConfig::set`] or passed [`LogConfig::check`]
//! has every value in Kafka's allowed range. One table, [`LogConfig::set`], maps the dotted keys;
//! whoever speaks text (properties, the broker, Python) goes through it.

use std::str::FromStr;

use crate::compression::Codec;
use crate::error::{LogError, Result};

/// `compression.type`: what batches are stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionType {
    /// As the producer sent them.
    Producer,
    /// Always this codec.
    Codec(Codec),
}

/// `message.timestamp.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's timestamps count.
    CreateTime,
    /// The log sets the time of the append.
    LogAppendTime,
}

/// `cleanup.policy`: what happens to old records; both may be on, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Old segments are deleted by time and size.
    pub delete: bool,
    /// Only the newest record of each key is kept.
    pub compact: bool,
}

/// The settings of one log. Field `segment_bytes` is Kafka's `segment.bytes`, and so on.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is the Kafka key of the same name, documented there")]
pub struct LogConfig {
    pub segment_bytes: u32,
    pub segment_ms: i64,
    pub segment_jitter_ms: i64,
    pub segment_index_bytes: u32,
    pub index_interval_bytes: u32,
    pub max_message_bytes: u32,
    pub message_timestamp_type: TimestampType,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_after_max_ms: i64,
    pub compression_type: CompressionType,
    /// The codec's default if `None`, as for the other two.
    pub compression_gzip_level: Option<i32>,
    pub compression_lz4_level: Option<i32>,
    pub compression_zstd_level: Option<i32>,
    pub cleanup_policy: CleanupPolicy,
    pub retention_ms: i64,
    pub retention_bytes: i64,
    pub min_cleanable_dirty_ratio: f64,
    pub min_compaction_lag_ms: i64,
    pub max_compaction_lag_ms: i64,
    pub delete_retention_ms: i64,
    pub file_delete_delay_ms: i64,
    pub flush_messages: i64,
    pub flush_ms: i64,
    pub preallocate: bool,
    pub producer_id_expiration_ms: i64,
}

const DAY_MS: i64 = 86_400_000;

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * DAY_MS,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            max_message_bytes: (1 << 20) + 12,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_after_max_ms: 3_600_000,
            compression_type: CompressionType::Producer,
            compression_gzip_level: None,
            compression_lz4_level: None,
            compression_zstd_level: None,
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            retention_ms: 7 * DAY_MS,
            retention_bytes: -1,
            min_cleanable_dirty_ratio: 0.5,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            delete_retention_ms: DAY_MS,
            file_delete_delay_ms: 60_000,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            preallocate: false,
            producer_id_expiration_ms: DAY_MS,
        }
    }
}

fn parsed<T>(key: &'static str, value: &str, min: T, max: T) -> Result<T>
where
    T: Copy + FromStr + PartialOrd + std::fmt::Display,
{
    match value.trim().parse::<T>() {
        Ok(number) if number >= min && number <= max => Ok(number),
        _ => Err(LogError::InvalidConfig {
            key,
            reason: format!("{value:?} is not a number from {min} to {max}"),
        }),
    }
}

fn one_of<T: Copy>(key: &'static str, value: &str, allowed: &[(&str, T)]) -> Result<T> {
    let found = allowed.iter().find(|(name, _)| name.eq_ignore_ascii_case(value.trim()));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| LogError::InvalidConfig {
        key,
        reason: format!(
            "{value:?} is not one of {}",
            allowed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        ),
    })
}

const COMPRESSION_TYPES: [(&str, CompressionType); 6] = [
    ("producer", CompressionType::Producer),
    ("uncompressed", CompressionType::Codec(Codec::None)),
    ("gzip", CompressionType::Codec(Codec::Gzip)),
    ("snappy", CompressionType::Codec(Codec::Snappy)),
    ("lz4", CompressionType::Codec(Codec::Lz4)),
    ("zstd", CompressionType::Codec(Codec::Zstd)),
];

const TIMESTAMP_TYPES: [(&str, TimestampType); 2] =
    [("CreateTime", TimestampType::CreateTime), ("LogAppendTime", TimestampType::LogAppendTime)];

fn cleanup_policy(value: &str) -> Result<CleanupPolicy> {
    let mut policy = CleanupPolicy { delete: false, compact: false };
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if one_of("cleanup.policy", name, &[("delete", true), ("compact", false)])? {
            policy.delete = true;
        } else {
            policy.compact = true;
        }
    }
    Ok(policy)
}

impl LogConfig {
    /// Sets one key from its text, as in a properties file. Keys of a topic that do not concern a
    /// log return `false`.
    ///
    /// # Errors
    /// `InvalidConfig` with the key and what is allowed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        const I64: i64 = i64::MAX;
        const U31: u32 = i32::MAX.cast_unsigned();
        match key {
            "segment.bytes" => self.segment_bytes = parsed("segment.bytes", value, 14, U31)?,
            "segment.ms" => self.segment_ms = parsed("segment.ms", value, 1, I64)?,
            "segment.jitter.ms" => {
                self.segment_jitter_ms = parsed("segment.jitter.ms", value, 0, I64)?;
            }
            "segment.index.bytes" => {
                self.segment_index_bytes = parsed("segment.index.bytes", value, 4, U31)?;
            }
            "index.interval.bytes" => {
                self.index_interval_bytes = parsed("index.interval.bytes", value, 0, U31)?;
            }
            "max.message.bytes" => {
                self.max_message_bytes = parsed("max.message.bytes", value, 0, U31)?;
            }
            "message.timestamp.type" => {
                self.message_timestamp_type =
                    one_of("message.timestamp.type", value, &TIMESTAMP_TYPES)?;
            }
            "message.timestamp.before.max.ms" => {
                self.message_timestamp_before_max_ms =
                    parsed("message.timestamp.before.max.ms", value, 0, I64)?;
            }
            "message.timestamp.after.max.ms" => {
                self.message_timestamp_after_max_ms =
                    parsed("message.timestamp.after.max.ms", value, 0, I64)?;
            }
            "compression.type" => {
                self.compression_type = one_of("compression.type", value, &COMPRESSION_TYPES)?;
            }
            "cleanup.policy" => self.cleanup_policy = cleanup_policy(value)?,
            _ => return self.set_housekeeping(key, value),
        }
        Ok(true)
    }

    /// The keys of retention, compaction and flushing.
    fn set_housekeeping(&mut self, key: &str, value: &str) -> Result<bool> {
        const I64: i64 = i64::MAX;
        match key {
            "retention.ms" => self.retention_ms = parsed("retention.ms", value, -1, I64)?,
            "retention.bytes" => self.retention_bytes = parsed("retention.bytes", value, -1, I64)?,
            "min.cleanable.dirty.ratio" => {
                self.min_cleanable_dirty_ratio =
                    parsed("min.cleanable.dirty.ratio", value, 0.0, 1.0)?;
            }
            "min.compaction.lag.ms" => {
                self.min_compaction_lag_ms = parsed("min.compaction.lag.ms", value, 0, I64)?;
            }
            "max.compaction.lag.ms" => {
                self.max_compaction_lag_ms = parsed("max.compaction.lag.ms", value, 1, I64)?;
            }
            "delete.retention.ms" => {
                self.delete_retention_ms = parsed("delete.retention.ms", value, 0, I64)?;
            }
            "file.delete.delay.ms" => {
                self.file_delete_delay_ms = parsed("file.delete.delay.ms", value, 0, I64)?;
            }
            "flush.messages" => self.flush_messages = parsed("flush.messages", value, 1, I64)?,
            "flush.ms" => self.flush_ms = parsed("flush.ms", value, 0, I64)?,
            "producer.id.expiration.ms" => {
                self.producer_id_expiration_ms =
                    parsed("producer.id.expiration.ms", value, 1, I64)?;
            }
            "preallocate" => {
                self.preallocate =
                    one_of("preallocate", value, &[("true", true), ("false", false)])?;
            }
            _ => return self.set_compression_level(key, value),
        }
        Ok(true)
    }

    /// The keys of levels; each counts only where its codec is the one to store.
    fn set_compression_level(&mut self, key: &str, value: &str) -> Result<bool> {
        match key {
            "compression.gzip.level" => {
                let level = parsed("compression.gzip.level", value, -1, 9)?;
                if level == 0 {
                    return Err(LogError::InvalidConfig {
                        key: "compression.gzip.level",
                        reason: "0 would not compress; it is -1 or 1 to 9".into(),
                    });
                }
                self.compression_gzip_level = Some(level);
            }
            "compression.lz4.level" => {
                self.compression_lz4_level = Some(parsed("compression.lz4.level", value, 1, 17)?);
            }
            "compression.zstd.level" => {
                self.compression_zstd_level =
                    Some(parsed("compression.zstd.level", value, -131_072, 22)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The level to compress with `codec` at, its default if `None`.
    pub fn compression_level(&self, codec: Codec) -> Option<i32> {
        match codec {
            Codec::Gzip => self.compression_gzip_level,
            Codec::Lz4 => self.compression_lz4_level,
            Codec::Zstd => self.compression_zstd_level,
            Codec::None | Codec::Snappy => None,
        }
    }

    /// Checks what must agree between keys.
    ///
    /// # Errors
    /// `InvalidConfig`.
    pub fn check(&self) -> Result<()> {
        if self.min_compaction_lag_ms > self.max_compaction_lag_ms {
            return Err(LogError::InvalidConfig {
                key: "min.compaction.lag.ms",
                reason: "is larger than max.compaction.lag.ms".into(),
            });
        }
        Ok(())
    }

    /// How long a segment may take records: compacted logs also roll so that
    /// `max.compaction.lag.ms` can hold.
    pub fn roll_ms(&self) -> i64 {
        if self.cleanup_policy.compact {
            self.segment_ms.min(self.max_compaction_lag_ms)
        } else {
            self.segment_ms
        }
    }
}
