//! What the tests of the producer state share: a state in a directory, and batches for it.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::path::Path;
use std::sync::Arc;

use logcore::batch::NO_SEQUENCE;
use logcore::control::EndTxnMarker;
use logcore::producer_append::{AppendContext, CompletedTransaction, ProducerUpdate};
use logcore::producer_entry::{BatchMetadata, ProducerEntry};
use logcore::producer_state::{ProducerState, ProducerStateConfig};
use logcore::{AppendOrigin, BatchHeader, RealFs, Result};
use tempfile::TempDir;

pub(crate) const DAY_MS: i64 = 86_400_000;
pub(crate) const LATE_MS: i64 = 600_000;
pub(crate) const PRODUCER: i64 = 1;
pub(crate) const TRANSACTIONAL: i16 = 1 << 4;
pub(crate) const CONTROL: i16 = 1 << 5;

pub(crate) const CONFIG: ProducerStateConfig = ProducerStateConfig {
    producer_id_expiration_ms: DAY_MS,
    transaction_timeout_max_ms: 300_000,
    transaction_verification: false,
};

/// A producer state, and the time.
pub(crate) struct Log {
    pub(crate) dir: TempDir,
    pub(crate) state: ProducerState,
    pub(crate) now_ms: i64,
}

/// A batch of one record.
pub(crate) fn data(producer_id: i64, epoch: i16, sequence: i32, offset: i64) -> BatchHeader {
    BatchHeader {
        base_offset: offset,
        length: 100,
        leader_epoch: 0,
        magic: 2,
        crc: 0,
        attributes: 0,
        last_offset_delta: 0,
        base_timestamp: -1,
        max_timestamp: -1,
        producer_id,
        producer_epoch: epoch,
        base_sequence: sequence,
        count: 1,
    }
}

pub(crate) fn transactional(
    producer_id: i64,
    epoch: i16,
    sequence: i32,
    offset: i64,
) -> BatchHeader {
    BatchHeader { attributes: TRANSACTIONAL, ..data(producer_id, epoch, sequence, offset) }
}

/// The same batch up to `last_offset`.
pub(crate) fn up_to(last_offset: i64, header: BatchHeader) -> BatchHeader {
    let last_offset_delta = i32::try_from(last_offset - header.base_offset).unwrap();
    BatchHeader { last_offset_delta, count: last_offset_delta + 1, ..header }
}

/// A control batch.
pub(crate) fn control(producer_id: i64, epoch: i16, offset: i64) -> BatchHeader {
    let attributes = TRANSACTIONAL | CONTROL;
    BatchHeader { attributes, ..data(producer_id, epoch, NO_SEQUENCE, offset) }
}

pub(crate) const COMMIT: EndTxnMarker = EndTxnMarker { commit: true, coordinator_epoch: 0 };
pub(crate) const ABORT: EndTxnMarker = EndTxnMarker { commit: false, coordinator_epoch: 0 };

pub(crate) fn open(dir: &Path) -> ProducerState {
    ProducerState::open(Arc::new(RealFs), dir, CONFIG).unwrap()
}

pub(crate) fn client() -> ProducerUpdate {
    ProducerUpdate::new(AppendContext::new(AppendOrigin::Client))
}

impl Default for Log {
    fn default() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = open(dir.path());
        Self { dir, state, now_ms: 1_700_000_000_000 }
    }
}

impl Log {
    /// The header with the time of now unless it has one.
    pub(crate) fn stamped(&self, header: BatchHeader) -> BatchHeader {
        let max_timestamp =
            if header.max_timestamp == -1 { self.now_ms } else { header.max_timestamp };
        BatchHeader { max_timestamp, ..header }
    }

    /// Appends one batch; `Some` if it was a repetition.
    pub(crate) fn append(
        &mut self,
        context: AppendContext,
        header: BatchHeader,
        marker: Option<EndTxnMarker>,
    ) -> Result<(Option<BatchMetadata>, Vec<CompletedTransaction>)> {
        let header = self.stamped(header);
        let mut update = ProducerUpdate::new(context);
        if let Some(original) = self.state.prepare(&mut update, &header, marker)? {
            return Ok((Some(original), Vec::new()));
        }
        let completed = self.state.apply(update);
        for transaction in &completed {
            self.state.complete(transaction);
        }
        self.state.set_map_end_offset(header.next_offset());
        Ok((None, completed))
    }

    pub(crate) fn client(&mut self, header: BatchHeader) -> Result<Option<BatchMetadata>> {
        Ok(self.append(AppendContext::new(AppendOrigin::Client), header, None)?.0)
    }

    pub(crate) fn replicate(&mut self, header: BatchHeader) -> Result<()> {
        self.append(AppendContext::new(AppendOrigin::Replication), header, None).map(|_| ())
    }

    /// Writes a marker as the coordinator of this epoch.
    pub(crate) fn end(
        &mut self,
        header: BatchHeader,
        marker: EndTxnMarker,
    ) -> Result<Option<CompletedTransaction>> {
        let context = AppendContext::new(AppendOrigin::Coordinator);
        Ok(self.append(context, header, Some(marker))?.1.pop())
    }

    pub(crate) fn entry(&self, producer_id: i64) -> &ProducerEntry {
        self.state.last_entry(producer_id).expect("a producer that was added")
    }

    /// Another state over the same directory, as after a restart.
    pub(crate) fn reopened(&self, start: i64, end: i64, now_ms: i64) -> ProducerState {
        let mut state = open(self.dir.path());
        state.truncate_and_reload(start, end, now_ms).unwrap();
        state
    }

    /// Offsets of the snapshot files.
    pub(crate) fn snapshots(&self) -> Vec<i64> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut offsets: Vec<i64> =
            names.filter_map(|name| name.strip_suffix(".snapshot")?.parse().ok()).collect();
        offsets.sort_unstable();
        offsets
    }

    pub(crate) fn snapshot_path(&self, offset: i64) -> std::path::PathBuf {
        self.dir.path().join(format!("{offset:020}.snapshot"))
    }
}
