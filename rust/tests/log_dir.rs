//! `LogDir` and what it is made of: owner, lock, names of partitions, checkpoints, marker.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use logcore::checkpoint::TopicPartition;
use logcore::log_dir::{Checkpoints, LogDir};
use logcore::meta_properties::{MetaProperties, random_uuid};
use logcore::partition_dir::PartitionDir;
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
fn names_are_read_strictly() {
    let parse = PartitionDir::parse;
    assert_eq!(parse("orders-0"), Some(PartitionDir::Log(partition("orders", 0))));
    assert_eq!(parse("a-b.c_D-17"), Some(PartitionDir::Log(partition("a-b.c_D", 17))));
    assert_eq!(parse("--1"), Some(PartitionDir::Log(partition("-", 1))));
    let deleted = format!("t-x-3.{HEX}-delete");
    assert_eq!(parse(&deleted), Some(PartitionDir::Deleted(partition("t-x", 3))));
    let future = format!("t-3.{HEX}-future");
    assert_eq!(parse(&future), Some(PartitionDir::Future(partition("t", 3))));
    assert_eq!(parse(&format!("t-3.{HEX}-stray")), Some(PartitionDir::Stray(partition("t", 3))));
    let tricky = format!("t-3.{HEX}-delete-0");
    assert!(matches!(parse(&tricky), Some(PartitionDir::Log(log)) if log.partition == 0));
    let foreign = [
        "",
        "orders",
        "orders-",
        "-0",
        "orders-01",
        "orders-+1",
        "orders--1x",
        "or ders-0",
        "orders-2147483648",
        ".-0",
        "..-0",
        "caf\u{e9}-0",
        "lost+found",
        "remote-log-index-cache",
        &format!("t-3.{HEX}-gone"),
        &format!("t-3.{}-delete", &HEX[1..]),
        "t-3.-delete",
    ];
    for name in foreign {
        assert_eq!(parse(name), None, "{name:?}");
    }
}

#[test]
fn names_are_written_so_that_they_can_be_read() {
    for known in [partition("a", 0), partition("a-0", i32::MAX), partition(&"t".repeat(240), 7)] {
        let name = PartitionDir::name(&known).unwrap();
        assert_eq!(PartitionDir::parse(&name), Some(PartitionDir::Log(known.clone())));
        let name = PartitionDir::deleted_name(&known, random_uuid());
        assert!(name.len() <= 255, "{}", name.len());
        let Some(PartitionDir::Deleted(found)) = PartitionDir::parse(&name) else {
            panic!("{name}");
        };
        assert!(known.topic.starts_with(&found.topic) && found.partition == known.partition);
    }
    for illegal in [
        partition("", 0),
        partition("a b", 0),
        partition("..", 0),
        partition("a", -1),
        partition("../x", 0),
        partition(&"t".repeat(250), 0),
    ] {
        assert!(PartitionDir::name(&illegal).is_err(), "{illegal:?}");
    }
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
fn meta_properties_keep_what_they_do_not_know() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("meta.properties");
    std::fs::write(&file, "#\n#Mon Jan 01\nnode.id=1\nversion=1\nfuture.key=a=b\n").unwrap();
    drop(open(dir.path(), &MetaProperties::of(Some("c".into()), Some(1))).unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    for line in ["version=1", "cluster.id=c", "node.id=1", "future.key=a=b"] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    std::fs::write(&file, "version=0\nbroker.id=9\n").unwrap();
    let read = MetaProperties::read(&RealFs, dir.path()).unwrap().unwrap();
    assert_eq!(read.node_id, Some(9));
    for damaged in
        ["", "version=x", "nonsense", "version=1\nnode.id=one", "version=1\ndirectory.id=?"]
    {
        std::fs::write(&file, damaged).unwrap();
        let error = open(dir.path(), &MetaProperties::default()).unwrap_err();
        assert!(matches!(error, LogError::Corrupt { .. }), "{damaged:?}: {error}");
    }
    std::fs::write(&file, "version=2\n").unwrap();
    let error = open(dir.path(), &MetaProperties::default()).unwrap_err();
    assert!(matches!(error, LogError::UnsupportedFormat { version: 2, .. }), "{error}");
}

#[test]
fn random_ids_differ() {
    let ids: std::collections::HashSet<_> = (0..1000).map(|_| random_uuid()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| !id.to_string().starts_with('-')));
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
