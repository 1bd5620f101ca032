//! Read-only maps of files, and the only `unsafe` code of the engine.
//!
//! A file is mapped once, at the length it may grow to, and grows underneath by `pwrite`; bytes
//! past the end of the file are mapped but never touched. The contract that makes a `&[u8]` into
//! such a map sound, kept by `segment.rs` and `index.rs`:
//!
//! * [`FileMap::publish`] is called only after the bytes below that length were written;
//! * bytes below the published length never change, and the inode never shrinks below it while a
//!   map or a [`Slice`] of it lives. Truncation copies to a new file when one does.
//!
//! A page that the disk cannot give would end the process when it is touched, so who reads asks for
//! the pages first ([`FileMap::load`]) and gets an error instead. A page that was in memory and had
//! to go again between the two is the exception that is left.
//!
//! Invariant: `published <= mapped length`, and a [`Slice`] lies below `published`.

#![expect(unsafe_code, reason = "the one file that may: maps cannot be read otherwise")]

use std::fmt;
use std::io;
use std::ops::{Deref, Range};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use rustix::io::Errno;
use rustix::mm::{Advice, madvise};

/// Pages are asked for in pieces of so many bytes, as many as the kernel reads ahead by itself.
const PIECE_BYTES: usize = 128 << 10;

/// A file mapped read-only, of which the first `published` bytes may be read.
pub struct FileMap {
    raw: MmapRaw,
    published: AtomicUsize,
    /// A bit for each piece that was asked for: to ask again costs, page by page.
    loaded: Box<[AtomicU64]>,
    /// No other map of this process has it, also later.
    number: u64,
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

impl FileMap {
    /// Maps `len` bytes from the start of the file, published up to `published`. The file may be
    /// shorter than `len`.
    pub(crate) fn new(fd: BorrowedFd<'_>, len: usize, published: usize) -> io::Result<Self> {
        assert!(published <= len, "published {published} of a map of {len} bytes");
        let raw = MmapOptions::new().len(len.max(1)).map_raw_read_only(fd.as_raw_fd())?;
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let words = len.div_ceil(PIECE_BYTES).div_ceil(64);
        let loaded = (0..words).map(|_| AtomicU64::new(0)).collect();
        Ok(Self { raw, published: published.into(), loaded, number })
    }

    /// How many bytes are mapped.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether nothing may be read yet.
    pub fn is_empty(&self) -> bool {
        self.published() == 0
    }

    /// How many bytes may be read.
    pub fn published(&self) -> usize {
        self.published.load(Ordering::Acquire)
    }

    /// Allows reading up to `len`; the bytes below it are written and will not change. Beyond the
    /// map's own length nothing is published.
    pub(crate) fn publish(&self, len: usize) {
        self.published.fetch_max(len.min(self.raw.len()), Ordering::AcqRel);
    }

    /// Brings the pages of a range into memory, so that touching them neither waits nor fails. What
    /// is not published is left out.
    ///
    /// # Errors
    /// When the disk does not give them, or the file has lost them.
    pub fn load(&self, range: Range<usize>) -> io::Result<()> {
        let end = range.end.min(self.published());
        if range.start >= end {
            return Ok(());
        }
        let mut pieces = range.start / PIECE_BYTES..end.div_ceil(PIECE_BYTES);
        let is_missing = |piece: &usize| !self.is_loaded(*piece);
        let Some(first) = pieces.by_ref().find(is_missing) else { return Ok(()) };
        let last = pieces.filter(is_missing).last().unwrap_or(first);
        let start = first * PIECE_BYTES;
        let len = ((last + 1) * PIECE_BYTES).min(self.published()) - start;
        // SAFETY: the range lies inside the map, and the advice changes no page.
        let asked = unsafe {
            madvise(self.raw.as_mut_ptr().add(start).cast(), len, Advice::LinuxPopulateRead)
        };
        match asked {
            Ok(()) => {}
            // The page is past the end of the file, or could not be read.
            Err(Errno::FAULT | Errno::HWPOISON) => return Err(Errno::IO.into()),
            // A kernel before 5.14 does not know how, and one short of memory may not want to: the
            // pages come when they are touched.
            Err(_) => return Ok(()),
        }
        for piece in first..=last {
            if let Some(word) = self.loaded.get(piece / 64) {
                word.fetch_or(1 << (piece % 64), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn is_loaded(&self, piece: usize) -> bool {
        let word = self.loaded.get(piece / 64).map_or(0, |word| word.load(Ordering::Relaxed));
        word & (1 << (piece % 64)) != 0
    }

    /// Lets go of the pages that were asked for since the last time: they stay in the system's
    /// cache, but count no longer as this process's memory. Who reads them gets them back.
    pub fn unload(&self) {
        let cleared = self.loaded.iter().map(|word| word.swap(0, Ordering::Relaxed));
        if cleared.fold(0, |all, word| all | word) == 0 {
            return;
        }
        // SAFETY: a shared map of a file shows the same bytes after the advice as before.
        let asked = unsafe {
            madvise(self.raw.as_mut_ptr().cast(), self.published(), Advice::LinuxDontNeed)
        };
        debug_assert!(asked.is_ok(), "{asked:?}");
    }

    /// The published bytes of a range, `None` if it reaches past them.
    pub fn bytes(&self, range: Range<usize>) -> Option<&[u8]> {
        if range.start > range.end || range.end > self.published() {
            return None;
        }
        // SAFETY: the range lies below `published`, which lies inside the map; those bytes of the
        // file exist and do not change while this map lives (the module's contract).
        Some(unsafe { std::slice::from_raw_parts(self.raw.as_ptr().add(range.start), range.len()) })
    }

    /// A range that keeps the map alive, `None` if it reaches past what is published.
    pub fn slice(self: &Arc<Self>, range: Range<usize>) -> Option<Slice> {
        self.bytes(range.clone())?;
        Some(Slice { map: Arc::clone(self), range })
    }
}

impl fmt::Debug for FileMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMap({} of {} bytes)", self.published(), self.len())
    }
}

/// Bytes of a map that keep it alive. Cloning costs a reference count.
#[derive(Debug, Clone)]
pub struct Slice {
    map: Arc<FileMap>,
    range: Range<usize>,
}

impl Slice {
    /// A part of this slice; `None` if it reaches past its end.
    pub fn part(&self, range: Range<usize>) -> Option<Self> {
        let start = self.range.start.checked_add(range.start)?;
        let end = self.range.start.checked_add(range.end)?;
        if start > end || end > self.range.end {
            return None;
        }
        Some(Self { map: Arc::clone(&self.map), range: start..end })
    }

    /// The number of the map it is of: no other one of this process has it, also later.
    pub fn map_number(&self) -> u64 {
        self.map.number
    }

    /// Where in the file the slice starts, in bytes.
    pub fn position(&self) -> usize {
        self.range.start
    }
}

impl Deref for Slice {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.bytes(self.range.clone()).unwrap_or_default()
    }
}
