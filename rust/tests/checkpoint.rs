//! Checkpoint files: round trips, and every way in which a text can be wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use logcore::checkpoint::{
    EpochEntry, LEADER_EPOCH_CHECKPOINT, LeaderEpochCheckpoint, OffsetCheckpoint,
    RECOVERY_POINT_CHECKPOINT, TopicPartition,
};
use logcore::{LogError, RealFs};
use proptest::prelude::*;
use tempfile::TempDir;

fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

fn offsets(dir: &TempDir) -> OffsetCheckpoint {
    OffsetCheckpoint::new(Arc::new(RealFs), dir.path(), RECOVERY_POINT_CHECKPOINT)
}

fn epochs(dir: &TempDir) -> LeaderEpochCheckpoint {
    LeaderEpochCheckpoint::new(Arc::new(RealFs), dir.path())
}

fn read_epochs_of(text: impl AsRef<[u8]>) -> Result<Vec<EpochEntry>, LogError> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(LEADER_EPOCH_CHECKPOINT), text).unwrap();
    epochs(&dir).read()
}

fn corrupt_reason(text: impl AsRef<[u8]>) -> (u64, String) {
    match read_epochs_of(text) {
        Err(LogError::Corrupt { position, reason, path }) => {
            assert!(path.ends_with(LEADER_EPOCH_CHECKPOINT));
            (position, reason)
        }
        other => panic!("expected corruption, got {other:?}"),
    }
}

#[test]
fn offsets_are_persisted_overwritten_and_reread() {
    let dir = tempfile::tempdir().unwrap();
    let first = BTreeMap::from([(partition("foo", 1), 5), (partition("bar", 2), 10)]);
    offsets(&dir).write(&first).unwrap();
    assert_eq!(offsets(&dir).read().unwrap(), first);

    let second = BTreeMap::from([(partition("foo", 2), 15), (partition("bar", 3), 20)]);
    offsets(&dir).write(&second).unwrap();
    assert_eq!(offsets(&dir).read().unwrap(), second);
}

#[test]
fn the_text_is_kafkas() {
    let dir = tempfile::tempdir().unwrap();
    offsets(&dir).write(&BTreeMap::from([(partition("orders", 3), 4711)])).unwrap();
    let text = fs::read_to_string(offsets(&dir).path()).unwrap();
    assert_eq!(text, "0\n1\norders 3 4711\n");
    epochs(&dir).write(&[EpochEntry { epoch: 7, start_offset: 40 }]).unwrap();
    assert_eq!(fs::read_to_string(epochs(&dir).path()).unwrap(), "0\n1\n7 40\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn an_absent_or_empty_file_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(offsets(&dir).read().unwrap().is_empty());
    assert!(epochs(&dir).read().unwrap().is_empty());
    for text in ["", "0", "0\n", "0\n0", "0\n0\n"] {
        assert_eq!(read_epochs_of(text).unwrap(), [], "{text:?}");
    }
}

#[test]
fn no_offsets_are_a_list_too() {
    let dir = tempfile::tempdir().unwrap();
    offsets(&dir).write(&BTreeMap::new()).unwrap();
    assert!(offsets(&dir).read().unwrap().is_empty());
}

#[test]
fn a_newer_version_is_unsupported_and_a_negative_one_corrupt() {
    let error = read_epochs_of("1\n0\n").unwrap_err();
    assert!(matches!(error, LogError::UnsupportedFormat { version: 1, .. }), "{error}");
    assert_eq!(corrupt_reason("-1\n0\n").0, 0);
    assert!(corrupt_reason("zero\n0\n").1.contains("line 1: \"zero\""));
}

#[test]
fn a_count_that_does_not_match_is_corrupt() {
    for text in ["0\n2\n1 10\n", "0\n0\n1 10\n", "0\n-1\n1 10\n", "0\n2147483648\n1 10\n"] {
        assert!(corrupt_reason(text).1.contains("1 entries instead of"), "{text:?}");
    }
    assert!(corrupt_reason("0\n99999999999999999999\n").1.contains("no number in line 2"));
}

#[test]
fn a_malformed_line_is_corrupt_and_named_with_its_position() {
    let (position, reason) = corrupt_reason("0\n2\n1 10\n2\n");
    assert_eq!(position, 9);
    assert!(reason.contains("line 4: \"2\""), "{reason}");
    for line in ["1 10 7", "one 10", "1 ten", "-1 10", "1 -10", "", "1 9223372036854775808"] {
        assert!(corrupt_reason(format!("0\n1\n{line}\n")).1.contains("malformed"), "{line:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_corrupt() {
    assert_eq!(corrupt_reason(b"0\n1\n\xFF 10\n").0, 4);
}

#[test]
fn white_space_and_line_ends_of_others_are_read() {
    let entry = EpochEntry { epoch: 1, start_offset: 10 };
    assert_eq!(read_epochs_of("0\r\n1\r\n1   10\r\n").unwrap(), [entry]);
    assert_eq!(read_epochs_of("0\n1\n1\t10").unwrap(), [entry]);
}

#[test]
fn a_topic_name_that_would_break_the_line_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for topic in ["", "a b", "a\n"] {
        let error = offsets(&dir).write(&BTreeMap::from([(partition(topic, 0), 1)])).unwrap_err();
        assert!(matches!(error, LogError::InvalidArgument(_)), "{topic:?}");
    }
    assert!(!offsets(&dir).path().exists());
}

#[test]
fn a_write_that_fails_names_the_file_and_leaves_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let missing = LeaderEpochCheckpoint::new(Arc::new(RealFs), &dir.path().join("missing"));
    assert!(matches!(missing.write(&[]), Err(LogError::Io { operation: "open", .. })));
}

proptest! {
    // Every case syncs real files.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_epochs_of(bytes);
    }

    #[test]
    fn texts_that_look_right_never_panic(text in "[0-3\n]{0,6}([0-9 \\-\n]{0,12}){0,6}") {
        let _ = read_epochs_of(text);
    }

    #[test]
    fn offsets_round_trip(
        entries in proptest::collection::btree_map(("[a-zA-Z0-9._-]{1,20}", 0..1000), any::<i64>(), 0..20)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let entries: BTreeMap<_, _> =
            entries.into_iter().map(|((t, p), offset)| (partition(&t, p), offset)).collect();
        offsets(&dir).write(&entries).unwrap();
        prop_assert_eq!(offsets(&dir).read().unwrap(), entries);
    }
}
