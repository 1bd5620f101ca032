//! Transaction markers: round trip, other control records, and damaged ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use logcore::LogError;
use logcore::control::EndTxnMarker;
use proptest::prelude::*;

#[test]
fn the_bytes_are_kafkas() {
    let marker = EndTxnMarker { commit: true, coordinator_epoch: 258 };
    assert_eq!(marker.encode(), ([0, 0, 0, 1], [0, 0, 0, 0, 1, 2]));
    let abort = EndTxnMarker { commit: false, coordinator_epoch: 0 };
    assert_eq!(abort.encode().0, [0, 0, 0, 0]);
}

#[test]
fn other_control_records_are_no_markers() {
    for kind in [2, 3, 6, 99] {
        assert_eq!(EndTxnMarker::decode(Some(&[0, 0, 0, kind]), None).unwrap(), None);
    }
    assert_eq!(EndTxnMarker::decode(Some(&[0, 0, 0xFF, 0xFF]), None).unwrap(), None);
}

#[test]
fn a_newer_version_is_read_as_far_as_it_is_known() {
    let marker = EndTxnMarker::decode(Some(&[0, 1, 0, 0, 9]), Some(&[0, 1, 0, 0, 0, 5, 9, 9]));
    assert_eq!(marker.unwrap(), Some(EndTxnMarker { commit: false, coordinator_epoch: 5 }));
}

#[test]
fn damaged_markers_are_errors() {
    type Bytes = Option<&'static [u8]>;
    let whole: &'static [u8] = &[0, 0, 0, 0, 0, 7];
    let cases: [(Bytes, Bytes); 8] = [
        (None, Some(whole)),
        (Some(&[]), Some(whole)),
        (Some(&[0]), Some(whole)),
        (Some(&[0, 0, 1]), Some(whole)),
        (Some(&[0xFF, 0xFF, 0, 1]), Some(whole)),
        (Some(&[0, 0, 0, 1]), None),
        (Some(&[0, 0, 0, 1]), Some(&whole[..5])),
        (Some(&[0, 0, 0, 1]), Some(&[0xFF, 0, 0, 0, 0, 0])),
    ];
    for (key, value) in cases {
        let decoded = EndTxnMarker::decode(key, value);
        assert!(matches!(decoded, Err(LogError::CorruptBatch { .. })), "{key:?} {value:?}");
    }
}

proptest! {
    #[test]
    fn markers_round_trip(commit in any::<bool>(), coordinator_epoch in any::<i32>()) {
        let marker = EndTxnMarker { commit, coordinator_epoch };
        let (key, value) = marker.encode();
        prop_assert_eq!(EndTxnMarker::decode(Some(&key), Some(&value)).unwrap(), Some(marker));
    }

    #[test]
    fn arbitrary_bytes_never_panic(key in any::<Option<Vec<u8>>>(), value in any::<Option<Vec<u8>>>()) {
        let _ = EndTxnMarker::decode(key.as_deref(), value.as_deref());
    }
}
