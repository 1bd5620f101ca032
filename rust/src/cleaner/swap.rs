//! Puts a rewritten segment in place of the old ones, so that a crash loses and doubles nothing.
//!
//! ```text
//! x.log.cleaned ...   written and durable     crash: undone, the old segments are whole
//! x.log.swap ...      renamed, all durable    crash before the last: undone; after it: completed
//! old.deleted         renamed by the log      crash: completed
//! x.log ...           suffix dropped          crash: completed
//! ```
//! Invariant: `.cleaned` and `.swap` files of one segment exist together only until all are renamed,
//! which is how `loader.rs` tells a decision from an attempt. So the undoing here removes `.swap`
//! files first, and once all are `.swap` nothing is undone any more.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;
use crate::fs::{FileSystem, with_suffix};
use crate::segment::FileKind;

/// Suffix of files that are being written.
pub(super) const CLEANED: &str = ".cleaned";
const SWAP: &str = ".swap";

/// The swapping of one segment.
#[derive(Debug)]
pub(crate) struct Swap {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    base_offset: i64,
}

impl Swap {
    pub(super) fn new(fs: &Arc<dyn FileSystem>, dir: &Path, base_offset: i64) -> Self {
        Self { fs: Arc::clone(fs), dir: dir.to_owned(), base_offset }
    }

    /// The offset that names the new segment.
    pub(crate) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    fn path(&self, kind: FileKind, suffix: &str) -> PathBuf {
        with_suffix(&kind.path(&self.dir, self.base_offset), suffix)
    }

    /// Removes the `.cleaned` files, as before a new attempt.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn remove_cleaned(&self) -> Result<()> {
        self.remove(CLEANED)
    }

    fn remove(&self, suffix: &str) -> Result<()> {
        let mut kinds = FileKind::OF_SEGMENT.into_iter();
        kinds.try_for_each(|kind| self.fs.remove(&self.path(kind, suffix)))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        for kind in FileKind::OF_SEGMENT {
            let path = self.path(kind, from);
            if self.fs.metadata(&path)?.is_some() {
                self.fs.rename(&path, &self.path(kind, to))?;
            }
        }
        Ok(())
    }

    /// Renames `.cleaned` to `.swap`: after this, and an fsync of the directory, the swap is
    /// decided and can only be completed, now or by the next opening.
    ///
    /// # Errors
    /// `Io`; the attempt is undone then.
    pub(crate) fn decide(&self) -> Result<()> {
        self.rename(CLEANED, SWAP).inspect_err(|_| {
            let _ = self.remove(SWAP).and_then(|()| self.remove_cleaned());
        })
    }

    /// Drops the suffix; the old files are out of the way. The segment's own file comes first: the
    /// loader takes indexes without a `.swap` segment as parts of a segment that is in place.
    ///
    /// # Errors
    /// `Io`; the next opening completes it.
    pub(crate) fn complete(&self) -> Result<()> {
        self.rename(SWAP, "")
    }
}
