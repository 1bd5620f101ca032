//! The faulty file system: it does what the real one does, notes it, and fails when asked to.

use logcore::faulty_fs::{Call, Change, Fault, FaultyFs};
use logcore::{FileSystem, LogError, OpenMode, RealFs};
use tempfile::TempDir;

#[test]
fn changes_take_place_and_are_noted_in_order() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let fs = FaultyFs::new(dir.path()).unwrap();
    let file = fs.open(&one, OpenMode::Create).unwrap();
    file.write_at(b"bytes", 2).unwrap();
    file.sync_data().unwrap();
    fs.rename(&one, &two).unwrap();
    fs.sync_dir(dir.path()).unwrap();
    assert_eq!(RealFs.read(&two).unwrap(), Some(b"\0\0bytes".to_vec()));
    let expected = [
        Change::Create { path: one.clone(), file: 0 },
        Change::Write { file: 0, position: 2, bytes: b"bytes".to_vec() },
        Change::SyncData { file: 0 },
        Change::Rename { from: one, to: two },
        Change::SyncDir { dir: dir.path().to_owned() },
    ];
    assert_eq!(fs.trace().changes, expected);
}

#[test]
fn what_was_there_before_is_the_start_of_the_trace() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("old");
    RealFs.open(&path, OpenMode::Create).unwrap().write_at(b"old", 0).unwrap();
    let fs = FaultyFs::new(dir.path()).unwrap();
    fs.open(&path, OpenMode::ReadWrite).unwrap().set_len(1).unwrap();
    let trace = fs.trace();
    assert_eq!(trace.start, [(path, 0, b"old".to_vec())]);
    assert_eq!(trace.changes, [Change::SetLen { file: 0, len: 1 }]);
}

#[test]
fn a_fault_strikes_its_call_only_and_leaves_what_it_says() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::new(dir.path()).unwrap();
    let file = fs.open(&dir.path().join("file"), OpenMode::Create).unwrap();
    let full = Fault { partial_bytes: 3, ..Fault::once(1, Fault::ENOSPC).of(Call::Write) };
    fs.inject(full);
    file.write_at(b"whole", 0).unwrap();
    file.sync_data().unwrap();
    let error = file.write_at(b"half", 5).unwrap_err();
    let LogError::Io { operation: "pwrite", source, .. } = error else { panic!("{error}") };
    assert_eq!(source.raw_os_error(), Some(Fault::ENOSPC));
    assert_eq!(fs.fault_count(), 1);
    assert_eq!(fs.read(&dir.path().join("file")).unwrap(), Some(b"wholehal".to_vec()));
    file.write_at(b"half", 5).unwrap();
}

#[test]
fn a_lasting_fault_ends_when_it_is_called_off() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::new(dir.path()).unwrap();
    fs.inject(Fault { times: usize::MAX, ..Fault::once(0, Fault::EIO).of(Call::SyncDir) });
    assert!(fs.sync_dir(dir.path()).is_err() && fs.sync_dir(dir.path()).is_err());
    fs.clear_faults();
    fs.sync_dir(dir.path()).unwrap();
}

#[test]
fn new_directories_are_noted_and_durable_ones_are_synced_from_the_top() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::new(dir.path()).unwrap();
    let (above, below) = (dir.path().join("a"), dir.path().join("a").join("b"));
    fs.create_dir_durably(&below).unwrap();
    fs.create_dir_durably(&below).unwrap();
    fs.create_dir_all(&below).unwrap();
    let expected = [
        Change::CreateDir { path: above.clone() },
        Change::CreateDir { path: below.clone() },
        Change::SyncDir { dir: dir.path().to_owned() },
        Change::SyncDir { dir: above },
    ];
    assert_eq!(fs.trace().changes, expected);
    fs.inject(Fault::once(0, Fault::EIO).of(Call::SyncDir));
    assert!(fs.create_dir_durably(&below.join("c")).is_err());
}
