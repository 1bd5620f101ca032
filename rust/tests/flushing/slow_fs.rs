//! A file system whose `fdatasync` waits, or fails, when it is told to.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use logcore::fs::{DirEntry, FileMeta};
use logcore::{File, FileSystem, LogError, OpenMode, RealFs, Result};

#[derive(Debug, Default)]
struct State {
    is_stalled: bool,
    fails: bool,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

/// The real one, but for `fdatasync`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SlowFs {
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct SlowFile {
    file: Arc<dyn File>,
    gate: Arc<Gate>,
}

impl SlowFs {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.gate.state.lock().unwrap());
        self.gate.changed.notify_all();
    }

    /// Has every `fdatasync` wait from now on.
    pub(crate) fn stall(&self) {
        self.change(|state| state.is_stalled = true);
    }

    /// Returns once one waits.
    pub(crate) fn wait_until_stalled(&self) {
        let state = self.gate.state.lock().unwrap();
        drop(self.gate.changed.wait_while(state, |state| state.waiting == 0).unwrap());
    }

    /// Lets them go on.
    pub(crate) fn go_on(&self) {
        self.change(|state| state.is_stalled = false);
    }

    /// Has every `fdatasync` fail from now on.
    pub(crate) fn fail(&self) {
        self.change(|state| state.fails = true);
    }
}

impl FileSystem for SlowFs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        let file = RealFs.open(path, mode)?;
        Ok(Arc::new(SlowFile { file, gate: Arc::clone(&self.gate) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        RealFs.rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        RealFs.remove(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>> {
        RealFs.list(dir)
    }

    fn metadata(&self, path: &Path) -> Result<Option<FileMeta>> {
        RealFs.metadata(path)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        RealFs.create_dir_all(dir)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        RealFs.sync_dir(dir)
    }
}

impl File for SlowFile {
    fn path(&self) -> &Path {
        self.file.path()
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize> {
        self.file.read_at(buffer, position)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> Result<()> {
        self.file.write_at(bytes, position)
    }

    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<()> {
        let mut state = self.gate.state.lock().unwrap();
        state.waiting += 1;
        self.gate.changed.notify_all();
        state = self.gate.changed.wait_while(state, |state| state.is_stalled).unwrap();
        state.waiting -= 1;
        if state.fails {
            let source = std::io::Error::from_raw_os_error(5);
            return Err(LogError::io("fdatasync", self.path(), source));
        }
        drop(state);
        self.file.sync_data()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
