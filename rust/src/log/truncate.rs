//! Cutting the end of a log, as a follower does that diverged, or an owner who takes records back.
//!
//! The cut falls at the start of the batch that holds the offset. Invariants: a mapped inode never
//! shrinks under a view of it, here or in another process: the part that stays is copied to a new file
//! which replaces the old one by rename; recovery point, epochs, producer state and high watermark
//! fall with the end, and so does the offset below which the log is compacted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Log, Writer};
use crate::error::{LogError, Result};
use crate::fs::{OpenMode, with_suffix};
use crate::recovery::{Trust, walk_segment};
use crate::segment::{FileKind, Segment};
use crate::segment_writer::SegmentWriter;
use crate::segments::floor_index;

const COPY_CHUNK_BYTES: usize = 1 << 20;

impl Log {
    /// Removes every record from `offset` on, and those that share its batch. Past the end only
    /// leader epochs are trimmed. Returns the new log end offset.
    ///
    /// # Errors
    /// `InvalidArgument` for a negative offset; `Io`, `Poisoned`, `Closed`.
    pub fn truncate_to(&self, offset: i64) -> Result<i64> {
        if offset < 0 {
            return Err(LogError::InvalidArgument(format!("cannot truncate to offset {offset}")));
        }
        let mut writer = self.lock_writer()?;
        if offset >= self.log_end_offset() {
            self.epochs.truncate_from_end(offset);
            self.epochs.flush()?;
            return Ok(self.log_end_offset());
        }
        let list = self.segments.load();
        match floor_index(&list, offset).filter(|_| offset > 0) {
            Some(at) => {
                list.get(at..).unwrap_or_default().iter().try_for_each(|gone| gone.pin())?;
                let cut = self.cut(&mut writer, &list, at, offset);
                let cut = cut.and_then(|()| self.after_truncation(&mut writer));
                // Half of the list may be gone, and the writer's segment with it.
                cut.inspect_err(|_| self.commit.fail())?;
                Ok(self.log_end_offset())
            }
            None => self.restart_at(&mut writer, offset),
        }
    }

    /// Removes all records; the next one gets `offset`.
    ///
    /// # Errors
    /// As [`Log::truncate_to`].
    pub fn truncate_fully_and_start_at(&self, offset: i64) -> Result<i64> {
        if offset < 0 {
            return Err(LogError::InvalidArgument(format!(
                "a log cannot start at offset {offset}"
            )));
        }
        let mut writer = self.lock_writer()?;
        self.restart_at(&mut writer, offset).inspect_err(|_| self.commit.fail())
    }

    fn restart_at(&self, writer: &mut Writer, offset: i64) -> Result<i64> {
        let now_ms = self.clock.now_ms();
        let list = self.segments.load();
        list.iter().try_for_each(|gone| gone.pin())?;
        let restarted = self.replace_all(writer, &list, offset, now_ms);
        restarted.inspect_err(|_| self.commit.fail())?;
        Ok(offset)
    }

    fn replace_all(
        &self,
        writer: &mut Writer,
        list: &[Arc<Segment>],
        offset: i64,
        now_ms: i64,
    ) -> Result<()> {
        self.log_end_offset.store(offset, Ordering::Release);
        self.segments.replace(Vec::new());
        let gone: Vec<_> = list.iter().rev().map(Arc::clone).collect();
        self.retire(writer, &gone, now_ms)?;
        let config = self.config.load();
        let next = SegmentWriter::create(&self.fs, &self.dir, offset, &config, now_ms)?;
        self.segments.replace(vec![Arc::clone(next.segment())]);
        writer.segment = next;
        self.log_start_offset.store(offset, Ordering::Release);
        writer.producers.truncate_fully_and_start_at(offset)?;
        self.epochs.clear();
        self.after_truncation(writer)?;
        self.fs.sync_dir(&self.dir)
    }

    /// Drops the segments after `list[at]` and cuts that one before the batch of `offset`.
    fn cut(
        &self,
        writer: &mut Writer,
        list: &[Arc<Segment>],
        at: usize,
        offset: i64,
    ) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let (kept, gone) = list.split_at(at + 1);
        let Some(segment) = kept.last() else { return Ok(()) };
        let cut = segment.find_offset(offset)?;
        let size_bytes = cut.map_or_else(|| segment.size_bytes(), |batch| batch.position);
        let base_offset = segment.base_offset();
        self.segments.replace(kept.to_vec());
        // From the end, so that a crash between leaves no hole.
        let gone: Vec<_> = gone.iter().rev().map(Arc::clone).collect();
        self.retire(writer, &gone, now_ms)?;
        // Durably before other batches take those offsets.
        writer.producers.delete_snapshots_after(offset)?;
        self.shorten(segment, size_bytes)?;
        for kind in [FileKind::OffsetIndex, FileKind::TimeIndex] {
            // A new file: the old one may be mapped, and must not shrink under its map.
            self.fs.remove(&segment.path(kind))?;
            self.fs.open(&segment.path(kind), OpenMode::CreateNew)?;
        }
        segment.transaction_index().truncate_to(offset)?;
        let config = self.config.load();
        let trust = Trust { below_offset: i64::MAX, clean: true };
        let walked = walk_segment(&self.fs, &self.dir, base_offset, &config, trust)?;
        let next_offset = walked.segment.next_offset;
        let resumed = SegmentWriter::resume(&self.fs, &self.dir, walked.segment, &config, now_ms)?;
        let mut next = kept.to_vec();
        next.pop();
        next.push(Arc::clone(resumed.segment()));
        writer.segment = resumed;
        self.segments.replace(next);
        // Offsets that the cut took out of a batch's middle are free again.
        self.log_end_offset.store(next_offset.max(base_offset), Ordering::Release);
        self.reload_producers(writer)
    }

    /// Cuts a segment's file by a copy, since somebody may have it mapped.
    fn shorten(&self, segment: &Segment, size_bytes: usize) -> Result<()> {
        let path = segment.path(FileKind::Log);
        let temporary = with_suffix(&path, ".truncated");
        let source = self.fs.open(&path, OpenMode::Read)?;
        let target = self.fs.open(&temporary, OpenMode::CreateNew)?;
        let mut buffer = vec![0; COPY_CHUNK_BYTES.min(size_bytes)];
        let mut position = 0;
        while position < size_bytes {
            let wanted = buffer.len().min(size_bytes - position);
            let part = buffer.get_mut(..wanted).unwrap_or_default();
            let read = source.read_at(part, position as u64)?;
            if read == 0 {
                return Err(LogError::corrupt(&path, position as u64, "the file is too short"));
            }
            target.write_at(part.get(..read).unwrap_or_default(), position as u64)?;
            position += read;
        }
        target.sync_data()?;
        self.fs.rename(&temporary, &path)?;
        self.fs.sync_dir(&self.dir)
    }

    fn after_truncation(&self, writer: &mut Writer) -> Result<()> {
        let end = self.log_end_offset();
        self.commit.truncate(end);
        writer.is_dir_dirty = true;
        writer.unflushed_count = writer.unflushed_count.max(1);
        self.log_start_offset.fetch_min(end, Ordering::AcqRel);
        self.compaction.truncate(end);
        let watermark = if self.end_is_stable { end } else { self.high_watermark().min(end) };
        self.high_watermark.store(watermark.max(self.log_start_offset()), Ordering::Release);
        self.epochs.truncate_from_end(end);
        self.epochs.flush()?;
        self.update_first_unstable(writer);
        Ok(())
    }
}
