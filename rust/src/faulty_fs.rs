//! The faulty twin of the file system: records what was done to it, and fails on request.
//!
//! It works on a real directory, so maps and locks behave as they do; below its root each change is
//! noted in a [`Trace`], from which `crash_images.rs` rebuilds what a power cut could have left.
//! Invariant: the trace has exactly the changes that took place, in the order in which they did; a
//! call that an injected [`Fault`] failed changed nothing, but for the part it says was written.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{LogError, Result};
use crate::fs::{DirEntry, File, FileMeta, FileSystem, OpenMode, RealFs};

/// Number of a file in a trace; it stays when the file is renamed.
pub type FileId = usize;

/// A kind of call, to pick those that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `FileSystem::open`.
    Open,
    /// `File::read_at`.
    Read,
    /// `File::write_at`.
    Write,
    /// `File::set_len`.
    SetLen,
    /// `File::sync_data`.
    SyncData,
    /// `FileSystem::rename`.
    Rename,
    /// `FileSystem::remove`.
    Remove,
    /// `FileSystem::list`.
    List,
    /// `FileSystem::metadata` and `File::len`.
    Metadata,
    /// `FileSystem::create_dir_all`.
    CreateDir,
    /// `FileSystem::sync_dir`.
    SyncDir,
}

/// One change, as the trace has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A file was created.
    Create {
        /// Its path.
        path: PathBuf,
        /// The new file.
        file: FileId,
    },
    /// Bytes were written.
    Write {
        /// The file.
        file: FileId,
        /// Where, in bytes.
        position: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was cut or extended.
    SetLen {
        /// The file.
        file: FileId,
        /// Its new length in bytes.
        len: u64,
    },
    /// A file's content and length were made durable.
    SyncData {
        /// The file.
        file: FileId,
    },
    /// A name changed, replacing what had the new one.
    Rename {
        /// The old path.
        from: PathBuf,
        /// The new path.
        to: PathBuf,
    },
    /// A name was removed.
    Remove {
        /// The path.
        path: PathBuf,
    },
    /// A directory was created.
    CreateDir {
        /// Its path.
        path: PathBuf,
    },
    /// The names of a directory were made durable.
    SyncDir {
        /// The directory.
        dir: PathBuf,
    },
}

/// What was there before, and each change since.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Files at the start, which count as durable: path, number, content.
    pub start: Vec<(PathBuf, FileId, Vec<u8>)>,
    /// The changes, in order.
    pub changes: Vec<Change>,
}

/// A failure to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The calls that count, all of them if `None`.
    pub call: Option<Call>,
    /// How many of those calls succeed before.
    pub after: usize,
    /// How many fail then; `usize::MAX` for all.
    pub times: usize,
    /// The system's error number: 5 is EIO, 28 is ENOSPC.
    pub errno: i32,
    /// Bytes that a failing write leaves behind all the same.
    pub partial_bytes: usize,
}

impl Fault {
    /// No space left on the device.
    pub const ENOSPC: i32 = 28;
    /// Input/output error.
    pub const EIO: i32 = 5;

    /// The call after `after` others fails, once.
    pub fn once(after: usize, errno: i32) -> Self {
        Self { call: None, after, times: 1, errno, partial_bytes: 0 }
    }

    /// Counts only calls of one kind.
    #[must_use]
    pub fn of(self, call: Call) -> Self {
        Self { call: Some(call), ..self }
    }

    /// Whether this call fails; counts it.
    fn strikes(&mut self, call: Call) -> bool {
        if self.call.is_some_and(|only| only != call) || self.times == 0 {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times -= usize::from(self.times != usize::MAX);
        true
    }
}

#[derive(Debug, Default)]
struct State {
    is_traced: bool,
    trace: Trace,
    names: BTreeMap<PathBuf, FileId>,
    next_file: FileId,
    faults: Vec<Fault>,
    call_count: usize,
    fault_count: usize,
}

impl State {
    /// Counts a call; the fault that strikes it, if one does.
    fn count(&mut self, call: Call) -> Option<Fault> {
        self.call_count += 1;
        let found = self.faults.iter_mut().find_map(|fault| fault.strikes(call).then_some(*fault));
        self.fault_count += usize::from(found.is_some());
        found
    }

    fn check(&mut self, call: Call, operation: &'static str, path: &Path) -> Result<()> {
        self.count(call).map_or(Ok(()), |fault| Err(fault.error(operation, path)))
    }

    fn note(&mut self, change: Change) {
        if self.is_traced {
            self.trace.changes.push(change);
        }
    }

    fn add_file(&mut self, path: &Path) -> FileId {
        let file = self.next_file;
        self.next_file += 1;
        self.names.insert(path.to_owned(), file);
        file
    }
}

impl Fault {
    fn error(&self, operation: &'static str, path: &Path) -> LogError {
        LogError::io(operation, path, io::Error::from_raw_os_error(self.errno))
    }
}

/// A file system that records and fails. Clones share one trace. The default one only fails, so that
/// it may be used for long.
#[derive(Debug, Clone, Default)]
pub struct FaultyFs {
    state: Arc<Mutex<State>>,
}

impl FaultyFs {
    /// Takes what is below `root` as durable.
    ///
    /// # Errors
    /// `Io`.
    pub fn new(root: &Path) -> Result<Self> {
        let mut state = State { is_traced: true, ..State::default() };
        let mut dirs = vec![root.to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in RealFs.list(&dir)? {
                let path = dir.join(&entry.name);
                if entry.is_dir {
                    dirs.push(path);
                } else {
                    let bytes = RealFs.read(&path)?.unwrap_or_default();
                    let file = state.add_file(&path);
                    state.trace.start.push((path, file, bytes));
                }
            }
        }
        Ok(Self { state: Arc::new(Mutex::new(state)) })
    }

    /// Adds a failure to come.
    pub fn inject(&self, fault: Fault) {
        self.state.lock().faults.push(fault);
    }

    /// Calls off all failures.
    pub fn clear_faults(&self) {
        self.state.lock().faults.clear();
    }

    /// Calls made so far.
    pub fn call_count(&self) -> usize {
        self.state.lock().call_count
    }

    /// Calls that were made to fail so far.
    pub fn fault_count(&self) -> usize {
        self.state.lock().fault_count
    }

    /// Changes made so far.
    pub fn change_count(&self) -> usize {
        self.state.lock().trace.changes.len()
    }

    /// What was recorded so far.
    pub fn trace(&self) -> Trace {
        self.state.lock().trace.clone()
    }
}

#[derive(Debug)]
struct FaultyFile {
    file: FileId,
    inner: Arc<dyn File>,
    state: Arc<Mutex<State>>,
}

impl File for FaultyFile {
    fn path(&self) -> &Path {
        self.inner.path()
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize> {
        self.state.lock().check(Call::Read, "pread", self.path())?;
        self.inner.read_at(buffer, position)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> Result<()> {
        let mut state = self.state.lock();
        let fault = state.count(Call::Write);
        let written = match &fault {
            Some(fault) => bytes.get(..fault.partial_bytes).unwrap_or(bytes),
            None => bytes,
        };
        if !written.is_empty() {
            self.inner.write_at(written, position)?;
            if state.is_traced {
                let bytes = written.to_vec();
                state.note(Change::Write { file: self.file, position, bytes });
            }
        }
        fault.map_or(Ok(()), |fault| Err(fault.error("pwrite", self.path())))
    }

    fn len(&self) -> Result<u64> {
        self.state.lock().check(Call::Metadata, "fstat", self.path())?;
        self.inner.len()
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut state = self.state.lock();
        state.check(Call::SetLen, "ftruncate", self.path())?;
        self.inner.set_len(len)?;
        state.note(Change::SetLen { file: self.file, len });
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        let mut state = self.state.lock();
        state.check(Call::SyncData, "fdatasync", self.path())?;
        self.inner.sync_data()?;
        state.note(Change::SyncData { file: self.file });
        Ok(())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl FileSystem for FaultyFs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        let mut state = self.state.lock();
        state.check(Call::Open, "open", path)?;
        let inner = RealFs.open(path, mode)?;
        let file = if let Some(file) = state.names.get(path).copied() {
            if mode == OpenMode::CreateNew {
                state.note(Change::SetLen { file, len: 0 });
            }
            file
        } else {
            let file = state.add_file(path);
            state.note(Change::Create { path: path.to_owned(), file });
            file
        };
        Ok(Arc::new(FaultyFile { file, inner, state: Arc::clone(&self.state) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut state = self.state.lock();
        state.check(Call::Rename, "rename", from)?;
        RealFs.rename(from, to)?;
        if let Some(file) = state.names.remove(from) {
            state.names.insert(to.to_owned(), file);
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        state.note(Change::Rename { from, to });
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let mut state = self.state.lock();
        state.check(Call::Remove, "unlink", path)?;
        RealFs.remove(path)?;
        if state.names.remove(path).is_some() {
            state.note(Change::Remove { path: path.to_owned() });
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>> {
        self.state.lock().check(Call::List, "readdir", dir)?;
        RealFs.list(dir)
    }

    fn metadata(&self, path: &Path) -> Result<Option<FileMeta>> {
        self.state.lock().check(Call::Metadata, "stat", path)?;
        RealFs.metadata(path)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        let mut state = self.state.lock();
        state.check(Call::CreateDir, "mkdir", dir)?;
        let mut missing = Vec::new();
        for path in dir.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            if RealFs.metadata(path)?.is_some() {
                break;
            }
            missing.push(Change::CreateDir { path: path.to_owned() });
        }
        RealFs.create_dir_all(dir)?;
        missing.into_iter().rev().for_each(|change| state.note(change));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let mut state = self.state.lock();
        state.check(Call::SyncDir, "fsync", dir)?;
        RealFs.sync_dir(dir)?;
        state.note(Change::SyncDir { dir: dir.to_owned() });
        Ok(())
    }
}
