//! The clean-shutdown marker: presence, content, and content that is none.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::sync::Arc;

use logcore::RealFs;
use logcore::clean_shutdown::{CLEAN_SHUTDOWN, CleanShutdownMarker};
use proptest::prelude::*;
use tempfile::TempDir;

fn marker(dir: &TempDir) -> CleanShutdownMarker {
    CleanShutdownMarker::new(Arc::new(RealFs), dir.path())
}

fn epoch_of(text: impl AsRef<[u8]>) -> Option<i64> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(CLEAN_SHUTDOWN), text).unwrap();
    assert!(marker(&dir).exists().unwrap());
    marker(&dir).broker_epoch().unwrap()
}

#[test]
fn the_marker_comes_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!marker(&dir).exists().unwrap());
    assert_eq!(marker(&dir).broker_epoch().unwrap(), None);
    marker(&dir).write(10).unwrap();
    assert!(marker(&dir).exists().unwrap());
    assert_eq!(marker(&dir).broker_epoch().unwrap(), Some(10));
    let text = fs::read_to_string(marker(&dir).path()).unwrap();
    assert_eq!(text, "{\"version\":0,\"brokerEpoch\":10}");
    marker(&dir).remove().unwrap();
    assert!(!marker(&dir).exists().unwrap());
    marker(&dir).remove().unwrap();
}

#[test]
fn unknown_fields_versions_and_spacing_are_read() {
    assert_eq!(epoch_of("{ \"brokerEpoch\" : -1 , \"version\": 1, \"more\": true }\n"), Some(-1));
}

#[test]
fn an_unreadable_marker_is_a_marker_without_an_epoch() {
    for text in ["", "{}", "{\"brokerEpoch\":}", "{\"brokerEpoch\":\"x\"}", "{\"brokerEpoch\":1"] {
        assert_eq!(epoch_of(text), None, "{text:?}");
    }
    assert_eq!(epoch_of(b"{\"brokerEpoch\":1\xFF}"), None);
}

proptest! {
    // Every case syncs real files.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_epoch_round_trips(epoch in any::<i64>()) {
        let dir = tempfile::tempdir().unwrap();
        marker(&dir).write(epoch).unwrap();
        prop_assert_eq!(marker(&dir).broker_epoch().unwrap(), Some(epoch));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        epoch_of(bytes);
    }
}
