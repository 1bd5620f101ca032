//! The checks of the validator: first a batch's header, then its records in one pass.
//!
//! Invariant: nothing is changed here, and a key or value is never looked into. A batch whose CRC
//! is wrong is damage (`CorruptBatch`, worth a retry); whatever is wrong with a sound one is the
//! client's doing (`InvalidRecord`, not worth one), which is why the CRC comes before the counts.

use super::ValidatorConfig;
use crate::append_origin::AppendOrigin;
use crate::batch::{Batch, BatchHeader, HEADER_SIZE_BYTES, MAGIC, NO_TIMESTAMP};
use crate::compression::Codec;
use crate::config::{CompressionType, TimestampType};
use crate::error::{LogError, RecordError, Result};
use crate::extent::Extent;
use crate::record::{Walk, decode, timestamp};

/// Records at fault that an error names; a batch may hold 100,000, and the first ones tell enough.
const RECORD_ERRORS_MAX: usize = 1000;

/// A batch that passed.
pub(super) struct Checked {
    pub(super) header: BatchHeader,
    pub(super) size_bytes: usize,
    /// Largest timestamp of its records.
    pub(super) max_timestamp: i64,
    pub(super) source: Codec,
    /// The codec to store it with.
    pub(super) target: Codec,
    /// Its records' bytes, where they came compressed.
    pub(super) decompressed: Option<Vec<u8>>,
}

impl Checked {
    /// Whether the batch can be stored with a changed header only.
    pub(super) fn stays(&self) -> bool {
        self.source == self.target
    }
}

/// What batches are checked against.
pub(super) struct Rules<'c> {
    pub(super) origin: AppendOrigin,
    pub(super) now_ms: i64,
    pub(super) config: &'c ValidatorConfig,
}

impl Rules<'_> {
    /// Checks all batches of an append.
    pub(super) fn check(&self, records: &[u8]) -> Result<Vec<Checked>> {
        let mut checked = Vec::with_capacity(1);
        let mut rest = records;
        while !rest.is_empty() {
            if self.is_client() && !checked.is_empty() {
                return Err(LogError::invalid_record("more than one batch for the partition"));
            }
            let batch = self.sound(rest)?;
            rest = rest.get(batch.bytes.len()..).unwrap_or_default();
            self.check_header(&batch.header)?;
            checked.push(self.check_records(&batch)?);
        }
        if checked.is_empty() {
            return Err(LogError::invalid_record("there is no record batch"));
        }
        Ok(checked)
    }

    fn is_client(&self) -> bool {
        self.origin == AppendOrigin::Client
    }

    /// The whole batch that starts `bytes`, with a right CRC and of an allowed size.
    fn sound<'a>(&self, bytes: &'a [u8]) -> Result<Batch<'a>> {
        let cut_off = || LogError::corrupt_batch("the batch is cut off");
        let head = bytes.first_chunk::<HEADER_SIZE_BYTES>().ok_or_else(cut_off)?;
        let header = BatchHeader::parse(head);
        if header.magic != MAGIC {
            return Err(LogError::corrupt_batch(format!("magic {} is not 2", header.magic)));
        }
        let size_bytes = header.size_bytes()?;
        if self.origin != AppendOrigin::RaftLeader {
            check_size(size_bytes, self.config)?;
        }
        let bytes = bytes.get(..size_bytes).ok_or_else(cut_off)?;
        let batch = Batch { header, bytes };
        batch.verify_crc()?;
        Ok(batch)
    }

    fn check_header(&self, header: &BatchHeader) -> Result<()> {
        let spanned = i64::from(header.last_offset_delta) + 1;
        if header.count <= 0 || i64::from(header.count) != spanned {
            return Err(LogError::invalid_record(format!(
                "{} records do not fill {spanned} offsets",
                header.count
            )));
        }
        if !self.is_client() {
            return Ok(());
        }
        if header.base_offset != 0 {
            let reason = format!("a client's base offset must be 0, not {}", header.base_offset);
            return Err(LogError::invalid_record(reason));
        }
        if header.is_control() {
            return Err(LogError::invalid_record("clients may not write control records"));
        }
        if header.has_producer_id() && header.base_sequence < 0 {
            return Err(LogError::invalid_record(format!(
                "producer {} sent the sequence {}",
                header.producer_id, header.base_sequence
            )));
        }
        Ok(())
    }

    fn check_records(&self, batch: &Batch<'_>) -> Result<Checked> {
        let header = &batch.header;
        let source = Codec::from_id(header.codec_id())?;
        let target = match self.config.compression_type {
            CompressionType::Producer => source,
            // Markers are small; Kafka too leaves them as they are.
            CompressionType::Codec(_) if header.is_control() && source == Codec::None => source,
            CompressionType::Codec(codec) => codec,
        };
        let records = decode(batch, self.config.decompressed_bytes_max).map_err(not_damage)?;
        let max_timestamp = self.walk(header, Walk::new(header, &records).map_err(not_damage)?)?;
        let decompressed = match records {
            std::borrow::Cow::Owned(records) if source != target => Some(records),
            _ => None,
        };
        let (header, size_bytes) = (*header, batch.bytes.len());
        Ok(Checked { header, size_bytes, max_timestamp, source, target, decompressed })
    }

    /// Checks every record; the largest timestamp. One look at the extremes tells of all records
    /// whether one may be at fault.
    fn walk(&self, header: &BatchHeader, walk: Walk<'_>) -> Result<i64> {
        let (again, mut walk) = (walk.clone(), walk);
        let (mut least, mut most, mut has_null_key) = (i64::MAX, NO_TIMESTAMP, false);
        while let Some(extent) = walk.step().map_err(not_damage)? {
            let time = timestamp(header, extent.timestamp_delta);
            least = least.min(if time == NO_TIMESTAMP { i64::MAX } else { time });
            most = most.max(time);
            has_null_key |= extent.key.length < 0;
        }
        let is_suspect = (self.config.compact && has_null_key)
            || header.is_log_append_time()
            || self.is_out_of_range(least.min(most))
            || self.is_out_of_range(most);
        if is_suspect {
            self.blame_all(header, again)?;
        }
        Ok(most)
    }

    #[cold]
    fn blame_all(&self, header: &BatchHeader, mut walk: Walk<'_>) -> Result<()> {
        let mut faults = Faults::default();
        let mut index = 0;
        while let Some(extent) = walk.step().map_err(not_damage)? {
            self.blame(header, &extent, index, &mut faults);
            index += 1;
        }
        faults.into_result()
    }

    #[inline]
    fn is_out_of_range(&self, time: i64) -> bool {
        let config = self.config;
        config.timestamp_type == TimestampType::CreateTime
            && time != NO_TIMESTAMP
            && (self.now_ms.saturating_sub(time) > config.timestamp_before_max_ms
                || time.saturating_sub(self.now_ms) > config.timestamp_after_max_ms)
    }

    /// Says what is wrong with a record, if anything is.
    fn blame(&self, header: &BatchHeader, extent: &Extent, index: i32, faults: &mut Faults) {
        let config = self.config;
        let time = timestamp(header, extent.timestamp_delta);
        if config.compact && extent.key.length < 0 {
            faults.add(index, false, || "a compacted log takes no record without a key".into());
        } else if header.is_log_append_time() {
            faults.add(index, true, || "a producer may not set log append time".into());
        } else if self.is_out_of_range(time) {
            faults.add(index, true, || {
                format!(
                    "timestamp {time} is not within {} to {}",
                    self.now_ms.saturating_sub(config.timestamp_before_max_ms),
                    self.now_ms.saturating_add(config.timestamp_after_max_ms)
                )
            });
        }
    }
}

/// Checks `max.message.bytes`.
pub(super) fn check_size(size_bytes: usize, config: &ValidatorConfig) -> Result<()> {
    if size_bytes <= config.max_message_bytes {
        return Ok(());
    }
    Err(LogError::BatchTooLarge {
        size_bytes: size_bytes as u64,
        limit_bytes: config.max_message_bytes as u64,
    })
}

/// What `record.rs` calls damage is, under a right CRC, how the client built the batch.
#[cold]
fn not_damage(error: LogError) -> LogError {
    match error {
        LogError::CorruptBatch { reason } => LogError::invalid_record(reason),
        other => other,
    }
}

/// The records at fault, in order.
#[derive(Default)]
struct Faults {
    records: Vec<RecordError>,
    count: usize,
    of_time: bool,
}

impl Faults {
    fn add(&mut self, index: i32, of_time: bool, message: impl FnOnce() -> String) {
        self.count += 1;
        self.of_time |= of_time;
        if self.records.len() < RECORD_ERRORS_MAX {
            self.records.push(RecordError { index, message: message() });
        }
    }

    /// The whole batch is refused if one record is; a bad timestamp outweighs other faults.
    fn into_result(self) -> Result<()> {
        let Some(first) = self.records.first() else { return Ok(()) };
        let reason = format!(
            "{} records are refused, the first (index {}) because {}",
            self.count, first.index, first.message
        );
        let records = self.records;
        Err(if self.of_time {
            LogError::InvalidTimestamp { reason, records }
        } else {
            LogError::InvalidRecord { reason, records }
        })
    }
}
