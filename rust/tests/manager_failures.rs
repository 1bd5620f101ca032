//! `LogManager` when something fails: damaged logs, storage that gives up, directories that are lost.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod managers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use logcore::config::CleanupPolicy;
use logcore::faulty_fs::{Call, Fault, FaultyFs};
use logcore::{FileSystem, LogError, LogManager, ManagerOptions, RealFs};
use managers::{MARKER, Roots, append, options, partition};

/// Flips a bit in the records of the log's first segment.
fn damage(log_dir: &Path) {
    let path = log_dir.join("00000000000000000000.log");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[80] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_log_that_does_not_load_fails_alone_and_keeps_the_marker_away() {
    let roots = Roots::new(1);
    let manager = roots.open(options()).unwrap();
    for at in 0..3 {
        append(&manager.get_or_create(&partition("t", at), None, true).unwrap(), 5);
    }
    manager.close(-1).unwrap();
    let path = manager.path_of(&partition("t", 1)).unwrap();
    drop(manager);
    // Below the recovery point a hole is no torn tail.
    std::fs::write(path.join("00000000000000000000.log"), b"").unwrap();
    std::fs::write(path.join("partition.metadata"), b"nonsense").unwrap();
    for _ in 0..2 {
        let manager = roots.open(options()).unwrap();
        assert_eq!((manager.report().loaded, manager.report().failed.len()), (2, 1));
        assert!(matches!(manager.get(&partition("t", 1)), Err(LogError::Corrupt { .. })));
        let created = manager.get_or_create(&partition("t", 1), None, true);
        assert!(matches!(created, Err(LogError::Corrupt { .. })));
        append(&manager.get(&partition("t", 2)).unwrap().unwrap(), 1);
        manager.close(-1).unwrap();
        assert!(!roots.paths[0].join(MARKER).exists());
        let text = std::fs::read_to_string(roots.paths[0].join("recovery-point-offset-checkpoint"));
        assert!(text.unwrap().contains("t 1 5"), "what was known of the log is kept");
    }
}

#[test]
fn damage_above_the_recovery_point_is_cut_and_below_it_refused() {
    let roots = Roots::new(1);
    let manager = roots.open(options()).unwrap();
    let (one, other) = (partition("one", 0), partition("other", 0));
    for name in [&one, &other] {
        append(&manager.get_or_create(name, None, true).unwrap(), 4);
    }
    manager.get(&other).unwrap().unwrap().flush().unwrap();
    manager.checkpoint().unwrap();
    let paths = [&one, &other].map(|name| manager.path_of(name).unwrap());
    drop(manager);
    damage(&paths[0]);
    std::fs::write(paths[1].join("00000000000000000000.log"), b"short").unwrap();
    let manager = roots.open(options()).unwrap();
    assert_eq!(manager.get(&one).unwrap().unwrap().log_end_offset(), 0);
    assert!(manager.report().truncated_bytes > 400);
    assert!(matches!(manager.get(&other), Err(LogError::Corrupt { .. })));
}

#[test]
fn a_directory_that_fails_goes_offline_alone() {
    let roots = Roots::new(2);
    let faulty = FaultyFs::new(roots.dir.path()).unwrap();
    let options = || ManagerOptions { fs: Arc::new(faulty.clone()), ..options() };
    let manager = roots.open(options()).unwrap();
    let names = [0, 1, 2, 3].map(|at| partition("t", at));
    let logs = names.clone().map(|name| manager.get_or_create(&name, None, true).unwrap());
    for log in &logs {
        append(log, 20);
    }
    faulty.inject(Fault::once(0, Fault::EIO).of(Call::SyncData));
    assert_eq!(manager.flush_due(), 2);
    assert_eq!(manager.offline_dirs().len(), 1);
    let (mut served, mut refused) = (0, 0);
    for (name, log) in names.iter().zip(&logs) {
        match manager.get(name) {
            Ok(Some(log)) => {
                append(&log, 1);
                served += 1;
            }
            Err(LogError::Offline { path }) => {
                assert!(log.dir().starts_with(path));
                // Who held the log already cannot write it either.
                assert!(matches!(
                    log.append_built(&mut [0; 61], 0),
                    Err(LogError::Poisoned { .. })
                ));
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((served, refused), (2, 2));
    let unknown = partition("elsewhere", 0);
    let hidden = manager.get_or_create(&unknown, None, false);
    assert!(matches!(hidden, Err(LogError::Offline { .. })), "it may be in the offline directory");
    manager.get_or_create(&unknown, None, true).unwrap();
    manager.close(-1).unwrap();
    let marked = roots.paths.iter().filter(|path| path.join(MARKER).exists()).count();
    assert_eq!(marked, 1);
    drop((manager, logs));
    let manager = roots.open(options()).unwrap();
    assert_eq!((manager.report().loaded, manager.offline_dirs().len()), (5, 0));
}

#[test]
fn a_failure_that_a_user_reports_takes_the_directory_offline() {
    let roots = Roots::new(2);
    let manager = roots.open(options()).unwrap();
    let name = partition("t", 0);
    manager.get_or_create(&name, None, true).unwrap();
    manager.note_failure(&name, &LogError::Closed);
    assert!(manager.offline_dirs().is_empty(), "the caller's fault");
    manager.note_failure(&name, &LogError::Poisoned { path: PathBuf::new() });
    assert_eq!(manager.offline_dirs().len(), 1);
    assert!(manager.checkpoint().is_ok(), "the other directory is written");
}

#[test]
fn a_directory_that_cannot_be_opened_is_offline_and_none_left_is_an_error() {
    let roots = Roots::new(2);
    std::fs::write(&roots.paths[0], b"a file").unwrap();
    let manager = roots.open(options()).unwrap();
    assert_eq!(manager.offline_dirs(), [roots.paths[0].clone()]);
    manager.get_or_create(&partition("t", 0), None, true).unwrap();
    let none = LogManager::open(&roots.paths[..1], options());
    assert!(matches!(none, Err(LogError::Offline { .. })));
}

#[test]
fn any_failing_call_of_a_start_loses_nothing() {
    let roots = Roots::new(1);
    let manager = roots.open(options()).unwrap();
    for at in 0..3 {
        append(&manager.get_or_create(&partition("t", at), None, true).unwrap(), 12);
    }
    manager.close(-1).unwrap();
    drop(manager);
    for after in (0..400).step_by(9) {
        let faulty = FaultyFs::new(&roots.paths[0]).unwrap();
        faulty.inject(Fault::once(after, Fault::EIO));
        let options = ManagerOptions { fs: Arc::new(faulty.clone()), ..options() };
        drop(roots.open(options));
        if faulty.fault_count() == 0 {
            break;
        }
        let manager = roots.open(self::options()).unwrap();
        assert_eq!(manager.report().failed, [], "call {after}");
        for at in 0..3 {
            let log = manager.get(&partition("t", at)).unwrap().unwrap();
            assert_eq!(log.log_end_offset(), 12, "call {after}");
        }
        manager.close(-1).unwrap();
    }
}

#[test]
fn checkpoints_may_be_written_while_logs_come_and_go() {
    let roots = Roots::new(1);
    let manager = roots.open(options()).unwrap();
    let keep = manager.get_or_create(&partition("keep", 0), None, true).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..100).for_each(|_| manager.checkpoint().unwrap()));
        }
        for at in 0..50 {
            let name = partition("comes-and-goes", at);
            append(&manager.get_or_create(&name, None, true).unwrap(), 1);
            manager.delete(&name).unwrap();
            append(&keep, 1);
            manager.truncate_to(&partition("keep", 0), i64::from(at) / 2).unwrap();
        }
    });
    assert!(manager.offline_dirs().is_empty());
    append(&keep, 1);
    manager.close(-1).unwrap();
    let text = std::fs::read_to_string(roots.paths[0].join("recovery-point-offset-checkpoint"));
    assert_eq!(text.unwrap().lines().count(), 3, "one log is left");
}

#[test]
fn a_lost_checkpoint_only_makes_loading_longer() {
    let roots = Roots::new(1);
    let compacted = || {
        let mut options = options();
        options.config.cleanup_policy = CleanupPolicy { delete: false, compact: true };
        options
    };
    let name = partition("t", 0);
    let manager = roots.open(compacted()).unwrap();
    let log = manager.get_or_create(&name, None, true).unwrap();
    append(&log, 20);
    let (first, end) = (log.segments().load()[0].clone(), log.log_end_offset());
    let kept = first.find_offset(first.base_offset() + 2).unwrap().unwrap().position;
    let path = manager.path_of(&name).unwrap().join("00000000000000000000.log");
    manager.close(-1).unwrap();
    drop((log, manager));
    // As Apache Kafka's cleaner leaves a segment whose last records were replaced.
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..kept]).unwrap();
    RealFs.remove(&roots.paths[0].join("recovery-point-offset-checkpoint")).unwrap();
    let manager = roots.open(compacted()).unwrap();
    let log = manager.get(&name).unwrap().unwrap();
    assert_eq!(log.log_end_offset(), end);
}
