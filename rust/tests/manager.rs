//! `LogManager`: logs over several directories, clean and unclean stops, upkeep, deletion, failures.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod managers;

use std::sync::Arc;

use logcore::meta_properties::random_uuid;
use logcore::{LogConfig, LogError, LogManager, ManagerOptions, ManualClock};
use managers::{MARKER, Roots, append, options, partition};

#[test]
fn two_managers_on_one_directory_fail() {
    let roots = Roots::new(2);
    let first = roots.open(options()).unwrap();
    let second = LogManager::open(&roots.paths[1..], options());
    assert!(matches!(second, Err(LogError::Locked { .. })));
    drop(first);
    roots.open(options()).unwrap();
}

#[test]
fn logs_are_spread_and_found_again() {
    let roots = Roots::new(2);
    let manager = roots.open(options()).unwrap();
    for at in 0..10 {
        let log = manager.get_or_create(&partition("t", at), None, true).unwrap();
        append(&log, i64::from(at));
    }
    for path in &roots.paths {
        let dirs = std::fs::read_dir(path).unwrap();
        assert_eq!(dirs.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(), 5);
    }
    let error = manager.get_or_create(&partition("no such/topic", 0), None, true).unwrap_err();
    assert!(matches!(error, LogError::InvalidArgument(_)));
    manager.close(7).unwrap();
    drop(manager);
    let manager = roots.open(options()).unwrap();
    assert_eq!(manager.report().loaded, 10);
    assert_eq!(manager.partitions().len(), 10);
    for at in 0..10 {
        let log = manager.get(&partition("t", at)).unwrap().unwrap();
        assert_eq!(log.log_end_offset(), i64::from(at));
        assert!(log.recovery().clean);
    }
    assert!(manager.get(&partition("t", 10)).unwrap().is_none());
}

#[test]
fn logs_that_are_created_together_are_there_together() {
    let roots = Roots::new(2);
    let manager = roots.open(options()).unwrap();
    append(&manager.get_or_create(&partition("t", 3), None, true).unwrap(), 2);
    let all: Vec<_> = (0..25).map(|at| (partition("t", at), None)).collect();
    let id = Some(random_uuid());
    let logs = manager.get_or_create_all(&all, true).unwrap();
    let ends: Vec<_> = logs.iter().map(|log| log.log_end_offset()).collect();
    assert_eq!(ends.iter().filter(|end| **end == 2).count(), 1);
    assert_eq!(ends[3], 2);
    let others: Vec<_> = (0..25).map(|at| (partition("u", at), id)).collect();
    manager.get_or_create_all(&others, true).unwrap();
    for path in &roots.paths {
        let dirs = std::fs::read_dir(path).unwrap();
        assert_eq!(dirs.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(), 25);
    }
    let mixed = [(partition("v", 0), id), (partition("no such/topic", 0), None)];
    assert!(manager.get_or_create_all(&mixed, true).is_err());
    assert!(manager.get(&mixed[0].0).unwrap().is_none());
    drop(manager);
    let manager = roots.open(options()).unwrap();
    assert_eq!(manager.partitions().len(), 50);
    assert_eq!(manager.topic_id(&partition("u", 24)), id);
}

#[test]
fn a_log_that_is_deleted_while_it_is_kept_up_does_not_take_its_directory_down() {
    let roots = Roots::new(1);
    let config = LogConfig { segment_bytes: 1000, ..options().config };
    let mut config = LogConfig { min_cleanable_dirty_ratio: 0.0, ..config };
    config.cleanup_policy.compact = true;
    config.cleanup_policy.delete = false;
    let manager = roots.open(ManagerOptions { config, ..options() }).unwrap();
    for round in 0..30 {
        let name = partition("t", round);
        append(&manager.get_or_create(&name, None, true).unwrap(), 60);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _ = manager.compact_due();
                manager.flush_due();
            });
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_micros(
                    u64::try_from(round).unwrap() * 100,
                ));
                manager.delete_all(std::slice::from_ref(&name)).unwrap();
            });
        });
        assert!(manager.offline_dirs().is_empty(), "round {round}");
    }
    assert!(manager.partitions().is_empty());
}

#[test]
fn the_marker_is_there_only_between_a_clean_stop_and_the_next_start() {
    let roots = Roots::new(1);
    let marker = roots.paths[0].join(MARKER);
    let manager = roots.open(options()).unwrap();
    append(&manager.get_or_create(&partition("t", 0), None, true).unwrap(), 3);
    assert!(!marker.exists());
    manager.close(42).unwrap();
    assert!(std::fs::read_to_string(&marker).unwrap().contains("\"brokerEpoch\":42"));
    drop(manager);
    let manager = roots.open(options()).unwrap();
    assert!(!marker.exists());
    drop(manager);
    let manager = roots.open(options()).unwrap();
    assert!(!manager.get(&partition("t", 0)).unwrap().unwrap().recovery().clean);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let roots = Roots::new(1);
    let hex = "0123456789abcdef0123456789abcdef";
    let (future, stray) = (format!("t-1.{hex}-future"), format!("t-2.{hex}-stray"));
    let deleted = format!("t-3.{hex}-delete");
    for name in ["lost+found", &future, &stray, &deleted, "t-01"] {
        let dir = roots.paths[0].join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("00000000000000000000.log"), b"anything").unwrap();
    }
    std::fs::write(roots.paths[0].join("t-9"), b"a file").unwrap();
    let manager = roots.open(options()).unwrap();
    let report = manager.report();
    assert_eq!((report.loaded, report.failed.len()), (0, 0));
    assert_eq!((report.foreign.len(), report.set_aside.len()), (2, 2));
    assert_eq!(manager.remove_deleted(), 1);
    manager.close(-1).unwrap();
    for name in ["lost+found", &future, &stray, "t-01"] {
        let left = std::fs::read(roots.paths[0].join(name).join("00000000000000000000.log"));
        assert_eq!(left.unwrap(), b"anything");
    }
    assert!(!roots.paths[0].join(deleted).exists() && roots.paths[0].join("t-9").is_file());
}

#[test]
fn one_partition_in_two_directories_is_refused() {
    let roots = Roots::new(2);
    for path in &roots.paths {
        std::fs::create_dir_all(path.join("t-0")).unwrap();
    }
    let error = roots.open(options()).unwrap_err();
    assert!(error.to_string().contains("same partition"), "{error}");
    assert!(roots.dir.path().join("d0/t-0").exists());
}

#[test]
fn a_topic_id_stays_with_its_log() {
    let roots = Roots::new(1);
    let (id, name) = (random_uuid(), partition("t", 0));
    let manager = roots.open(options()).unwrap();
    manager.get_or_create(&name, Some(id), true).unwrap();
    let metadata = manager.path_of(&name).unwrap().join("partition.metadata");
    assert!(std::fs::read_to_string(metadata).unwrap().contains(&id.to_string()));
    drop(manager);
    let manager = roots.open(options()).unwrap();
    assert_eq!(manager.topic_id(&name), Some(id));
    manager.get_or_create(&name, Some(id), false).unwrap();
    let error = manager.get_or_create(&name, Some(random_uuid()), false).unwrap_err();
    assert!(matches!(error, LogError::InvalidArgument(_)), "{error}");
}

#[test]
fn a_deleted_log_goes_in_two_steps_and_may_be_created_anew() {
    let roots = Roots::new(1);
    let clock = Arc::new(ManualClock::new(1_000_000));
    let manager = roots.open(ManagerOptions { clock: Arc::clone(&clock) as _, ..options() });
    let (manager, name) = (manager.unwrap(), partition(&"t".repeat(240), 0));
    let log = manager.get_or_create(&name, None, true).unwrap();
    append(&log, 5);
    manager.delete(&name).unwrap();
    assert!(manager.get(&name).unwrap().is_none());
    assert!(log.append_built(&mut [], 0).is_err() && manager.delete(&name).is_err());
    let directories = || {
        let entries = std::fs::read_dir(&roots.paths[0]).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    };
    assert_eq!((manager.remove_deleted(), directories()), (0, 1));
    let anew = manager.get_or_create(&name, None, true).unwrap();
    assert_eq!((anew.log_end_offset(), directories()), (0, 2));
    clock.advance(60_000);
    manager.apply_retention();
    assert_eq!(directories(), 1);
    manager.close(-1).unwrap();
}

#[test]
fn starts_and_watermarks_are_checkpointed() {
    let roots = Roots::new(1);
    let replicated = || ManagerOptions { end_is_stable: false, ..options() };
    let (manager, name) = (roots.open(replicated()).unwrap(), partition("t", 0));
    let log = manager.get_or_create(&name, None, true).unwrap();
    append(&log, 4);
    log.set_high_watermark(3);
    log.delete_before(2).unwrap();
    log.flush().unwrap();
    manager.checkpoint().unwrap();
    drop((manager, log));
    let manager = roots.open(replicated()).unwrap();
    let log = manager.get(&name).unwrap().unwrap();
    assert_eq!((log.log_start_offset(), log.high_watermark(), log.log_end_offset()), (2, 3, 4));
}

#[test]
fn truncation_lowers_the_recovery_point_on_disk() {
    let roots = Roots::new(1);
    let (manager, name) = (roots.open(options()).unwrap(), partition("t", 0));
    let log = manager.get_or_create(&name, None, true).unwrap();
    append(&log, 30);
    log.flush().unwrap();
    manager.checkpoint().unwrap();
    assert_eq!(manager.truncate_to(&name, 12).unwrap(), 12);
    drop((manager, log));
    let manager = roots.open(options()).unwrap();
    assert_eq!(manager.report().failed, []);
    assert_eq!(manager.get(&name).unwrap().unwrap().log_end_offset(), 12);
}

#[test]
fn upkeep_flushes_deletes_and_compacts() {
    let roots = Roots::new(1);
    let clock = Arc::new(ManualClock::new(1_000_000));
    let mut options = ManagerOptions { clock: Arc::clone(&clock) as _, ..options() };
    let base = options.config.clone();
    let mut compacted = base.clone();
    compacted.set("cleanup.policy", "compact").unwrap();
    let flushing = LogConfig { flush_ms: 1000, ..base.clone() };
    let small = LogConfig { retention_bytes: 1500, ..base };
    options.topic_configs =
        [("small".into(), small), ("keyed".into(), compacted), ("flushing".into(), flushing)]
            .into();
    let manager = roots.open(options).unwrap();
    let log = |topic: &str| manager.get_or_create(&partition(topic, 0), None, true).unwrap();
    append(&log("flushing"), 1);
    assert_eq!(manager.flush_due(), 0);
    clock.advance(1000);
    assert_eq!((manager.flush_due(), log("flushing").recovery_point()), (1, 1));
    append(&log("small"), 40);
    append(&log("keyed"), 40);
    assert_eq!((manager.flush_due(), manager.flush_due()), (2, 0));
    let deleted = manager.apply_retention();
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0].0, partition("small", 0));
    assert!(log("small").log_start_offset() > 0 && log("small").size_bytes() < 3000);
    let (which, report) = manager.compact_due().unwrap();
    assert_eq!(which, partition("keyed", 0));
    let report = report.unwrap();
    assert!(report.bytes_after < report.bytes_before / 2, "{report:?}");
    assert!(manager.compact_due().is_none() && manager.uncleanable().is_empty());
    manager.close(-1).unwrap();
}

#[test]
fn settings_reach_open_logs_and_those_to_come() {
    let roots = Roots::new(1);
    let manager = roots.open(options()).unwrap();
    let log = |topic: &str| manager.get_or_create(&partition(topic, 0), None, true).unwrap();
    let retention_ms = |topic: &str| log(topic).config().retention_ms;
    assert_eq!((retention_ms("one"), retention_ms("two")), (-1, -1));
    let own = LogConfig { retention_ms: 1, ..LogConfig::default() };
    manager.set_topic_config("one", Some(own.clone())).unwrap();
    manager.set_topic_config("later", Some(own.clone())).unwrap();
    assert_eq!((retention_ms("one"), retention_ms("two"), retention_ms("later")), (1, -1, 1));
    let bad = LogConfig { min_compaction_lag_ms: 2, max_compaction_lag_ms: 1, ..own.clone() };
    assert!(manager.set_topic_config("two", Some(bad.clone())).is_err());
    assert!(manager.set_configs(bad, [].into()).is_err());
    assert_eq!((retention_ms("one"), retention_ms("two")), (1, -1));
    let all = LogConfig { retention_ms: 5, ..LogConfig::default() };
    manager.set_configs(all, [("two".into(), own)].into()).unwrap();
    assert_eq!((retention_ms("one"), retention_ms("two"), retention_ms("new")), (5, 1, 5));
    manager.set_topic_config("two", None).unwrap();
    assert_eq!(retention_ms("two"), 5);
}

#[test]
fn directories_are_told_with_their_logs_and_volumes() {
    let roots = Roots::new(2);
    std::fs::write(roots.dir.path().join("file"), "").unwrap();
    let lost = roots.dir.path().join("file").join("dir");
    let paths = [roots.paths.clone(), vec![lost.clone()]].concat();
    let progress = ManagerOptions::default().progress;
    let loading = ManagerOptions { progress: Arc::clone(&progress), ..options() };
    let manager = LogManager::open(&paths, loading).unwrap();
    let log = manager.get_or_create(&partition("t", 4), None, true).unwrap();
    append(&log, 3);
    let facts = manager.dir_facts();
    assert_eq!(facts[0].logs, [(partition("t", 4), log.size_bytes())]);
    assert_eq!((facts[1].is_online, facts[1].logs.len()), (true, 0));
    let space = facts[1].space.unwrap();
    assert!(space.total_bytes >= space.usable_bytes && space.usable_bytes > 0);
    assert_eq!((facts[2].is_online, facts[2].space), (false, None));
    assert_eq!(facts[2].path, lost);
    assert_eq!((progress.total(), progress.done()), (0, 0));
    drop(manager);
    let loading = ManagerOptions { progress: Arc::clone(&progress), ..options() };
    LogManager::open(&paths, loading).unwrap();
    assert_eq!((progress.total(), progress.done()), (1, 1));
}
