//! The lock of a directory: one writer at a time, in this process and in all others.
//!
//! A POSIX record lock on `<dir>/.lock`, the kind that a JVM's `FileChannel.tryLock` takes, so that
//! Apache Kafka and this engine exclude each other. Such locks belong to the process, not to the
//! handle, and fall when any handle of the file is closed; therefore a list of the directories that
//! this process holds is asked first, and the file is opened only if the directory is not in it.
//! Invariant: a directory is in the list exactly while its [`DirLock`] lives.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use crate::error::{LogError, Result};
use crate::fs::{File, FileSystem, OpenMode};

/// Name of the lock file.
pub const LOCK_FILE: &str = ".lock";

/// Inodes of the directories that this process holds.
static HELD: Mutex<Option<HashSet<u64>>> = Mutex::new(None);

/// Holds a directory until dropped.
#[derive(Debug)]
pub struct DirLock {
    inode: u64,
    /// Closed under the list's lock: closing any handle of the file lets the process's lock fall.
    file: Option<Arc<dyn File>>,
}

fn holder_of(file: &dyn File) -> Option<u32> {
    let mut text = [0; 16];
    let read = file.read_at(&mut text, 0).ok()?;
    std::str::from_utf8(text.get(..read)?).ok()?.trim().parse().ok()
}

impl DirLock {
    /// Takes the lock of `dir`, which must exist.
    ///
    /// # Errors
    /// `Locked` with the holder's process id where it wrote it; `Io`.
    pub fn acquire(fs: &dyn FileSystem, dir: &Path) -> Result<Self> {
        let path: PathBuf = dir.join(LOCK_FILE);
        let missing = || LogError::InvalidArgument(format!("{} does not exist", dir.display()));
        let inode = fs.metadata(dir)?.ok_or_else(missing)?.inode;
        let mut held = HELD.lock();
        let held = held.get_or_insert_default();
        if held.contains(&inode) {
            return Err(LogError::Locked { path: dir.to_owned(), pid: Some(std::process::id()) });
        }
        let file = fs.open(&path, OpenMode::Create)?;
        match fcntl_lock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::AGAIN | Errno::ACCESS) => {
                let pid = holder_of(&*file);
                return Err(LogError::Locked { path: dir.to_owned(), pid });
            }
            Err(error) => return Err(LogError::io("fcntl", &path, error.into())),
        }
        file.set_len(0)?;
        file.write_at(format!("{}\n", std::process::id()).as_bytes(), 0)?;
        held.insert(inode);
        Ok(Self { inode, file: Some(file) })
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        let mut held = HELD.lock();
        self.file.take();
        if let Some(held) = held.as_mut() {
            held.remove(&self.inode);
        }
    }
}
