//! The transaction index: order, collecting, truncation, and files that are not what was written.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use logcore::transaction_index::{AbortedTransaction, ENTRY_SIZE_BYTES, TransactionIndex};
use logcore::{LogError, RealFs};
use proptest::prelude::*;
use tempfile::TempDir;

fn aborted(producer_id: i64, first: i64, last: i64, stable: i64) -> AbortedTransaction {
    AbortedTransaction {
        producer_id,
        first_offset: first,
        last_offset: last,
        last_stable_offset: stable,
    }
}

fn four() -> [AbortedTransaction; 4] {
    [aborted(0, 0, 10, 11), aborted(1, 5, 15, 13), aborted(2, 18, 35, 25), aborted(3, 32, 50, 40)]
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("00000000000000000000.txnindex")
}

fn open(dir: &TempDir) -> TransactionIndex {
    TransactionIndex::new(Arc::new(RealFs), path(dir), 0)
}

fn filled(dir: &TempDir) -> TransactionIndex {
    let index = open(dir);
    for entry in &four() {
        index.append(entry).unwrap();
    }
    index
}

#[test]
fn a_reopened_index_appends_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let reopened = open(&dir);
    reopened.append(&aborted(3, 50, 60, 55)).unwrap();
    let mut expected = four().to_vec();
    expected.push(aborted(3, 50, 60, 55));
    assert_eq!(reopened.transactions().unwrap(), expected);
    assert_eq!(open(&dir).transactions().unwrap(), expected);
    assert_eq!(fs::metadata(path(&dir)).unwrap().len(), 5 * ENTRY_SIZE_BYTES as u64);
}

#[test]
fn an_entry_before_the_segment_is_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir).sanity_check().unwrap();
    let elsewhere = TransactionIndex::new(Arc::new(RealFs), path(&dir), 100);
    assert!(matches!(elsewhere.sanity_check(), Err(LogError::Corrupt { position: 0, .. })));
}

#[test]
fn entries_out_of_order_are_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let bytes = fs::read(path(&dir)).unwrap();
    let (first, second) = bytes.split_at(ENTRY_SIZE_BYTES);
    fs::write(path(&dir), [&second[..ENTRY_SIZE_BYTES], first].concat()).unwrap();
    assert!(matches!(open(&dir).sanity_check(), Err(LogError::Corrupt { position: 34, .. })));
}

#[test]
fn last_offsets_must_increase() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir);
    index.append(&aborted(1, 5, 15, 13)).unwrap();
    for last in [15, 10] {
        let refused = index.append(&aborted(0, 0, last, 11));
        assert!(matches!(refused, Err(LogError::InvalidArgument(_))), "{last}");
    }
    assert!(open(&dir).append(&aborted(0, 0, 15, 11)).is_err(), "also after reopening");
    assert_eq!(open(&dir).transactions().unwrap(), [aborted(1, 5, 15, 13)]);
}

#[test]
fn collecting_returns_what_overlaps_and_whether_that_is_all() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(&dir);
    let all = four();
    for ((fetch_offset, upper_bound), range, complete) in [
        ((0, 100), 0..4, false),
        ((0, 32), 0..3, true),
        ((0, 35), 0..4, true),
        ((10, 35), 0..4, true),
        ((11, 35), 1..4, true),
        ((20, 41), 2..4, false),
    ] {
        let found = index.collect(fetch_offset, upper_bound).unwrap();
        assert_eq!(found, (all[range].to_vec(), complete), "{fetch_offset}..{upper_bound}");
    }
}

#[test]
fn truncation_drops_what_ends_beyond() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(&dir);
    index.truncate_to(51).unwrap();
    assert_eq!(index.transactions().unwrap(), four());
    index.truncate_to(50).unwrap();
    assert_eq!(index.transactions().unwrap(), four()[..3]);
    assert_eq!(open(&dir).transactions().unwrap(), four()[..3]);
    index.append(&aborted(9, 40, 50, 51)).unwrap();
    assert_eq!(open(&dir).transactions().unwrap()[3], aborted(9, 40, 50, 51));
    index.reset().unwrap();
    assert!(index.is_empty().unwrap());
    assert_eq!(fs::metadata(path(&dir)).unwrap().len(), 0);
    index.append(&aborted(1, 0, 3, 4)).unwrap();
    assert_eq!(open(&dir).transactions().unwrap(), [aborted(1, 0, 3, 4)]);
}

#[test]
fn the_bytes_are_kafkas() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir).append(&aborted(983_493, 137, 299, 200)).unwrap();
    let mut expected = vec![0, 0];
    for field in [983_493_i64, 137, 299, 200] {
        expected.extend(field.to_be_bytes());
    }
    assert_eq!(fs::read(path(&dir)).unwrap(), expected);
}

#[test]
fn a_renamed_index_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir);
    let renamed = dir.path().join("renamed.txnindex");
    index.rename_to(path(&dir)).unwrap();
    assert!(!path(&dir).exists(), "there was nothing to rename");
    index.append(&aborted(0, 0, 10, 2)).unwrap();
    index.rename_to(renamed.clone()).unwrap();
    index.append(&aborted(1, 5, 15, 16)).unwrap();
    let reopened = TransactionIndex::new(Arc::new(RealFs), renamed, 0);
    assert_eq!(reopened.transactions().unwrap(), [aborted(0, 0, 10, 2), aborted(1, 5, 15, 16)]);
}

#[test]
fn it_follows_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir);
    let parent = dir.path().join("parent");
    index.set_dir(&parent);
    assert_eq!(index.path().parent(), Some(parent.as_path()));
}

#[test]
fn the_file_appears_with_the_first_abort() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir);
    index.flush().unwrap();
    index.sanity_check().unwrap();
    index.truncate_to(0).unwrap();
    index.reset().unwrap();
    assert_eq!(index.collect(0, 100).unwrap(), (vec![], false));
    assert!(!path(&dir).exists());
    index.append(&aborted(0, 0, 10, 2)).unwrap();
    index.flush().unwrap();
    assert_eq!(fs::metadata(path(&dir)).unwrap().len(), 34);
}

#[test]
fn a_removed_index_still_answers_the_reader_that_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let index = open(&dir);
    index.remove().unwrap();
    assert!(!path(&dir).exists());
    assert_eq!(index.transactions().unwrap(), four());
    open(&dir).remove().unwrap();
}

#[test]
fn a_cut_off_file_is_corrupt_at_every_length() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let bytes = fs::read(path(&dir)).unwrap();
    for len in 0..bytes.len() {
        fs::write(path(&dir), &bytes[..len]).unwrap();
        let read = open(&dir).transactions();
        if len % ENTRY_SIZE_BYTES == 0 {
            assert_eq!(read.unwrap(), four()[..len / ENTRY_SIZE_BYTES]);
        } else {
            let position = (len - len % ENTRY_SIZE_BYTES) as u64;
            assert!(
                matches!(read, Err(LogError::Corrupt { position: at, .. }) if at == position),
                "{len}"
            );
            assert!(open(&dir).append(&aborted(0, 60, 70, 71)).is_err());
            open(&dir).reset().unwrap();
            assert!(open(&dir).is_empty().unwrap(), "reset clears what cannot be read");
        }
    }
}

#[test]
fn other_versions_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let mut bytes = fs::read(path(&dir)).unwrap();
    bytes[35] = 1;
    fs::write(path(&dir), &bytes).unwrap();
    let newer = open(&dir).collect(0, 1);
    assert!(matches!(newer, Err(LogError::UnsupportedFormat { version: 1, .. })));
    bytes[34] = 0xFF;
    fs::write(path(&dir), &bytes).unwrap();
    assert!(matches!(open(&dir).sanity_check(), Err(LogError::Corrupt { position: 34, .. })));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        for version in [None, Some(0)] {
            if let Some(version) = version {
                bytes.chunks_mut(34).for_each(|entry| entry.iter_mut().take(2).for_each(|b| *b = version));
            }
            fs::write(path(&dir), &bytes).unwrap();
            let index = open(&dir);
            let _ = (index.sanity_check(), index.collect(0, 10), index.truncate_to(5));
            let _ = index.append(&aborted(0, 0, i64::MAX, 0));
        }
    }

    #[test]
    fn collecting_finds_what_a_scan_finds(
        steps in proptest::collection::vec((0_i64..40, 1_i64..20), 0..30),
        fetch in 0_i64..300, length in 0_i64..200,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let index = open(&dir);
        let mut last = 0;
        for (reach, step) in steps {
            last += step;
            // A stable offset that never lies: nothing after this entry begins below it.
            index.append(&aborted(1, (last - reach).max(0), last, (last - 40).max(0))).unwrap();
        }
        let (found, _) = index.collect(fetch, fetch + length).unwrap();
        let scan: Vec<_> = index.transactions().unwrap().into_iter()
            .filter(|t| t.last_offset >= fetch && t.first_offset < fetch + length).collect();
        prop_assert_eq!(found, scan);
    }
}
