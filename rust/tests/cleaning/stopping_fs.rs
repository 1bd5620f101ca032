//! A file system that stops: after so many changes every further one fails, or just one does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use logcore::fs::{DirEntry, FileMeta};
use logcore::{File, FileSystem, LogError, OpenMode, RealFs, Result};

type Hook = Box<dyn FnOnce() + Send>;

/// Counts down with every change.
#[derive(Default)]
pub(crate) struct Gate {
    /// Changes that still succeed.
    left: AtomicI64,
    /// Whether the changes after the failing one succeed again.
    once: bool,
    /// Runs when a `.cleaned` segment is created.
    hook: Mutex<Option<Hook>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({:?}, once {})", self.left, self.once)
    }
}

impl Gate {
    fn pass(&self, path: &Path) -> Result<()> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 || (left < 0 && self.once) {
            return Ok(());
        }
        let error = std::io::Error::other("stopped");
        Err(LogError::Io { operation: "stop", path: path.to_owned(), source: error })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct StoppingFs {
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct StoppingFile {
    file: Arc<dyn File>,
    gate: Arc<Gate>,
}

impl StoppingFs {
    pub(crate) fn new(once: bool) -> Self {
        let left = AtomicI64::new(i64::MAX);
        Self { gate: Arc::new(Gate { left, once, hook: Mutex::default() }) }
    }

    /// Lets `count` changes through from now on.
    pub(crate) fn stop_after(&self, count: i64) {
        self.gate.left.store(count, Ordering::SeqCst);
    }

    /// Whether a change was refused.
    pub(crate) fn has_stopped(&self) -> bool {
        self.gate.left.load(Ordering::SeqCst) < 0
    }

    /// Runs `hook` when the next `.cleaned` segment is created.
    pub(crate) fn when_cleaning(&self, hook: impl FnOnce() + Send + 'static) {
        *self.gate.hook.lock().unwrap() = Some(Box::new(hook));
    }
}

impl FileSystem for StoppingFs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        if matches!(mode, OpenMode::Create | OpenMode::CreateNew) {
            self.gate.pass(path)?;
        }
        if path.to_string_lossy().ends_with(".log.cleaned") {
            let hook = self.gate.hook.lock().unwrap().take();
            if let Some(hook) = hook {
                hook();
            }
        }
        let file = RealFs.open(path, mode)?;
        Ok(Arc::new(StoppingFile { file, gate: Arc::clone(&self.gate) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.gate.pass(from)?;
        RealFs.rename(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        if path.exists() {
            self.gate.pass(path)?;
        }
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
        self.gate.pass(dir)
    }
}

impl File for StoppingFile {
    fn path(&self) -> &Path {
        self.file.path()
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize> {
        self.file.read_at(buffer, position)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> Result<()> {
        self.gate.pass(self.path())?;
        self.file.write_at(bytes, position)
    }

    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.gate.pass(self.path())?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<()> {
        self.gate.pass(self.path())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
