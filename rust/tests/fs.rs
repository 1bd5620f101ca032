//! The machine's file system, as the engine may rely on it: what each call does and what it says.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use logcore::fs::with_suffix;
use logcore::{FileSystem, LogError, OpenMode, RealFs};
use tempfile::TempDir;

fn write(path: &Path, bytes: &[u8]) {
    RealFs.open(path, OpenMode::CreateNew).unwrap().write_at(bytes, 0).unwrap();
}

/// The operation and path that an error names, and the system's word for it.
fn told<T>(result: Result<T, LogError>) -> (&'static str, PathBuf, ErrorKind) {
    match result.err() {
        Some(LogError::Io { operation, path, source }) => (operation, path, source.kind()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn modes_of_opening() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    for mode in [OpenMode::Read, OpenMode::ReadWrite] {
        assert_eq!(told(RealFs.open(&path, mode)), ("open", path.clone(), ErrorKind::NotFound));
    }
    RealFs.open(&path, OpenMode::Create).unwrap().write_at(b"kept", 0).unwrap();
    assert_eq!(RealFs.open(&path, OpenMode::Create).unwrap().len().unwrap(), 4);
    let readable = RealFs.open(&path, OpenMode::Read).unwrap();
    assert_eq!(told(readable.write_at(b"x", 0)).0, "pwrite");
    assert_eq!(readable.path(), path);
    assert!(RealFs.open(&path, OpenMode::CreateNew).unwrap().is_empty().unwrap());
}

#[test]
fn reads_and_writes_are_at_positions() {
    let dir = TempDir::new().unwrap();
    let file = RealFs.open(&dir.path().join("file"), OpenMode::Create).unwrap();
    file.write_at(b"world", 5).unwrap();
    file.write_at(b"hello", 0).unwrap();
    let mut buffer = [0; 8];
    assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 8);
    assert_eq!(&buffer, b"hellowor");
    assert_eq!(file.read_at(&mut buffer, 8).unwrap(), 2, "short at the end of the file");
    assert_eq!(file.read_at(&mut buffer, 100).unwrap(), 0);
    file.set_len(3).unwrap();
    assert_eq!(file.len().unwrap(), 3);
    file.set_len(5).unwrap();
    file.sync_data().unwrap();
    assert_eq!(RealFs.read(file.path()).unwrap().unwrap(), b"hel\0\0");
}

#[test]
fn names_come_and_go() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    write(&one, b"1");
    write(&two, b"22");
    let inode = |path: &Path| RealFs.metadata(path).unwrap().unwrap().inode;
    let before = inode(&one);
    RealFs.rename(&one, &two).unwrap();
    assert_eq!((inode(&two), RealFs.read(&two).unwrap().unwrap()), (before, b"1".to_vec()));
    assert_eq!(RealFs.metadata(&one).unwrap(), None);
    assert_eq!(RealFs.read(&one).unwrap(), None);
    assert_eq!(told(RealFs.rename(&one, &two)), ("rename", one.clone(), ErrorKind::NotFound));
    RealFs.remove(&one).unwrap();
    RealFs.remove(&two).unwrap();
    assert!(RealFs.list(dir.path()).unwrap().is_empty());
}

#[test]
fn directories() {
    let dir = TempDir::new().unwrap();
    let inner = dir.path().join("a").join("b");
    RealFs.create_dir_all(&inner).unwrap();
    RealFs.create_dir_all(&inner).unwrap();
    write(&inner.join("file"), b"");
    RealFs.create_dir_all(&inner.join("dir")).unwrap();
    let mut entries = RealFs.list(&inner).unwrap();
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    let found: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.is_dir)).collect();
    assert_eq!(found, [("dir", true), ("file", false)]);
    assert!(RealFs.metadata(&inner).unwrap().unwrap().is_dir);
    assert_eq!(
        told(RealFs.remove_dir(&inner)),
        ("rmdir", inner.clone(), ErrorKind::DirectoryNotEmpty)
    );
    RealFs.remove_dir(&inner.join("dir")).unwrap();
    RealFs.remove_dir(&inner.join("dir")).unwrap();
    RealFs.sync_dir(&inner).unwrap();
    let absent = dir.path().join("absent");
    assert_eq!(told(RealFs.sync_dir(&absent)).0, "fsync");
    assert_eq!(told(RealFs.list(&absent)).0, "readdir");
    let file = inner.join("file");
    assert_eq!(told(RealFs.create_dir_all(&file.join("below"))).0, "mkdir");
}

#[test]
fn a_small_file_is_replaced_as_a_whole() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("checkpoint");
    for sync in [true, false] {
        for text in ["a long text", "short"] {
            RealFs.write_atomically(&path, text.as_bytes(), sync).unwrap();
            assert_eq!(RealFs.read(&path).unwrap().unwrap(), text.as_bytes());
            assert_eq!(RealFs.list(dir.path()).unwrap().len(), 1, "no temporary file is left");
        }
    }
    // Whatever an earlier crash left under the temporary name is no obstacle.
    write(&with_suffix(&path, ".tmp"), b"left over from a crash, and longer");
    RealFs.write_atomically(&path, b"new", true).unwrap();
    assert_eq!(RealFs.read(&path).unwrap().unwrap(), b"new");
}

#[test]
fn the_volume_of_a_directory() {
    let dir = TempDir::new().unwrap();
    let space = RealFs.disk_space(dir.path()).unwrap();
    assert!(space.total_bytes >= space.usable_bytes && space.total_bytes > 0);
    let absent = dir.path().join("absent");
    assert_eq!(told(RealFs.disk_space(&absent)), ("statvfs", absent.clone(), ErrorKind::NotFound));
}
