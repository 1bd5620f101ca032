//! `LogDir` and what it is made of: owner, lock, checkpoints, marker.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use logcore::checkpoint::TopicPartition;
use logcore::log_dir::{Checkpoints, LogDir};
use logcore::meta_properties::MetaProperties;
use logcore::{LogError, RealFs, Result};
use tempfile::TempDir;

const HEX: &str = "0123456789abcdef0123456789abcdef";

fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

fn open(dir: &Path, owner: &MetaProperties) -> Result<LogDir> {
    LogDir::open(dir, Arc::new(RealFs), owner)
}

#[test]
fn a_directory_has_one_holder_and_one_owner() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("logs");
    let us = MetaProperties::of(Some("cluster".into()), Some(3));
    let held = open(&root, &us).unwrap();
    assert!(matches!(open(&root, &us), Err(LogError::Locked { .. })));
    let id = held.meta().directory_id.unwrap();
    drop(held);
    for other in [MetaProperties::of(Some("other".into()), None), MetaProperties::of(None, Some(4))]
    {
        let error = open(&root, &other).unwrap_err();
        assert!(matches!(error, LogError::InvalidArgument(_)), "{error}");
    }
    let again = open(&root, &MetaProperties::default()).unwrap();
    assert_eq!(again.meta().directory_id, Some(id));
    assert_eq!(again.meta().node_id, Some(3));
}

#[test]
fn checkpoints_come_back_and_damaged_ones_are_empty() {
    let dir = TempDir::new().unwrap();
    let held = open(dir.path(), &MetaProperties::default()).unwrap();
    assert_eq!(held.read_checkpoints().unwrap(), Checkpoints::default());
    let offsets = |offset| [(partition("t", 0), offset), (partition("u", 1), 9)].into();
    let written = Checkpoints {
        recovery_points: offsets(1),
        log_start_offsets: offsets(2),
        high_watermarks: offsets(3),
        clean_end_offsets: offsets(4),
    };
    held.write_checkpoints(&written).unwrap();
    assert_eq!(held.read_checkpoints().unwrap(), written);
    std::fs::write(dir.path().join("recovery-point-offset-checkpoint"), "0\n7\n").unwrap();
    let read = held.read_checkpoints().unwrap();
    assert!(read.recovery_points.is_empty());
    assert_eq!(read.high_watermarks, written.high_watermarks);
    held.set_offline();
    assert!(matches!(held.write_checkpoints(&written), Err(LogError::Offline { .. })));
}

#[test]
fn the_marker_needs_a_complete_directory() {
    let dir = TempDir::new().unwrap();
    let held = open(dir.path(), &MetaProperties::default()).unwrap();
    assert!(!held.write_clean_marker(5).unwrap());
    assert!(!held.take_clean_marker().unwrap());
    held.set_complete(true);
    assert!(held.write_clean_marker(5).unwrap());
    assert!(held.take_clean_marker().unwrap());
    assert!(!held.take_clean_marker().unwrap());
    held.set_offline();
    assert!(!held.write_clean_marker(5).unwrap());
}

#[test]
fn only_deleted_logs_are_removed() {
    let dir = TempDir::new().unwrap();
    let held = open(dir.path(), &MetaProperties::default()).unwrap();
    let deleted = format!("t-0.{HEX}-delete");
    for name in ["t-0", "photos", &deleted] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(name).join("file"), "x").unwrap();
    }
    for name in ["t-0", "photos", "../x", "."] {
        assert!(held.remove_deleted(name).is_err(), "{name}");
    }
    held.remove_deleted(&deleted).unwrap();
    held.remove_deleted(&deleted).unwrap();
    assert!(!dir.path().join(&deleted).exists());
    assert!(dir.path().join("t-0/file").exists() && dir.path().join("photos/file").exists());
    let contents = held.contents().unwrap();
    assert_eq!(contents.foreign, ["photos"]);
    assert_eq!(contents.partitions.len(), 1);
}
