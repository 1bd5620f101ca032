//! A random history of a log on the recording file system, and what it held after each step.
//!
//! Invariant: `Step::durable` never claims more than the engine acknowledged.

use std::path::Path;
use std::sync::Arc;

use logcore::append_origin::AppendOrigin;
use logcore::builder::{MarkerContext, end_transaction_marker};
use logcore::control::EndTxnMarker;
use logcore::crash_images::Choices;
use logcore::embedded::{EmbeddedLog, EmbeddedOptions};
use logcore::faulty_fs::FaultyFs;
use logcore::producer_append::AppendContext;
use logcore::{Codec, FileSystem, LogConfig, ManualClock, RecordBatchBuilder};

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// One batch that was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) first: i64,
    pub(crate) end: i64,
    pub(crate) values: Vec<Vec<u8>>,
    /// Producer id and first sequence.
    pub(crate) producer: Option<(i64, i32)>,
    pub(crate) transactional: bool,
    /// Of a marker: whether it commits.
    pub(crate) marker: Option<bool>,
}

/// The log after a step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Changes in the trace before and after the step.
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) name: &'static str,
    pub(crate) content: Arc<Vec<Appended>>,
    pub(crate) log_start: i64,
    /// Everything below was acknowledged as flushed.
    pub(crate) durable: i64,
    /// Rises with each truncation.
    pub(crate) era: usize,
    /// The era at the last flush: what was cut before it stays cut.
    pub(crate) flushed_era: usize,
}

/// The options that every log of these tests is opened with.
pub(crate) fn options(fs: Arc<dyn FileSystem>) -> EmbeddedOptions {
    let config = LogConfig {
        segment_bytes: 12 << 10,
        index_interval_bytes: 256,
        file_delete_delay_ms: 0,
        retention_ms: -1,
        ..LogConfig::default()
    };
    let clock = Arc::new(ManualClock::new(NOW_MS));
    EmbeddedOptions { fs, clock, config, ..EmbeddedOptions::default() }
}

/// A sealed batch.
pub(crate) fn batch(values: &[Vec<u8>], producer: Option<(i64, i32)>, txn: bool) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    if let Some((id, sequence)) = producer {
        builder.set_producer(id, 0, sequence, txn);
    }
    for (at, value) in values.iter().enumerate() {
        let timestamp = NOW_MS + i64::try_from(at).expect("few records");
        builder.append(timestamp, Some(b"key"), Some(value), &[]).expect("fits");
    }
    builder.finish().expect("fits").to_vec()
}

pub(crate) struct History {
    pub(crate) fs: FaultyFs,
    pub(crate) steps: Vec<Step>,
    log: Option<Arc<EmbeddedLog>>,
    content: Vec<Appended>,
    draw: Choices,
    value_count: u32,
    durable: i64,
    era: usize,
    flushed_era: usize,
}

impl History {
    /// Records a history of `step_count` steps in `dir`.
    pub(crate) fn record(dir: &Path, seed: u64, step_count: usize) -> Self {
        let fs = FaultyFs::new(dir).expect("an empty directory");
        let mut history = Self {
            fs,
            steps: Vec::new(),
            log: None,
            content: Vec::new(),
            draw: Choices::Seeded(seed),
            value_count: 0,
            durable: 0,
            era: 0,
            flushed_era: 0,
        };
        for number in 0..=step_count {
            let begin = history.fs.change_count();
            let name = if number == 0 { history.open(dir) } else { history.step(dir) };
            let step = history.after(begin, name);
            history.steps.push(step);
        }
        // What follows is no part of the history: only the trace up to here counts.
        if let Some(log) = history.log.take() {
            log.abandon();
        }
        history
    }

    fn after(&self, begin: usize, name: &'static str) -> Step {
        let log_start = self.log().log().log_start_offset();
        Step {
            begin,
            end: self.fs.change_count(),
            name,
            content: Arc::new(self.content.clone()),
            log_start,
            durable: self.durable,
            era: self.era,
            flushed_era: self.flushed_era,
        }
    }

    fn log(&self) -> &Arc<EmbeddedLog> {
        self.log.as_ref().expect("open between steps")
    }

    fn open(&mut self, dir: &Path) -> &'static str {
        let options = options(Arc::new(self.fs.clone()));
        self.log = Some(EmbeddedLog::open(dir, options).expect("opens"));
        "open"
    }

    fn step(&mut self, dir: &Path) -> &'static str {
        match self.draw.pick(20) {
            0..=5 => self.append_plain(),
            6..=8 => self.append_producer(1, false),
            9..=10 => self.append_producer(2, true),
            11 => self.append_producer(3, true),
            12 => self.end_transaction(2),
            13 => self.end_transaction(3),
            14..=15 => self.flush(),
            16 => {
                self.log().roll().expect("rolls");
                "roll"
            }
            17 => self.truncate(),
            18 => self.delete(),
            _ => self.reopen(dir),
        }
    }

    fn values(&mut self) -> Vec<Vec<u8>> {
        let count = 1 + self.draw.pick(4);
        let size = [10, 100, 700, 2500][self.draw.pick(4)];
        (0..count)
            .map(|_| {
                self.value_count += 1;
                let number = self.value_count.to_be_bytes();
                number.iter().copied().cycle().take(size).collect()
            })
            .collect()
    }

    fn add(&mut self, values: Vec<Vec<u8>>, producer: Option<(i64, i32)>, transactional: bool) {
        let mut bytes = batch(&values, producer, transactional);
        let context = AppendContext::new(AppendOrigin::Client);
        let info = self.log().log().append_leader(&mut bytes, 0, context).expect("appends");
        assert!(!info.duplicate);
        let (first, end) = (info.first_offset, info.last_offset + 1);
        self.content.push(Appended { first, end, values, producer, transactional, marker: None });
    }

    fn append_plain(&mut self) -> &'static str {
        let values = self.values();
        self.add(values, None, false);
        "append"
    }

    fn append_producer(&mut self, id: i64, transactional: bool) -> &'static str {
        let start = self.log().log().log_start_offset();
        let is_data = |batch: &&Appended| {
            batch.marker.is_none() && batch.producer.is_some_and(|(other, _)| other == id)
        };
        if self.content.iter().rfind(is_data).is_some_and(|last| last.first < start) {
            // Whether a producer is known whose batches were deleted is not promised.
            return self.append_plain();
        }
        let values = self.values();
        let sequence = next_sequence(&self.content, id);
        self.add(values, Some((id, sequence)), transactional);
        "append of a producer"
    }

    fn end_transaction(&mut self, producer_id: i64) -> &'static str {
        if open_transaction(&self.content, producer_id).is_none() {
            return self.append_producer(producer_id, true);
        }
        let commit = self.draw.pick(3) == 0;
        let context = MarkerContext {
            base_offset: 0,
            timestamp: NOW_MS,
            leader_epoch: 0,
            producer_id,
            producer_epoch: 0,
        };
        let marker = EndTxnMarker { commit, coordinator_epoch: 0 };
        let mut bytes = end_transaction_marker(&context, marker).expect("encodes");
        let context = AppendContext::new(AppendOrigin::Coordinator);
        let info = self.log().log().append_leader(&mut bytes, 0, context).expect("appends");
        self.content.push(Appended {
            first: info.first_offset,
            end: info.last_offset + 1,
            values: Vec::new(),
            producer: Some((producer_id, -1)),
            transactional: true,
            marker: Some(commit),
        });
        "end of a transaction"
    }

    fn flush(&mut self) -> &'static str {
        self.durable = self.log().flush().expect("flushes");
        self.flushed_era = self.era;
        "flush"
    }

    fn truncate(&mut self) -> &'static str {
        let (start, end) = (self.log().log().log_start_offset(), self.log().end_offset());
        let back = i64::try_from(self.draw.pick(12)).expect("small");
        let target = (end - back).max(start);
        let end = self.log().truncate(target).expect("truncates");
        self.content.retain(|batch| batch.end <= end);
        self.durable = self.durable.min(end);
        self.era += 1;
        "truncate"
    }

    fn delete(&mut self) -> &'static str {
        let (start, end) = (self.log().log().log_start_offset(), self.log().end_offset());
        let range = usize::try_from(end - start).expect("ordered");
        let target = start + i64::try_from(self.draw.pick(range / 2 + 1)).expect("small");
        self.log().delete_before(target).expect("raises the start");
        self.log().apply_retention().expect("deletes");
        "retention"
    }

    fn reopen(&mut self, dir: &Path) -> &'static str {
        let log = self.log.take().expect("open between steps");
        log.close().expect("closes");
        drop(log);
        self.open(dir);
        self.durable = self.log().end_offset();
        self.flushed_era = self.era;
        "close and open"
    }
}

/// The sequence that a producer's next batch must have.
pub(crate) fn next_sequence(content: &[Appended], id: i64) -> i32 {
    let of_producer = |batch: &&Appended| batch.producer.is_some_and(|(other, _)| other == id);
    let data = content.iter().rev().filter(of_producer).find(|batch| batch.marker.is_none());
    data.map_or(0, |batch| {
        batch.producer.expect("filtered").1 + i32::try_from(batch.values.len()).expect("few")
    })
}

/// First offset of a producer's open transaction.
pub(crate) fn open_transaction(content: &[Appended], id: i64) -> Option<i64> {
    let mut first = None;
    for batch in content.iter().filter(|batch| batch.producer.is_some_and(|(pid, _)| pid == id)) {
        if batch.marker.is_some() {
            first = None;
        } else if batch.transactional {
            first = first.or(Some(batch.first));
        }
    }
    first
}
