//! Checkpoint files: small versioned texts that are replaced as a whole.
//!
//! ```text
//! 0                      version
//! 2                      number of entries
//! orders 0 4711          offset checkpoint: topic, partition, offset
//! orders 1 12            leader-epoch checkpoint instead: epoch, start offset
//! ```
//! Invariant: what a file says is all or nothing; a wrong version, count or line makes the whole
//! file an error, never a shorter list. Reading allocates no more than the file has bytes: the
//! count is compared with the lines, not believed. `leader_epoch.rs` keeps its history in one of
//! these, the log directory its recovery points; `partition_metadata.rs` and `clean_shutdown.rs`
//! hold the two small files that have other shapes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::{FromStr, SplitWhitespace};
use std::sync::Arc;

use crate::error::{LogError, Result};
use crate::fs::FileSystem;

/// File name of the history of leader epochs, in a partition's directory.
pub const LEADER_EPOCH_CHECKPOINT: &str = "leader-epoch-checkpoint";
/// File name of the offsets up to which logs are flushed, in a log directory.
pub const RECOVERY_POINT_CHECKPOINT: &str = "recovery-point-offset-checkpoint";
/// File name of the high watermarks, in a log directory.
pub const HIGH_WATERMARK_CHECKPOINT: &str = "replication-offset-checkpoint";
/// File name of the log start offsets, in a log directory.
pub const LOG_START_OFFSET_CHECKPOINT: &str = "log-start-offset-checkpoint";
/// File name of the offsets up to which logs are compacted, in a log directory.
pub const CLEANER_CHECKPOINT: &str = "cleaner-offset-checkpoint";

const VERSION: i32 = 0;

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name; no white space, which Kafka's naming rules exclude.
    pub topic: String,
    /// The partition, from 0.
    pub partition: i32,
}

/// Where a leader epoch starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEntry {
    /// The leader epoch.
    pub epoch: i32,
    /// Offset of the first record written in it.
    pub start_offset: i64,
}

/// A line of a checkpoint.
trait Line: Sized {
    /// Reads the fields; too few or unreadable ones give `None`.
    fn parse(fields: &mut SplitWhitespace<'_>) -> Option<Self>;
    /// Appends the fields, without the line's end.
    fn render(&self, out: &mut String);
}

fn number<T: FromStr>(fields: &mut SplitWhitespace<'_>) -> Option<T> {
    fields.next()?.parse().ok()
}

impl Line for EpochEntry {
    fn parse(fields: &mut SplitWhitespace<'_>) -> Option<Self> {
        let entry = Self { epoch: number(fields)?, start_offset: number(fields)? };
        (entry.epoch >= 0 && entry.start_offset >= 0).then_some(entry)
    }

    fn render(&self, out: &mut String) {
        let _ = write!(out, "{} {}", self.epoch, self.start_offset);
    }
}

impl Line for (TopicPartition, i64) {
    fn parse(fields: &mut SplitWhitespace<'_>) -> Option<Self> {
        let topic = fields.next()?.to_owned();
        let partition = TopicPartition { topic, partition: number(fields)? };
        Some((partition, number(fields)?))
    }

    fn render(&self, out: &mut String) {
        let (TopicPartition { topic, partition }, offset) = self;
        let _ = write!(out, "{topic} {partition} {offset}");
    }
}

fn render<L: Line>(lines: &[L]) -> String {
    let mut out = format!("{VERSION}\n{}\n", lines.len());
    for line in lines {
        line.render(&mut out);
        out.push('\n');
    }
    out
}

/// The lines of a text with their positions, for errors that say where.
struct Lines<'a> {
    path: &'a Path,
    rest: std::str::Lines<'a>,
    text: &'a str,
    line: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn new(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            LogError::corrupt(path, error.valid_up_to() as u64, "the checkpoint is not text")
        })?;
        Ok(Self { path, rest: text.lines(), text, line: "", number: 0 })
    }

    fn next(&mut self) -> Option<&'a str> {
        self.line = self.rest.next()?;
        self.number += 1;
        Some(self.line)
    }

    /// An error at the current line.
    fn corrupt(&self, reason: &str) -> LogError {
        let position = (self.line.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let shown: String = self.line.chars().take(80).collect();
        let reason = format!("{reason} in line {}: {shown:?}", self.number);
        LogError::corrupt(self.path, position as u64, reason)
    }

    fn number(&self) -> Result<i64> {
        self.line.trim().parse().map_err(|_| self.corrupt("no number"))
    }
}

/// All entries, or the first thing that is wrong. An empty file has none, as in Kafka, which
/// creates its checkpoints empty.
fn parse<L: Line>(path: &Path, format: &'static str, bytes: &[u8]) -> Result<Vec<L>> {
    let mut lines = Lines::new(path, bytes)?;
    if lines.next().is_none() {
        return Ok(Vec::new());
    }
    let version = lines.number()?;
    if version > i64::from(VERSION) {
        return Err(LogError::UnsupportedFormat { path: path.to_owned(), format, version });
    }
    if version < i64::from(VERSION) {
        return Err(lines.corrupt("impossible version"));
    }
    if lines.next().is_none() {
        return Ok(Vec::new());
    }
    let count = lines.number()?;
    let mut entries = Vec::new();
    while let Some(line) = lines.next() {
        let mut fields = line.split_whitespace();
        let entry = L::parse(&mut fields).filter(|_| fields.next().is_none());
        entries.push(entry.ok_or_else(|| lines.corrupt("malformed entry"))?);
    }
    if usize::try_from(count).ok() != Some(entries.len()) {
        return Err(lines.corrupt(&format!("{} entries instead of {count}", entries.len())));
    }
    Ok(entries)
}

/// One offset for each of many partitions, as the log directory keeps several.
#[derive(Debug, Clone)]
pub struct OffsetCheckpoint {
    fs: Arc<dyn FileSystem>,
    path: PathBuf,
}

impl OffsetCheckpoint {
    /// The checkpoint `name` in `dir`; nothing is read yet.
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path, name: &str) -> Self {
        Self { fs, path: dir.join(name) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The offsets; none if the file is absent.
    ///
    /// # Errors
    /// `Corrupt` or `UnsupportedFormat` for what the file says, `Io` if it cannot be read.
    pub fn read(&self) -> Result<BTreeMap<TopicPartition, i64>> {
        let bytes = self.fs.read(&self.path)?.unwrap_or_default();
        let entries = parse(&self.path, "offset checkpoint", &bytes)?;
        Ok(entries.into_iter().collect())
    }

    /// Replaces the file, durably.
    ///
    /// # Errors
    /// `Io`, or `InvalidArgument` for a topic whose name would not survive the format.
    pub fn write(&self, offsets: &BTreeMap<TopicPartition, i64>) -> Result<()> {
        let unfit = |topic: &str| topic.is_empty() || topic.contains(char::is_whitespace);
        if let Some(partition) = offsets.keys().find(|partition| unfit(&partition.topic)) {
            let topic = &partition.topic;
            return Err(LogError::InvalidArgument(format!("topic name {topic:?} is not allowed")));
        }
        let lines: Vec<_> = offsets.iter().map(|(key, offset)| (key.clone(), *offset)).collect();
        self.fs.write_atomically(&self.path, render(&lines).as_bytes(), true)
    }
}

/// The history of a partition's leader epochs.
#[derive(Debug, Clone)]
pub struct LeaderEpochCheckpoint {
    fs: Arc<dyn FileSystem>,
    path: PathBuf,
}

impl LeaderEpochCheckpoint {
    /// The checkpoint of the partition in `dir`; nothing is read yet.
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path) -> Self {
        Self { fs, path: dir.join(LEADER_EPOCH_CHECKPOINT) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entries in the order of the file; none if it is absent.
    ///
    /// # Errors
    /// `Corrupt` or `UnsupportedFormat` for what the file says, `Io` if it cannot be read.
    pub fn read(&self) -> Result<Vec<EpochEntry>> {
        let bytes = self.fs.read(&self.path)?.unwrap_or_default();
        parse(&self.path, "leader epoch checkpoint", &bytes)
    }

    /// Replaces the file, durably.
    ///
    /// # Errors
    /// `Io`.
    pub fn write(&self, entries: &[EpochEntry]) -> Result<()> {
        self.fs.write_atomically(&self.path, render(entries).as_bytes(), true)
    }
}
