//! The errors: what each says, and whose fault it is.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use logcore::LogError;

fn path() -> PathBuf {
    PathBuf::from("logs/t-0")
}

/// Every variant with what it says, and whether the storage is to blame.
#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<(LogError, &'static str, bool)> {
    let full = Error::from(ErrorKind::StorageFull);
    let (producer_id, epoch, current_epoch) = (7, 1, 2);
    vec![
        (LogError::io("pwrite", &path(), full), "pwrite logs/t-0: no storage space", true),
        (LogError::Poisoned { path: path() }, "logs/t-0: an fsync failed earlier; reopen", true),
        (LogError::Offline { path: path() }, "logs/t-0: the log directory is offline", true),
        (LogError::Closed, "the log is closed", false),
        (LogError::ReadOnly, "the log is open read-only", false),
        (
            LogError::Locked { path: path(), pid: Some(12) },
            "logs/t-0 is locked by process 12",
            false,
        ),
        (
            LogError::Locked { path: path(), pid: None },
            "logs/t-0 is locked by another process",
            false,
        ),
        (LogError::corrupt(&path(), 9, "bad"), "logs/t-0 is corrupt at byte 9: bad", false),
        (
            LogError::UnsupportedFormat { path: path(), format: "index", version: 3 },
            "logs/t-0: version 3 of index is not known to this release",
            false,
        ),
        (LogError::corrupt_batch("torn"), "corrupt record batch: torn", false),
        (LogError::invalid_record("odd"), "invalid record batch: odd", false),
        (
            LogError::InvalidTimestamp { reason: "late".into(), records: Vec::new() },
            "invalid timestamp: late",
            false,
        ),
        (
            LogError::UnsupportedCompression { reason: "codec 9".into() },
            "unsupported compression: codec 9",
            false,
        ),
        (
            LogError::BatchTooLarge { size_bytes: 2, limit_bytes: 1 },
            "the record batch has 2 bytes, the limit is 1 (max.message.bytes)",
            false,
        ),
        (
            LogError::BatchListTooLarge { size_bytes: 2, limit_bytes: 1 },
            "the append has 2 bytes, a segment holds 1 (segment.bytes)",
            false,
        ),
        (
            LogError::OffsetOutOfRange { offset: 9, start: 1, end: 5 },
            "offset 9 is out of range: the log holds 1 (inclusive) to 5 (exclusive)",
            false,
        ),
        (
            LogError::UnexpectedAppendOffset { offset: 3, expected: 4 },
            "append at offset 3, but the log end offset is 4",
            false,
        ),
        (
            LogError::InvalidProducerEpoch { producer_id, epoch, current_epoch },
            "producer 7 epoch 1 is older than 2",
            false,
        ),
        (
            LogError::OutOfOrderSequence { producer_id, epoch, sequence: 5, expected: 4 },
            "producer 7 epoch 1 sent sequence 5, expected 4",
            false,
        ),
        (
            LogError::InvalidTransactionState { producer_id, reason: "open".into() },
            "invalid transaction state of producer 7: open",
            false,
        ),
        (
            LogError::TransactionCoordinatorFenced { producer_id, epoch: 1, current_epoch: 2 },
            "coordinator epoch 1 of producer 7 is older than 2",
            false,
        ),
        (
            LogError::InvalidConfig { key: "segment.bytes", reason: "is odd".into() },
            "segment.bytes: is odd",
            false,
        ),
        (LogError::InvalidArgument("no".into()), "no", false),
    ]
}

#[test]
fn each_error_says_what_went_wrong_and_whose_fault_it_is() {
    for (error, text, is_of_storage) in all() {
        let told = error.to_string();
        assert!(told.starts_with(text), "{told:?} does not start with {text:?}");
        assert_eq!(error.is_storage_failure(), is_of_storage, "{told}");
        assert!(!told.ends_with('.') && !told.contains('\n'), "{told:?} is no part of a sentence");
    }
}

#[test]
fn a_file_that_is_not_there_is_told_from_other_failures() {
    let of = |kind: ErrorKind| LogError::io("open", Path::new("file"), Error::from(kind));
    assert!(of(ErrorKind::NotFound).is_not_found());
    assert!(!of(ErrorKind::PermissionDenied).is_not_found());
    assert!(!LogError::Closed.is_not_found());
}

#[test]
fn the_systems_error_is_the_cause() {
    let error = LogError::io("open", Path::new("file"), Error::from_raw_os_error(28));
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Error>());
    assert_eq!(cause.and_then(Error::raw_os_error), Some(28));
}
