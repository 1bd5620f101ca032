//! The lock of a directory: one holder in this process, by any of its paths.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic")]

use logcore::lock::DirLock;
use logcore::{LogError, RealFs};

#[test]
fn a_second_holder_is_refused_until_the_first_lets_go() {
    let dir = tempfile::tempdir().unwrap();
    let held = DirLock::acquire(&RealFs, dir.path()).unwrap();
    let link = dir.path().with_extension("link");
    std::os::unix::fs::symlink(dir.path(), &link).unwrap();
    for path in [dir.path(), &link] {
        match DirLock::acquire(&RealFs, path) {
            Err(LogError::Locked { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
    }
    drop(held);
    DirLock::acquire(&RealFs, &link).unwrap();
    std::fs::remove_file(&link).unwrap();
}

#[test]
fn a_directory_that_is_not_there_cannot_be_held() {
    let dir = tempfile::tempdir().unwrap();
    assert!(DirLock::acquire(&RealFs, &dir.path().join("absent")).is_err());
}
