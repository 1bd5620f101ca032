//! Reads a log that another process writes: no lock, no write, no cooperation of the writer.
//!
//! A reader lists the directory's segments (`reader/listing.rs`), maps them, and follows the last
//! one (`reader/following.rs`). Names in the directory change when the writer rolls, deletes, truncates or compacts; each of
//! these moves the directory's modification time, which [`LogReader::refresh`] looks at first.
//! Invariants: nothing on disk is changed; what a read returns are batches that were validated
//! here, or that lie below the log's recovery point in a segment that is sealed; a file that was
//! replaced or removed under a read leads to a new listing and another try. Between two refreshes
//! a reader sees the log as it was, also what the writer has truncated since.

mod following;
mod listing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::batch::NO_TIMESTAMP;
use crate::error::{LogError, Result};
use crate::fs::FileSystem;
use crate::log::{ListedOffset, TimestampSpec, first_at_or_past};
use crate::mmap::Slice;
use crate::segments::{ReadBound, Segments, read_in};
use crate::time_index::TimestampOffset;
use listing::State;

const WAIT_MIN: Duration = Duration::from_millis(1);
/// A writer that changes its files so often between two looks is not met; damage looks the same.
const CHANGES_MAX: usize = 8;
const WAIT_MAX: Duration = Duration::from_millis(50);
const EVERYTHING: ReadBound = ReadBound { base_offset: i64::MAX, position: usize::MAX };

/// A read-only follower of a log. Share it by `Arc`.
#[derive(Debug)]
pub struct LogReader {
    dir: PathBuf,
    fs: Arc<dyn FileSystem>,
    segments: Segments,
    state: Mutex<State>,
    log_start_offset: AtomicI64,
    log_end_offset: AtomicI64,
}

impl LogReader {
    /// Opens the log in `dir` for reading, while another process may write it.
    ///
    /// # Errors
    /// `InvalidArgument` if the directory does not exist, holds no log, or was left in the middle
    /// of a compaction that only a writer can complete; `UnsupportedFormat` for
    /// batches of another version; `Io`.
    pub fn open(dir: &Path, fs: Arc<dyn FileSystem>) -> Result<Self> {
        match fs.metadata(dir)? {
            None => return Err(refused(dir, "does not exist")),
            Some(meta) if !meta.is_dir => return Err(refused(dir, "is no directory")),
            Some(_) => {}
        }
        let reader = Self {
            dir: dir.to_owned(),
            fs,
            segments: Segments::new(Vec::new()),
            state: Mutex::default(),
            log_start_offset: 0.into(),
            log_end_offset: 0.into(),
        };
        reader.reload(&mut reader.state.lock())?;
        if !reader.segments.load().is_empty() {
            return Ok(reader);
        }
        Err(match reader.bases()? {
            None => refused(dir, "is in the middle of a compaction; open it for writing once"),
            Some(_) => refused(dir, "holds no log"),
        })
    }

    /// The log's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// First offset that may be read, as of the last refresh.
    pub fn log_start_offset(&self) -> i64 {
        self.log_start_offset.load(Ordering::Acquire)
    }

    /// Offset after the last record, as of the last refresh.
    pub fn log_end_offset(&self) -> i64 {
        self.log_end_offset.load(Ordering::Acquire)
    }

    /// The segments as of the last refresh.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Looks what the writer did since the last time. Costs two system calls if it did nothing.
    ///
    /// # Errors
    /// `InvalidArgument` when the directory is gone; `UnsupportedFormat`, `Io`.
    pub fn refresh(&self) -> Result<()> {
        let mut state = self.state.lock();
        let modified_ms = self.modified_ms()?;
        match state.unchanged_since(modified_ms)? {
            Some(last) => {
                if last.advance()? {
                    self.log_end_offset.fetch_max(last.next_offset(), Ordering::AcqRel);
                }
                Ok(())
            }
            None => self.reload(&mut state),
        }
    }

    /// Reads at most `max_bytes` from the batch that holds `offset`; a first batch that is larger
    /// comes whole with `min_one_batch`, and not at all without. `None` when nothing past the
    /// offset is there yet, or fits; a read at the end looks for new records first.
    ///
    /// # Errors
    /// `OffsetOutOfRange` below the log start offset or past the log end offset; `Corrupt`, `Io`.
    pub fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        min_one_batch: bool,
    ) -> Result<Option<Slice>> {
        if offset >= self.log_end_offset() {
            self.refresh()?;
        }
        let limits = (max_bytes, min_one_batch);
        self.following_changes(|| {
            let (start, end) = (self.log_start_offset(), self.log_end_offset());
            if offset < start || offset > end {
                return Err(LogError::OffsetOutOfRange { offset, start, end });
            }
            let found = read_in(&self.segments.load(), offset, limits, EVERYTHING)?;
            Ok(found.map(|(_, slice)| slice).filter(|slice| !slice.is_empty()))
        })
    }

    /// The offset for a time or a special one; `None` if no record is that young.
    ///
    /// # Errors
    /// `Corrupt` or `Io` when a segment cannot be read.
    pub fn offset_for(&self, spec: TimestampSpec) -> Result<Option<ListedOffset>> {
        let listed =
            |timestamp: i64, offset: i64| ListedOffset { timestamp, offset, leader_epoch: None };
        let found = |found: TimestampOffset| listed(found.timestamp, found.offset);
        self.following_changes(|| {
            Ok(match spec {
                TimestampSpec::At(timestamp) => self.offset_at(timestamp)?.map(found),
                TimestampSpec::Latest => Some(listed(NO_TIMESTAMP, self.log_end_offset())),
                TimestampSpec::Earliest | TimestampSpec::EarliestLocal => {
                    Some(listed(NO_TIMESTAMP, self.log_start_offset()))
                }
                TimestampSpec::MaxTimestamp => self.offset_of_max_timestamp()?.map(found),
                TimestampSpec::LatestTiered | TimestampSpec::EarliestPendingUpload => None,
            })
        })
    }

    fn offset_at(&self, timestamp: i64) -> Result<Option<TimestampOffset>> {
        for segment in self.segments.load().iter() {
            if segment.largest_timestamp()?.timestamp >= timestamp {
                let found = first_at_or_past(segment, timestamp, self.log_start_offset())?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    fn offset_of_max_timestamp(&self) -> Result<Option<TimestampOffset>> {
        let mut largest = NO_TIMESTAMP;
        for segment in self.segments.load().iter() {
            largest = largest.max(segment.largest_timestamp()?.timestamp);
        }
        if largest == NO_TIMESTAMP { Ok(None) } else { self.offset_at(largest) }
    }

    /// Waits until the log end offset is past `offset`, or the time is over; tells which. Looks
    /// every 1 to 50 ms, the less often the longer nothing came.
    ///
    /// # Errors
    /// As [`LogReader::refresh`].
    pub fn wait_for(&self, offset: i64, timeout: Duration) -> Result<bool> {
        let (mut left, mut pause) = (timeout, WAIT_MIN);
        loop {
            self.refresh()?;
            if self.log_end_offset() > offset {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
            let nap = pause.min(left);
            std::thread::sleep(nap);
            left -= nap;
            pause = (pause * 2).min(WAIT_MAX);
        }
    }

    /// Tries again while the files are changed under the tries.
    fn following_changes<T>(&self, attempt: impl Fn() -> Result<T>) -> Result<T> {
        let mut result = attempt();
        for _ in 0..CHANGES_MAX {
            if !result.as_ref().is_err_and(is_of_change) {
                break;
            }
            self.reload(&mut self.state.lock())?;
            result = attempt();
        }
        result
    }
}

/// Whether an error is what a change of the files looks like.
fn is_of_change(error: &LogError) -> bool {
    error.is_not_found() || matches!(error, LogError::Corrupt { .. })
}

fn refused(dir: &Path, reason: &str) -> LogError {
    LogError::InvalidArgument(format!("{} {reason}", dir.display()))
}
