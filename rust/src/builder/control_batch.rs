//! The batches a broker writes for itself: a transaction's end, and what compaction leaves behind.
//!
//! Invariant: the bytes are those of Kafka's `MemoryRecords.withEndTransactionMarker` and
//! `DefaultRecordBatch.writeEmptyHeader`. What stands in a marker is `control.rs`'s matter.

use super::RecordBatchBuilder;
use crate::batch::{
    BatchHeader, CODEC_MASK, DELETE_HORIZON, HEADER_SIZE_BYTES, NO_SEQUENCE, NO_TIMESTAMP, seal,
};
use crate::compression::Codec;
use crate::control::EndTxnMarker;
use crate::error::Result;

/// Whose transaction ends, and where its marker goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkerContext {
    /// Offset of the marker.
    pub base_offset: i64,
    /// Its timestamp in ms.
    pub timestamp: i64,
    /// Leader epoch of the batch.
    pub leader_epoch: i32,
    /// The producer whose transaction ends.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
}

/// A control batch that ends a transaction.
///
/// # Errors
/// `InvalidArgument` for a timestamp below -1.
pub fn end_transaction_marker(context: &MarkerContext, marker: EndTxnMarker) -> Result<Vec<u8>> {
    let (key, value) = marker.encode();
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.set_base_offset(context.base_offset);
    builder.set_leader_epoch(context.leader_epoch);
    builder.set_producer(context.producer_id, context.producer_epoch, NO_SEQUENCE, true);
    builder.set_control();
    builder.append(context.timestamp, Some(&key), Some(&value), &[])?;
    builder.finish().map(|batch| batch.to_vec())
}

/// A batch of no records, which keeps offsets and sequence of a batch that compaction emptied.
/// Codec and delete horizon go, as does the base timestamp.
pub fn empty_batch(header: &BatchHeader) -> Vec<u8> {
    let empty = BatchHeader {
        attributes: header.attributes & !(CODEC_MASK | DELETE_HORIZON),
        base_timestamp: NO_TIMESTAMP,
        count: 0,
        ..*header
    };
    let mut bytes = [0; HEADER_SIZE_BYTES];
    empty.write(&mut bytes);
    seal(&mut bytes);
    bytes.to_vec()
}
