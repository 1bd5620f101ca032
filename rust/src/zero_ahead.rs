//! Zeros ahead of the batches of a segment, written in the background (`preallocate`).
//!
//! An fsync of bytes that overwrite zeros has no new block and no new length to record, which makes
//! it up to 3.8 times faster; who appends should not wait for the zeros, though. Invariants: what
//! lies below `end` belongs to the writer, who raises it before it writes there, and no zero is
//! written below it afterwards; after `stop` nothing is written any more. A failure to write zeros
//! is nobody's: appends then go on without. `segment_writer.rs` owns one for the active segment.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::background::{Background, schedule};
use crate::error::Result;
use crate::fs::{File, FileSystem, OpenMode};

/// How far ahead zeros are written, at least and at most; between, as far as the segment is large.
const AHEAD_BYTES_MIN: usize = 8 << 20;
const AHEAD_BYTES_MAX: usize = 64 << 20;
/// Zeros that are written at once; a writer that needs the place waits for no more than these.
const PIECE_BYTES: usize = 256 << 10;

/// The end of a segment's file: written bytes, then zeros.
#[derive(Debug)]
pub(crate) struct ZeroAhead {
    /// Another handle of the file than the writer's, so that a failed fsync of one is told to the
    /// other too.
    file: Arc<dyn File>,
    capacity_bytes: usize,
    /// Bytes of the file that exist or that the writer is about to write.
    end: AtomicUsize,
    state: Mutex<State>,
    this: Weak<Self>,
}

#[derive(Debug, Default)]
struct State {
    /// Up to where zeros shall be written.
    target: usize,
    is_scheduled: bool,
    is_stopped: bool,
}

impl ZeroAhead {
    /// For the file at `path`, which has `len` bytes and may grow to `capacity_bytes`.
    ///
    /// # Errors
    /// `Io` when the file cannot be opened.
    pub(crate) fn new(
        fs: &dyn FileSystem,
        path: &Path,
        len: usize,
        capacity_bytes: usize,
    ) -> Result<Arc<Self>> {
        let file = fs.open(path, OpenMode::ReadWrite)?;
        Ok(Arc::new_cyclic(|this| Self {
            file,
            capacity_bytes,
            end: len.into(),
            state: Mutex::default(),
            this: Weak::clone(this),
        }))
    }

    /// Makes the bytes below `end` the writer's, and has zeros written behind them if few are left.
    /// Returns how long the file is then.
    pub(crate) fn claim(&self, end: usize) -> usize {
        let known = self.end.load(Ordering::Acquire);
        let step = end.clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX);
        if end.saturating_add(step / 2) <= known {
            return known;
        }
        // Without the lock the piece that is written just now might lie here.
        let mut state = self.state.lock();
        let known = self.end.fetch_max(end, Ordering::AcqRel).max(end);
        let target = end.saturating_add(step).min(self.capacity_bytes);
        if !state.is_stopped && target > known {
            state.target = target;
            if !std::mem::replace(&mut state.is_scheduled, true) {
                let this: Weak<Self> = Weak::clone(&self.this);
                schedule(Duration::ZERO, this);
            }
        }
        known
    }

    /// Writes no further zeros; returns how long the file is.
    pub(crate) fn stop(&self) -> usize {
        self.state.lock().is_stopped = true;
        self.end.load(Ordering::Acquire)
    }

    /// Writes the next piece; tells whether there was one to write.
    fn write_piece(&self, zeros: &[u8]) -> Result<bool> {
        let state = self.state.lock();
        let end = self.end.load(Ordering::Acquire);
        let size = state.target.saturating_sub(end).min(zeros.len());
        if state.is_stopped || size == 0 {
            return Ok(false);
        }
        self.file.write_at(zeros.get(..size).unwrap_or_default(), end as u64)?;
        self.end.store(end + size, Ordering::Release);
        Ok(true)
    }
}

impl Background for ZeroAhead {
    fn run_due(&self) {
        let zeros = vec![0; PIECE_BYTES];
        loop {
            let written = loop {
                match self.write_piece(&zeros) {
                    Ok(true) => {}
                    other => break other,
                }
            };
            let synced = written.and_then(|_| self.file.sync_data());
            let mut state = self.state.lock();
            state.is_stopped |= synced.is_err();
            // More may have been asked for during the sync.
            let is_done = state.is_stopped || state.target <= self.end.load(Ordering::Acquire);
            state.is_scheduled = !is_done;
            if is_done {
                break;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::{AHEAD_BYTES_MIN, PIECE_BYTES, ZeroAhead};
    use crate::background::Background;
    use crate::faulty_fs::{Call, Fault, FaultyFs};
    use crate::fs::{FileSystem, OpenMode, RealFs};

    struct Case {
        _dir: tempfile::TempDir,
        path: PathBuf,
    }

    fn case() -> Case {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        RealFs.open(&path, OpenMode::CreateNew).unwrap();
        Case { _dir: dir, path }
    }

    fn len(case: &Case) -> usize {
        usize::try_from(RealFs.metadata(&case.path).unwrap().unwrap().len).unwrap()
    }

    /// Waits until the file has so many bytes.
    fn grown(case: &Case, bytes: usize) {
        for _ in 0..2000 {
            if len(case) >= bytes {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{} of {bytes} bytes", len(case));
    }

    #[test]
    fn zeros_follow_what_is_claimed_up_to_the_capacity() {
        let case = case();
        let zeros = ZeroAhead::new(&RealFs, &case.path, 0, AHEAD_BYTES_MIN + 1000).unwrap();
        assert!(zeros.claim(500) >= 500);
        grown(&case, AHEAD_BYTES_MIN + 500);
        zeros.claim(AHEAD_BYTES_MIN);
        grown(&case, AHEAD_BYTES_MIN + 1000);
        assert!(std::fs::read(&case.path).unwrap().iter().all(|byte| *byte == 0));
        assert_eq!(zeros.stop(), AHEAD_BYTES_MIN + 1000);
    }

    #[test]
    fn no_zero_is_written_over_what_was_claimed() {
        let case = case();
        let file = RealFs.open(&case.path, OpenMode::ReadWrite).unwrap();
        let zeros = ZeroAhead::new(&RealFs, &case.path, 0, 64 << 20).unwrap();
        let sizes = [100, 4096, 70_000, 1, PIECE_BYTES, 3 * PIECE_BYTES, 999];
        let mut position = 0;
        for size in sizes.iter().cycle().take(300) {
            zeros.claim(position + size);
            file.write_at(&vec![7; *size], position as u64).unwrap();
            position += size;
        }
        assert!(zeros.stop() >= position);
        let end = len(&case);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(len(&case), end, "nothing is written after the stop");
        let bytes = std::fs::read(&case.path).unwrap();
        let (written, rest) = bytes.split_at(position);
        assert!(written.iter().all(|byte| *byte == 7));
        assert!(rest.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_disk_that_is_full_of_zeros_already_is_nobodys_failure() {
        let case = case();
        let fs = FaultyFs::new(case.path.parent().unwrap()).unwrap();
        let zeros = ZeroAhead::new(&fs, &case.path, 0, 1 << 20).unwrap();
        fs.inject(Fault::once(0, Fault::ENOSPC).of(Call::Write));
        zeros.claim(10);
        while fs.fault_count() == 0 {
            std::thread::yield_now();
        }
        zeros.run_due();
        assert_eq!((zeros.claim(2 << 19), zeros.end.load(Ordering::Relaxed)), (1 << 20, 1 << 20));
        assert_eq!(len(&case), 0);
        let _kept = Arc::clone(&zeros);
    }
}
