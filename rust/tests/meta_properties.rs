//! `meta.properties`: Kafka's file is read, kept and refused as it should be.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use logcore::meta_properties::{MetaProperties, random_uuid};
use logcore::{LogError, RealFs};
use tempfile::TempDir;

#[test]
fn meta_properties_keep_what_they_do_not_know() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("meta.properties");
    std::fs::write(&file, "#\n#Mon Jan 01\nnode.id=1\nversion=1\nfuture.key=a=b\n").unwrap();
    MetaProperties::settle(&RealFs, dir.path(), &MetaProperties::of(Some("c".into()), Some(1)))
        .unwrap();
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
        let error = MetaProperties::read(&RealFs, dir.path()).unwrap_err();
        assert!(matches!(error, LogError::Corrupt { .. }), "{damaged:?}: {error}");
    }
    std::fs::write(&file, "version=2\n").unwrap();
    let error = MetaProperties::read(&RealFs, dir.path()).unwrap_err();
    assert!(matches!(error, LogError::UnsupportedFormat { version: 2, .. }), "{error}");
}

#[test]
fn random_ids_differ() {
    let ids: std::collections::HashSet<_> = (0..1000).map(|_| random_uuid()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| !id.to_string().starts_with('-')));
}
