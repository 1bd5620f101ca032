//! The listing of a directory that another process changes: which segments there are.
//!
//! Invariants: a listing counts only if a second one names the same segments and none is being
//! swapped by a compaction (while old and new files stand side by side, some records have no
//! name); files are told apart by inode and length, so what did not change keeps its maps. Part of
//! `reader.rs`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::following::Following;
use super::{LogReader, refused};
use crate::checkpoint::{
    LOG_START_OFFSET_CHECKPOINT, OffsetCheckpoint, RECOVERY_POINT_CHECKPOINT, TopicPartition,
};
use crate::clean_shutdown::CleanShutdownMarker;
use crate::clock::{Clock, SystemClock};
use crate::error::{LogError, Result};
use crate::fs::FileMeta;
use crate::segment::{FileKind, Segment};
use crate::segments::SegmentList;

/// A directory whose time is younger than this may change again without a new time.
const DIR_TIME_GRAIN_MS: i64 = 100;
/// How often a listing is repeated that the writer changed meanwhile.
const LISTING_ATTEMPTS: u32 = 16;
const LISTING_PAUSE: Duration = Duration::from_millis(1);

/// What was seen at the last listing.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Time of the directory when it was listed, if it can be relied on.
    listed: Option<i64>,
    sealed: Vec<Sealed>,
    last: Option<Following>,
}

impl State {
    /// The segment to follow, if the directory is as it was listed.
    pub(super) fn unchanged_since(&mut self, modified_ms: i64) -> Result<Option<&mut Following>> {
        let is_listed = self.listed == Some(modified_ms);
        match self.last.as_mut().filter(|_| is_listed) {
            Some(last) if !last.has_shrunk()? => Ok(Some(last)),
            _ => Ok(None),
        }
    }
}

/// A sealed segment, and the file it was.
#[derive(Debug, Clone)]
struct Sealed {
    inode: u64,
    len: u64,
    segment: Arc<Segment>,
}

/// The offsets that a directory's checkpoints tell.
struct Bounds {
    log_start_offset: i64,
    recovery_point: i64,
    /// The recovery point as the checkpoint tells it, whether the stop was clean or not.
    durable_offset: i64,
}

impl LogReader {
    pub(super) fn modified_ms(&self) -> Result<i64> {
        let meta = self.fs.metadata(&self.dir)?;
        meta.map(|meta| meta.modified_ms).ok_or_else(|| refused(&self.dir, "does not exist"))
    }

    /// Lists the directory anew, keeping the segments whose files are the same.
    pub(super) fn reload(&self, state: &mut State) -> Result<()> {
        for attempt in 0..LISTING_ATTEMPTS {
            let begun_ms = SystemClock.now_ms();
            let modified_ms = self.modified_ms()?;
            let bases = self.bases()?;
            let bounds = self.bounds()?;
            if let Some(bases) = bases
                && self.load(state, &bases, &bounds)?
                && self.bases()?.as_ref() == Some(&bases)
            {
                let is_settled = modified_ms + DIR_TIME_GRAIN_MS <= begun_ms;
                state.listed = Some(modified_ms).filter(|_| is_settled);
                self.publish(state, &bounds);
                return Ok(());
            }
            std::thread::sleep(LISTING_PAUSE * (attempt / 4));
        }
        // The writer is busy; what was known stays, and the next refresh lists again.
        state.listed = None;
        Ok(())
    }

    /// Base offsets of the segments, in order; `None` while a compaction swaps files.
    pub(super) fn bases(&self) -> Result<Option<Vec<i64>>> {
        let mut bases = Vec::new();
        for entry in self.fs.list(&self.dir)?.iter().filter(|entry| !entry.is_dir) {
            if let Some((FileKind::Log, base)) = FileKind::parse(&entry.name) {
                bases.push(base);
            } else if entry.name.ends_with(".log.swap") {
                return Ok(None);
            }
        }
        bases.sort_unstable();
        Ok(Some(bases))
    }

    /// An unreadable checkpoint counts as none: more is validated then.
    fn bounds(&self) -> Result<Bounds> {
        let log = TopicPartition { topic: "log".into(), partition: 0 };
        let offset = |name: &str| {
            let checkpoint = OffsetCheckpoint::new(Arc::clone(&self.fs), &self.dir, name);
            checkpoint.read().unwrap_or_default().get(&log).copied().unwrap_or(0)
        };
        let clean = CleanShutdownMarker::new(Arc::clone(&self.fs), &self.dir).exists()?;
        let durable_offset = offset(RECOVERY_POINT_CHECKPOINT);
        Ok(Bounds {
            log_start_offset: offset(LOG_START_OFFSET_CHECKPOINT),
            recovery_point: if clean { i64::MAX } else { durable_offset },
            durable_offset,
        })
    }

    /// Takes the listed segments over; `false` if a file went meanwhile.
    fn load(&self, state: &mut State, bases: &[i64], bounds: &Bounds) -> Result<bool> {
        let mut sealed = Vec::with_capacity(bases.len());
        for (at, base) in bases.iter().enumerate() {
            let next_base = bases.get(at + 1).copied();
            let path = FileKind::Log.path(&self.dir, *base);
            let Some(meta) = self.fs.metadata(&path)? else { return Ok(false) };
            let is_trusted = next_base.is_some_and(|next| next <= bounds.recovery_point);
            let known = known(state, *base, meta);
            if let Some(known) = known.filter(|_| next_base.is_some()) {
                sealed.push(known);
                continue;
            }
            if is_trusted && !is_followed(state, *base, meta) {
                sealed.push(self.trusted(*base, meta));
                continue;
            }
            let following = self.follow(state, *base, meta, bounds.durable_offset)?;
            let Some(following) = following else { return Ok(false) };
            if next_base.is_none() || !following.is_whole()? {
                let durable_offset = next_base.unwrap_or(i64::MAX).min(bounds.durable_offset);
                if following.next_offset() < durable_offset {
                    return self.refuse_damage(&following);
                }
                // Behind a damaged batch nothing counts: recovery would drop it.
                state.last = Some(following);
                break;
            }
            let segment = Arc::new(following.segment().seal());
            let len = segment.size_bytes() as u64;
            sealed.push(Sealed { inode: meta.inode, len, segment });
        }
        state.sealed = sealed;
        Ok(!bases.is_empty())
    }

    fn trusted(&self, base_offset: i64, meta: FileMeta) -> Sealed {
        let size_bytes = usize::try_from(meta.len).unwrap_or(usize::MAX);
        let segment = Segment::sealed(Arc::clone(&self.fs), &self.dir, base_offset, size_bytes);
        Sealed { inode: meta.inode, len: meta.len, segment: Arc::new(segment.of_inode(meta.inode)) }
    }

    /// Refuses to take damage for the end of the log, unless it was truncated meanwhile: then nothing
    /// is said, and it is listed again.
    fn refuse_damage(&self, following: &Following) -> Result<bool> {
        let end = following.next_offset();
        if self.bounds()?.durable_offset <= end {
            return Ok(false);
        }
        let path = following.segment().path(FileKind::Log);
        let reason = format!("no batch of offset {end} or later, which was durable");
        Err(LogError::corrupt(&path, following.position() as u64, reason))
    }

    /// The follower of a file: the one there is, if it is of this file, brought up to its end.
    fn follow(
        &self,
        state: &mut State,
        base: i64,
        meta: FileMeta,
        durable_offset: i64,
    ) -> Result<Option<Following>> {
        let mut following = match state.last.take_if(|last| is_same(last, base, meta)) {
            Some(last) => last,
            None => match Following::start(&self.fs, &self.dir, base)? {
                Some(started) if started.inode() == meta.inode => started,
                _ => return Ok(None),
            },
        };
        following.set_durable_offset(durable_offset);
        following.advance()?;
        Ok(Some(following))
    }

    fn publish(&self, state: &State, bounds: &Bounds) {
        let mut list: SegmentList =
            state.sealed.iter().map(|sealed| Arc::clone(&sealed.segment)).collect();
        list.extend(state.last.iter().map(|followed| Arc::clone(followed.segment())));
        let first = list.first().map_or(0, |first| first.base_offset());
        let start = first.max(bounds.log_start_offset);
        self.segments.replace(list);
        self.log_start_offset.store(start, Ordering::Release);
        let end = state.last.as_ref().map_or(start, Following::next_offset);
        self.log_end_offset.store(end.max(start), Ordering::Release);
    }
}

/// The sealed segment that is already known for this file.
fn known(state: &State, base: i64, meta: FileMeta) -> Option<Sealed> {
    let at = state.sealed.binary_search_by_key(&base, |sealed| sealed.segment.base_offset());
    let known = state.sealed.get(at.ok()?)?;
    (known.inode == meta.inode && known.len == meta.len).then(|| known.clone())
}

fn is_same(following: &Following, base: i64, meta: FileMeta) -> bool {
    following.segment().base_offset() == base
        && following.inode() == meta.inode
        && meta.len >= following.segment().size_bytes() as u64
}

fn is_followed(state: &State, base: i64, meta: FileMeta) -> bool {
    state.last.as_ref().is_some_and(|last| is_same(last, base, meta))
}
