//! Snapshots of the producer state: the format, and the files of one log.
//!
//! ```text
//! 0 i16 version = 1 | 2 u32 CRC-32C of 6..end | 6 i32 count | 10 entries of 46 bytes:
//!  0 i64 producer id      14 i64 last offset    34 i32 coordinator epoch
//!  8 i16 producer epoch   22 i32 offset delta   38 i64 first offset of the open transaction, -1
//! 10 i32 last sequence    26 i64 timestamp
//! ```
//! A snapshot saves reading the whole log to know its producers. Its name is the offset it stands
//! for (exclusive). Only the last batch of each producer is in it. Invariant: a snapshot is
//! believed only if its CRC, its length and its producer ids (each once) are right; it is derived
//! data, so a damaged one may be deleted. `producer_state.rs` decides which to load.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::batch::NO_SEQUENCE;
use crate::crc::crc32c;
use crate::error::{LogError, Result};
use crate::fs::{FileSystem, with_suffix};
use crate::producer_entry::{BatchMetadata, ProducerEntry};

const VERSION: i16 = 1;
const CRC_END: usize = 6;
const HEADER_SIZE_BYTES: usize = 10;
const ENTRY_SIZE_BYTES: usize = 46;
const SUFFIX: &str = ".snapshot";
const DELETED_SUFFIX: &str = ".deleted";
const NONE: i64 = -1;

fn encode_entry(out: &mut Vec<u8>, producer_id: i64, entry: &ProducerEntry) {
    let none =
        BatchMetadata { last_sequence: NO_SEQUENCE, last_offset: NONE, ..Default::default() };
    let last = entry.last_batch().unwrap_or(&none);
    out.extend(producer_id.to_be_bytes());
    out.extend(entry.producer_epoch.to_be_bytes());
    out.extend(last.last_sequence.to_be_bytes());
    out.extend(last.last_offset.to_be_bytes());
    out.extend(last.offset_delta.to_be_bytes());
    out.extend(entry.last_timestamp.to_be_bytes());
    out.extend(entry.coordinator_epoch.to_be_bytes());
    out.extend(entry.transaction_first_offset.unwrap_or(NONE).to_be_bytes());
}

fn decode_entry(bytes: &[u8]) -> Option<(i64, ProducerEntry)> {
    let (producer_id, rest) = bytes.split_first_chunk()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    let (last_sequence, rest) = rest.split_first_chunk()?;
    let (last_offset, rest) = rest.split_first_chunk()?;
    let (offset_delta, rest) = rest.split_first_chunk()?;
    let (timestamp, rest) = rest.split_first_chunk()?;
    let (coordinator_epoch, rest) = rest.split_first_chunk()?;
    let (first_offset, _) = rest.split_first_chunk()?;
    let last = BatchMetadata {
        last_sequence: i32::from_be_bytes(*last_sequence),
        last_offset: i64::from_be_bytes(*last_offset),
        offset_delta: i32::from_be_bytes(*offset_delta),
        timestamp: i64::from_be_bytes(*timestamp),
    };
    let mut entry = ProducerEntry::default();
    entry.set_producer_epoch(i16::from_be_bytes(*epoch));
    if last.last_offset >= 0 {
        entry.remember(last);
    }
    entry.last_timestamp = last.timestamp;
    entry.coordinator_epoch = i32::from_be_bytes(*coordinator_epoch);
    entry.transaction_first_offset = Some(i64::from_be_bytes(*first_offset)).filter(|&at| at >= 0);
    Some((i64::from_be_bytes(*producer_id), entry))
}

/// The bytes of a snapshot, producers in the order given.
pub fn encode<'a>(producers: impl ExactSizeIterator<Item = (i64, &'a ProducerEntry)>) -> Vec<u8> {
    let count = i32::try_from(producers.len()).unwrap_or(i32::MAX);
    let mut body = Vec::with_capacity(4 + producers.len() * ENTRY_SIZE_BYTES);
    body.extend(count.to_be_bytes());
    for (producer_id, entry) in producers {
        encode_entry(&mut body, producer_id, entry);
    }
    let mut out = Vec::with_capacity(CRC_END + body.len());
    out.extend(VERSION.to_be_bytes());
    out.extend(crc32c(&body).to_be_bytes());
    out.extend(body);
    out
}

/// The producers in the bytes of the snapshot at `path`.
///
/// # Errors
/// `UnsupportedFormat` for a newer version, else `Corrupt`.
pub fn decode(path: &Path, bytes: &[u8]) -> Result<Vec<(i64, ProducerEntry)>> {
    let corrupt = |position: usize, reason: &str| {
        Err(LogError::corrupt(path, position as u64, format!("producer snapshot: {reason}")))
    };
    let version = bytes.first_chunk().map(|version| i16::from_be_bytes(*version));
    match version {
        Some(VERSION) => {}
        Some(version) if version > VERSION => {
            let (path, version) = (path.to_owned(), version.into());
            return Err(LogError::UnsupportedFormat { path, format: "producer snapshot", version });
        }
        _ => return corrupt(0, "no version"),
    }
    let Some((header, entries)) = bytes.split_first_chunk::<HEADER_SIZE_BYTES>() else {
        return corrupt(bytes.len(), "the header is cut off");
    };
    let [_, _, crc @ .., c0, c1, c2, c3] = header;
    if crc32c(bytes.get(CRC_END..).unwrap_or_default()) != u32::from_be_bytes(*crc) {
        return corrupt(2, "the CRC does not match");
    }
    let count = usize::try_from(i32::from_be_bytes([*c0, *c1, *c2, *c3])).ok();
    if count.and_then(|count| count.checked_mul(ENTRY_SIZE_BYTES)) != Some(entries.len()) {
        return corrupt(CRC_END, "the count does not match the length");
    }
    let producers: Vec<_> = entries.chunks(ENTRY_SIZE_BYTES).filter_map(decode_entry).collect();
    let ids: HashSet<_> = producers.iter().map(|(producer_id, _)| producer_id).collect();
    if ids.len() != producers.len() {
        return corrupt(HEADER_SIZE_BYTES, "a producer id occurs twice");
    }
    Ok(producers)
}

/// The offset a snapshot of this name stands for.
fn offset_of(name: &str) -> Option<i64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// The snapshot files of one log, by offset.
#[derive(Debug)]
pub(crate) struct SnapshotFiles {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    offsets: BTreeSet<i64>,
}

impl SnapshotFiles {
    /// Those in `dir`.
    pub(crate) fn open(fs: Arc<dyn FileSystem>, dir: &Path) -> Result<Self> {
        let mut files = Self { fs, dir: dir.to_owned(), offsets: BTreeSet::new() };
        files.list()?;
        Ok(files)
    }

    /// Looks into the directory again.
    pub(crate) fn list(&mut self) -> Result<()> {
        let names = match self.fs.metadata(&self.dir)? {
            Some(_) => self.fs.list(&self.dir)?,
            None => Vec::new(),
        };
        let files = names.iter().filter(|entry| !entry.is_dir);
        self.offsets = files.filter_map(|entry| offset_of(&entry.name)).collect();
        Ok(())
    }

    pub(crate) fn set_dir(&mut self, dir: &Path) {
        dir.clone_into(&mut self.dir);
    }

    pub(crate) fn offsets(&self) -> &BTreeSet<i64> {
        &self.offsets
    }

    /// The file of the snapshot at `offset`, whether or not there is one.
    pub(crate) fn path(&self, offset: i64) -> PathBuf {
        self.dir.join(format!("{offset:020}{SUFFIX}"))
    }

    /// The producers in the snapshot at `offset`. A file that is gone is corrupt: it was listed.
    pub(crate) fn read(&self, offset: i64) -> Result<Vec<(i64, ProducerEntry)>> {
        let path = self.path(offset);
        let bytes = self.fs.read(&path)?.unwrap_or_default();
        decode(&path, &bytes)
    }

    /// Writes a snapshot; with `sync` it is durable on return.
    pub(crate) fn write(&mut self, offset: i64, bytes: &[u8], sync: bool) -> Result<PathBuf> {
        let path = self.path(offset);
        self.fs.write_atomically(&path, bytes, sync)?;
        self.offsets.insert(offset);
        Ok(path)
    }

    /// Forgets a snapshot whose file stays.
    pub(crate) fn forget(&mut self, offset: i64) {
        self.offsets.remove(&offset);
    }

    /// Deletes those that `unwanted` picks.
    pub(crate) fn remove_where(&mut self, unwanted: impl Fn(i64) -> bool) -> Result<()> {
        let picked: Vec<i64> = self.offsets.iter().copied().filter(|&at| unwanted(at)).collect();
        for offset in picked {
            self.offsets.remove(&offset);
            self.fs.remove(&self.path(offset))?;
        }
        Ok(())
    }

    /// Marks one as deleted by its name, for deletion later; `None` if its file is gone already.
    pub(crate) fn mark_deleted(&mut self, offset: i64) -> Result<Option<PathBuf>> {
        let path = self.path(offset);
        if !self.offsets.remove(&offset) || self.fs.metadata(&path)?.is_none() {
            return Ok(None);
        }
        let deleted = with_suffix(&path, DELETED_SUFFIX);
        self.fs.rename(&path, &deleted)?;
        Ok(Some(deleted))
    }
}
