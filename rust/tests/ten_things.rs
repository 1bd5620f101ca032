//! What usually goes wrong in logs, each as a test that names it.
//!
//! Of the ten, producer state before publishing is `log.rs`'s, empty batches are `cleaner.rs`'s, and
//! the interpreter's lock is the package's own tests' matter; the other seven stand here.

#![allow(clippy::disallowed_methods, clippy::indexing_slicing, reason = "tests damage files")]

use std::path::Path;
use std::sync::Arc;

use logcore::embedded::{EmbeddedLog, EmbeddedOptions};
use logcore::faulty_fs::{Call, Change, Fault, FaultyFs};
use logcore::index::OffsetIndex;
use logcore::log::Isolation;
use logcore::{FileSystem, LogError, RealFs};
use tempfile::TempDir;

const MARKER: &str = ".kafka_cleanshutdown";
const SEGMENT: &str = "00000000000000000000.log";

fn open(dir: &Path, fs: Arc<dyn FileSystem>) -> Arc<EmbeddedLog> {
    EmbeddedLog::open(dir, EmbeddedOptions { fs, ..EmbeddedOptions::default() }).expect("works")
}

fn fill(dir: &Path) -> FaultyFs {
    let fs = FaultyFs::new(dir).expect("works");
    let log = open(dir, Arc::new(fs.clone()));
    for _ in 0..5 {
        log.append(None, None, Some(b"value"), &[]).expect("works");
    }
    log.close().expect("works");
    fs
}

#[test]
fn thing_1_a_grown_file_of_zeros_is_no_data() {
    let dir = TempDir::new().unwrap();
    fill(dir.path());
    std::fs::remove_file(dir.path().join(MARKER)).unwrap();
    let path = dir.path().join(SEGMENT);
    let len = path.metadata().unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(len + 9000).unwrap();
    assert_eq!(open(dir.path(), Arc::new(RealFs)).end_offset(), 5);
    assert_eq!(path.metadata().unwrap().len(), len);
}

#[test]
fn thing_2_an_index_of_zeros_is_not_trusted() {
    let dir = TempDir::new().unwrap();
    fill(dir.path());
    std::fs::write(dir.path().join("00000000000000000000.index"), [0; 4096]).unwrap();
    let log = open(dir.path(), Arc::new(RealFs));
    let found = log.log().read(4, 1, true, Isolation::LogEnd).unwrap().records.unwrap();
    assert_eq!(found[..8], 4_i64.to_be_bytes());
}

#[test]
fn thing_3_a_new_name_is_synced_before_the_flush_returns() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::new(dir.path()).unwrap();
    let log = open(dir.path(), Arc::new(fs.clone()));
    log.append(None, None, Some(b"value"), &[]).unwrap();
    log.roll().unwrap();
    log.append(None, None, Some(b"value"), &[]).unwrap();
    log.flush().unwrap();
    let changes = fs.trace().changes;
    let created = |change: &Change| matches!(change, Change::Create { path, .. } if path.ends_with("00000000000000000001.log"));
    let at = changes.iter().position(created).unwrap();
    assert!(changes.iter().skip(at).any(|change| matches!(change, Change::SyncDir { .. })));
}

#[test]
fn thing_4_a_failed_fsync_is_not_retried() {
    let dir = TempDir::new().unwrap();
    let fs = FaultyFs::new(dir.path()).unwrap();
    let log = open(dir.path(), Arc::new(fs.clone()));
    log.append(None, None, Some(b"value"), &[]).unwrap();
    fs.inject(Fault::once(0, Fault::EIO).of(Call::SyncData));
    log.flush().unwrap_err();
    let before = fs.call_count();
    assert!(matches!(log.flush(), Err(LogError::Poisoned { .. })));
    assert_eq!(fs.call_count(), before, "the disk was asked again");
}

#[test]
fn thing_5_a_view_outlives_a_truncation() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path(), Arc::new(RealFs));
    for _ in 0..100 {
        log.append(None, None, Some(&[7; 500]), &[]).unwrap();
    }
    let view = log.log().read(0, 1 << 20, true, Isolation::LogEnd).unwrap().records.unwrap();
    let copy = view.to_vec();
    log.truncate(1).unwrap();
    assert_eq!(view.to_vec(), copy);
}

#[test]
fn thing_7_the_index_names_the_last_offset() {
    let index = OffsetIndex::growing(0, 1024);
    index.append(9, 0).unwrap();
    index.append(30, 500).unwrap();
    assert_eq!(index.lookup(29).position, 0, "a floor that misses the gap");
    assert_eq!(index.lookup(30).position, 500);
}

#[test]
fn thing_9_the_clean_marker_goes_before_anything_is_loaded() {
    let dir = TempDir::new().unwrap();
    fill(dir.path());
    std::fs::write(dir.path().join("leader-epoch-checkpoint"), "9\n").unwrap();
    EmbeddedLog::open(dir.path(), EmbeddedOptions::default()).unwrap_err();
    assert!(!dir.path().join(MARKER).exists());
}
