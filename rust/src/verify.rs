//! Reads a whole log and says what is wrong with it: every checksum, record and index entry.
//!
//! A tool for operators, after a disk was suspicious or a directory came from elsewhere; nothing
//! is changed. Invariant: damage never ends the check, it is reported and the walk goes on, behind
//! the batch if its length can be believed, else with the next segment. Memory is bounded by one
//! decompressed batch. Segments come from a `Log` or a `LogReader`.

use crate::batch::Batch;
use crate::error::Result;
use crate::record::{Records, decode};
use crate::segment::{BatchAt, FileKind, Segment};
use crate::segments::Segments;

/// No batch of a producer decompresses to more.
const DECODED_BYTES_MAX: usize = i32::MAX as usize;
/// Progress is told after so many bytes.
const PROGRESS_BYTES: u64 = 1 << 20;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Segments that were walked.
    pub segments: u64,
    /// Batches that are whole.
    pub batches: u64,
    /// Records that could be decoded.
    pub records: u64,
    /// Bytes of the batches.
    pub bytes: u64,
    /// What is wrong, one sentence each, with file and byte; empty if nothing is.
    pub problems: Vec<String>,
}

/// Checks all batches of `segments` (CRC, order of offsets, each record) and their indexes.
/// `progress` is told bytes done and bytes in total.
///
/// # Errors
/// `Io` when a file cannot be read; damage is no error but a problem in the report.
pub fn verify(segments: &Segments, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport> {
    let list = segments.load();
    let total = list.iter().map(|segment| segment.size_bytes() as u64).sum();
    let mut check = Check { report: VerifyReport::default(), next_offset: 0, done: 0, told: 0 };
    for segment in list.iter() {
        let before = check.done;
        let stopped = check.segment(segment, total, progress);
        match stopped {
            Err(error) if error.is_storage_failure() => return Err(error),
            Err(error) => check.report.problems.push(error.to_string()),
            Ok(()) => {}
        }
        check.report.segments += 1;
        check.done = before + segment.size_bytes() as u64;
        progress(check.done, total);
    }
    Ok(check.report)
}

struct Check {
    report: VerifyReport,
    /// Offsets at or past this one may follow.
    next_offset: i64,
    done: u64,
    told: u64,
}

impl Check {
    fn segment(
        &mut self,
        segment: &Segment,
        total: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        if segment.base_offset() < self.next_offset {
            let reason = format!("the log before it reaches offset {}", self.next_offset - 1);
            self.problem(segment, 0, &reason);
        }
        let mut entry = 0;
        let mut next = segment.batch_at(0)?;
        while let Some(at) = next {
            self.batch(segment, &at)?;
            self.index_entries(segment, &at, &mut entry)?;
            self.done += at.size_bytes as u64;
            if self.done >= self.told + PROGRESS_BYTES {
                self.told = self.done;
                progress(self.done, total);
            }
            next = segment.batch_at(at.end())?;
        }
        let left = segment.offset_index()?.len().saturating_sub(entry);
        if left > 0 {
            let reason = format!("{left} entries of the offset index lead to no batch");
            self.problem(segment, segment.size_bytes(), &reason);
        }
        if !segment.time_index()?.is_sane() {
            self.problem(segment, 0, "the time index is out of order");
        }
        Ok(())
    }

    fn batch(&mut self, segment: &Segment, at: &BatchAt) -> Result<()> {
        let bytes = segment.slice(at.position..at.end())?;
        let batch = Batch { header: at.header, bytes: &bytes };
        self.report.batches += 1;
        self.report.bytes += at.size_bytes as u64;
        if at.header.base_offset < self.next_offset {
            let (offset, previous) = (at.header.base_offset, self.next_offset - 1);
            let reason = format!("offset {offset} follows offset {previous}");
            self.problem(segment, at.position, &reason);
        }
        self.next_offset = self.next_offset.max(at.header.next_offset());
        match batch.verify_crc().and_then(|()| count_records(&batch)) {
            Ok(count) => self.report.records += count,
            Err(error) => self.problem(segment, at.position, &error.to_string()),
        }
        Ok(())
    }

    /// Takes the entries of the offset index that lead up to this batch.
    fn index_entries(&mut self, segment: &Segment, at: &BatchAt, entry: &mut usize) -> Result<()> {
        while let Some(found) = segment.offset_index()?.entry(*entry) {
            let position = found.position as usize;
            if position >= at.end() {
                break;
            }
            *entry += 1;
            // Kafka indexes an append of several batches by its last offset and first position.
            if position != at.position || found.offset < at.header.base_offset {
                let (offset, position) = (found.offset, found.position);
                let reason = format!(
                    "the offset index says that offset {offset} is at byte {position}, where no \
                     batch with it starts"
                );
                self.problem(segment, at.position, &reason);
            }
        }
        Ok(())
    }

    fn problem(&mut self, segment: &Segment, position: usize, reason: &str) {
        let path = segment.path(FileKind::Log);
        self.report.problems.push(format!("{} at byte {position}: {reason}", path.display()));
    }
}

fn count_records(batch: &Batch<'_>) -> Result<u64> {
    let records = decode(batch, DECODED_BYTES_MAX)?;
    let mut count = 0;
    for record in Records::new(&batch.header, &records)? {
        record?;
        count += 1;
    }
    Ok(count)
}
