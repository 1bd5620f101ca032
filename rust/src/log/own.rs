//! What a broker writes of its own: the records of coordinators and controllers, and markers.
//!
//! Invariant: one call is one batch, so a reader sees all of its records or none; the records are
//! not validated, because this process made them, but a batch above `max.message.bytes` is refused
//! as anybody's. `append.rs` writes the batches; `builder/` makes them.

use super::{AppendInfo, Log};
use crate::append_origin::AppendOrigin;
use crate::batch::{NO_PRODUCER_ID, NO_SEQUENCE};
use crate::builder::RecordBatchBuilder;
use crate::compression::Codec;
use crate::config::{CompressionType, TimestampType};
use crate::error::{LogError, Result};
use crate::producer_append::AppendContext;
use crate::verification::VerificationGuard;

/// Key and value of a record.
pub type KeyValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Whose transaction a control record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkerOwner {
    /// Producer id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Transactions version of the request that brought the marker: 0, 1 or 2.
    pub transaction_version: i16,
}

/// In whose transaction a coordinator writes records of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionOwner {
    /// Producer id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// What [`Log::start_verification`] gave, once the coordinator has agreed.
    pub verification_guard: VerificationGuard,
}

/// Records of a coordinator carry a sequence that is never compared.
const OWN_SEQUENCE: i32 = 0;

impl Log {
    /// Appends records as one batch, compressed as `compression.type` says; returns where they are.
    ///
    /// # Errors
    /// `InvalidArgument` without a record or for a timestamp below -1; `BatchTooLarge`,
    /// `BatchListTooLarge`, `Io`, `Poisoned`, `Closed`.
    pub fn append_records(
        &self,
        records: &[KeyValue<'_>],
        leader_epoch: i32,
        timestamp_ms: i64,
    ) -> Result<AppendInfo> {
        self.append_owned(records, None, leader_epoch, timestamp_ms)
    }

    /// As [`Log::append_records`], inside of a transaction: readers of committed records see them
    /// once its marker commits it.
    ///
    /// # Errors
    /// `InvalidTransactionState` without the guard that the transaction asks for;
    /// `InvalidProducerEpoch`; otherwise as [`Log::append_records`].
    pub fn append_transactional(
        &self,
        records: &[KeyValue<'_>],
        owner: TransactionOwner,
        leader_epoch: i32,
        timestamp_ms: i64,
    ) -> Result<AppendInfo> {
        self.append_owned(records, Some(owner), leader_epoch, timestamp_ms)
    }

    fn append_owned(
        &self,
        records: &[KeyValue<'_>],
        owner: Option<TransactionOwner>,
        leader_epoch: i32,
        timestamp_ms: i64,
    ) -> Result<AppendInfo> {
        let config = self.config();
        let codec = match config.compression_type {
            CompressionType::Producer => Codec::None,
            CompressionType::Codec(codec) => codec,
        };
        let mut builder = RecordBatchBuilder::new(codec, config.compression_level(codec));
        let appended = config.message_timestamp_type == TimestampType::LogAppendTime;
        let append_time = appended.then(|| self.clock.now_ms());
        if let Some(append_time) = append_time {
            builder.set_log_append_time(append_time);
        }
        let mut context = AppendContext::new(AppendOrigin::Coordinator);
        if let Some(owner) = owner {
            builder.set_producer(owner.producer_id, owner.producer_epoch, OWN_SEQUENCE, true);
            context.verification_guard = owner.verification_guard;
        }
        for (key, value) in records {
            builder.append(timestamp_ms, *key, *value, &[])?;
        }
        if builder.is_empty() {
            return Err(LogError::InvalidArgument("there is no record to append".into()));
        }
        let mut info = self.settle(self.append_own(builder.finish()?, leader_epoch, context)?)?;
        info.log_append_time = append_time.unwrap_or(info.log_append_time);
        Ok(info)
    }

    /// Appends a batch of one control record: with an owner a marker that ends its transaction,
    /// without one a message of the metadata quorum.
    ///
    /// # Errors
    /// `InvalidProducerEpoch`, `TransactionCoordinatorFenced` for a marker that comes too late;
    /// otherwise as [`Log::append_records`].
    pub fn append_control(
        &self,
        (key, value): KeyValue<'_>,
        owner: Option<MarkerOwner>,
        leader_epoch: i32,
        timestamp_ms: i64,
    ) -> Result<AppendInfo> {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        let mut context = AppendContext::new(AppendOrigin::Coordinator);
        if let Some(owner) = owner.filter(|owner| owner.producer_id != NO_PRODUCER_ID) {
            builder.set_producer(owner.producer_id, owner.producer_epoch, NO_SEQUENCE, true);
            context.transaction_version = owner.transaction_version;
        }
        builder.set_control();
        builder.append(timestamp_ms, key, value, &[])?;
        self.settle(self.append_own(builder.finish()?, leader_epoch, context)?)
    }
}
