//! Everything that can go wrong in the engine, one variant per cause.
//!
//! A variant says whose fault it is: the operating system's (`Io`, `Poisoned`, `Offline`), the
//! bytes on disk (`Corrupt`, `UnsupportedFormat`), the bytes handed in (`CorruptBatch`,
//! `InvalidRecord`, ...), the producer (`OutOfOrderSequence`, ...) or the caller (`Closed`,
//! `ReadOnly`, `InvalidArgument`). Invariant: no variant is a catch-all, and none is raised for a
//! programming mistake of our own; those are asserts. The bindings translate this enum once.

use std::io;
use std::path::{Path, PathBuf};

/// The result of every fallible operation of the engine.
pub type Result<T, E = LogError> = std::result::Result<T, E>;

/// Why one record of a batch was refused; a batch is refused as a whole (KIP-467).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError {
    /// Index of the record inside its batch, from 0.
    pub index: i32,
    /// What is wrong with it, in a sentence.
    pub message: String,
}

/// What went wrong, and whose fault it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The operating system refused an operation on a file.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// The operation as the system calls it: `open`, `pwrite`, `fdatasync`, ...
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// An earlier fsync failed, so what is on disk is unknown until the log is opened again.
    #[error("{}: an fsync failed earlier; reopen the log to recover what reached the disk", path.display())]
    Poisoned {
        /// The log's directory.
        path: PathBuf,
    },
    /// The log directory failed earlier and is offline until restart.
    #[error("{}: the log directory is offline after a storage failure", path.display())]
    Offline {
        /// The log directory.
        path: PathBuf,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The log was opened read-only.
    #[error("the log is open read-only; open it without readonly to write")]
    ReadOnly,
    /// Another process (or another handle of this one) holds the directory's lock.
    #[error("{} is locked by {}", path.display(), holder(*pid))]
    Locked {
        /// The locked directory.
        path: PathBuf,
        /// The process that holds the lock, where the lock file tells.
        pid: Option<u32>,
    },
    /// Bytes on disk are not what was written.
    #[error("{} is corrupt at byte {position}: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file, in bytes.
        position: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A file was written by a newer version, or is no format of ours.
    #[error("{}: version {version} of {format} is not known to this release; upgrade to open it", path.display())]
    UnsupportedFormat {
        /// The file.
        path: PathBuf,
        /// Which format.
        format: &'static str,
        /// The version it claims.
        version: i64,
    },
    /// A record batch handed in is damaged: bad length, magic, CRC or encoding.
    #[error("corrupt record batch: {reason}")]
    CorruptBatch {
        /// What is wrong with it.
        reason: String,
    },
    /// A record batch handed in is whole but not acceptable.
    #[error("invalid record batch: {reason}")]
    InvalidRecord {
        /// What is wrong with the batch.
        reason: String,
        /// The records at fault, where single records are.
        records: Vec<RecordError>,
    },
    /// A timestamp is outside the allowed range, or of the wrong type.
    #[error("invalid timestamp: {reason}")]
    InvalidTimestamp {
        /// What is wrong.
        reason: String,
        /// The records at fault.
        records: Vec<RecordError>,
    },
    /// The codec is unknown, or not allowed here.
    #[error("unsupported compression: {reason}")]
    UnsupportedCompression {
        /// What is wrong.
        reason: String,
    },
    /// A record batch is larger than `max.message.bytes`.
    #[error(
        "the record batch has {size_bytes} bytes, the limit is {limit_bytes} (max.message.bytes)"
    )]
    BatchTooLarge {
        /// Its size.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The batches of one append do not fit a segment (`segment.bytes`).
    #[error("the append has {size_bytes} bytes, a segment holds {limit_bytes} (segment.bytes)")]
    BatchListTooLarge {
        /// The size of the append.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// An offset outside of what the log holds.
    #[error(
        "offset {offset} is out of range: the log holds {start} (inclusive) to {end} (exclusive)"
    )]
    OffsetOutOfRange {
        /// The offset asked for.
        offset: i64,
        /// The log start offset.
        start: i64,
        /// The first offset past the readable end.
        end: i64,
    },
    /// A follower append whose offsets do not increase or lie below the log end offset.
    #[error("append at offset {offset}, but the log end offset is {expected}")]
    UnexpectedAppendOffset {
        /// The first offset handed in.
        offset: i64,
        /// The log end offset.
        expected: i64,
    },
    /// The producer's epoch is older than the current one: it was fenced.
    #[error("producer {producer_id} epoch {epoch} is older than {current_epoch}")]
    InvalidProducerEpoch {
        /// Producer id.
        producer_id: i64,
        /// The epoch it used.
        epoch: i16,
        /// The current epoch.
        current_epoch: i16,
    },
    /// The sequence is not the one that follows the producer's last.
    #[error("producer {producer_id} epoch {epoch} sent sequence {sequence}, expected {expected}")]
    OutOfOrderSequence {
        /// Producer id.
        producer_id: i64,
        /// Producer epoch.
        epoch: i16,
        /// The sequence it sent.
        sequence: i32,
        /// The sequence that was due.
        expected: i32,
    },
    /// A transactional rule was broken by the producer.
    #[error("invalid transaction state of producer {producer_id}: {reason}")]
    InvalidTransactionState {
        /// Producer id.
        producer_id: i64,
        /// Which rule.
        reason: String,
    },
    /// A marker of a transaction coordinator that has been replaced.
    #[error("coordinator epoch {epoch} of producer {producer_id} is older than {current_epoch}")]
    TransactionCoordinatorFenced {
        /// Producer id.
        producer_id: i64,
        /// The epoch of the marker.
        epoch: i32,
        /// The newest epoch seen.
        current_epoch: i32,
    },
    /// A configuration value is not allowed.
    #[error("{key}: {reason}")]
    InvalidConfig {
        /// The key, in Kafka's dotted spelling.
        key: &'static str,
        /// What is allowed.
        reason: String,
    },
    /// An argument of a call makes no sense.
    #[error("{0}")]
    InvalidArgument(String),
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

impl LogError {
    /// An I/O error with its operation and path.
    pub fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { operation, path: path.to_owned(), source }
    }

    /// Damaged bytes in a file.
    pub fn corrupt(path: &Path, position: u64, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), position, reason: reason.into() }
    }

    /// A damaged batch handed in by the caller.
    pub fn corrupt_batch(reason: impl Into<String>) -> Self {
        Self::CorruptBatch { reason: reason.into() }
    }

    /// A batch that is whole but not acceptable, with no single record at fault.
    pub fn invalid_record(reason: impl Into<String>) -> Self {
        Self::InvalidRecord { reason: reason.into(), records: Vec::new() }
    }

    /// Whether a file was not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the storage failed, rather than the caller or the data.
    pub fn is_storage_failure(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Poisoned { .. } | Self::Offline { .. })
    }
}
