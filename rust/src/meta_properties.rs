//! `meta.properties`: whose log directory this is.
//!
//! ```text
//! version=1
//! cluster.id=mV1bKz8wQ0yYx2bD9q3ZkA
//! node.id=1
//! directory.id=AAAAAAAAAAAAAAAAAAAAZw
//! ```
//! Invariant: a directory of another cluster or node is refused before anything in it is touched,
//! and a directory keeps its id for life. Keys that this release does not know stay in the file.
//! `log_dir.rs` reads it right after taking the lock.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use crate::error::{LogError, Result};
use crate::fs::FileSystem;
use crate::partition_metadata::Uuid;

/// File name in a log directory.
pub const META_PROPERTIES: &str = "meta.properties";

const VERSION: i32 = 1;
/// Ids below are Kafka's own: lost, unassigned, migrating.
const RESERVED_IDS: u128 = 100;

/// An id that nobody has.
pub fn random_uuid() -> Uuid {
    loop {
        // `RandomState` is seeded by the system; what is hashed only tells the halves apart.
        let half = |which: u8| {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u8(which);
            u128::from(hasher.finish())
        };
        let bits = half(0) << 64 | half(1);
        let id = Uuid(bits.to_be_bytes());
        // A leading dash would look like an option on a command line.
        if bits >= RESERVED_IDS && !id.to_string().starts_with('-') {
            return id;
        }
    }
}

/// Who a log directory belongs to; what is `None` is not known yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster.
    pub cluster_id: Option<String>,
    /// The broker.
    pub node_id: Option<i32>,
    /// The directory itself.
    pub directory_id: Option<Uuid>,
    /// Everything else in the file.
    others: BTreeMap<String, String>,
}

impl MetaProperties {
    /// The owner that a directory is expected to have.
    pub fn of(cluster_id: Option<String>, node_id: Option<i32>) -> Self {
        Self { cluster_id, node_id, ..Self::default() }
    }

    /// What the file in `dir` says; `None` if it is absent.
    ///
    /// # Errors
    /// `Corrupt`, `UnsupportedFormat`, `Io`.
    pub fn read(fs: &dyn FileSystem, dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(META_PROPERTIES);
        fs.read(&path)?.map(|bytes| parse(&path, &bytes)).transpose()
    }

    /// Replaces the file in `dir`, durably.
    ///
    /// # Errors
    /// `Io`.
    pub fn write(&self, fs: &dyn FileSystem, dir: &Path) -> Result<()> {
        let mut lines = vec![format!("version={VERSION}")];
        lines.extend(self.cluster_id.iter().map(|id| format!("cluster.id={id}")));
        lines.extend(self.node_id.iter().map(|id| format!("node.id={id}")));
        lines.extend(self.directory_id.iter().map(|id| format!("directory.id={id}")));
        lines.extend(self.others.iter().map(|(key, value)| format!("{key}={value}")));
        let text = lines.join("\n") + "\n";
        fs.write_atomically(&dir.join(META_PROPERTIES), text.as_bytes(), true)
    }

    /// Reads the file and completes it with the expected owner; writes it if that tells anything
    /// new.
    ///
    /// # Errors
    /// `InvalidArgument` if the directory belongs to another cluster or node; else as
    /// [`MetaProperties::read`].
    pub fn settle(fs: &dyn FileSystem, dir: &Path, expected: &Self) -> Result<Self> {
        let found = Self::read(fs, dir)?;
        let mut settled = found.clone().unwrap_or_default();
        check("cluster.id", dir, settled.cluster_id.as_ref(), expected.cluster_id.as_ref())?;
        check("node.id", dir, settled.node_id.as_ref(), expected.node_id.as_ref())?;
        settled.cluster_id = settled.cluster_id.or_else(|| expected.cluster_id.clone());
        settled.node_id = settled.node_id.or(expected.node_id);
        settled.directory_id.get_or_insert_with(random_uuid);
        if found.as_ref() != Some(&settled) {
            settled.write(fs, dir)?;
        }
        Ok(settled)
    }
}

fn check<T: PartialEq + std::fmt::Display>(
    key: &str,
    dir: &Path,
    found: Option<&T>,
    expected: Option<&T>,
) -> Result<()> {
    match (found, expected) {
        (Some(found), Some(expected)) if found != expected => {
            let dir = dir.display();
            Err(LogError::InvalidArgument(format!("{dir} has {key} {found}, not {expected}")))
        }
        _ => Ok(()),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<MetaProperties> {
    let corrupt = |reason: &str| LogError::corrupt(path, 0, reason.to_owned());
    let text = std::str::from_utf8(bytes).map_err(|_| corrupt("is not text"))?;
    let mut fields = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let (key, value) =
            line.split_once('=').ok_or_else(|| corrupt("has a line that is not `key=value`"))?;
        fields.insert(key.trim().to_owned(), value.trim().to_owned());
    }
    let version = fields.remove("version").ok_or_else(|| corrupt("has no version"))?;
    let version: i64 = version.parse().map_err(|_| corrupt("has a version that is no number"))?;
    if !(0..=i64::from(VERSION)).contains(&version) {
        let path = path.to_owned();
        return Err(LogError::UnsupportedFormat { path, format: "meta.properties", version });
    }
    // Version 0 spoke of brokers.
    let node = if version == 0 { fields.remove("broker.id") } else { fields.remove("node.id") };
    let node_id = node.map(|id| id.parse().map_err(|_| corrupt("has a node.id that is no number")));
    let directory_id = fields.remove("directory.id");
    let directory_id = directory_id.map(|id| id.parse().map_err(|why: String| corrupt(&why)));
    Ok(MetaProperties {
        cluster_id: fields.remove("cluster.id"),
        node_id: node_id.transpose()?,
        directory_id: directory_id.transpose()?,
        others: fields,
    })
}
