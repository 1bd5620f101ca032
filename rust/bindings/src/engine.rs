//! The engine behind a Python log: the writer of a directory, or a follower that only reads.
//!
//! Invariant: what this process appended is read by it at once, lingering or not; a follower
//! refuses everything that writes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use logcore::log::{Isolation, ListedOffset, TimestampSpec};
use logcore::segment::FileKind;
use logcore::segments::{ReadBound, Segments};
use logcore::{EmbeddedLog, LogError, Result, Slice};

/// Who does the work.
pub(crate) enum Engine {
    /// The one that holds the directory's lock.
    Writer(Arc<EmbeddedLog>),
}

impl Engine {
    /// The writer, for what a follower may not do.
    pub(crate) fn writer(&self) -> Result<&Arc<EmbeddedLog>> {
        match self {
            Self::Writer(writer) => Ok(writer),
        }
    }

    /// Makes visible what was appended so far. A failure is not the reader's: the records are
    /// kept, and the next append or flush raises it.
    fn catch_up(&self) {
        match self {
            Self::Writer(writer) => drop(writer.drain()),
        }
    }

    /// Whole batches from the one that holds `offset`; the last may be cut off.
    pub(crate) fn read(&self, offset: i64, max_bytes: usize) -> Result<Option<Slice>> {
        self.catch_up();
        match self {
            Self::Writer(writer) => {
                let found = writer.log().read(offset, max_bytes, true, Isolation::LogEnd)?;
                Ok(found.records)
            }
        }
    }

    /// The file, position and length of what `read` would return.
    pub(crate) fn locate(
        &self,
        offset: i64,
        max_bytes: usize,
    ) -> Result<Option<(PathBuf, usize, usize)>> {
        let everything = ReadBound { base_offset: i64::MAX, position: usize::MAX };
        // The read checks the offset; the second look finds the file.
        if self.read(offset, max_bytes)?.is_none() {
            return Ok(None);
        }
        let found = self.segments().read(offset, (max_bytes, true), everything)?;
        Ok(found
            .map(|(segment, slice)| (segment.path(FileKind::Log), slice.position(), slice.len())))
    }

    pub(crate) fn segments(&self) -> &Segments {
        match self {
            Self::Writer(writer) => writer.log().segments(),
        }
    }

    pub(crate) fn start_offset(&self) -> i64 {
        match self {
            Self::Writer(writer) => writer.log().log_start_offset(),
        }
    }

    pub(crate) fn end_offset(&self) -> i64 {
        match self {
            Self::Writer(writer) => writer.end_offset(),
        }
    }

    pub(crate) fn recovery_point(&self) -> i64 {
        match self {
            Self::Writer(writer) => writer.log().recovery_point(),
        }
    }

    pub(crate) fn offset_for(&self, timestamp: i64) -> Result<Option<ListedOffset>> {
        self.catch_up();
        let spec = TimestampSpec::from_wire(timestamp).ok_or_else(|| {
            LogError::InvalidArgument(format!("timestamp {timestamp} has no meaning"))
        })?;
        match self {
            Self::Writer(writer) => writer.log().offset_for(spec),
        }
    }

    pub(crate) fn wait_for(&self, offset: i64, timeout: Duration) -> Result<bool> {
        self.catch_up();
        match self {
            Self::Writer(writer) => writer.log().wait_for(offset, timeout),
        }
    }

    pub(crate) fn close(&self) -> Result<()> {
        match self {
            Self::Writer(writer) => writer.close(),
        }
    }

    /// Lets go without touching a file: in the child of a fork.
    pub(crate) fn abandon(&self) {
        match self {
            Self::Writer(writer) => writer.abandon(),
        }
    }
}
