//! The crash images themselves: what was synced is in all of them, what was not may be in any state.
#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use logcore::crash_images::{Choices, CrashImages};
use logcore::faulty_fs::{Change, Trace};

fn write(position: u64, bytes: &[u8]) -> Change {
    Change::Write { file: 0, position, bytes: bytes.to_vec() }
}

/// A file `d/a` of these bytes, all durable, and changes since.
fn trace(bytes: &[u8], changes: Vec<Change>) -> Trace {
    Trace { start: vec![(PathBuf::from("d/a"), 0, bytes.to_vec())], changes }
}

/// Every image at the end of a trace: names and contents.
fn all(trace: &Trace) -> BTreeSet<Vec<(PathBuf, Vec<u8>)>> {
    let mut images = CrashImages::new(trace);
    while images.advance() {}
    let mut choices = Choices::all();
    let mut found = BTreeSet::new();
    loop {
        found.insert(images.image(&mut choices).into_iter().collect());
        if !choices.advance() {
            return found;
        }
    }
}

fn contents(trace: &Trace) -> BTreeSet<Vec<u8>> {
    all(trace).into_iter().map(|files| files[0].1.clone()).collect()
}

fn set(expected: &[&[u8]]) -> BTreeSet<Vec<u8>> {
    expected.iter().map(|bytes| bytes.to_vec()).collect()
}

#[test]
fn an_unsynced_append_may_be_lost_or_be_zeros() {
    let found = contents(&trace(b"old", vec![write(3, b"new")]));
    assert_eq!(found, set(&[b"old", b"old\0\0\0", b"oldnew"]));
}

#[test]
fn a_synced_append_is_there() {
    let changes = vec![write(3, b"new"), Change::SyncData { file: 0 }];
    assert_eq!(contents(&trace(b"old", changes)), set(&[b"oldnew"]));
}

#[test]
fn an_unsynced_cut_may_be_undone_or_leave_zeros() {
    let found = contents(&trace(b"old!", vec![Change::SetLen { file: 0, len: 3 }]));
    assert_eq!(found, set(&[b"old!", b"old\0", b"old"]));
}

#[test]
fn pages_survive_independently() {
    let found = contents(&trace(&[0; 8192], vec![write(0, &[1; 8192])]));
    let kinds: BTreeSet<_> = found.iter().map(|bytes| (bytes[0], bytes[4096])).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

#[test]
fn names_survive_as_a_prefix_until_the_directory_is_synced() {
    let (from, to) = (PathBuf::from("d/a"), PathBuf::from("d/b"));
    let mut changes = vec![Change::Rename { from, to: to.clone() }, Change::Remove { path: to }];
    let names = |trace: &Trace| -> BTreeSet<Vec<String>> {
        let name = |path: &Path| path.display().to_string();
        all(trace)
            .into_iter()
            .map(|files| files.into_iter().map(|(path, _)| name(&path)).collect())
            .collect()
    };
    let expected = [vec!["d/a".to_owned()], vec!["d/b".to_owned()], vec![]];
    assert_eq!(names(&trace(b"", changes.clone())), expected.into_iter().collect());
    changes.push(Change::SyncDir { dir: PathBuf::from("d") });
    assert_eq!(names(&trace(b"", changes)), [vec![]].into_iter().collect());
}

#[test]
fn a_seed_brings_an_image_back_and_tears_at_sectors() {
    let trace = trace(&[0; 4096], vec![write(0, &[1; 4096])]);
    let mut images = CrashImages::new(&trace);
    while images.advance() {}
    let mut torn = 0;
    for seed in 0..200 {
        let image = images.image(&mut Choices::Seeded(seed));
        assert_eq!(image, images.image(&mut Choices::Seeded(seed)));
        let bytes = &image[Path::new("d/a")];
        let ones: usize = bytes.iter().map(|byte| usize::from(*byte)).sum();
        assert_eq!(ones % 512, 0, "torn inside of a sector");
        torn += usize::from(ones > 0 && ones < 4096);
    }
    assert!(torn > 10, "only {torn} torn pages in 200 images");
}

#[test]
fn what_lies_in_a_directory_whose_name_is_gone_is_gone() {
    let (root, new) = (PathBuf::from("d"), PathBuf::from("d/new"));
    let path = new.join("file");
    let trace = Trace {
        start: Vec::new(),
        changes: vec![
            Change::CreateDir { path: new.clone() },
            Change::Create { path: path.clone(), file: 0 },
            write(0, b"bytes"),
            Change::SyncData { file: 0 },
            Change::SyncDir { dir: new },
            Change::SyncDir { dir: root },
        ],
    };
    let mut images = CrashImages::new(&trace);
    let kept = |images: &CrashImages<'_>| {
        (0..50).filter(|seed| images.image(&mut Choices::Seeded(*seed)).contains_key(&path)).count()
    };
    (1..trace.changes.len()).for_each(|_| assert!(images.advance()));
    let before = kept(&images);
    assert!((1..50).contains(&before), "{before} of 50");
    assert!(images.advance());
    assert_eq!(kept(&images), 50);
}
