//! Random operations on a log, compared with a list of values after each reopening.

#![no_main]

use std::path::Path;
use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use logcore::embedded::{EmbeddedLog, EmbeddedOptions};
use logcore::log::Isolation;
use logcore::record::{Records, decode};
use logcore::{Batches, LogConfig};

#[derive(Debug, Arbitrary)]
enum Operation {
    Append { size: u8 },
    AppendMany { count: u8, size: u8 },
    Roll,
    Flush,
    Truncate { back: u8 },
    DeleteBefore { ahead: u8 },
    Retention,
    Close,
    Abandon,
    Check,
}

/// Batches as lists of values, each with its first offset.
#[derive(Default)]
struct Model {
    batches: Vec<(i64, Vec<Vec<u8>>)>,
    start: i64,
    end: i64,
    number: u64,
}

impl Model {
    fn value(&mut self, size: u8) -> Vec<u8> {
        self.number += 1;
        self.number.to_be_bytes().into_iter().cycle().take(usize::from(size) + 8).collect()
    }

    fn add(&mut self, values: Vec<Vec<u8>>) {
        let count = i64::try_from(values.len()).expect("few");
        self.batches.push((self.end, values));
        self.end += count;
    }

    /// Cuts at the start of the batch that holds `offset`.
    fn truncate(&mut self, offset: i64) {
        while let Some((first, values)) = self.batches.last() {
            if first + i64::try_from(values.len()).expect("few") <= offset {
                break;
            }
            self.end = *first;
            self.batches.pop();
        }
        self.start = self.start.min(self.end);
    }

    fn readable(&self) -> Vec<(i64, &Vec<u8>)> {
        let numbered = self.batches.iter().flat_map(|(first, values)| (*first..).zip(values));
        numbered.filter(|(offset, _)| *offset >= self.start).collect()
    }
}

fn open(dir: &Path) -> Arc<EmbeddedLog> {
    let config = LogConfig {
        segment_bytes: 2048,
        index_interval_bytes: 128,
        file_delete_delay_ms: 0,
        retention_ms: -1,
        ..LogConfig::default()
    };
    EmbeddedLog::open(dir, EmbeddedOptions { config, ..EmbeddedOptions::default() }).expect("opens")
}

fn compare(log: &EmbeddedLog, model: &Model) {
    assert_eq!(log.log().log_start_offset(), model.start);
    assert_eq!(log.end_offset(), model.end);
    let mut found = Vec::new();
    let mut offset = model.start;
    while offset < model.end {
        let data = log.log().read(offset, 700, true, Isolation::LogEnd).expect("reads");
        let bytes = data.records.expect("there is more");
        for batch in Batches::new(&bytes) {
            let batch = batch.expect("whole");
            batch.verify_crc().expect("matches");
            let records = decode(&batch, 1 << 20).expect("decodes");
            for record in Records::new(&batch.header, &records).expect("decodes") {
                let record = record.expect("decodes");
                let at = batch.header.base_offset + i64::from(record.offset_delta);
                if at >= offset {
                    found.push((at, record.value.unwrap_or_default().to_vec()));
                }
            }
            offset = offset.max(batch.header.next_offset());
        }
    }
    let found: Vec<_> = found.iter().map(|(offset, value)| (*offset, value)).collect();
    assert_eq!(found, model.readable());
}

fuzz_target!(|operations: Vec<Operation>| {
    let memory = Path::new("/dev/shm");
    let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let dir = tempfile::tempdir_in(root).expect("a directory");
    let mut model = Model::default();
    let mut log = open(dir.path());
    for operation in operations.iter().take(64) {
        match operation {
            Operation::Append { size } => {
                let value = model.value(*size);
                let offset = log.append(None, None, Some(&value), &[]).expect("appends");
                assert_eq!(offset, model.end);
                model.add(vec![value]);
            }
            Operation::AppendMany { count, size } => {
                let values: Vec<_> = (0..count % 8 + 1).map(|_| model.value(*size)).collect();
                let filled = log.append_with(|sink| {
                    let now_ms = sink.now_ms();
                    values.iter().try_for_each(|value| sink.push(now_ms, None, Some(value), &[]))
                });
                match filled {
                    Ok((first, _)) => {
                        assert_eq!(first, model.end);
                        model.add(values);
                    }
                    Err(logcore::LogError::BatchListTooLarge { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Operation::Roll => drop(log.roll().expect("rolls")),
            Operation::Flush => assert_eq!(log.flush().expect("flushes"), model.end),
            Operation::Truncate { back } => {
                let target = (model.end - i64::from(*back % 16)).max(model.start);
                model.truncate(target);
                assert_eq!(log.truncate(target).expect("truncates"), model.end);
            }
            Operation::DeleteBefore { ahead } => {
                let target = (model.start + i64::from(*ahead % 16)).min(model.end);
                assert_eq!(log.delete_before(target).expect("raises"), target);
                model.start = target;
            }
            Operation::Retention => drop(log.apply_retention().expect("deletes")),
            Operation::Close => {
                log.close().expect("closes");
                drop(log);
                log = open(dir.path());
                assert!(log.log().recovery().clean);
                compare(&log, &model);
            }
            Operation::Abandon => {
                let _ = std::fs::remove_file(dir.path().join(".kafka_cleanshutdown"));
                log.close().expect("closes");
                drop(log);
                let _ = std::fs::remove_file(dir.path().join(".kafka_cleanshutdown"));
                log = open(dir.path());
                compare(&log, &model);
            }
            Operation::Check => compare(&log, &model),
        }
    }
    compare(&log, &model);
});
