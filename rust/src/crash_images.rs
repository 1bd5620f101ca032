//! Crash images: what a power cut in the middle of a trace could have left on the disk.
//!
//! What was synced is there. What was not may be there or not: each page of 4 KiB in any version
//! since the last sync, a page torn between two versions at a sector of 512 bytes, the length of
//! the file at any value it had, missing pages of a grown file as zeros, and of a directory's
//! names any prefix of the changes since its last sync; what lies in a directory whose own name is
//! gone, is gone. Directories that are renamed are not modelled. Invariant: an image depends on the
//! trace, the crash point and the [`Choices`] only, so a seed brings it back. `faulty_fs.rs`
//! records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::faulty_fs::{Change, FileId, Trace};
use crate::fs::{FileSystem, OpenMode, RealFs};

const PAGE_SIZE_BYTES: usize = 4096;
const SECTOR_SIZE_BYTES: usize = 512;

/// Who decides what survived: a seeded generator, or an enumeration of all cases.
#[derive(Debug, Clone)]
pub enum Choices {
    /// Drawn from a generator with this state.
    Seeded(u64),
    /// All in turn: the choices of this image and how many there were of each, and where we are.
    Exhaustive {
        /// Choice made and number of alternatives, in the order they were asked for.
        path: Vec<(usize, usize)>,
        /// The next to be asked for.
        at: usize,
    },
}

impl Choices {
    /// The first case of an enumeration.
    pub fn all() -> Self {
        Self::Exhaustive { path: Vec::new(), at: 0 }
    }

    /// Goes to the next case; false when all were seen. A generator never ends.
    pub fn advance(&mut self) -> bool {
        let Self::Exhaustive { path, at } = self else { return true };
        *at = 0;
        while let Some((choice, count)) = path.pop() {
            if choice + 1 < count {
                path.push((choice + 1, count));
                return true;
            }
        }
        false
    }

    /// A number below `count`, which is at least 1.
    pub fn pick(&mut self, count: usize) -> usize {
        match self {
            Self::Seeded(state) => {
                // SplitMix64.
                *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut mixed = *state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                mixed ^= mixed >> 31;
                usize::try_from(mixed % (count.max(1) as u64)).unwrap_or(0)
            }
            Self::Exhaustive { path, at } => {
                if *at == path.len() {
                    path.push((0, count));
                }
                let choice = path.get(*at).map_or(0, |(choice, _)| *choice);
                *at += 1;
                choice
            }
        }
    }
}

/// A change of a file's content since its last sync.
#[derive(Debug, Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Pending {
    /// Whether it changes a page that starts at `start`.
    fn touches(&self, start: usize) -> bool {
        match self {
            Self::Write(position, bytes) => {
                *position < start + PAGE_SIZE_BYTES && position + bytes.len() > start
            }
            Self::SetLen(len) => *len < start + PAGE_SIZE_BYTES,
        }
    }

    /// Changes the bytes of a file that start at `start`; returns the length the file has then.
    fn apply(&self, bytes: &mut [u8], start: usize) {
        match self {
            Self::Write(position, written) => {
                let from = start.saturating_sub(*position).min(written.len());
                let to = position.saturating_sub(start).min(bytes.len());
                let source = written.get(from..).unwrap_or_default();
                let target = bytes.get_mut(to..).unwrap_or_default();
                target.iter_mut().zip(source).for_each(|(byte, new)| *byte = *new);
            }
            Self::SetLen(len) => {
                let from = len.saturating_sub(start).min(bytes.len());
                bytes.get_mut(from..).unwrap_or_default().fill(0);
            }
        }
    }

    fn len_after(&self, len: usize) -> usize {
        match self {
            Self::Write(position, bytes) => len.max(position + bytes.len()),
            Self::SetLen(new) => *new,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Disk {
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

impl Disk {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            let len = change.len_after(self.durable.len());
            self.durable.resize(len, 0);
            change.apply(&mut self.durable, 0);
        }
    }

    /// One page in one of its versions since the last sync.
    fn page(&self, start: usize, version: usize) -> Vec<u8> {
        let mut page = vec![0; PAGE_SIZE_BYTES];
        let durable = self.durable.get(start..).unwrap_or_default();
        page.iter_mut().zip(durable).for_each(|(byte, old)| *byte = *old);
        for change in self.pending.iter().filter(|change| change.touches(start)).take(version) {
            change.apply(&mut page, start);
        }
        page
    }

    /// What may be left of this file.
    fn survive(&self, mood: Mood, choices: &mut Choices) -> Vec<u8> {
        let mut lens = vec![self.durable.len()];
        let mut newest = self.durable.len();
        for change in &self.pending {
            newest = change.len_after(newest);
            lens.push(newest);
        }
        lens.dedup();
        let len = match mood {
            Mood::Lost => self.durable.len(),
            Mood::Kept => newest,
            Mood::Mixed | Mood::Torn => {
                lens.get(choices.pick(lens.len())).copied().unwrap_or(newest)
            }
        };
        let mut bytes = Vec::with_capacity(len + PAGE_SIZE_BYTES);
        while bytes.len() < len {
            let start = bytes.len();
            let versions = self.pending.iter().filter(|change| change.touches(start)).count();
            let version = match mood {
                Mood::Lost => 0,
                Mood::Kept => versions,
                Mood::Mixed | Mood::Torn => choices.pick(versions + 1),
            };
            let mut page = self.page(start, version);
            if mood == Mood::Torn && versions > 0 {
                let other = self.page(start, choices.pick(versions + 1));
                let sectors = PAGE_SIZE_BYTES / SECTOR_SIZE_BYTES;
                let kept = choices.pick(sectors) * SECTOR_SIZE_BYTES;
                let torn = page.iter_mut().zip(other).skip(kept);
                torn.for_each(|(byte, new)| *byte = new);
            }
            bytes.extend(page);
        }
        bytes.truncate(len);
        bytes
    }
}

/// How a power cut treats what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Lost,
    Kept,
    Mixed,
    Torn,
}

/// Steps through a trace and makes images of what could be left at each point.
#[derive(Debug, Clone)]
pub struct CrashImages<'a> {
    trace: &'a Trace,
    at: usize,
    disks: BTreeMap<FileId, Disk>,
    names: Names,
    /// Directories that were created in the trace.
    made: BTreeSet<PathBuf>,
    /// By directory: changes of its names since its last sync.
    pending: BTreeMap<PathBuf, Vec<&'a Change>>,
}

/// What is in the directories.
#[derive(Debug, Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, FileId>,
    dirs: BTreeSet<PathBuf>,
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

impl Names {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Create { path, file } => {
                self.files.insert(path.clone(), *file);
            }
            Change::CreateDir { path } => {
                self.dirs.insert(path.clone());
            }
            Change::Rename { from, to } => {
                if let Some(file) = self.files.remove(from) {
                    self.files.insert(to.clone(), file);
                }
            }
            Change::Remove { path } => {
                self.files.remove(path);
            }
            _ => {}
        }
    }
}

impl<'a> CrashImages<'a> {
    /// At the start of the trace.
    pub fn new(trace: &'a Trace) -> Self {
        let mut disks = BTreeMap::new();
        let mut names = Names::default();
        for (path, file, bytes) in &trace.start {
            disks.insert(*file, Disk { durable: bytes.clone(), pending: Vec::new() });
            names.files.insert(path.clone(), *file);
        }
        Self { trace, at: 0, disks, names, made: BTreeSet::new(), pending: BTreeMap::new() }
    }

    /// Changes that took place before the crash.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Takes the next change; false at the end of the trace.
    pub fn advance(&mut self) -> bool {
        let Some(change) = self.trace.changes.get(self.at) else { return false };
        self.at += 1;
        match change {
            Change::Write { file, position, bytes } => {
                let position = usize::try_from(*position).unwrap_or(usize::MAX);
                self.disk(*file).pending.push(Pending::Write(position, bytes.clone()));
            }
            Change::SetLen { file, len } => {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                self.disk(*file).pending.push(Pending::SetLen(len));
            }
            Change::SyncData { file } => self.disk(*file).sync(),
            Change::SyncDir { dir } => {
                for change in self.pending.remove(dir).unwrap_or_default() {
                    self.names.apply(change);
                }
            }
            Change::Create { path, .. }
            | Change::CreateDir { path }
            | Change::Remove { path }
            | Change::Rename { to: path, .. } => {
                if matches!(change, Change::CreateDir { .. }) {
                    self.made.insert(path.clone());
                }
                self.pending.entry(parent(path)).or_default().push(change);
            }
        }
        true
    }

    fn disk(&mut self, file: FileId) -> &mut Disk {
        self.disks.entry(file).or_default()
    }

    /// The files of one possible image, by path.
    pub fn image(&self, choices: &mut Choices) -> BTreeMap<PathBuf, Vec<u8>> {
        self.survivors(choices).0
    }

    /// The files of one possible image, and the directories that were created and are there.
    fn survivors(&self, choices: &mut Choices) -> (BTreeMap<PathBuf, Vec<u8>>, Vec<PathBuf>) {
        let moods = [Mood::Torn, Mood::Mixed, Mood::Kept, Mood::Lost];
        let mood = match choices {
            Choices::Seeded(_) => {
                let weighted = [0, 0, 0, 1, 1, 1, 2, 3];
                weighted.get(choices.pick(8)).and_then(|at| moods.get(*at)).copied()
            }
            Choices::Exhaustive { .. } => Some(Mood::Mixed),
        };
        let mood = mood.unwrap_or(Mood::Mixed);
        let mut names = self.names.clone();
        for changes in self.pending.values() {
            let kept = choices.pick(changes.len() + 1);
            changes.iter().take(kept).for_each(|change| names.apply(change));
        }
        let is_there = |dir: &Path| !self.made.contains(dir) || names.dirs.contains(dir);
        let is_reached = |path: &Path| path.ancestors().skip(1).all(is_there);
        let dirs = names.dirs.iter().filter(|dir| is_reached(dir)).cloned().collect();
        let files: Vec<_> = names.files.iter().filter(|(path, _)| is_reached(path)).collect();
        let empty = Disk::default();
        let survive = |(path, file): (&PathBuf, &FileId)| {
            let disk = self.disks.get(file).unwrap_or(&empty);
            (path.clone(), disk.survive(mood, choices))
        };
        (files.into_iter().map(survive).collect(), dirs)
    }

    /// Writes one possible image below `to`, which takes the place of `root`.
    ///
    /// # Errors
    /// `Io`.
    pub fn write(&self, choices: &mut Choices, root: &Path, to: &Path) -> Result<()> {
        let place = |path: &Path| to.join(path.strip_prefix(root).unwrap_or(path));
        let (files, dirs) = self.survivors(choices);
        dirs.iter().try_for_each(|dir| RealFs.create_dir_all(&place(dir)))?;
        for (path, bytes) in files {
            let target = place(&path);
            RealFs.create_dir_all(&parent(&target))?;
            RealFs.open(&target, OpenMode::CreateNew)?.write_at(&bytes, 0)?;
        }
        Ok(())
    }
}
