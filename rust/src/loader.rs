//! Opens the directory of a log, after a clean stop or a crash.
//!
//! In order: finish or undo a compaction's swap, drop leftovers, take the segments below the
//! recovery point as they are, walk those above it and cut the log at the first bad byte. Invariants:
//! whatever was durable is kept; nothing after a cut is kept; bytes past the cut go before anyone
//! maps the file; a file of another format version, or a hole below the recovery point, is refused
//! with nothing changed. `recovery.rs` walks one segment, `log/open.rs` makes a log of the result.

use std::path::Path;
use std::sync::Arc;

use crate::batch::{BatchHeader, HEADER_SIZE_BYTES};
use crate::config::LogConfig;
use crate::error::{LogError, Result};
use crate::fs::{FileSystem, OpenMode, with_suffix};
use crate::recovery::{Trust, Walked, walk_segment};
use crate::segment::{FileKind, Segment};
use crate::segment_writer::{RecoveredSegment, SegmentWriter};

/// What the owner of a log knows about it from its checkpoints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadBounds {
    /// First offset that may be read.
    pub(crate) log_start_offset: i64,
    /// Offset below which everything was durable.
    pub(crate) recovery_point: i64,
    /// Whether the log was closed cleanly.
    pub(crate) clean: bool,
    /// Whether offsets may be missing between segments.
    pub(crate) expect_gaps: bool,
}

/// What loading did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Whether the log had been closed cleanly.
    pub clean: bool,
    /// Segments that were walked.
    pub segments_walked: usize,
    /// Bytes whose CRC was checked.
    pub checked_bytes: u64,
    /// Bytes cut off as damaged or torn.
    pub truncated_bytes: u64,
    /// Why, in a sentence, if anything was cut.
    pub truncated_reason: Option<String>,
}

/// The segments of a log, loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// All but the last.
    pub(crate) sealed: Vec<Arc<Segment>>,
    /// The last one, to write to.
    pub(crate) active: SegmentWriter,
    /// Offset after the last record.
    pub(crate) log_end_offset: i64,
    /// First offset that may be read.
    pub(crate) log_start_offset: i64,
    /// What was done.
    pub(crate) report: RecoveryReport,
}

/// The loading of one directory.
pub(crate) struct Loader<'a> {
    pub(crate) fs: &'a Arc<dyn FileSystem>,
    pub(crate) dir: &'a Path,
    pub(crate) config: &'a LogConfig,
    pub(crate) now_ms: i64,
}

impl Loader<'_> {
    /// Loads the directory, creating it if absent.
    ///
    /// # Errors
    /// `Io`, `UnsupportedFormat`, `Corrupt`.
    pub(crate) fn load(&self, bounds: LoadBounds) -> Result<Loaded> {
        if self.fs.metadata(self.dir)?.is_none() {
            self.fs.create_dir_all(self.dir)?;
            if let Some(parent) = self.dir.parent().filter(|parent| !parent.as_os_str().is_empty())
            {
                self.fs.sync_dir(parent)?;
            }
        }
        self.settle_swaps()?;
        let bases = self.settle_orphans()?;
        let mut report = RecoveryReport { clean: bounds.clean, ..RecoveryReport::default() };
        let trusted = self.trusted_count(&bases, bounds)?;
        let (below, above) = bases.split_at(trusted);
        let mut sealed = Vec::with_capacity(bases.len());
        for base_offset in below {
            sealed.push(Arc::new(self.sealed(*base_offset)?));
        }
        let mut last = None;
        for (index, base_offset) in above.iter().enumerate() {
            if is_after_hole(last.as_ref(), *base_offset, bounds) {
                report.truncated_reason.get_or_insert(format!(
                    "records before offset {base_offset} did not reach the disk"
                ));
                self.drop_segments(above.get(index..).unwrap_or_default(), &mut report)?;
                break;
            }
            if let Some(previous) = last.take() {
                sealed.push(self.seal_recovered(previous)?);
            }
            let mut walked = self.walk(*base_offset, bounds, &mut report)?;
            let later = above.get(index + 1..).unwrap_or_default();
            if let Some(next_base) = later.first() {
                walked.damage = walked.damage.take().or_else(|| misfit(&walked, *next_base));
            }
            let is_cut = walked.damage.is_some();
            last = Some(self.cut(walked, &mut report)?);
            if is_cut {
                self.drop_segments(later, &mut report)?;
                break;
            }
        }
        self.finish(sealed, last, bounds, report)
    }

    /// How many segments are taken as they are: all but the last after a clean stop, else those
    /// that end at or below the recovery point.
    fn trusted_count(&self, bases: &[i64], bounds: LoadBounds) -> Result<usize> {
        let mut all_but_last = bases.len().saturating_sub(1);
        // An empty segment says nothing of where the one before it ends.
        while let Some(last) = bases.get(all_but_last).filter(|_| all_but_last > 0) {
            let meta = self.fs.metadata(&FileKind::Log.path(self.dir, *last))?;
            if meta.is_some_and(|meta| meta.len > 0) {
                break;
            }
            all_but_last -= 1;
        }
        if bounds.clean {
            return Ok(all_but_last);
        }
        let ends_below = bases.iter().skip(1).take_while(|base| **base <= bounds.recovery_point);
        Ok(ends_below.count().min(all_but_last))
    }

    fn sealed(&self, base_offset: i64) -> Result<Segment> {
        let path = FileKind::Log.path(self.dir, base_offset);
        let meta = self.fs.metadata(&path)?;
        let size = meta.map_or(0, |meta| usize::try_from(meta.len).unwrap_or(usize::MAX));
        Ok(Segment::sealed(Arc::clone(self.fs), self.dir, base_offset, size))
    }

    fn walk(
        &self,
        base_offset: i64,
        bounds: LoadBounds,
        report: &mut RecoveryReport,
    ) -> Result<Walked> {
        let trust = Trust { below_offset: bounds.recovery_point, clean: bounds.clean };
        let walked = walk_segment(self.fs, self.dir, base_offset, self.config, trust)?;
        report.segments_walked += 1;
        report.checked_bytes += walked.checked_bytes;
        Ok(walked)
    }

    /// Cuts the file behind the good part. Nothing has it mapped here, and no other process reads
    /// what is no good batch.
    fn cut(&self, walked: Walked, report: &mut RecoveryReport) -> Result<RecoveredSegment> {
        if walked.excess_bytes > 0 {
            let path = FileKind::Log.path(self.dir, walked.segment.base_offset);
            let file = self.fs.open(&path, OpenMode::ReadWrite)?;
            file.set_len(walked.segment.size_bytes as u64)?;
            file.sync_data()?;
        }
        if let Some(reason) = walked.damage {
            report.truncated_bytes += walked.excess_bytes;
            report.truncated_reason.get_or_insert(reason);
        }
        Ok(walked.segment)
    }

    /// Segments after a cut: their records cannot follow.
    fn drop_segments(&self, bases: &[i64], report: &mut RecoveryReport) -> Result<()> {
        for base_offset in bases.iter().rev() {
            let log = FileKind::Log.path(self.dir, *base_offset);
            report.truncated_bytes += self.fs.metadata(&log)?.map_or(0, |meta| meta.len);
            for kind in FileKind::OF_SEGMENT.into_iter().rev() {
                self.fs.remove(&kind.path(self.dir, *base_offset))?;
            }
        }
        self.fs.sync_dir(self.dir)
    }

    fn seal_recovered(&self, recovered: RecoveredSegment) -> Result<Arc<Segment>> {
        let mut writer =
            SegmentWriter::resume(self.fs, self.dir, recovered, self.config, self.now_ms)?;
        writer.finish()?.iter().try_for_each(|file| file.sync_data())?;
        Ok(Arc::new(writer.segment().seal()))
    }

    fn finish(
        &self,
        sealed: Vec<Arc<Segment>>,
        last: Option<RecoveredSegment>,
        bounds: LoadBounds,
        report: RecoveryReport,
    ) -> Result<Loaded> {
        let first = sealed.first().map(|segment| segment.base_offset());
        let first = first.or_else(|| last.as_ref().map(|segment| segment.base_offset));
        let start = bounds.log_start_offset.max(first.unwrap_or(0)).max(0);
        let end = last.as_ref().map_or(start, |segment| segment.next_offset);
        if let Some(last) = last.filter(|_| end >= start) {
            let active = SegmentWriter::resume(self.fs, self.dir, last, self.config, self.now_ms)?;
            let (log_end_offset, log_start_offset) = (end, start);
            return Ok(Loaded { sealed, active, log_end_offset, log_start_offset, report });
        }
        // The log ends before it starts: what it holds was deleted already.
        // In an empty directory nothing can come back; its names are durable with the first flush.
        let bases: Vec<i64> = self.bases()?;
        if !bases.is_empty() {
            self.drop_segments(&bases, &mut RecoveryReport::default())?;
        }
        let active = SegmentWriter::create(self.fs, self.dir, start, self.config, self.now_ms)?;
        if !bases.is_empty() {
            self.fs.sync_dir(self.dir)?;
        }
        Ok(Loaded {
            sealed: Vec::new(),
            active,
            log_end_offset: start,
            log_start_offset: start,
            report,
        })
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = self.fs.list(self.dir)?;
        Ok(entries.into_iter().filter(|entry| !entry.is_dir).map(|entry| entry.name).collect())
    }

    /// Base offsets of the segments, in order.
    fn bases(&self) -> Result<Vec<i64>> {
        let mut bases: Vec<i64> = self
            .names()?
            .iter()
            .filter_map(|name| FileKind::parse(name))
            .filter(|(kind, _)| *kind == FileKind::Log)
            .map(|(_, base_offset)| base_offset)
            .collect();
        bases.sort_unstable();
        Ok(bases)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.fs.remove(&self.dir.join(name))
    }

    /// Undoes a compaction that had not finished writing, completes one that had: `.cleaned` files
    /// were not finished, nor are `.swap` files from there on, because renaming to `.swap` goes from
    /// the last to the first; other `.swap` files are whole and replace what they cover.
    fn settle_swaps(&self) -> Result<()> {
        let names = self.names()?;
        let base_of =
            |name: &str, suffix: &str| name.strip_suffix(suffix).and_then(FileKind::parse);
        let first_unfinished =
            names.iter().filter_map(|name| base_of(name, ".cleaned")).map(|(_, base)| base).min();
        for name in &names {
            let unfinished = base_of(name, ".swap")
                .is_some_and(|(_, base)| first_unfinished.is_some_and(|first| base >= first));
            let leftover = [".deleted", ".cleaned", ".truncated", ".tmp"];
            if unfinished || leftover.iter().any(|suffix| name.ends_with(suffix)) {
                self.remove(name)?;
            }
        }
        let whole: Vec<(FileKind, i64)> =
            self.names()?.iter().filter_map(|name| base_of(name, ".swap")).collect();
        if whole.is_empty() {
            return Ok(());
        }
        for (_, base_offset) in whole.iter().filter(|(kind, _)| *kind == FileKind::Log) {
            self.remove_covered(*base_offset)?;
        }
        for (kind, base_offset) in &whole {
            let path = kind.path(self.dir, *base_offset);
            self.fs.rename(&with_suffix(&path, ".swap"), &path)?;
        }
        self.fs.sync_dir(self.dir)
    }

    /// Removes the old segments whose records a `.swap` segment holds.
    fn remove_covered(&self, swap_base: i64) -> Result<()> {
        let swap = with_suffix(&FileKind::Log.path(self.dir, swap_base), ".swap");
        let next_offset = next_offset_of(self.fs, &swap)?.unwrap_or(swap_base);
        for base_offset in self.bases()?.into_iter().rev() {
            if base_offset >= swap_base && base_offset < next_offset.max(swap_base + 1) {
                for kind in FileKind::OF_SEGMENT.into_iter().rev() {
                    self.fs.remove(&kind.path(self.dir, base_offset))?;
                }
            }
        }
        Ok(())
    }

    /// Removes indexes without a segment; returns the base offsets of the segments.
    fn settle_orphans(&self) -> Result<Vec<i64>> {
        let bases = self.bases()?;
        for name in self.names()? {
            let Some((kind, base_offset)) = FileKind::parse(&name) else { continue };
            let is_index = !matches!(kind, FileKind::Log | FileKind::ProducerSnapshot);
            if is_index && bases.binary_search(&base_offset).is_err() {
                self.remove(&name)?;
            }
        }
        Ok(bases)
    }
}

/// Whether offsets are missing before a segment that was not durable: a whole tail of the one
/// before it was lost. Below the recovery point a gap is compaction's.
fn is_after_hole(previous: Option<&RecoveredSegment>, base: i64, bounds: LoadBounds) -> bool {
    let is_gap = previous.is_some_and(|previous| previous.next_offset < base);
    is_gap && !bounds.clean && !bounds.expect_gaps && base > bounds.recovery_point
}

/// Why the segment at `next_base` cannot follow the one that was walked, if it cannot: zeros that
/// were no preallocation, or a base offset that is taken.
fn misfit(walked: &Walked, next_base: i64) -> Option<String> {
    let end = walked.segment.next_offset;
    let is_hole = walked.excess_bytes > 0 && next_base > end;
    (is_hole || next_base < end)
        .then(|| format!("segment {next_base} does not follow offset {}", end - 1))
}

/// Offset after the last batch of a finished segment file.
fn next_offset_of(fs: &Arc<dyn FileSystem>, path: &Path) -> Result<Option<i64>> {
    let file = fs.open(path, OpenMode::Read)?;
    let mut head = [0; HEADER_SIZE_BYTES];
    let (mut position, mut next) = (0, None);
    while file.read_at(&mut head, position)? == head.len() {
        let header = BatchHeader::parse(&head);
        header.check().map_err(|error| LogError::corrupt(path, position, error.to_string()))?;
        next = Some(header.next_offset());
        position += header.size_bytes()? as u64;
    }
    Ok(next)
}
