//! The transaction index of one segment: which transactions were aborted.
//!
//! ```text
//! 0 i16 version = 0 | 2 i64 producer id | 10 i64 first offset | 18 i64 last offset
//! 26 i64 last stable offset when the abort was written               34 bytes an entry
//! ```
//! A transaction stands in the index of the segment that holds its abort marker; it may have begun
//! in an earlier one. Most segments have no aborts, so the file is created at the first one and an
//! index without a file costs no more than its path. Invariant: last offsets increase, and the
//! entries in memory are those in the file, so an entry that could not be written is not served.
//! Readers share the index with the writer; `segment.rs` owns it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::error::{LogError, Result};
use crate::fs::{File, FileSystem, OpenMode};

/// Bytes of an entry.
pub const ENTRY_SIZE_BYTES: usize = 34;

const VERSION: i16 = 0;

/// A transaction that was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// The producer.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of the abort marker.
    pub last_offset: i64,
    /// Last stable offset at the abort: no transaction that reaches below it can follow.
    pub last_stable_offset: i64,
}

impl AbortedTransaction {
    /// Whether it can stand where ends are due from `least` on. A marker follows the records of its
    /// transaction, so an entry of zeros, as a torn write leaves it, never fits.
    fn fits(&self, least: i64) -> bool {
        self.last_offset >= least && self.first_offset < self.last_offset
    }

    fn encode(&self) -> [u8; ENTRY_SIZE_BYTES] {
        let mut out = [0; ENTRY_SIZE_BYTES];
        let fields = [
            &VERSION.to_be_bytes()[..],
            &self.producer_id.to_be_bytes(),
            &self.first_offset.to_be_bytes(),
            &self.last_offset.to_be_bytes(),
            &self.last_stable_offset.to_be_bytes(),
        ];
        let bytes = fields.into_iter().flatten();
        out.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
        out
    }

    /// The version and the entry; `None` if there are too few bytes.
    fn decode(bytes: &[u8]) -> Option<(i16, Self)> {
        let (version, rest) = bytes.split_first_chunk()?;
        let (producer_id, rest) = rest.split_first_chunk()?;
        let (first_offset, rest) = rest.split_first_chunk()?;
        let (last_offset, rest) = rest.split_first_chunk()?;
        let (last_stable_offset, _) = rest.split_first_chunk()?;
        let entry = Self {
            producer_id: i64::from_be_bytes(*producer_id),
            first_offset: i64::from_be_bytes(*first_offset),
            last_offset: i64::from_be_bytes(*last_offset),
            last_stable_offset: i64::from_be_bytes(*last_stable_offset),
        };
        Some((i16::from_be_bytes(*version), entry))
    }
}

/// All entries of a file's bytes.
fn decode_all(path: &Path, bytes: &[u8]) -> Result<Vec<AbortedTransaction>> {
    let mut entries = Vec::with_capacity(bytes.len() / ENTRY_SIZE_BYTES);
    for chunk in bytes.chunks(ENTRY_SIZE_BYTES) {
        let position = (entries.len() * ENTRY_SIZE_BYTES) as u64;
        let Some((version, entry)) = AbortedTransaction::decode(chunk) else {
            return Err(LogError::corrupt(path, position, "the last entry is cut off"));
        };
        if version > VERSION {
            return Err(LogError::UnsupportedFormat {
                path: path.to_owned(),
                format: "transaction index",
                version: version.into(),
            });
        }
        if version < VERSION {
            return Err(LogError::corrupt(path, position, format!("version {version}")));
        }
        entries.push(entry);
    }
    Ok(entries)
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    /// The entries of the file, once it was read.
    entries: Option<Vec<AbortedTransaction>>,
    /// Open once something was written.
    file: Option<Arc<dyn File>>,
    /// Whether this index created the file, whose name is then not durable yet.
    created: bool,
}

impl State {
    fn load(&mut self, fs: &dyn FileSystem) -> Result<&mut Vec<AbortedTransaction>> {
        if self.entries.is_none() {
            let bytes = fs.read(&self.path)?.unwrap_or_default();
            self.entries = Some(decode_all(&self.path, &bytes)?);
        }
        Ok(self.entries.get_or_insert_default())
    }

    /// The open file, created if there is none.
    fn file(&mut self, fs: &dyn FileSystem) -> Result<Arc<dyn File>> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        self.created = fs.metadata(&self.path)?.is_none();
        let file = fs.open(&self.path, OpenMode::Create)?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Keeps the first `count` entries, on disk first.
    fn keep(&mut self, fs: &dyn FileSystem, count: usize) -> Result<()> {
        if self.file.is_some() || fs.metadata(&self.path)?.is_some() {
            let file = self.file(fs)?;
            file.set_len((count * ENTRY_SIZE_BYTES) as u64)?;
            // Else a power cut could bring back entries of records that are gone.
            file.sync_data()?;
        }
        self.entries.get_or_insert_default().truncate(count);
        Ok(())
    }
}

/// The aborted transactions whose markers lie in one segment.
#[derive(Debug)]
pub struct TransactionIndex {
    fs: Arc<dyn FileSystem>,
    start_offset: i64,
    state: RwLock<State>,
}

impl TransactionIndex {
    /// The index at `path` of the segment that starts at `start_offset`; nothing is read yet.
    pub fn new(fs: Arc<dyn FileSystem>, path: PathBuf, start_offset: i64) -> Self {
        let state = State { path, entries: None, file: None, created: false };
        Self { fs, start_offset, state: RwLock::new(state) }
    }

    /// The file, which may not exist.
    pub fn path(&self) -> PathBuf {
        self.state.read().path.clone()
    }

    /// Runs `read` on the entries, reading the file if that was not done yet.
    fn with_entries<T>(&self, read: impl FnOnce(&[AbortedTransaction]) -> T) -> Result<T> {
        if let Some(entries) = &self.state.read().entries {
            return Ok(read(entries));
        }
        let mut state = self.state.write();
        state.load(&*self.fs).map(|entries| read(entries))
    }

    /// Adds a transaction, in the file and then in memory.
    ///
    /// # Errors
    /// `InvalidArgument` unless its last offset lies beyond all others; `Corrupt`,
    /// `UnsupportedFormat` and `Io` of the file.
    pub fn append(&self, transaction: &AbortedTransaction) -> Result<()> {
        let mut state = self.state.write();
        let entries = state.load(&*self.fs)?;
        let position = (entries.len() * ENTRY_SIZE_BYTES) as u64;
        if let Some(last) =
            entries.last().filter(|last| last.last_offset >= transaction.last_offset)
        {
            return Err(LogError::InvalidArgument(format!(
                "an aborted transaction that ends at {} cannot follow one that ends at {}",
                transaction.last_offset, last.last_offset
            )));
        }
        state.file(&*self.fs)?.write_at(&transaction.encode(), position)?;
        state.load(&*self.fs)?.push(*transaction);
        Ok(())
    }

    /// Transactions that overlap the fetch of `fetch_offset` to `upper_bound` (exclusive), and
    /// whether these are all: if not, the next segment's index may hold more.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat` and `Io` of the file.
    pub fn collect(
        &self,
        fetch_offset: i64,
        upper_bound: i64,
    ) -> Result<(Vec<AbortedTransaction>, bool)> {
        self.with_entries(|entries| {
            // Once an abort happened with everything below the bound decided, no later entry
            // can reach below it.
            let decided = entries.iter().position(|entry| entry.last_stable_offset >= upper_bound);
            let relevant = entries.iter().take(decided.map_or(entries.len(), |index| index + 1));
            let overlaps = |entry: &&AbortedTransaction| {
                entry.last_offset >= fetch_offset && entry.first_offset < upper_bound
            };
            (relevant.filter(overlaps).copied().collect(), decided.is_some())
        })
    }

    /// All transactions in it.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat` and `Io` of the file.
    pub fn transactions(&self) -> Result<Vec<AbortedTransaction>> {
        self.with_entries(<[_]>::to_vec)
    }

    /// Whether it holds no transaction.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat` and `Io` of the file.
    pub fn is_empty(&self) -> Result<bool> {
        self.with_entries(<[_]>::is_empty)
    }

    /// Drops the transactions that end at or beyond `offset`.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat` and `Io` of the file.
    pub fn truncate_to(&self, offset: i64) -> Result<()> {
        let mut state = self.state.write();
        let entries = state.load(&*self.fs)?;
        match entries.iter().position(|entry| entry.last_offset >= offset) {
            Some(count) => state.keep(&*self.fs, count),
            None => Ok(()),
        }
    }

    /// Drops everything, also what cannot be read.
    ///
    /// # Errors
    /// `Io`.
    pub fn reset(&self) -> Result<()> {
        self.state.write().keep(&*self.fs, 0)
    }

    /// Checks that the entries belong into this segment and into this order. Where they do not,
    /// the segment must be recovered, which writes the index anew.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat` and `Io` of the file.
    pub fn sanity_check(&self) -> Result<()> {
        let path = self.path();
        let start_offset = self.start_offset;
        self.with_entries(|entries| {
            let mut least = start_offset;
            for (index, entry) in entries.iter().enumerate() {
                if !entry.fits(least) {
                    let position = (index * ENTRY_SIZE_BYTES) as u64;
                    let reason = format!("{entry:?} cannot stand here; ends are due from {least}");
                    return Err(LogError::corrupt(&path, position, reason));
                }
                least = entry.last_offset.saturating_add(1);
            }
            Ok(())
        })?
    }

    /// Drops what a crash left behind: entries that end at or beyond `offset`, and whatever follows
    /// the first bytes that are no entry. Says whether all bytes were entries.
    ///
    /// # Errors
    /// `Io`.
    pub fn recover_to(&self, offset: i64) -> Result<bool> {
        let mut state = self.state.write();
        let bytes = self.fs.read(&state.path)?.unwrap_or_default();
        let (mut good, mut least) = (Vec::new(), self.start_offset);
        for chunk in bytes.chunks(ENTRY_SIZE_BYTES) {
            let entry =
                AbortedTransaction::decode(chunk).filter(|(version, _)| *version == VERSION);
            let Some((_, entry)) = entry.filter(|(_, entry)| entry.fits(least)) else { break };
            least = entry.last_offset.saturating_add(1);
            good.push(entry);
        }
        let is_whole = good.len() * ENTRY_SIZE_BYTES == bytes.len();
        let count = good.partition_point(|entry| entry.last_offset < offset);
        let is_longer = count * ENTRY_SIZE_BYTES < bytes.len();
        state.entries = Some(good);
        if is_longer {
            state.keep(&*self.fs, count)?;
        }
        Ok(is_whole)
    }

    /// Makes the entries durable, and the file's name if this index created it.
    ///
    /// # Errors
    /// `Io`.
    pub fn flush(&self) -> Result<()> {
        let (path, file, created) = {
            let state = self.state.read();
            (state.path.clone(), state.file.clone(), state.created)
        };
        let Some(file) = file else { return Ok(()) };
        file.sync_data()?;
        if let Some(dir) = path.parent().filter(|_| created) {
            self.fs.sync_dir(dir)?;
            self.state.write().created = false;
        }
        Ok(())
    }

    /// Renames the file, if there is one, and follows it.
    ///
    /// # Errors
    /// `Io`.
    pub fn rename_to(&self, path: PathBuf) -> Result<()> {
        let mut state = self.state.write();
        if self.fs.metadata(&state.path)?.is_some() {
            self.fs.rename(&state.path, &path)?;
        }
        state.path = path;
        Ok(())
    }

    /// Follows a rename of the directory; an open file stays open.
    pub fn set_dir(&self, dir: &Path) {
        let mut state = self.state.write();
        if let Some(name) = state.path.file_name() {
            state.path = dir.join(name);
        }
    }

    /// Removes the file, if there is one. Its entries stay in memory, for a reader that still
    /// holds the segment and must not see aborted records.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove(&self) -> Result<()> {
        let mut state = self.state.write();
        let _ = state.load(&*self.fs);
        state.file = None;
        self.fs.remove(&state.path)
    }
}
