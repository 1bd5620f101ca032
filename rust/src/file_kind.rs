//! The names of a segment's files.
//!
//! Invariant: a name is 20 digits of an offset and a suffix, and nothing else is taken for one, so
//! strange files in a log's directory are left alone. `segment.rs` and `loader.rs` use it.

use std::path::{Path, PathBuf};

/// What a file of a segment is for; its suffix tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// `.log`: the record batches.
    Log,
    /// `.index`: the offset index.
    OffsetIndex,
    /// `.timeindex`: the time index.
    TimeIndex,
    /// `.txnindex`: aborted transactions.
    TransactionIndex,
    /// `.snapshot`: producer state up to (not including) the offset of its name.
    ProducerSnapshot,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Log,
        Self::OffsetIndex,
        Self::TimeIndex,
        Self::TransactionIndex,
        Self::ProducerSnapshot,
    ];

    /// The kinds that belong to one segment and go with it.
    pub const OF_SEGMENT: [Self; 4] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TransactionIndex];

    /// The suffix, with its dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Log => ".log",
            Self::OffsetIndex => ".index",
            Self::TimeIndex => ".timeindex",
            Self::TransactionIndex => ".txnindex",
            Self::ProducerSnapshot => ".snapshot",
        }
    }

    /// The path of a file of this kind: the offset in 20 digits and the suffix.
    pub fn path(self, dir: &Path, offset: i64) -> PathBuf {
        dir.join(format!("{offset:020}{}", self.suffix()))
    }

    /// Kind and offset of a file name, `None` if it is no such name.
    pub fn parse(name: &str) -> Option<(Self, i64)> {
        let (digits, _) = name.split_once('.')?;
        let kind = Self::ALL.into_iter().find(|kind| &name[digits.len()..] == kind.suffix())?;
        let well_formed = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| digits.parse().ok()).flatten().map(|offset| (kind, offset))
    }
}
