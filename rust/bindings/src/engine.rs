//! The engine behind a Python log: the writer of a directory, or a follower that only reads.
//!
//! Invariants: what this process appended is read by it at once, lingering or not; a follower
//! refuses everything that writes, and after `close` everything.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logcore::cleaner::{CompactOptions, CompactionReport};
use logcore::embedded::EmbeddedOptions;
use logcore::log::{Isolation, ListedOffset, RecoveryReport, TimestampSpec};
use logcore::reader::LogReader;
use logcore::segment::FileKind;
use logcore::segments::{ReadBound, Segments, read_in};
use logcore::{EmbeddedLog, LogError, RealFs, Result, Slice};

use crate::chunk::Source;

/// Who does the work.
pub(crate) enum Engine {
    /// The one that holds the directory's lock.
    Writer(Arc<EmbeddedLog>),
    /// One that reads what another process writes.
    Follower(Follower),
}

/// A reader that can be closed.
pub(crate) struct Follower {
    reader: LogReader,
    closed: AtomicBool,
}

impl Follower {
    fn reader(&self) -> Result<&LogReader> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(&self.reader) }
    }
}

impl Source for Engine {
    fn read(&self, offset: i64, max_bytes: usize) -> Result<Option<Slice>> {
        self.catch_up();
        match self {
            Self::Writer(writer) => {
                let found = writer.log().read(offset, max_bytes, true, Isolation::LogEnd)?;
                Ok(found.records)
            }
            Self::Follower(follower) => follower.reader()?.read(offset, max_bytes, true),
        }
    }
}

impl Engine {
    /// Opens a log for writing, creating it if absent.
    pub(crate) fn open(path: &Path, options: EmbeddedOptions) -> Result<Self> {
        EmbeddedLog::open(path, options).map(Self::Writer)
    }

    /// Opens a log of another process for reading.
    pub(crate) fn follow(path: &Path) -> Result<Self> {
        let reader = LogReader::open(path, Arc::new(RealFs))?;
        Ok(Self::Follower(Follower { reader, closed: AtomicBool::new(false) }))
    }

    /// The writer, for what a follower may not do.
    pub(crate) fn writer(&self) -> Result<&Arc<EmbeddedLog>> {
        match self {
            Self::Writer(writer) => Ok(writer),
            Self::Follower(follower) => follower.reader().and(Err(LogError::ReadOnly)),
        }
    }

    /// Makes visible what was appended so far. A failure is not the reader's: the records are
    /// kept, and the next append or flush raises it.
    fn catch_up(&self) {
        if let Self::Writer(writer) = self {
            drop(writer.drain());
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
        let list = self.segments().load();
        let found = read_in(&list, offset, (max_bytes, true), everything)?;
        Ok(found.and_then(|(at, slice)| {
            Some((list.get(at)?.path(FileKind::Log), slice.position(), slice.len()))
        }))
    }

    pub(crate) fn segments(&self) -> &Segments {
        match self {
            Self::Writer(writer) => writer.log().segments(),
            Self::Follower(follower) => follower.reader.segments(),
        }
    }

    pub(crate) fn start_offset(&self) -> Result<i64> {
        match self {
            Self::Writer(writer) => Ok(writer.log().log_start_offset()),
            Self::Follower(follower) => {
                let reader = follower.reader()?;
                reader.refresh()?;
                Ok(reader.log_start_offset())
            }
        }
    }

    pub(crate) fn end_offset(&self) -> Result<i64> {
        match self {
            Self::Writer(writer) => Ok(writer.end_offset()),
            Self::Follower(follower) => {
                let reader = follower.reader()?;
                reader.refresh()?;
                Ok(reader.log_end_offset())
            }
        }
    }

    /// What opening found and repaired; a follower repairs nothing.
    pub(crate) fn recovery(&self) -> Option<&RecoveryReport> {
        match self {
            Self::Writer(writer) => Some(writer.log().recovery()),
            Self::Follower(_) => None,
        }
    }

    pub(crate) fn offset_for(&self, timestamp: i64) -> Result<Option<ListedOffset>> {
        self.catch_up();
        let spec = TimestampSpec::from_wire(timestamp).ok_or_else(|| {
            LogError::InvalidArgument(format!("timestamp {timestamp} has no meaning"))
        })?;
        match self {
            Self::Writer(writer) => writer.log().offset_for(spec),
            Self::Follower(follower) => {
                let reader = follower.reader()?;
                reader.refresh()?;
                reader.offset_for(spec)
            }
        }
    }

    pub(crate) fn wait_for(&self, offset: i64, timeout: Duration) -> Result<bool> {
        self.catch_up();
        match self {
            Self::Writer(writer) => writer.log().wait_for(offset, timeout),
            Self::Follower(follower) => follower.reader()?.wait_for(offset, timeout),
        }
    }

    /// Compacts the sealed segments; with `roll` the active one is sealed first.
    pub(crate) fn compact(&self, roll: bool) -> Result<CompactionReport> {
        let writer = self.writer()?;
        writer.drain()?;
        writer.log().compact(&CompactOptions { roll, ..CompactOptions::default() })
    }

    pub(crate) fn close(&self) -> Result<()> {
        match self {
            Self::Writer(writer) => writer.close(),
            Self::Follower(follower) => {
                follower.closed.store(true, Ordering::Release);
                Ok(())
            }
        }
    }

    /// Lets go without touching a file: in the child of a fork.
    pub(crate) fn abandon(&self) {
        if let Self::Writer(writer) = self {
            writer.abandon();
        }
    }
}
