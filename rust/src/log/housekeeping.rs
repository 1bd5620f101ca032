//! Rolling, retention and the removal of segments.
//!
//! Invariants: a segment leaves the readers' list before its files are renamed to `.deleted`, and
//! is mapped before that, so that a reader that holds the old list can go on; the log start offset
//! moves before files go; the active segment goes only after a new one took its place.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Log, Writer};
use crate::error::{LogError, Result};
use crate::fs::with_suffix;
use crate::retention::{SegmentAge, expired};
use crate::segment::{FileKind, Segment};
use crate::segment_writer::SegmentWriter;

impl Log {
    /// Seals the active segment and starts a new one, unless the active one is empty. Returns the
    /// base offset of the active segment.
    ///
    /// # Errors
    /// `Io`, `Poisoned`, `Closed`.
    pub fn roll(&self) -> Result<i64> {
        let mut writer = self.lock_writer()?;
        if writer.segment.size_bytes() > 0 {
            let end = self.log_end_offset();
            self.roll_to(&mut writer, end)?;
        }
        Ok(writer.segment.segment().base_offset())
    }

    /// Rolls if the next batches do not belong into the active segment any more.
    pub(super) fn maybe_roll(
        &self,
        writer: &mut Writer,
        size_bytes: usize,
        (first_offset, last_offset): (i64, i64),
        max_timestamp: i64,
    ) -> Result<()> {
        let config = self.config.load();
        let segment = &writer.segment;
        let room = segment.has_room(size_bytes, last_offset, config.segment_bytes as usize);
        let is_old = || {
            let age_ms = segment.age_ms(max_timestamp, self.clock.now_ms());
            age_ms > config.roll_ms().saturating_sub(writer.jitter_ms)
        };
        if segment.size_bytes() == 0 {
            let relative = last_offset - segment.segment().base_offset();
            if relative <= i64::from(i32::MAX) {
                return Ok(());
            }
        } else if room && !is_old() {
            return Ok(());
        }
        self.roll_to(writer, first_offset.max(self.log_end_offset()))
    }

    pub(super) fn roll_to(&self, writer: &mut Writer, base_offset: i64) -> Result<()> {
        let config = self.config.load();
        if base_offset == writer.segment.segment().base_offset() {
            return Err(LogError::InvalidArgument(format!("segment {base_offset} exists already")));
        }
        writer.producers.set_map_end_offset(base_offset);
        writer.producers.take_snapshot(false)?;
        let files = writer.segment.finish()?;
        writer.dirty_files.extend(files);
        writer.is_dir_dirty = true;
        let now_ms = self.clock.now_ms();
        // Nothing may fail after this: the log would go on in the old segment, beyond the new one.
        let next = SegmentWriter::create(&self.fs, &self.dir, base_offset, &config, now_ms)
            .inspect_err(|_| {
                if SegmentWriter::undo_create(&self.fs, &self.dir, base_offset).is_err() {
                    self.commit.fail();
                }
            })?;
        let sealed = Arc::new(writer.segment.segment().seal());
        self.segments.roll(sealed, Arc::clone(next.segment()));
        writer.segment = next;
        writer.jitter_ms = jitter(base_offset, config.segment_jitter_ms);
        self.rolls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Deletes what retention no longer keeps; returns the base offsets of the deleted segments.
    ///
    /// # Errors
    /// `Io`, `Poisoned`, `Closed`.
    pub fn apply_retention(&self) -> Result<Vec<i64>> {
        let mut writer = self.lock_writer()?;
        let now_ms = self.clock.now_ms();
        self.remove_deleted(&mut writer, now_ms)?;
        let list = self.segments.load();
        let ages = self.segment_ages(&list)?;
        let bounds = (self.log_start_offset(), self.high_watermark());
        let found = expired(&ages, &self.config.load(), bounds, now_ms);
        let count: usize = found.iter().map(|(_, count)| count).sum();
        if count == 0 {
            return Ok(Vec::new());
        }
        if count == list.len() {
            if writer.segment.size_bytes() == 0 {
                return self.delete_oldest(&mut writer, count - 1, now_ms);
            }
            let end = self.log_end_offset();
            self.roll_to(&mut writer, end)?;
        }
        self.delete_oldest(&mut writer, count, now_ms)
    }

    fn segment_ages(&self, list: &[Arc<Segment>]) -> Result<Vec<SegmentAge>> {
        let ends = list.iter().skip(1).map(|next| next.base_offset());
        let ends = ends.chain([self.log_end_offset()]);
        list.iter()
            .zip(ends)
            .map(|(segment, next_offset)| {
                Ok(SegmentAge {
                    size_bytes: segment.size_bytes() as u64,
                    largest_timestamp: self.age_timestamp(segment)?,
                    next_offset,
                })
            })
            .collect()
    }

    /// The segment's largest timestamp, or its file's time if no record has one.
    fn age_timestamp(&self, segment: &Segment) -> Result<i64> {
        let largest = segment.largest_timestamp()?.timestamp;
        if largest >= 0 {
            return Ok(largest);
        }
        let meta = self.fs.metadata(&segment.path(FileKind::Log))?;
        Ok(meta.map_or_else(|| self.clock.now_ms(), |meta| meta.modified_ms))
    }

    /// Raises the log start offset: records below it cannot be read any more, and whole segments
    /// below it go with the next [`Log::apply_retention`].
    ///
    /// # Errors
    /// `OffsetOutOfRange` past the high watermark; `Poisoned`, `Closed`.
    pub fn delete_before(&self, offset: i64) -> Result<i64> {
        let mut writer = self.lock_writer()?;
        let (start, end) = (self.log_start_offset(), self.high_watermark());
        if offset > end || offset < 0 {
            return Err(LogError::OffsetOutOfRange { offset, start, end });
        }
        self.raise_log_start(&mut writer, offset);
        Ok(self.log_start_offset())
    }

    fn raise_log_start(&self, writer: &mut Writer, offset: i64) {
        if offset > self.log_start_offset() {
            self.log_start_offset.store(offset, Ordering::Release);
            self.high_watermark.fetch_max(offset, Ordering::AcqRel);
            self.epochs.truncate_from_start(offset);
            self.update_first_unstable(writer);
        }
    }

    fn delete_oldest(&self, writer: &mut Writer, count: usize, now_ms: i64) -> Result<Vec<i64>> {
        let list = self.segments.load();
        let count = count.min(list.len() - 1);
        let (gone, left) = list.split_at(count);
        gone.iter().try_for_each(|segment| segment.pin())?;
        if let Some(first) = left.first() {
            self.raise_log_start(writer, first.base_offset());
        }
        self.segments.replace(left.to_vec());
        self.retire(writer, gone, now_ms)?;
        let start = self.log_start_offset();
        writer.producers.delete_snapshots_before(start)?;
        Ok(gone.iter().map(|segment| segment.base_offset()).collect())
    }

    /// Renames the files of segments that left the list, and were pinned before; they go for good
    /// after `file.delete.delay.ms`.
    pub(super) fn retire(
        &self,
        writer: &mut Writer,
        segments: &[Arc<Segment>],
        now_ms: i64,
    ) -> Result<()> {
        let due_ms = now_ms.saturating_add(self.config.load().file_delete_delay_ms);
        for segment in segments {
            for kind in FileKind::OF_SEGMENT {
                let path = segment.path(kind);
                if self.fs.metadata(&path)?.is_some() {
                    let deleted = with_suffix(&path, ".deleted");
                    self.fs.rename(&path, &deleted)?;
                    writer.deleted.push((due_ms, deleted));
                }
            }
            writer.is_dir_dirty = true;
        }
        Ok(())
    }

    /// Unlinks the `.deleted` files whose delay is over at `now_ms`.
    pub(super) fn remove_deleted(&self, writer: &mut Writer, now_ms: i64) -> Result<()> {
        let (due, later) = std::mem::take(&mut writer.deleted)
            .into_iter()
            .partition::<Vec<_>, _>(|(due_ms, _)| *due_ms <= now_ms);
        writer.deleted = later;
        due.iter().try_for_each(|(_, path)| self.fs.remove(path))
    }
}

/// A segment's share of the jitter: spread by its base offset, the same at every opening.
pub(super) fn jitter(base_offset: i64, jitter_ms: i64) -> i64 {
    if jitter_ms <= 0 {
        return 0;
    }
    let mixed = base_offset.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1;
    mixed.cast_signed() % jitter_ms
}
