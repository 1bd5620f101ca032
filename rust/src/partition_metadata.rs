//! `partition.metadata`: which topic a partition's directory belongs to.
//!
//! ```text
//! version: 0
//! topic_id: mV1bKz8wQ0yYx2bD9q3ZkA
//! ```
//! A topic that is deleted and created anew keeps its name but not its id, so the id tells whether
//! the records here are still the topic's. Invariant: the file is written before the first append
//! and holds an id other than zero. As in Kafka a newer version is readable as long as its first
//! two lines are these. `checkpoint.rs` holds the files that are lists.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{LogError, Result};
use crate::fs::{FileSystem, OpenMode, with_suffix};

/// File name in a partition's directory.
pub const PARTITION_METADATA: &str = "partition.metadata";

const VERSION: i32 = 0;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// 16 bytes need 22 digits of 6 bits; the last 4 bits are zero.
const UUID_DIGITS: usize = 22;

/// A 128-bit id, shown in URL-safe base64 without padding as Kafka shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The id that no topic has.
    pub const ZERO: Self = Self([0; 16]);
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        for digit in 0..UUID_DIGITS {
            // Digits run from the top; the last one has only 2 bits of the id, shifted up by 4.
            let six = if digit == UUID_DIGITS - 1 { bits << 4 } else { bits >> (122 - 6 * digit) };
            let index = usize::try_from(six & 0x3F).unwrap_or_default();
            let symbol = ALPHABET.get(index).copied().unwrap_or_default();
            write!(f, "{}", char::from(symbol))?;
        }
        Ok(())
    }
}

impl FromStr for Uuid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is not a base64 id of 16 bytes");
        if text.len() != UUID_DIGITS {
            return Err(refused());
        }
        let mut bits: u128 = 0;
        for (digit, symbol) in text.bytes().enumerate() {
            let value = ALPHABET.iter().position(|&known| known == symbol).ok_or_else(refused)?;
            let value = value as u128;
            if digit < UUID_DIGITS - 1 {
                bits = bits << 6 | value;
            } else if value.is_multiple_of(16) {
                bits = bits << 2 | value >> 4;
            } else {
                return Err(refused());
            }
        }
        Ok(Self(bits.to_be_bytes()))
    }
}

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// Version of the format.
    pub version: i32,
    /// The topic's id.
    pub topic_id: Uuid,
}

/// The file itself.
#[derive(Debug, Clone)]
pub struct PartitionMetadataFile {
    fs: Arc<dyn FileSystem>,
    path: PathBuf,
}

impl PartitionMetadataFile {
    /// The file of the partition in `dir`; nothing is read yet.
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path) -> Self {
        Self { fs, path: dir.join(PARTITION_METADATA) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; `None` if it is absent.
    ///
    /// # Errors
    /// `Corrupt` if it says something else, `Io` if it cannot be read.
    pub fn read(&self) -> Result<Option<PartitionMetadata>> {
        self.fs.read(&self.path)?.map(|bytes| parse(&self.path, &bytes)).transpose()
    }

    /// Writes the topic's id, durably.
    ///
    /// # Errors
    /// `Io`, or `InvalidArgument` for the zero id.
    pub fn write(&self, topic_id: Uuid) -> Result<()> {
        self.fs.write_atomically(&self.path, text(topic_id)?.as_bytes(), true)
    }

    /// Writes the file of a new log: its bytes are durable, its name is with the next fsync of the
    /// directory, which comes before the log's first record is.
    ///
    /// # Errors
    /// As [`PartitionMetadataFile::write`].
    pub fn write_new(&self, topic_id: Uuid) -> Result<()> {
        let temporary = with_suffix(&self.path, ".tmp");
        let file = self.fs.open(&temporary, OpenMode::CreateNew)?;
        file.write_at(text(topic_id)?.as_bytes(), 0)?;
        file.sync_data()?;
        self.fs.rename(&temporary, &self.path)
    }
}

fn text(topic_id: Uuid) -> Result<String> {
    if topic_id == Uuid::ZERO {
        return Err(LogError::InvalidArgument("a topic id must not be zero".into()));
    }
    Ok(format!("version: {VERSION}\ntopic_id: {topic_id}"))
}

/// The value of a line `key: value`.
fn value<T: FromStr>(line: Option<&str>, key: &str) -> Option<T> {
    let (found, value) = line?.split_once(':')?;
    if found != key {
        return None;
    }
    value.trim().parse().ok()
}

fn parse(path: &Path, bytes: &[u8]) -> Result<PartitionMetadata> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut lines = text.lines();
    let version = value(lines.next(), "version")
        .filter(|&version| version >= VERSION)
        .ok_or_else(|| LogError::corrupt(path, 0, "line 1 is not `version: <number>`"))?;
    let position = text.find('\n').map_or(text.len(), |end| end + 1) as u64;
    let topic_id = value(lines.next(), "topic_id")
        .filter(|&topic_id| topic_id != Uuid::ZERO)
        .ok_or_else(|| LogError::corrupt(path, position, "line 2 is not `topic_id: <id>`"))?;
    Ok(PartitionMetadata { version, topic_id })
}
