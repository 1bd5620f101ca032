//! Group commit: many threads wait for one fsync.
//!
//! Whoever finds nobody syncing becomes the leader, syncs everything appended so far outside of the
//! log's lock, and wakes the others; those who appended meanwhile are served by the next leader.
//! Invariants: `durable_offset` never falls and moves only after a sync that covered it succeeded;
//! after a failed sync everyone fails until the log is opened again, because the kernel may have
//! dropped the pages and marked them clean.

use std::path::{Path, PathBuf};

use parking_lot::{Condvar, Mutex};

use crate::error::{LogError, Result};

/// The state of a log's fsyncs.
#[derive(Debug)]
pub(crate) struct GroupCommit {
    dir: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    durable_offset: i64,
    syncing: bool,
    /// How often the log was truncated: a sync from before says nothing about what came after.
    truncations: u64,
    failed: bool,
}

impl GroupCommit {
    /// Group commit of the log in `dir`, durable up to `durable_offset`.
    pub(crate) fn new(dir: &Path, durable_offset: i64) -> Self {
        let state = State { durable_offset, syncing: false, truncations: 0, failed: false };
        Self { dir: dir.to_owned(), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Offset below which everything is durable: the recovery point.
    pub(crate) fn durable_offset(&self) -> i64 {
        self.state.lock().durable_offset
    }

    /// Whether a sync failed.
    pub(crate) fn is_failed(&self) -> bool {
        self.state.lock().failed
    }

    /// Marks the log poisoned, for a failed sync that happened elsewhere.
    pub(crate) fn fail(&self) {
        self.state.lock().failed = true;
        self.changed.notify_all();
    }

    /// Marks the log poisoned if this is the error of an fsync.
    pub(crate) fn fail_if_sync(&self, error: &LogError) {
        if is_sync_failure(error) {
            self.fail();
        }
    }

    /// Lets the durable offset fall, when the log is truncated.
    pub(crate) fn truncate(&self, offset: i64) {
        let mut state = self.state.lock();
        state.durable_offset = state.durable_offset.min(offset);
        state.truncations += 1;
    }

    /// Returns when everything below `offset` is durable, or was truncated away. `sync` makes
    /// durable all that is appended when it is called, and returns the offset it reached.
    ///
    /// # Errors
    /// The error of `sync` for the thread that ran it, `Poisoned` for all others.
    pub(crate) fn commit(&self, offset: i64, sync: impl Fn() -> Result<i64>) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            if state.failed {
                return Err(LogError::Poisoned { path: self.dir.clone() });
            }
            if state.durable_offset >= offset {
                return Ok(());
            }
            if state.syncing {
                self.changed.wait(&mut state);
                continue;
            }
            state.syncing = true;
            let truncations = state.truncations;
            drop(state);
            let result = sync();
            state = self.state.lock();
            state.syncing = false;
            match &result {
                Ok(reached) if state.truncations == truncations => {
                    state.durable_offset = state.durable_offset.max(*reached);
                }
                Ok(_) => {}
                Err(error) => state.failed |= is_sync_failure(error),
            }
            self.changed.notify_all();
            if result? < offset && state.truncations == truncations {
                // The log ends before: there is nothing there to be made durable.
                return Ok(());
            }
        }
    }
}

/// Whether an fsync itself failed: then nothing is known about what is on disk. A write that failed
/// before it may be tried again.
fn is_sync_failure(error: &LogError) -> bool {
    matches!(error, LogError::Io { operation: "fdatasync" | "fsync", .. })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use super::GroupCommit;
    use crate::error::LogError;

    #[test]
    fn many_threads_share_few_syncs() {
        let commit = GroupCommit::new(Path::new("log"), 0);
        let (appended, synced, syncs) = (AtomicI64::new(0), AtomicI64::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let offset = appended.fetch_add(1, Ordering::SeqCst) + 1;
                        let sync = || {
                            let reached = appended.load(Ordering::SeqCst);
                            syncs.fetch_add(1, Ordering::SeqCst);
                            std::thread::yield_now();
                            synced.fetch_max(reached, Ordering::SeqCst);
                            Ok(reached)
                        };
                        commit.commit(offset, sync).expect("no sync fails");
                        assert!(synced.load(Ordering::SeqCst) >= offset, "acknowledged early");
                    }
                });
            }
        });
        assert_eq!(commit.durable_offset(), 800);
        assert!(syncs.load(Ordering::SeqCst) <= 800);
    }

    #[test]
    fn a_sync_from_before_a_truncation_does_not_count() {
        let commit = GroupCommit::new(Path::new("log"), 0);
        let syncs = AtomicUsize::new(0);
        let sync = || {
            if syncs.fetch_add(1, Ordering::SeqCst) == 0 {
                commit.truncate(5);
                return Ok(10);
            }
            Ok(7)
        };
        commit.commit(10, sync).expect("the rest was truncated away");
        assert_eq!(commit.durable_offset(), 7);
        assert_eq!(syncs.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn an_offset_past_the_end_does_not_hang() {
        let commit = GroupCommit::new(Path::new("log"), 0);
        commit.commit(100, || Ok(3)).expect("one sync");
        assert_eq!(commit.durable_offset(), 3);
    }

    #[test]
    fn a_failed_write_before_the_sync_may_be_tried_again() {
        let commit = GroupCommit::new(Path::new("log"), 0);
        assert!(matches!(commit.commit(1, || Err(LogError::Closed)), Err(LogError::Closed)));
        commit.commit(1, || Ok(1)).expect("not poisoned");
    }

    #[test]
    fn a_failed_sync_poisons_everyone() {
        let commit = GroupCommit::new(Path::new("log"), 5);
        let disk_error = || std::io::Error::from_raw_os_error(5);
        let refused =
            commit.commit(6, || Err(LogError::io("fdatasync", Path::new("log"), disk_error())));
        assert!(matches!(refused, Err(LogError::Io { .. })));
        assert!(matches!(commit.commit(6, || Ok(9)), Err(LogError::Poisoned { .. })));
        assert_eq!(commit.durable_offset(), 5);
    }
}
