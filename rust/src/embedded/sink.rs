//! Many records on their way into a log: split into batches, written together.
//!
//! A sink is filled without any lock, so a caller may hold another one (Python's) meanwhile.
//! Invariant: no batch is larger than the limit given at the start, and a record that would be is
//! refused when it is pushed, before anything is written.

use super::Header;
use crate::batch::Batches;
use crate::builder::RecordBatchBuilder;
use crate::compression::Codec;
use crate::error::{LogError, Result};

/// Collects records into batches.
#[derive(Debug)]
pub struct BatchSink {
    builder: RecordBatchBuilder,
    /// Finished batches, back to back.
    done: Vec<u8>,
    now_ms: i64,
    batch_size_bytes: usize,
}

/// Most that a record adds to a batch besides its key, value and headers.
const RECORD_OVERHEAD_BYTES: usize = 32;

impl BatchSink {
    pub(super) fn new(codec: Codec, level: Option<i32>) -> Self {
        let builder = RecordBatchBuilder::new(codec, level);
        Self { builder, done: Vec::new(), now_ms: 0, batch_size_bytes: 0 }
    }

    pub(super) fn start(&mut self, now_ms: i64, batch_size_bytes: usize) {
        self.builder.reset();
        self.done.clear();
        self.now_ms = now_ms;
        self.batch_size_bytes = batch_size_bytes;
    }

    /// The time at which the sink was taken, for records without a timestamp.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Adds a record.
    ///
    /// # Errors
    /// `BatchTooLarge` for a record that fits no batch; `InvalidArgument` for a timestamp below -1.
    #[inline]
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> Result<()> {
        let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
        if self.builder.size_bytes() + size + RECORD_OVERHEAD_BYTES > self.batch_size_bytes {
            self.seal()?;
        }
        self.builder.append(timestamp, key, value, headers)?;
        if self.builder.size_bytes() > self.batch_size_bytes {
            return Err(LogError::BatchTooLarge {
                size_bytes: self.builder.size_bytes() as u64,
                limit_bytes: self.batch_size_bytes as u64,
            });
        }
        Ok(())
    }

    /// Finishes the batch that is being built.
    pub(super) fn seal(&mut self) -> Result<()> {
        if !self.builder.is_empty() {
            self.done.extend_from_slice(self.builder.finish()?);
            self.builder.reset();
        }
        Ok(())
    }

    /// Hands the batches to `write` in groups of at most `group_size_bytes`, but one at least.
    pub(super) fn groups(
        &mut self,
        group_size_bytes: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<()>,
    ) -> Result<()> {
        let mut rest = self.done.as_mut_slice();
        while !rest.is_empty() {
            let mut end = 0;
            for batch in Batches::new(rest) {
                let size = batch?.bytes.len();
                if end > 0 && end + size > group_size_bytes {
                    break;
                }
                end += size;
            }
            let (group, later) = std::mem::take(&mut rest).split_at_mut(end);
            write(group)?;
            rest = later;
        }
        Ok(())
    }
}
