//! Records of an embedded log that have their offsets and are not written yet.
//!
//! Invariant: the offsets of the records here follow the log end offset without a gap: first the
//! batch that could not be written, then those of the builder. Nothing else may be appended to the
//! log before them, so whoever appends holds this and writes it first.

use crate::batch::NO_LEADER_EPOCH;
use crate::builder::RecordBatchBuilder;
use crate::compression::Codec;
use crate::error::Result;
use crate::log::{AppendInfo, Log};

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
    pub(super) fn write_single(&mut self, log: &Log) -> Result<AppendInfo> {
        let written = match self.builder.finish() {
            Ok(batch) => log.append_built(batch, NO_LEADER_EPOCH),
            Err(error) => Err(error),
        };
        self.builder.reset();
        written
    }

    /// Writes everything. Offsets were promised, so on failure the batch is kept and tried again
    /// before anything else.
    pub(super) fn write(&mut self, log: &Log) -> Result<()> {
        self.write_stuck(log)?;
        if self.builder.is_empty() {
            return Ok(());
        }
        let count = self.count();
        let batch = self.builder.finish()?;
        if let Err(error) = log.append_built(batch, NO_LEADER_EPOCH) {
            self.stuck = self.builder.finish()?.to_vec();
            self.stuck_count = count;
            self.builder.reset();
            return Err(error);
        }
        if self.builder.size_bytes() > IDLE_BUFFER_BYTES_MAX {
            // An idle log holds no large buffer.
            self.builder = RecordBatchBuilder::new(self.codec.0, self.codec.1);
        }
        self.builder.reset();
        Ok(())
    }

    /// Writes the batch that could not be written before.
    pub(super) fn write_stuck(&mut self, log: &Log) -> Result<()> {
        if !self.stuck.is_empty() {
            log.append_built(&mut self.stuck, NO_LEADER_EPOCH)?;
            self.stuck.clear();
            self.stuck_count = 0;
        }
        Ok(())
    }
}
