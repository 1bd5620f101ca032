//! `LogValidator`: what a leader checks before it appends, and the offsets it assigns.
//!
//! All batches are checked first (`checks.rs`), then changed: in place if their codec is the one
//! to store, which touches the header only and the CRC only if a timestamp field changes; else the
//! records are compressed anew. Invariant: with an error, nothing was changed; without one, the
//! offsets are `first_offset` to `last_offset` without a gap and every CRC is right. Followers do
//! not come here: their batches were accepted by a leader.

mod checks;

use self::checks::{Checked, Rules};
use crate::append_origin::AppendOrigin;
use crate::batch::{Batch, NO_TIMESTAMP, assign, set_max_timestamp};
use crate::builder::RecordBatchBuilder;
use crate::compression::Codec;
use crate::config::{CompressionType, LogConfig, TimestampType};
use crate::error::{LogError, Result};
use crate::record::{Records, record_timestamp};

/// What records may decompress to, if nothing else is set: far more than batches do hold.
pub const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// The settings the validator goes by; a [`LogConfig`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidatorConfig {
    /// What to store batches as.
    pub compression_type: CompressionType,
    /// Level of that codec, its default if `None`.
    pub compression_level: Option<i32>,
    /// Whether the log is compacted: every record needs a key.
    pub compact: bool,
    /// Whose timestamps count.
    pub timestamp_type: TimestampType,
    /// How far a producer's timestamp may lie before now.
    pub timestamp_before_max_ms: i64,
    /// How far a producer's timestamp may lie after now.
    pub timestamp_after_max_ms: i64,
    /// Size limit of one batch, as sent and as stored.
    pub max_message_bytes: usize,
    /// Size limit of all batches of an append: they must fit one segment.
    pub segment_bytes: usize,
    /// What the records of a batch may decompress to.
    pub decompressed_bytes_max: usize,
}

impl From<&LogConfig> for ValidatorConfig {
    fn from(config: &LogConfig) -> Self {
        let size = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            compression_type: config.compression_type,
            compression_level: match config.compression_type {
                CompressionType::Producer => None,
                CompressionType::Codec(codec) => config.compression_level(codec),
            },
            compact: config.cleanup_policy.compact,
            timestamp_type: config.message_timestamp_type,
            timestamp_before_max_ms: config.message_timestamp_before_max_ms,
            timestamp_after_max_ms: config.message_timestamp_after_max_ms,
            max_message_bytes: size(config.max_message_bytes),
            segment_bytes: size(config.segment_bytes),
            decompressed_bytes_max: DECOMPRESSED_BYTES_MAX,
        }
    }
}

/// Batches that passed, and where they will stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// Offset of the first record.
    pub first_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Largest timestamp as stored, -1 if no record has one.
    pub max_timestamp: i64,
    /// Last offset of the first batch that has it; -1 if no record has a timestamp.
    pub offset_of_max_timestamp: i64,
    /// The time the log gave the records, -1 if the producer's count.
    pub log_append_time: i64,
    /// Codec of the first batch as it came.
    pub source_codec: Codec,
    /// The batches to write where they had to be built anew; `None` if those handed in were
    /// changed in place.
    pub rebuilt: Option<Vec<u8>>,
}

impl Validated {
    /// The bytes to write: `given` is what was validated.
    pub fn bytes<'a>(&'a self, given: &'a [u8]) -> &'a [u8] {
        self.rebuilt.as_deref().unwrap_or(given)
    }
}

/// Checks the batches of a leader's append and assigns offsets from `first_offset` on.
///
/// # Errors
/// `CorruptBatch` for damage (a bad CRC, a cut-off batch, another magic), `BatchTooLarge` and
/// `BatchListTooLarge` for sizes, `UnsupportedCompression` for an unknown codec, `InvalidTimestamp`
/// and `InvalidRecord`, with the indexes of the records at fault, for whatever Kafka refuses a
/// sound batch for.
pub fn validate_and_assign_offsets(
    records: &mut [u8],
    first_offset: i64,
    leader_epoch: i32,
    now_ms: i64,
    origin: AppendOrigin,
    config: &ValidatorConfig,
) -> Result<Validated> {
    let checked = Rules { origin, now_ms, config }.check(records)?;
    let mut placement = Placement::new(first_offset, leader_epoch, now_ms, config, &checked)?;
    if checked.iter().all(Checked::stays) {
        check_segment(records.len(), config)?;
        let mut rest = records;
        for batch in &checked {
            placement.stamp(rest.split_off_mut(..batch.size_bytes).unwrap_or_default(), batch);
        }
        return Ok(placement.done);
    }
    let mut out = Vec::with_capacity(records.len());
    let mut rest = &*records;
    for batch in &checked {
        let bytes = rest.split_off(..batch.size_bytes).unwrap_or_default();
        let start = out.len();
        if batch.stays() {
            out.extend_from_slice(bytes);
            placement.stamp(out.get_mut(start..).unwrap_or_default(), batch);
        } else {
            placement.rebuild(bytes, batch, config, &mut out)?;
        }
    }
    check_segment(out.len(), config)?;
    placement.done.rebuilt = Some(out);
    Ok(placement.done)
}

fn check_segment(size_bytes: usize, config: &ValidatorConfig) -> Result<()> {
    if size_bytes <= config.segment_bytes {
        return Ok(());
    }
    Err(LogError::BatchListTooLarge {
        size_bytes: size_bytes as u64,
        limit_bytes: config.segment_bytes as u64,
    })
}

/// Gives batch after batch its place in the log.
struct Placement {
    next_offset: i64,
    leader_epoch: i32,
    append_time: Option<i64>,
    done: Validated,
}

impl Placement {
    fn new(
        first_offset: i64,
        leader_epoch: i32,
        now_ms: i64,
        config: &ValidatorConfig,
        checked: &[Checked],
    ) -> Result<Self> {
        let count: i64 = checked.iter().map(|batch| i64::from(batch.header.count)).sum();
        // The last offset must leave room for the offset after it.
        let end = first_offset.checked_add(count).filter(|_| first_offset >= 0);
        let end = end.ok_or_else(|| {
            LogError::InvalidArgument(format!("{count} records do not fit from {first_offset} on"))
        })?;
        let append_time = (config.timestamp_type == TimestampType::LogAppendTime).then_some(now_ms);
        let done = Validated {
            first_offset,
            last_offset: end - 1,
            max_timestamp: NO_TIMESTAMP,
            offset_of_max_timestamp: -1,
            log_append_time: append_time.unwrap_or(NO_TIMESTAMP),
            source_codec: checked.first().map(|batch| batch.source).unwrap_or_default(),
            rebuilt: None,
        };
        Ok(Self { next_offset: first_offset, leader_epoch, append_time, done })
    }

    /// Takes the next offsets for a batch, and notes its max timestamp; both.
    fn place(&mut self, batch: &Checked) -> (i64, i64) {
        let base_offset = self.next_offset;
        self.next_offset += i64::from(batch.header.count);
        let max_timestamp = self.append_time.unwrap_or(batch.max_timestamp);
        if max_timestamp > self.done.max_timestamp {
            self.done.max_timestamp = max_timestamp;
            self.done.offset_of_max_timestamp = self.next_offset - 1;
        }
        (base_offset, max_timestamp)
    }

    /// Places a batch by changing its header.
    fn stamp(&mut self, bytes: &mut [u8], batch: &Checked) {
        let (base_offset, max_timestamp) = self.place(batch);
        assign(bytes, base_offset, self.leader_epoch);
        let appended = self.append_time.is_some();
        let header = &batch.header;
        if header.is_log_append_time() != appended || header.max_timestamp != max_timestamp {
            set_max_timestamp(bytes, appended, max_timestamp);
        }
    }

    /// Places a batch by building it anew with the codec to store.
    fn rebuild(
        &mut self,
        bytes: &[u8],
        batch: &Checked,
        config: &ValidatorConfig,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (base_offset, _) = self.place(batch);
        let header = &batch.header;
        let mut builder = RecordBatchBuilder::new(batch.target, config.compression_level);
        builder.set_base_offset(base_offset);
        builder.set_leader_epoch(self.leader_epoch);
        let (id, epoch) = (header.producer_id, header.producer_epoch);
        builder.set_producer(id, epoch, header.base_sequence, header.is_transactional());
        if header.is_control() {
            builder.set_control();
        }
        if let Some(append_time) = self.append_time {
            builder.set_log_append_time(append_time);
        }
        let given = Batch { header: *header, bytes };
        let records = batch.decompressed.as_deref().unwrap_or_else(|| given.records_bytes());
        for record in Records::new(header, records)? {
            let record = record?;
            // A timestamp below -1 passed in place in Kafka; it is stored as none here.
            let timestamp = record_timestamp(header, &record).max(NO_TIMESTAMP);
            builder.append_record(record.offset_delta, timestamp, &record)?;
        }
        let built = builder.finish()?;
        checks::check_size(built.len(), config)?;
        out.extend_from_slice(built);
        Ok(())
    }
}
