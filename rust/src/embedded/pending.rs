//! Records of an embedded log that have their offsets and are not written yet.
//!
//! Invariant: the offsets of the records here follow the log end offset without a gap: first the
//! batch that could not be written, then those of the builder. Nothing else may be appended to the
//! log before them, so whoever appends holds this and writes it first. Nobody waits for a sync while
//! holding this: whoever syncs for all writes what is here first. So a flush that `flush.messages` wants
//! is returned as due.

use crate::batch::NO_LEADER_EPOCH;
use crate::builder::RecordBatchBuilder;
use crate::compression::Codec;
use crate::error::Result;
use crate::log::{Log, Unsettled};

const IDLE_BUFFER_BYTES_MAX: usize = 4 << 10;

/// Records that were given offsets and are not written yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) builder: RecordBatchBuilder,
    codec: (Codec, Option<i32>),
    /// A batch that could not be written; nothing is appended before it is.
    stuck: Vec<u8>,
    stuck_count: i64,
    /// Whether the background thread was asked to write what is here.
    pub(super) is_scheduled: bool,
}

impl Pending {
    /// Nothing yet.
    pub(super) fn new(codec: Codec, level: Option<i32>) -> Self {
        Self {
            builder: RecordBatchBuilder::new(codec, level),
            codec: (codec, level),
            stuck: Vec::new(),
            stuck_count: 0,
            is_scheduled: false,
        }
    }

    /// Number of records.
    pub(super) fn count(&self) -> i64 {
        self.stuck_count + i64::try_from(self.builder.len()).unwrap_or(i64::MAX)
    }

    /// Writes the one record in the builder; nothing was promised, so a failure forgets it.
    pub(super) fn write_single(&mut self, log: &Log) -> Result<Unsettled> {
        let written = match self.builder.finish() {
            Ok(batch) => log.append_built_unsettled(batch, NO_LEADER_EPOCH),
            Err(error) => Err(error),
        };
        self.builder.reset();
        written
    }

    /// Writes everything; returns below which offset it has to be durable, if `flush.messages` are
    /// due. Offsets were promised, so on failure the batch is kept and tried again before anything
    /// else.
    pub(super) fn write(&mut self, log: &Log) -> Result<Option<i64>> {
        let due = self.write_stuck(log)?;
        if self.builder.is_empty() {
            return Ok(due);
        }
        let count = self.count();
        let batch = self.builder.finish()?;
        let appended = match log.append_built_unsettled(batch, NO_LEADER_EPOCH) {
            Ok(appended) => appended,
            Err(error) => {
                self.stuck = self.builder.finish()?.to_vec();
                self.stuck_count = count;
                self.builder.reset();
                return Err(error);
            }
        };
        if self.builder.size_bytes() > IDLE_BUFFER_BYTES_MAX {
            // An idle log holds no large buffer.
            self.builder = RecordBatchBuilder::new(self.codec.0, self.codec.1);
        }
        self.builder.reset();
        Ok(due.max(appended.due))
    }

    /// Writes the batch that could not be written before; returns as [`Pending::write`] does.
    pub(super) fn write_stuck(&mut self, log: &Log) -> Result<Option<i64>> {
        if self.stuck.is_empty() {
            return Ok(None);
        }
        let appended = log.append_built_unsettled(&mut self.stuck, NO_LEADER_EPOCH)?;
        self.stuck.clear();
        self.stuck_count = 0;
        Ok(appended.due)
    }
}
