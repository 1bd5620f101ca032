//! Compaction of one log: drives the cleaner, and swaps in under the writer's lock what it wrote.
//!
//! Reading and writing happen outside of the lock, so appends and reads go on; only the renames are
//! inside. Invariants: one compaction at a time; nothing is dropped because of a record that is not
//! durable; a group is swapped only if the log still has every segment that the decision rests on;
//! an error before the swap was decided leaves the log as it was, one after it poisons the log,
//! whose next opening completes the swap. `cleaner/` decides; `housekeeping.rs` retires files.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Log;
use crate::cleaner::{
    CleanBounds, Cleanable, CompactOptions, CompactionReport, LastRecord, Rewriter, Rules, Swap,
    build_offset_map, cleanable, group_segments,
};
use crate::config::LogConfig;
use crate::error::Result;
use crate::segment::Segment;
use crate::transaction_index::AbortedTransaction;

/// How far a log was cleaned.
#[derive(Debug, Default)]
pub(super) struct Compaction {
    running: Mutex<()>,
    clean_end_offset: AtomicI64,
    /// How often the log was truncated: what was cleaned before may not be there any more.
    truncations: AtomicU64,
}

impl Compaction {
    /// Lets the clean part end no later than the log, when that is truncated; under the writer's lock.
    pub(super) fn truncate(&self, end: i64) {
        self.clean_end_offset.fetch_min(end, Ordering::AcqRel);
        self.truncations.fetch_add(1, Ordering::AcqRel);
    }
}

/// One round: what it cleans, by which segments it goes.
struct Round {
    /// From the log's first segment to the end of what may be cleaned.
    segments: Vec<Arc<Segment>>,
    cleanable: Cleanable,
    aborted: Vec<AbortedTransaction>,
    producers: HashMap<i64, LastRecord>,
    /// The log's end, before which lie all the markers that the above rests on.
    log_end_offset: i64,
    /// How often the log had been truncated.
    truncations: u64,
}

impl Log {
    /// Offset below which the log was cleaned: what a checkpoint keeps.
    pub fn clean_end_offset(&self) -> i64 {
        self.compaction.clean_end_offset.load(Ordering::Acquire)
    }

    /// Takes the offset below which the log was cleaned from a checkpoint.
    pub fn set_clean_end_offset(&self, offset: i64) {
        self.compaction.clean_end_offset.store(offset, Ordering::Release);
    }

    /// What a compaction would deal with now, and whether it is due, for a scheduler.
    ///
    /// # Errors
    /// `Corrupt` or `Io` of a segment; `Closed`.
    pub fn cleanable(&self) -> Result<Cleanable> {
        self.check_open()?;
        self.cleanable_of(&self.segments.load())
    }

    fn cleanable_of(&self, list: &[Arc<Segment>]) -> Result<Cleanable> {
        let bounds = CleanBounds {
            clean_end_offset: self.clean_end_offset(),
            log_start_offset: self.log_start_offset(),
            last_stable_offset: self.last_stable_offset(),
            now_ms: self.clock.now_ms(),
        };
        cleanable(list, bounds, &self.config.load())
    }

    /// Removes from the sealed segments every record that a newer one of the same key replaces, and
    /// tombstones whose time is over. Records without a key go too if `cleanup.policy` says
    /// `compact`, and are an error if not. Offsets never change. Runs whether it is due or not.
    ///
    /// # Errors
    /// `Corrupt` where a batch is damaged, `InvalidArgument` for a record without a key: the log is
    /// as before, and stays so until somebody looks. `Io`, `Poisoned`, `Closed`.
    pub fn compact(&self, options: &CompactOptions) -> Result<CompactionReport> {
        let _one_at_a_time = self.compaction.running.lock();
        drop(self.lock_writer()?);
        if options.roll {
            self.roll()?;
        }
        let mut report = CompactionReport {
            segments_before: self.segments.load().len(),
            bytes_before: self.size_bytes(),
            ..CompactionReport::default()
        };
        while let Some(round) = self.next_round(report.rounds == 0)? {
            report.rounds += 1;
            let end = self.clean(&round, options, &mut report)?;
            if report.interrupted || !self.note_cleaned(&round, end) {
                report.interrupted = true;
                break;
            }
            if end >= round.cleanable.first_uncleanable_offset {
                break;
            }
        }
        report.segments_after = self.segments.load().len();
        report.bytes_after = self.size_bytes();
        report.clean_end_offset = self.clean_end_offset();
        Ok(report)
    }

    /// Takes note of how far the log is clean, unless it was truncated meanwhile; returns whether.
    fn note_cleaned(&self, round: &Round, end: i64) -> bool {
        let _writer = self.writer.lock();
        let is_whole = self.compaction.truncations.load(Ordering::Acquire) == round.truncations;
        if is_whole {
            self.set_clean_end_offset(end);
        }
        is_whole
    }

    /// The next round; the first one also goes over a clean log, whose tombstones may be due.
    fn next_round(&self, is_first: bool) -> Result<Option<Round>> {
        let writer = self.lock_writer()?;
        let list = self.segments.load();
        let producers = writer.producers.active_producers();
        let producers = producers
            .map(|(id, entry)| {
                let last_offset = entry.last_offset();
                (id, LastRecord { last_offset, producer_epoch: entry.producer_epoch() })
            })
            .collect();
        let truncations = self.compaction.truncations.load(Ordering::Acquire);
        drop(writer);
        let cleanable = self.cleanable_of(&list)?;
        let end = cleanable.first_uncleanable_offset;
        // Whole segments only: the end may lie inside of one, where the log start does.
        let segments: Vec<_> = (list.iter().zip(list.iter().skip(1)))
            .take_while(|(_, next)| next.base_offset() <= end)
            .map(|(segment, _)| Arc::clone(segment))
            .collect();
        if segments.is_empty() || (cleanable.is_empty() && !is_first) {
            return Ok(None);
        }
        let mut aborted = Vec::new();
        for segment in list.iter() {
            aborted.extend(segment.transaction_index().transactions()?);
        }
        // Behind the lock: an append publishes the end last, after what it adds to an index.
        let writer = self.lock_writer()?;
        let log_end_offset = self.log_end_offset();
        drop(writer);
        Ok(Some(Round { segments, cleanable, aborted, producers, log_end_offset, truncations }))
    }

    /// Cleans one round; returns the offset below which the log is clean.
    fn clean(
        &self,
        round: &Round,
        options: &CompactOptions,
        report: &mut CompactionReport,
    ) -> Result<i64> {
        let config = self.config.load_full();
        let Cleanable { first_dirty_offset, first_uncleanable_offset, .. } = round.cleanable;
        let dirty = first_dirty_offset..first_uncleanable_offset;
        let drops_unkeyed = config.cleanup_policy.compact;
        let limits = (options.offset_map_bytes, drops_unkeyed);
        let map = build_offset_map(&round.segments, dirty, &round.aborted, limits)?;
        let end = map.latest_offset() + 1;
        // What stands for the records that go must not be lost in a crash, and no more may the
        // markers: a transaction that counted as committed would be open again, and could abort.
        self.flush_to(round.log_end_offset)?;
        let rules = Rules {
            map: &map,
            producers: &round.producers,
            now_ms: self.clock.now_ms(),
            delete_retention_ms: config.delete_retention_ms,
            drops_unkeyed,
        };
        let mut rewriter = Rewriter::new((&self.fs, &self.dir, &config), rules, &round.aborted);
        let result = self.clean_groups(round, end, (&config, &mut rewriter), report);
        let (read, kept, unkeyed) = rewriter.counts();
        report.records_read += read;
        report.records_kept += kept;
        report.records_unkeyed += unkeyed;
        result.map(|()| end)
    }

    fn clean_groups(
        &self,
        round: &Round,
        end: i64,
        (config, rewriter): (&LogConfig, &mut Rewriter<'_>),
        report: &mut CompactionReport,
    ) -> Result<()> {
        let segments = &round.segments;
        let count = segments.partition_point(|segment| segment.base_offset() < end);
        let cleaned = segments.get(..count).unwrap_or_default();
        let end = segments
            .get(count)
            .map_or(round.cleanable.first_uncleanable_offset, |next| next.base_offset());
        let mut done = 0;
        for group in group_segments(cleaned, end, config)? {
            let rewritten = rewriter.rewrite(&group)?;
            let rest = segments.get(done..).unwrap_or_default();
            if let Some(swap) = &rewritten.swap {
                let new = (swap, rewritten.size_bytes);
                if !self.swap_in(new, &group, rest)? {
                    report.interrupted = true;
                    return swap.remove_cleaned();
                }
            }
            done += group.len();
        }
        Ok(())
    }

    /// Replaces `group`, with which `rest` begins, by the rewritten segment; `false`, and nothing
    /// done, if the log does not have all of `rest` any more.
    fn swap_in(
        &self,
        (swap, size_bytes): (&Swap, usize),
        group: &[Arc<Segment>],
        rest: &[Arc<Segment>],
    ) -> Result<bool> {
        let mut writer = self.lock_writer()?;
        let list = self.segments.load();
        let at = list.partition_point(|segment| segment.base_offset() < swap.base_offset());
        let ours = list.get(at..).and_then(|tail| tail.get(..rest.len()));
        if !ours.is_some_and(|ours| ours.iter().zip(rest).all(|(a, b)| Arc::ptr_eq(a, b))) {
            return Ok(false);
        }
        for segment in group {
            // Readers may hold these; once the files have other names it is too late to open them.
            segment.map()?;
            segment.offset_index()?;
            segment.time_index()?;
            segment.transaction_index().transactions()?;
        }
        swap.decide()?;
        let mut next = list.get(..at).unwrap_or_default().to_vec();
        let sealed =
            Segment::sealed(Arc::clone(&self.fs), &self.dir, swap.base_offset(), size_bytes);
        next.push(Arc::new(sealed));
        next.extend(list.iter().skip(at + group.len()).cloned());
        let bases: Vec<i64> = next.iter().map(|segment| segment.base_offset()).collect();
        let completed = self
            .fs
            .sync_dir(&self.dir)
            .and_then(|()| self.retire(&mut writer, group, self.clock.now_ms()))
            .and_then(|()| swap.complete())
            .and_then(|()| self.fs.sync_dir(&self.dir));
        completed.inspect_err(|_| self.commit.fail())?;
        self.segments.replace(next);
        writer.producers.remove_stray_snapshots(&bases)?;
        Ok(true)
    }
}
