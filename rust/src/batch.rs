//! The header of a record batch, version 2, and the walk from batch to batch.
//!
//! ```text
//!  0 i64 base offset            17 u32 CRC-32C of 21..end     43 i64 producer id
//!  8 i32 length after this      21 i16 attributes             51 i16 producer epoch
//! 12 i32 partition leader epoch 23 i32 last offset delta      53 i32 base sequence
//! 16 i8  magic = 2              27 i64 base timestamp         57 i32 record count
//!                               35 i64 max timestamp          61 records
//! attributes: 0-2 codec, 3 log append time, 4 transactional, 5 control, 6 delete horizon
//! ```
//! The CRC does not cover base offset, length, leader epoch and magic: a leader assigns the first
//! and third without touching the checksum, and a reader must check the others itself. Invariant:
//! a [`Batch`] is exactly one whole batch, its length field agrees with its bytes, its magic is 2.
//! Records are opaque here; `record.rs` opens them.

#![expect(clippy::indexing_slicing, reason = "fixed positions inside a 61-byte header")]

use crate::crc::crc32c;
use crate::error::{LogError, Result};

/// Bytes of a batch before its records.
pub const HEADER_SIZE_BYTES: usize = 61;
/// Bytes of a batch that its length field does not count.
pub const LENGTH_OVERHEAD_BYTES: usize = 12;
/// The only magic this engine writes or reads.
pub const MAGIC: i8 = 2;
/// Producer id of a batch without a producer.
pub const NO_PRODUCER_ID: i64 = -1;
/// Producer epoch of a batch without a producer.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// Base sequence of a batch without a sequence.
pub const NO_SEQUENCE: i32 = -1;
/// Timestamp of a batch or record without one.
pub const NO_TIMESTAMP: i64 = -1;
/// Leader epoch of a batch without one.
pub const NO_LEADER_EPOCH: i32 = -1;

const CRC_START: usize = 21;
pub(crate) const CODEC_MASK: i16 = 0x07;
pub(crate) const LOG_APPEND_TIME: i16 = 1 << 3;
pub(crate) const TRANSACTIONAL: i16 = 1 << 4;
pub(crate) const CONTROL: i16 = 1 << 5;
pub(crate) const DELETE_HORIZON: i16 = 1 << 6;

/// The fields of a batch header, in the order of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record (kept by compaction even when that record is gone).
    pub base_offset: i64,
    /// Bytes after the length field.
    pub length: i32,
    /// Epoch of the leader that appended the batch, -1 if unknown.
    pub leader_epoch: i32,
    /// Format version.
    pub magic: i8,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec and flags.
    pub attributes: i16,
    /// Last offset minus base offset.
    pub last_offset_delta: i32,
    /// Timestamp that record deltas count from; the delete horizon if that flag is set.
    pub base_timestamp: i64,
    /// Largest record timestamp, or the append time.
    pub max_timestamp: i64,
    /// Producer id, -1 without one.
    pub producer_id: i64,
    /// Producer epoch, -1 without one.
    pub producer_epoch: i16,
    /// Sequence of the first record, -1 without one.
    pub base_sequence: i32,
    /// Number of records present.
    pub count: i32,
}

/// Takes `N` bytes at `at`; the caller's array is long enough by its type.
fn take<const N: usize>(bytes: &[u8; HEADER_SIZE_BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

impl BatchHeader {
    /// Reads the fields; nothing is checked.
    pub fn parse(bytes: &[u8; HEADER_SIZE_BYTES]) -> Self {
        Self {
            base_offset: i64::from_be_bytes(take(bytes, 0)),
            length: i32::from_be_bytes(take(bytes, 8)),
            leader_epoch: i32::from_be_bytes(take(bytes, 12)),
            magic: i8::from_be_bytes(take(bytes, 16)),
            crc: u32::from_be_bytes(take(bytes, 17)),
            attributes: i16::from_be_bytes(take(bytes, 21)),
            last_offset_delta: i32::from_be_bytes(take(bytes, 23)),
            base_timestamp: i64::from_be_bytes(take(bytes, 27)),
            max_timestamp: i64::from_be_bytes(take(bytes, 35)),
            producer_id: i64::from_be_bytes(take(bytes, 43)),
            producer_epoch: i16::from_be_bytes(take(bytes, 51)),
            base_sequence: i32::from_be_bytes(take(bytes, 53)),
            count: i32::from_be_bytes(take(bytes, 57)),
        }
    }

    /// Writes the fields as they are; [`seal`] computes length and CRC.
    pub fn write(&self, out: &mut [u8; HEADER_SIZE_BYTES]) {
        out[0..8].copy_from_slice(&self.base_offset.to_be_bytes());
        out[8..12].copy_from_slice(&self.length.to_be_bytes());
        out[12..16].copy_from_slice(&self.leader_epoch.to_be_bytes());
        out[16..17].copy_from_slice(&self.magic.to_be_bytes());
        out[17..21].copy_from_slice(&self.crc.to_be_bytes());
        out[21..23].copy_from_slice(&self.attributes.to_be_bytes());
        out[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        out[27..35].copy_from_slice(&self.base_timestamp.to_be_bytes());
        out[35..43].copy_from_slice(&self.max_timestamp.to_be_bytes());
        out[43..51].copy_from_slice(&self.producer_id.to_be_bytes());
        out[51..53].copy_from_slice(&self.producer_epoch.to_be_bytes());
        out[53..57].copy_from_slice(&self.base_sequence.to_be_bytes());
        out[57..61].copy_from_slice(&self.count.to_be_bytes());
    }

    /// The batch's size in bytes with all its overhead, if the length field can be one.
    ///
    /// # Errors
    /// `CorruptBatch` when the length is too small for a header.
    pub fn size_bytes(&self) -> Result<usize> {
        let size = i64::from(self.length) + 12; // LENGTH_OVERHEAD_BYTES
        usize::try_from(size)
            .ok()
            .filter(|&size| size >= HEADER_SIZE_BYTES)
            .ok_or_else(|| LogError::corrupt_batch(format!("length {} is too small", self.length)))
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(i64::from(self.last_offset_delta))
    }

    /// Offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// Codec id: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 are unknown.
    pub fn codec_id(&self) -> u8 {
        u8::try_from(self.attributes & CODEC_MASK).unwrap_or_default()
    }

    /// Whether the broker set the timestamps at append.
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// Whether the batch is part of a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether the batch holds control records, such as a transaction's end.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// The time from which tombstones and markers in it may go, if compaction has set one.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// Whether a producer id stands in it.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > NO_PRODUCER_ID
    }

    /// Sequence of the last record; sequences wrap from 2^31-1 to 0.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        increment_sequence(self.base_sequence, self.last_offset_delta)
    }

    /// Checks the fields that no CRC protects, and those that must agree with each other.
    ///
    /// # Errors
    /// `CorruptBatch` naming the field.
    pub fn check(&self) -> Result<()> {
        self.size_bytes()?;
        if self.magic != MAGIC {
            return Err(LogError::corrupt_batch(format!("magic {} is not 2", self.magic)));
        }
        if self.base_offset < 0
            || self
                .base_offset
                .checked_add(i64::from(self.last_offset_delta))
                .is_none_or(|last| last == i64::MAX)
        {
            return Err(LogError::corrupt_batch(format!(
                "base offset {} is out of range",
                self.base_offset
            )));
        }
        if self.last_offset_delta < 0 {
            return Err(LogError::corrupt_batch(format!(
                "last offset delta {} is negative",
                self.last_offset_delta
            )));
        }
        if self.count < 0 || i64::from(self.count) > i64::from(self.last_offset_delta) + 1 {
            return Err(LogError::corrupt_batch(format!(
                "record count {} does not fit last offset delta {}",
                self.count, self.last_offset_delta
            )));
        }
        Ok(())
    }
}

/// `sequence + increment`, wrapping from 2^31-1 to 0 as Kafka's producers do.
pub fn increment_sequence(sequence: i32, increment: i32) -> i32 {
    let modulus = i64::from(i32::MAX) + 1;
    let next = (i64::from(sequence) + i64::from(increment)).rem_euclid(modulus);
    i32::try_from(next).unwrap_or_default()
}

/// One whole batch, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Its header.
    pub header: BatchHeader,
    /// Its bytes, header included.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The batch that starts `bytes`; what follows it is not looked at. `None` when the bytes end
    /// before the batch does, as a torn tail or a fetch cut short does.
    ///
    /// # Errors
    /// `CorruptBatch` when the header's unprotected fields make no sense.
    pub fn first(bytes: &'a [u8]) -> Result<Option<Self>> {
        let Some(head) = bytes.first_chunk::<HEADER_SIZE_BYTES>() else { return Ok(None) };
        let header = BatchHeader::parse(head);
        header.check()?;
        let size = header.size_bytes()?;
        Ok(bytes.get(..size).map(|bytes| Self { header, bytes }))
    }

    /// The records' bytes, compressed if the codec says so.
    pub fn records_bytes(&self) -> &'a [u8] {
        self.bytes.get(HEADER_SIZE_BYTES..).unwrap_or_default()
    }

    /// Checks the CRC.
    ///
    /// # Errors
    /// `CorruptBatch` when it does not match.
    pub fn verify_crc(&self) -> Result<()> {
        let computed = crc32c(self.bytes.get(CRC_START..).unwrap_or_default());
        if computed == self.header.crc {
            return Ok(());
        }
        Err(LogError::corrupt_batch(format!(
            "CRC is {computed:#010x}, the batch at offset {} says {:#010x}",
            self.header.base_offset, self.header.crc
        )))
    }
}

/// Walks the whole batches of a buffer; ends quietly at a batch that is cut off.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Batches<'a> {
    /// All batches of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes not walked yet; after the last batch, the cut-off tail.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        match Batch::first(self.rest) {
            Ok(None) => None,
            Ok(Some(batch)) => {
                self.rest = self.rest.get(batch.bytes.len()..).unwrap_or_default();
                Some(Ok(batch))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// Assigns what the CRC does not cover: base offset and leader epoch.
pub fn assign(bytes: &mut [u8], base_offset: i64, leader_epoch: i32) {
    debug_assert!(bytes.len() >= HEADER_SIZE_BYTES);
    bytes[0..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Sets timestamp type and max timestamp of a batch in place and computes its CRC anew.
pub fn set_max_timestamp(bytes: &mut [u8], log_append_time: bool, max_timestamp: i64) {
    let Some(head) = bytes.first_chunk::<HEADER_SIZE_BYTES>() else { return };
    let mut header = BatchHeader::parse(head);
    header.attributes = if log_append_time {
        header.attributes | LOG_APPEND_TIME
    } else {
        header.attributes & !LOG_APPEND_TIME
    };
    bytes[21..23].copy_from_slice(&header.attributes.to_be_bytes());
    bytes[35..43].copy_from_slice(&max_timestamp.to_be_bytes());
    let crc = crc32c(&bytes[CRC_START..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// Fills in length and CRC of a batch whose other bytes stand.
pub fn seal(bytes: &mut [u8]) {
    debug_assert!(bytes.len() >= HEADER_SIZE_BYTES);
    let length = i32::try_from(bytes.len() - LENGTH_OVERHEAD_BYTES).unwrap_or(i32::MAX);
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c(&bytes[CRC_START..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
}
