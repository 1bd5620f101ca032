//! `partition.metadata`: Kafka's text, its ids, and what is refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::sync::Arc;

use logcore::partition_metadata::{
    PARTITION_METADATA, PartitionMetadata, PartitionMetadataFile, Uuid,
};
use logcore::{LogError, RealFs, Result};
use proptest::prelude::*;
use tempfile::TempDir;

fn file(dir: &TempDir) -> PartitionMetadataFile {
    PartitionMetadataFile::new(Arc::new(RealFs), dir.path())
}

fn read_of(text: impl AsRef<[u8]>) -> Result<Option<PartitionMetadata>> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(PARTITION_METADATA), text).unwrap();
    file(&dir).read()
}

#[test]
fn the_id_is_written_and_read_in_kafkas_text() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(file(&dir).read().unwrap(), None);
    let topic_id = Uuid([7; 16]);
    file(&dir).write(topic_id).unwrap();
    assert_eq!(file(&dir).read().unwrap(), Some(PartitionMetadata { version: 0, topic_id }));
    let text = fs::read_to_string(file(&dir).path()).unwrap();
    assert_eq!(text, format!("version: 0\ntopic_id: {topic_id}"));
}

#[test]
fn ids_are_shown_as_java_shows_them() {
    // Uuid.ONE_UUID, the id of the metadata topic, as Kafka prints it.
    let mut one = [0; 16];
    one[15] = 1;
    assert_eq!(Uuid(one).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    assert_eq!(Uuid([0xFF; 16]).to_string(), "_____________________w");
    assert_eq!("_____________________w".parse(), Ok(Uuid([0xFF; 16])));
}

#[test]
fn a_newer_version_is_read_as_far_as_it_is_known() {
    let metadata = read_of("version: 3\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\nmore: 1\n").unwrap();
    assert_eq!(metadata.unwrap().version, 3);
}

#[test]
fn damaged_texts_are_corrupt_at_their_line() {
    let id = "AAAAAAAAAAAAAAAAAAAAAQ";
    let zero = "AAAAAAAAAAAAAAAAAAAAAA";
    for (text, expected) in [
        (String::new(), 0),
        ("version 0".into(), 0),
        (format!("version: -1\ntopic_id: {id}"), 0),
        (format!("version: x\ntopic_id: {id}"), 0),
        (format!("topic_id: {id}\nversion: 0"), 0),
        ("version: 0".into(), 10),
        ("version: 0\n".into(), 11),
        (format!("version: 0\ntopic_id: {zero}"), 11),
        (format!("version: 0\ntopic_id: {id}Q"), 11),
        ("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAR".into(), 11),
        ("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAA+Q".into(), 11),
    ] {
        match read_of(&text) {
            Err(LogError::Corrupt { position, .. }) => assert_eq!(position, expected, "{text:?}"),
            other => panic!("{text:?} gave {other:?}"),
        }
    }
}

#[test]
fn the_zero_id_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(file(&dir).write(Uuid::ZERO), Err(LogError::InvalidArgument(_))));
    assert_eq!(file(&dir).read().unwrap(), None);
}

proptest! {
    // Every case syncs real files.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn ids_round_trip(bytes in any::<[u8; 16]>()) {
        let text = Uuid(bytes).to_string();
        prop_assert_eq!(text.len(), 22);
        prop_assert_eq!(text.parse(), Ok(Uuid(bytes)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = read_of(&bytes);
        let _ = read_of([b"version: 0\ntopic_id: ", bytes.as_slice()].concat());
    }
}
