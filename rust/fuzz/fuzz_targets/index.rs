//! Arbitrary bytes in the files that stand beside a segment: indexes, snapshots, checkpoints.
//!
//! The segment itself is good. Whatever the others say, the log opens with its records, or the
//! error has a type; indexes are only hints, so they never cost a record.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use logcore::embedded::{EmbeddedLog, EmbeddedOptions};
use logcore::log::{Isolation, TimestampSpec};
use logcore::{FileSystem, LogConfig, LogError, OpenMode, RealFs};

const COUNT: i64 = 40;
const NAMES: [&str; 8] = [
    "00000000000000000000.index",
    "00000000000000000000.timeindex",
    "00000000000000000000.txnindex",
    "00000000000000000020.snapshot",
    "00000000000000000040.snapshot",
    "leader-epoch-checkpoint",
    "recovery-point-offset-checkpoint",
    "log-start-offset-checkpoint",
];

fn options() -> EmbeddedOptions {
    let config = LogConfig { index_interval_bytes: 64, retention_ms: -1, ..LogConfig::default() };
    EmbeddedOptions { config, ..EmbeddedOptions::default() }
}

fn fill(dir: &Path) {
    let log = EmbeddedLog::open(dir, options()).expect("opens");
    for number in 0..COUNT {
        let value = [u8::try_from(number).unwrap_or(0); 50];
        log.append(Some(1_700_000_000_000 + number), None, Some(&value), &[]).expect("appends");
    }
    log.close().expect("closes");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let memory = Path::new("/dev/shm");
    let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let dir = tempfile::tempdir_in(root).expect("a directory");
    fill(dir.path());
    let name = NAMES[usize::from(choice & 7)];
    let file = RealFs.open(&dir.path().join(name), OpenMode::CreateNew).expect("creates");
    file.write_at(bytes, 0).expect("writes");
    if choice & 8 == 8 {
        RealFs.remove(&dir.path().join(".kafka_cleanshutdown")).expect("removes");
    }
    let log = match EmbeddedLog::open(dir.path(), options()) {
        Ok(log) => log,
        Err(LogError::Corrupt { .. } | LogError::UnsupportedFormat { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    if name.starts_with("0000") && !name.ends_with("snapshot") {
        assert_eq!(log.end_offset(), COUNT, "{name} cost records");
        for offset in log.log().log_start_offset()..COUNT {
            let data = log.log().read(offset, 1, true, Isolation::LogEnd).expect("reads");
            let batch = data.records.expect("is there");
            assert_eq!(batch[..8], offset.to_be_bytes(), "{name} led astray");
        }
        let spec = TimestampSpec::At(1_700_000_000_020);
        let _ = log.log().offset_for(spec).expect("looks up");
    }
    let _ = log.append(None, None, Some(b"after"), &[]);
    let _ = log.close();
});
