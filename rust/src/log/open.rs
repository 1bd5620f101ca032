//! Makes a log of a directory: segments from `loader.rs`, then epochs, producers, offsets.
//!
//! Invariant: a log that opens holds everything that was durable, and its producer state, aborted
//! transactions and leader epochs are those of exactly the batches it holds. What they are rebuilt
//! from is the newest snapshot and the batches after it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::append::end_marker;
use super::housekeeping::jitter;
use super::{Log, NO_OFFSET, Signal, Writer};
use crate::batch::Batch;
use crate::clock::{Clock, SystemClock};
use crate::config::LogConfig;
use crate::error::Result;
use crate::flush::GroupCommit;
use crate::fs::{FileSystem, RealFs};
use crate::leader_epoch::LeaderEpochCache;
pub use crate::loader::RecoveryReport;
use crate::loader::{LoadBounds, Loader};
use crate::producer_state::{ProducerState, ProducerStateConfig};
use crate::segment::Segment;
use crate::segments::Segments;

/// What a log is opened with.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each by its own name")]
pub struct OpenOptions {
    /// Where its files are.
    pub fs: Arc<dyn FileSystem>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Its settings.
    pub config: LogConfig,
    /// First offset that may be read, from its checkpoint.
    pub log_start_offset: i64,
    /// Offset below which everything was durable, from its checkpoint.
    pub recovery_point: i64,
    /// Whether it was closed cleanly.
    pub clean: bool,
    /// Whether offsets may be missing between segments above the recovery point, as in a log that
    /// somebody else compacted. Else a gap there is a tail that did not reach the disk, and what
    /// follows it is dropped.
    pub expect_gaps: bool,
    /// Whether the high watermark is the log end offset: a log without replicas.
    pub end_is_stable: bool,
    /// Whether a client's first write to a transaction needs a guard (KIP-890).
    pub verify_transactions: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            fs: Arc::new(RealFs),
            clock: Arc::new(SystemClock),
            config: LogConfig::default(),
            log_start_offset: 0,
            recovery_point: 0,
            clean: false,
            expect_gaps: false,
            end_is_stable: true,
            verify_transactions: false,
        }
    }
}

impl Log {
    /// Opens the log in `dir`, creating it if absent, and repairs what a crash left.
    ///
    /// # Errors
    /// `Io`; `UnsupportedFormat` and `Corrupt` (below the recovery point) with nothing changed;
    /// `InvalidConfig`.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Self> {
        options.config.check()?;
        let now_ms = options.clock.now_ms();
        let loading = Loader { fs: &options.fs, dir, config: &options.config, now_ms };
        let bounds = LoadBounds {
            log_start_offset: options.log_start_offset,
            recovery_point: options.recovery_point,
            clean: options.clean,
            expect_gaps: options.expect_gaps,
        };
        let loaded = loading.load(bounds)?;
        let mut list = loaded.sealed;
        list.push(Arc::clone(loaded.active.segment()));
        let (start, end) = (loaded.log_start_offset, loaded.log_end_offset);
        let epochs = LeaderEpochCache::open(Arc::clone(&options.fs), dir)?;
        epochs.truncate_from_end(end);
        epochs.truncate_from_start(start);
        let config = ProducerStateConfig {
            producer_id_expiration_ms: options.config.producer_id_expiration_ms,
            transaction_verification: options.verify_transactions,
            ..ProducerStateConfig::default()
        };
        let mut producers = ProducerState::open(Arc::clone(&options.fs), dir, config)?;
        let first_walked = list.len() - loaded.report.segments_walked.min(list.len());
        let unsure = if options.clean {
            Unsure { segments: list.len(), above: i64::MAX }
        } else {
            Unsure { segments: first_walked, above: options.recovery_point }
        };
        rebuild(&mut producers, &epochs, &list, (start, end), (unsure, now_ms))?;
        if !options.clean {
            // What was dropped must not come back beside what is appended from here on.
            options.fs.sync_dir(dir)?;
        }
        let writer = Writer {
            jitter_ms: jitter(
                loaded.active.segment().base_offset(),
                options.config.segment_jitter_ms,
            ),
            segment: loaded.active,
            producers,
            dirty_files: Vec::new(),
            dirty_transaction_indexes: list.get(unsure.segments..).unwrap_or_default().to_vec(),
            is_dir_dirty: true,
            unflushed_count: 0,
            deleted: Vec::new(),
        };
        let durable = if options.clean { end } else { options.recovery_point.min(end) };
        let log = Self {
            dir: dir.to_owned(),
            fs: options.fs,
            clock: options.clock,
            config: ArcSwap::from_pointee(options.config),
            segments: Segments::new(list),
            epochs,
            writer: Mutex::new(writer),
            commit: GroupCommit::new(dir, durable),
            log_start_offset: AtomicI64::new(start),
            high_watermark: AtomicI64::new(if options.end_is_stable { end } else { start }),
            log_end_offset: AtomicI64::new(end),
            first_unstable_offset: AtomicI64::new(NO_OFFSET),
            end_is_stable: options.end_is_stable,
            closed: false.into(),
            appended: Signal::default(),
            compaction: super::compact::Compaction::default(),
            recovery: loaded.report,
            rolls: 0.into(),
        };
        log.settle_after_open();
        Ok(log)
    }

    fn settle_after_open(&self) {
        let mut writer = self.writer.lock();
        // What recovery kept above the recovery point may not be on disk yet.
        if self.recovery_point() < self.log_end_offset() {
            writer.unflushed_count = self.log_end_offset() - self.recovery_point();
        }
        self.update_first_unstable(&mut writer);
    }

    /// Producer state of exactly the batches that are left, after a truncation.
    pub(super) fn reload_producers(&self, writer: &mut Writer) -> Result<()> {
        let list = self.segments.load();
        let end = self.log_end_offset();
        let bounds = (self.log_start_offset().min(end), end);
        let unsure = Unsure { segments: list.len(), above: i64::MAX };
        let sure = (unsure, self.clock.now_ms());
        rebuild(&mut writer.producers, &self.epochs, &list, bounds, sure)
    }
}

/// Which transaction indexes a crash may have damaged.
#[derive(Clone, Copy)]
struct Unsure {
    /// From this segment of the list on.
    segments: usize,
    /// Entries that end at or beyond this offset.
    above: i64,
}

/// Brings the producer state to the log end offset, and with it the transaction indexes: what is
/// durable of them stays, the rest is written anew from the batches.
fn rebuild(
    producers: &mut ProducerState,
    epochs: &LeaderEpochCache,
    list: &[Arc<Segment>],
    (start, end): (i64, i64),
    (unsure, now_ms): (Unsure, i64),
) -> Result<()> {
    let bases: Vec<i64> = list.iter().map(|segment| segment.base_offset()).collect();
    producers.remove_stray_snapshots(&bases)?;
    let mut from = end;
    for (at, segment) in list.iter().enumerate() {
        let is_unsure = at >= unsure.segments;
        let index = segment.transaction_index();
        let is_whole = if is_unsure {
            index.recover_to(unsure.above)?
        } else {
            index.sanity_check().is_ok() || index.recover_to(i64::MAX)?
        };
        // Entries of records past the end can only be left from before a truncation.
        index.truncate_to(end)?;
        let sure_to = if is_unsure { unsure.above } else { end };
        from = from.min(if is_whole { sure_to } else { segment.base_offset() });
    }
    producers.truncate_and_reload(start, from.clamp(start, end), now_ms)?;
    let from = producers.map_end_offset();
    for (at, segment) in list.iter().enumerate() {
        let next_base = list.get(at + 1).map_or(end, |next| next.base_offset());
        if next_base > from {
            replay(producers, epochs, segment, from)?;
        }
    }
    producers.set_map_end_offset(end);
    Ok(())
}

/// Takes a segment's batches from offset `from` on into account.
fn replay(
    producers: &mut ProducerState,
    epochs: &LeaderEpochCache,
    segment: &Segment,
    from: i64,
) -> Result<()> {
    let index = segment.transaction_index();
    let known_to = index.transactions()?.last().map_or(i64::MIN, |last| last.last_offset);
    let mut next = segment.find_offset(from)?;
    while let Some(at) = next {
        let header = at.header;
        if header.leader_epoch > epochs.latest_epoch().unwrap_or(-1) {
            epochs.assign(header.leader_epoch, header.base_offset)?;
        }
        if header.has_producer_id() {
            let bytes = segment.slice(at.position..at.end())?;
            let marker = end_marker(&Batch { header, bytes: &bytes })?;
            let completed = producers.replay(&header, marker)?;
            if let Some((completed, stable)) = completed
                && completed.is_aborted
                && completed.last_offset > known_to
            {
                index.append(&completed.aborted(stable))?;
            }
        }
        next = segment.batch_at(at.end())?;
    }
    Ok(())
}
