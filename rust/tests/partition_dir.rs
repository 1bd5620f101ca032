//! Names of partition directories: read strictly, written so that they can be read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use logcore::checkpoint::TopicPartition;
use logcore::meta_properties::random_uuid;
use logcore::partition_dir::PartitionDir;

const HEX: &str = "0123456789abcdef0123456789abcdef";

fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
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
