//! `RecordBatchBuilder`: records in, one sealed batch out, as Kafka's own producer writes it.
//!
//! Records are encoded straight into one buffer that is kept from batch to batch, so that a record
//! costs no allocation. Invariant: every error leaves the builder as it was, and the bytes of
//! [`RecordBatchBuilder::finish`] are those of Kafka's `MemoryRecordsBuilder` for the same records.
//! The bytes of a record are written in `buffer.rs`. Markers and empty batches are built in `control_batch.rs`; `record.rs` is the inverse.

mod buffer;
mod control_batch;

use self::buffer::{BATCH_BYTES_MAX, Fields, RecordBuffer, too_large};
use crate::batch::{
    BatchHeader, CONTROL, DELETE_HORIZON, HEADER_SIZE_BYTES, LOG_APPEND_TIME, MAGIC,
    NO_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP, TRANSACTIONAL,
    seal,
};
use crate::compression::{Codec, compress};
use crate::error::{LogError, Result};
use crate::record::RecordRef;

pub use self::buffer::HeaderRef;
pub use self::control_batch::{MarkerContext, empty_batch, end_transaction_marker};

/// Builds one batch after the other.
#[derive(Debug)]
pub struct RecordBatchBuilder {
    codec: Codec,
    level: Option<i32>,
    header: BatchHeader,
    log_append_time: Option<i64>,
    /// Room for the header, then the records.
    buffer: RecordBuffer,
    /// The finished batch, if it is compressed.
    compressed: Vec<u8>,
}

/// The header of a batch without records.
fn blank() -> BatchHeader {
    BatchHeader {
        base_offset: 0,
        length: 0,
        leader_epoch: NO_LEADER_EPOCH,
        magic: MAGIC,
        crc: 0,
        attributes: 0,
        last_offset_delta: -1,
        base_timestamp: NO_TIMESTAMP,
        max_timestamp: NO_TIMESTAMP,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        base_sequence: NO_SEQUENCE,
        count: 0,
    }
}

/// Most bytes of a record besides key, value and headers: lengths, deltas, attributes, counts.
const RECORD_OVERHEAD_BYTES_MAX: usize = 36;
/// Most bytes of a header besides its key and value: their lengths.
const HEADER_OVERHEAD_BYTES_MAX: usize = 10;

/// Most bytes that a record can add to a batch before compression, whatever its place in it: what
/// must be free for the record to be certain to fit.
pub fn record_size_bytes_max(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[HeaderRef<'_>],
) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = headers
        .iter()
        .map(|(key, value)| key.len() + length(*value) + HEADER_OVERHEAD_BYTES_MAX)
        .sum::<usize>();
    length(key) + length(value) + headers + RECORD_OVERHEAD_BYTES_MAX
}

impl RecordBatchBuilder {
    /// A builder whose batches are compressed with `codec`, at `level` or Kafka's default.
    pub fn new(codec: Codec, level: Option<i32>) -> Self {
        let buffer = RecordBuffer::new(HEADER_SIZE_BYTES);
        let (header, log_append_time) = (blank(), None);
        Self { codec, level, header, log_append_time, buffer, compressed: Vec::new() }
    }

    /// Forgets the records and every setting but the codec; the buffers stay.
    pub fn reset(&mut self) {
        self.header = blank();
        self.log_append_time = None;
        self.buffer.truncate(HEADER_SIZE_BYTES);
    }

    /// An empty builder that compresses as this one does.
    #[must_use]
    pub fn alike(&self) -> Self {
        Self::new(self.codec, self.level)
    }

    /// How records are compressed.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        usize::try_from(self.header.count).unwrap_or_default()
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.header.count == 0
    }

    /// Size of the batch in bytes, before compression.
    pub fn size_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Sets the producer's id, epoch and first sequence, and whether it is in a transaction.
    pub fn set_producer(&mut self, id: i64, epoch: i16, base_sequence: i32, transactional: bool) {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = base_sequence;
        self.set_attribute(TRANSACTIONAL, transactional);
    }

    /// Makes it a batch of control records.
    pub fn set_control(&mut self) {
        self.set_attribute(CONTROL, true);
    }

    /// Sets the leader epoch, -1 until then.
    pub fn set_leader_epoch(&mut self, leader_epoch: i32) {
        self.header.leader_epoch = leader_epoch;
    }

    /// Sets the base offset, 0 until then.
    pub fn set_base_offset(&mut self, base_offset: i64) {
        self.header.base_offset = base_offset;
    }

    /// Gives all records the append time `timestamp`.
    pub fn set_log_append_time(&mut self, timestamp: i64) {
        self.log_append_time = Some(timestamp);
    }

    /// Stores the time from which compaction may drop tombstones. It stands in the place of the
    /// base timestamp, so it must be set before the first record.
    pub fn set_delete_horizon_ms(&mut self, delete_horizon_ms: i64) {
        debug_assert!(self.is_empty());
        self.set_attribute(DELETE_HORIZON, true);
        self.header.base_timestamp = delete_horizon_ms;
    }

    /// Raises the last offset delta past the last record, where compaction removed later ones.
    pub fn set_last_offset_delta(&mut self, last_offset_delta: i32) {
        debug_assert!(last_offset_delta >= self.header.last_offset_delta);
        self.header.last_offset_delta = last_offset_delta;
    }

    fn set_attribute(&mut self, flag: i16, on: bool) {
        self.header.attributes &= !flag;
        if on {
            self.header.attributes |= flag;
        }
    }

    /// Appends a record at the next offset. `timestamp` is in ms, or -1 for none.
    ///
    /// # Errors
    /// `InvalidArgument` for a timestamp below -1 and for a batch past 2^31 - 1 bytes.
    #[inline]
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<()> {
        let offset_delta = self.next_delta()?;
        self.append_at_offset(offset_delta, timestamp, key, value, headers)
    }

    /// Appends many records without key and headers, all of one timestamp. An error leaves the
    /// records before it appended.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_values<'v>(
        &mut self,
        timestamp: i64,
        values: impl IntoIterator<Item = &'v [u8]>,
    ) -> Result<()> {
        for value in values {
            self.append(timestamp, None, Some(value), &[])?;
        }
        Ok(())
    }

    /// Appends a record at an offset after the last one's, leaving a gap if need be.
    ///
    /// # Errors
    /// As [`Self::append`], and `InvalidArgument` for an offset that is not after the last one's.
    #[inline]
    pub fn append_at_offset(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<()> {
        let timestamp_delta = self.admit(offset_delta, timestamp)?;
        let fields = Fields { timestamp_delta, offset_delta, key, value };
        self.buffer.push(&fields, headers)?;
        self.note(offset_delta, timestamp);
        Ok(())
    }

    /// Appends a record of another batch with its headers as they are, for compaction and
    /// recompression.
    ///
    /// # Errors
    /// As [`Self::append_at_offset`].
    pub fn append_record(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        record: &RecordRef<'_>,
    ) -> Result<()> {
        let timestamp_delta = self.admit(offset_delta, timestamp)?;
        let (key, value) = (record.key, record.value);
        let fields = Fields { timestamp_delta, offset_delta, key, value };
        self.buffer.push_raw(&fields, record.header_count, record.header_bytes)?;
        self.note(offset_delta, timestamp);
        Ok(())
    }

    /// The sealed batch: header and (compressed) records. Without records, no bytes. More records
    /// may follow and `finish` be called again.
    ///
    /// # Errors
    /// `InvalidArgument` for a level the codec does not have.
    pub fn finish(&mut self) -> Result<&mut [u8]> {
        if self.is_empty() {
            return Ok(&mut []);
        }
        let mut header = self.header;
        header.attributes |= i16::from(self.codec.id());
        if let Some(timestamp) = self.log_append_time {
            header.attributes |= LOG_APPEND_TIME;
            header.max_timestamp = timestamp;
        }
        let built = self.buffer.as_mut_slice();
        let batch = if self.codec == Codec::None {
            built
        } else {
            let records = built.get(HEADER_SIZE_BYTES..).unwrap_or_default();
            self.compressed.clear();
            self.compressed.resize(HEADER_SIZE_BYTES, 0);
            compress(self.codec, self.level, records, &mut self.compressed)?;
            self.compressed.as_mut_slice()
        };
        if batch.len() > BATCH_BYTES_MAX {
            return Err(too_large());
        }
        if let Some(head) = batch.first_chunk_mut() {
            header.write(head);
        }
        seal(batch);
        Ok(batch)
    }

    fn next_delta(&self) -> Result<i32> {
        let next = self.header.last_offset_delta.checked_add(1);
        next.ok_or_else(|| LogError::InvalidArgument("a batch spans at most 2^31 offsets".into()))
    }

    /// Checks what the header will say of the record; its timestamp delta.
    #[inline]
    fn admit(&self, offset_delta: i32, timestamp: i64) -> Result<i64> {
        if timestamp < NO_TIMESTAMP {
            return Err(bad_timestamp(timestamp));
        }
        if offset_delta <= self.header.last_offset_delta {
            return Err(bad_offset(offset_delta, self.header.last_offset_delta));
        }
        let counts_from = if self.is_base_set() { self.header.base_timestamp } else { timestamp };
        Ok(timestamp.wrapping_sub(counts_from))
    }

    #[inline]
    fn is_base_set(&self) -> bool {
        self.header.count != 0 || self.header.attributes & DELETE_HORIZON != 0
    }

    /// Takes an admitted record into the header's fields.
    #[inline]
    fn note(&mut self, offset_delta: i32, timestamp: i64) {
        if !self.is_base_set() {
            self.header.base_timestamp = timestamp;
        }
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        self.header.last_offset_delta = offset_delta;
        self.header.count += 1;
    }
}

#[cold]
fn bad_timestamp(timestamp: i64) -> LogError {
    LogError::InvalidArgument(format!("timestamp {timestamp} is below -1 (none)"))
}

#[cold]
fn bad_offset(offset_delta: i32, last: i32) -> LogError {
    LogError::InvalidArgument(format!("offset delta {offset_delta} is not after {last}"))
}
