//! `.kafka_cleanshutdown`: the marker that every log of a directory was closed in order.
//!
//! Its presence lets the next start trust what lies beyond the recovery points. Invariant: it is
//! written last and durably, and removed (durably) before the first log is opened, so that a crash
//! while loading counts as unclean. The content, `{"version":0,"brokerEpoch":7}`, only tells the
//! controller which incarnation ended well; an unreadable one is no reason to distrust the marker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;
use crate::fs::FileSystem;

/// File name in a log directory.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

const KEY: &str = "\"brokerEpoch\"";

/// The marker of one log directory.
#[derive(Debug, Clone)]
pub struct CleanShutdownMarker {
    fs: Arc<dyn FileSystem>,
    path: PathBuf,
}

impl CleanShutdownMarker {
    /// The marker of the log directory `dir`; nothing is read yet.
    pub fn new(fs: Arc<dyn FileSystem>, dir: &Path) -> Self {
        Self { fs, path: dir.join(CLEAN_SHUTDOWN) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the directory was closed in order.
    ///
    /// # Errors
    /// `Io`.
    pub fn exists(&self) -> Result<bool> {
        Ok(self.fs.metadata(&self.path)?.is_some())
    }

    /// The epoch of the broker that closed it, if the marker is there and tells.
    ///
    /// # Errors
    /// `Io`.
    pub fn broker_epoch(&self) -> Result<Option<i64>> {
        Ok(self.fs.read(&self.path)?.and_then(|bytes| parse(&bytes)))
    }

    /// Writes the marker, durably.
    ///
    /// # Errors
    /// `Io`.
    pub fn write(&self, broker_epoch: i64) -> Result<()> {
        let text = format!("{{\"version\":0,{KEY}:{broker_epoch}}}");
        self.fs.write_atomically(&self.path, text.as_bytes(), true)
    }

    /// Removes the marker, durably: after a crash it must not be back.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove(&self) -> Result<()> {
        if !self.exists()? {
            return Ok(());
        }
        self.fs.remove(&self.path)?;
        self.path.parent().map_or(Ok(()), |dir| self.fs.sync_dir(dir))
    }
}

/// The number after the key. Two writers exist, Kafka's and this one, and neither nests.
fn parse(bytes: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let fields = text.strip_prefix('{')?.strip_suffix('}')?;
    let (_, after) = fields.split_once(KEY)?;
    let value = after.trim_start().strip_prefix(':')?;
    value.split(',').next()?.trim().parse().ok()
}
