//! Many records on their way into a log: split into batches, written together.
//!
//! A sink is filled without any lock, so a caller may hold another one (Python's) meanwhile.
//! Invariant: no batch is larger than the limit given at the start, and a record that would be is
//! refused when it is pushed, before anything is written.

use parking_lot::Mutex;

use crate::batch::Batches;
use crate::builder::{HeaderRef, RecordBatchBuilder, record_size_bytes_max};
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
    codec: (Codec, Option<i32>),
}

/// Sinks that wait for their next use, for all logs of the process: their buffers are large, and a
/// log that is idle must not hold one.
static POOL: Mutex<Vec<BatchSink>> = Mutex::new(Vec::new());
const POOL_SIZE_MAX: usize = 4;
/// A sink with more in its buffers is not kept.
const POOLED_BYTES_MAX: usize = 8 << 20;

impl BatchSink {
    /// An empty sink, from the pool if it has one.
    pub(super) fn take(codec: (Codec, Option<i32>), now_ms: i64, batch_size_bytes: usize) -> Self {
        let mut pool = POOL.lock();
        let fitting = pool.iter().position(|sink| sink.codec == codec);
        let pooled = fitting.map(|at| pool.swap_remove(at));
        drop(pool);
        let mut sink = pooled.unwrap_or_else(|| Self {
            builder: RecordBatchBuilder::new(codec.0, codec.1),
            done: Vec::new(),
            now_ms,
            batch_size_bytes,
            codec,
        });
        sink.builder.reset();
        sink.done.clear();
        sink.now_ms = now_ms;
        sink.batch_size_bytes = batch_size_bytes;
        sink
    }

    /// Keeps the sink's buffers for the next one who takes one.
    pub(super) fn give(self) {
        let mut pool = POOL.lock();
        if pool.len() < POOL_SIZE_MAX && self.done.capacity() <= POOLED_BYTES_MAX {
            pool.push(self);
        }
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
        headers: &[HeaderRef<'_>],
    ) -> Result<()> {
        let size_bytes = record_size_bytes_max(key, value, headers);
        if self.builder.size_bytes() + size_bytes > self.batch_size_bytes {
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
