//! The file system seam: every file the engine opens, writes, syncs or removes goes through here.
//!
//! [`RealFs`] is the machine's; `faulty_fs.rs` holds the twin that records each operation, fails on
//! request and rebuilds what a crash would have left. Invariant: an error names its operation and
//! path, a write is whole or an error, and a small file that must be whole is replaced by rename
//! (write, fsync, rename, fsync of the directory), never written in place.

use std::fmt::Debug;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{LogError, Result};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    ReadWrite,
    /// For reading and writing; created empty if absent.
    Create,
    /// For reading and writing; created, or emptied if it exists.
    CreateNew,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, without its directory.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMeta {
    /// Its length in bytes.
    pub len: u64,
    /// When it was last written, in milliseconds since the epoch.
    pub modified_ms: i64,
    /// Its inode, which a rename over it changes.
    pub inode: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// How large the volume of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// All its bytes.
    pub total_bytes: u64,
    /// Those that this process may still fill.
    pub usable_bytes: u64,
}

/// An open file. Reads and writes are positioned, so one handle serves many threads.
pub trait File: Send + Sync + Debug {
    /// The path it was opened by.
    fn path(&self) -> &Path;
    /// Reads until `buffer` is full or the file ends; returns the bytes read.
    ///
    /// # Errors
    /// `Io`.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize>;
    /// Writes all of `bytes` at `position`.
    ///
    /// # Errors
    /// `Io`; a part may have been written.
    fn write_at(&self, bytes: &[u8], position: u64) -> Result<()>;
    /// The file's length in bytes.
    ///
    /// # Errors
    /// `Io`.
    fn len(&self) -> Result<u64>;
    /// Whether it has no bytes.
    ///
    /// # Errors
    /// `Io`.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts or extends the file. A file that is mapped must not shrink.
    ///
    /// # Errors
    /// `Io`.
    fn set_len(&self, len: u64) -> Result<()>;
    /// Makes content and length durable (`fdatasync`).
    ///
    /// # Errors
    /// `Io`; after it nothing is known about what is on disk.
    fn sync_data(&self) -> Result<()>;
    /// The descriptor, for maps and locks.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

/// Where files live.
pub trait FileSystem: Send + Sync + Debug {
    /// Opens a file.
    ///
    /// # Errors
    /// `Io`.
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>>;
    /// Renames, replacing `to`.
    ///
    /// # Errors
    /// `Io`.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Removes a file; an absent one is no error.
    ///
    /// # Errors
    /// `Io`.
    fn remove(&self, path: &Path) -> Result<()>;
    /// Names in a directory, in no order. Names that are not UTF-8 are left out.
    ///
    /// # Errors
    /// `Io`.
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>>;
    /// What is known of a path, `None` if it is absent.
    ///
    /// # Errors
    /// `Io`.
    fn metadata(&self, path: &Path) -> Result<Option<FileMeta>>;
    /// Creates a directory and those above it.
    ///
    /// # Errors
    /// `Io`.
    fn create_dir_all(&self, dir: &Path) -> Result<()>;
    /// Creates a directory and those above it, durably: their names are synced. Where it may not
    /// look into a directory that was there before, the system keeps the name in its own time.
    ///
    /// # Errors
    /// `Io`.
    fn create_dir_durably(&self, dir: &Path) -> Result<()> {
        let mut missing = Vec::new();
        for path in dir.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            if self.metadata(path)?.is_some() {
                break;
            }
            missing.push(path);
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.create_dir_all(dir)?;
        for path in missing.iter().rev() {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            match self.sync_dir(parent.unwrap_or(Path::new("."))) {
                Err(LogError::Io { source, .. })
                    if source.kind() == ErrorKind::PermissionDenied => {}
                synced => synced?,
            }
        }
        Ok(())
    }
    /// Removes an empty directory; an absent one is no error.
    ///
    /// # Errors
    /// `Io`, also if it is not empty.
    fn remove_dir(&self, dir: &Path) -> Result<()> {
        absent_is_none(fs::remove_dir(dir))
            .map(|_| ())
            .map_err(|source| LogError::io("rmdir", dir, source))
    }
    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// `Io`.
    fn sync_dir(&self, dir: &Path) -> Result<()>;

    /// The size of the volume that a directory is on.
    ///
    /// # Errors
    /// `Io`.
    fn disk_space(&self, dir: &Path) -> Result<DiskSpace> {
        let found = rustix::fs::statvfs(dir);
        let found = found.map_err(|error| LogError::io("statvfs", dir, error.into()))?;
        Ok(DiskSpace {
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
            usable_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }

    /// A whole small file, `None` if it is absent.
    ///
    /// # Errors
    /// `Io`.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        if self.metadata(path)?.is_none() {
            return Ok(None);
        }
        let file = self.open(path, OpenMode::Read)?;
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }

    /// Replaces a small file as a whole: after a crash it holds the old bytes or the new ones.
    /// With `sync` the new bytes are durable on return.
    ///
    /// # Errors
    /// `Io`.
    fn write_atomically(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<()> {
        let temporary = with_suffix(path, ".tmp");
        let file = self.open(&temporary, OpenMode::CreateNew)?;
        file.write_at(bytes, 0)?;
        if sync {
            file.sync_data()?;
        }
        self.rename(&temporary, path)?;
        match path.parent() {
            Some(dir) if sync => self.sync_dir(dir),
            _ => Ok(()),
        }
    }
}

/// `path` with a suffix appended.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// The machine's file system.
#[derive(Debug, Default, Clone, Copy)]
pub struct RealFs;

#[derive(Debug)]
struct RealFile {
    path: PathBuf,
    file: fs::File,
}

impl RealFile {
    fn check<T>(&self, operation: &'static str, result: io::Result<T>) -> Result<T> {
        result.map_err(|source| LogError::io(operation, &self.path, source))
    }
}

impl File for RealFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, position + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LogError::io("pread", &self.path, error)),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> Result<()> {
        self.check("pwrite", self.file.write_all_at(bytes, position))
    }

    fn len(&self) -> Result<u64> {
        self.check("fstat", self.file.metadata().map(|meta| meta.len()))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.check("ftruncate", self.file.set_len(len))
    }

    fn sync_data(&self) -> Result<()> {
        self.check("fdatasync", self.file.sync_data())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the seam")]
impl FileSystem for RealFs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(mode != OpenMode::Read)
            .create(matches!(mode, OpenMode::Create | OpenMode::CreateNew))
            .truncate(mode == OpenMode::CreateNew)
            .open(path)
            .map_err(|source| LogError::io("open", path, source))?;
        Ok(Arc::new(RealFile { path: path.to_owned(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).map_err(|source| LogError::io("rename", from, source))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        absent_is_none(fs::remove_file(path))
            .map(|_| ())
            .map_err(|source| LogError::io("unlink", path, source))
    }

    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>> {
        let names = fs::read_dir(dir).and_then(|entries| {
            entries
                .map(|entry| {
                    let entry = entry?;
                    Ok((entry.file_name(), entry.file_type()?.is_dir()))
                })
                .collect::<io::Result<Vec<_>>>()
        });
        let names = names.map_err(|source| LogError::io("readdir", dir, source))?;
        Ok(names
            .into_iter()
            .filter_map(|(name, is_dir)| Some(DirEntry { name: name.into_string().ok()?, is_dir }))
            .collect())
    }

    fn metadata(&self, path: &Path) -> Result<Option<FileMeta>> {
        let meta = absent_is_none(fs::metadata(path))
            .map_err(|source| LogError::io("stat", path, source))?;
        Ok(meta.map(|meta| FileMeta {
            len: meta.len(),
            modified_ms: meta.mtime().saturating_mul(1000) + meta.mtime_nsec() / 1_000_000,
            inode: meta.ino(),
            is_dir: meta.is_dir(),
        }))
    }

    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).map_err(|source| LogError::io("mkdir", dir, source))
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        fs::File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|source| LogError::io("fsync", dir, source))
    }
}
