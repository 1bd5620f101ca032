//! Damaged bytes: every bit pattern a bad disk or an ill-timed cut may leave is a valid prefix of the
//! log or a typed error, never a panic; below the recovery point it is reported, not cut off.
#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use logcore::builder::RecordBatchBuilder;
use logcore::crc::{crc32, crc32c};
use logcore::log::{Isolation, OpenOptions};
use logcore::record::{Records, decode};
use logcore::verify::verify;
use logcore::{Batches, Codec, Log, LogError};
use tempfile::TempDir;

const VALUES: [&[u8]; 3] = [b"first", b"the second", b"and a third"];

fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    dir.expect("a temporary directory")
}

fn segment(dir: &Path) -> PathBuf {
    dir.join("00000000000000000000.log")
}

fn batch(offset: i64, value: &[u8]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.set_base_offset(offset);
    builder.append(1_700_000_000_000 + offset, None, Some(value), &[]).expect("fits");
    builder.finish().expect("fits").to_vec()
}

/// Three batches, as the file of a segment.
fn three() -> Vec<u8> {
    (0..).zip(VALUES).flat_map(|(offset, value)| batch(offset, value)).collect()
}

fn open(dir: &Path, recovery_point: i64) -> Result<Log, LogError> {
    Log::open(dir, OpenOptions { recovery_point, ..OpenOptions::default() })
}

fn opened(bytes: &[u8], recovery_point: i64) -> (TempDir, Result<Log, LogError>) {
    let dir = directory();
    std::fs::write(segment(dir.path()), bytes).expect("writes");
    let log = open(dir.path(), recovery_point);
    (dir, log)
}

/// The values of a log; an error of a read is one of damage.
fn values(log: &Log) -> Result<Vec<Vec<u8>>, LogError> {
    let (mut found, mut offset) = (Vec::new(), log.log_start_offset());
    while offset < log.log_end_offset() {
        let data = log.read(offset, 1 << 20, true, Isolation::LogEnd)?;
        let Some(bytes) = data.records else { break };
        for batch in Batches::new(&bytes) {
            let batch = batch?;
            batch.verify_crc()?;
            let records = decode(&batch, 1 << 20)?;
            for record in Records::new(&batch.header, &records)? {
                found.push(record?.value.unwrap_or_default().to_vec());
            }
            offset = batch.header.next_offset();
        }
    }
    Ok(found)
}

fn is_typed(error: &LogError) -> bool {
    matches!(error, LogError::Corrupt { .. } | LogError::UnsupportedFormat { .. })
}

/// The log holds a prefix of the values, can be appended to, and holds the same when opened again.
fn check_prefix(dir: &TempDir, log: Result<Log, LogError>, what: &str) -> usize {
    let log = match log {
        Ok(log) => log,
        Err(error) => {
            assert!(is_typed(&error), "{what}: {error}");
            return 0;
        }
    };
    let found = values(&log).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(VALUES[..found.len()] == found[..], "{what}: {found:?} is no prefix");
    let info = log.append_built(&mut batch(0, b"after"), -1).expect("appends");
    assert_eq!(info.first_offset, log.log_end_offset() - 1);
    log.close().expect("closes");
    drop(log);
    let again = open(dir.path(), 0).expect("opens again");
    assert!(
        values(&again).expect("reads")[..found.len()] == found[..],
        "{what}: not the same again"
    );
    found.len()
}

#[test]
fn a_bit_flip_at_every_byte_leaves_a_prefix() {
    let good = three();
    let ends = [batch(0, VALUES[0]).len(), batch(0, VALUES[0]).len() + batch(1, VALUES[1]).len()];
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            let (dir, log) = opened(&bytes, 0);
            let is_open = log.is_ok();
            let kept = check_prefix(&dir, log, &format!("bit {bit} of byte {at}"));
            let whole = ends.iter().filter(|end| **end <= at).count();
            // What stands before the damaged batch is kept. Leader epoch and base offset carry no
            // checksum: a flip there may go unseen.
            assert!(!is_open || kept >= whole, "bit {bit} of byte {at}: kept {kept} of {whole}");
        }
    }
}

#[test]
fn a_bit_flip_below_the_recovery_point_is_reported() {
    let good = three();
    // No CRC covers a batch's leader epoch; nor its base offset, which shows where another batch
    // follows.
    let last = good.len() - batch(2, VALUES[2]).len();
    let unprotected = |at: usize| {
        let starts = [0, batch(0, VALUES[0]).len(), last];
        let is_epoch = starts.into_iter().any(|start| (start + 12..start + 16).contains(&at));
        is_epoch || (last..last + 8).contains(&at)
    };
    for at in (0..good.len()).filter(|at| !unprotected(*at)) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        let (dir, log) = opened(&bytes, 3);
        match log {
            Err(error) => {
                assert!(is_typed(&error), "byte {at}: {error}");
                let left = std::fs::read(segment(dir.path())).expect("reads");
                assert_eq!(left, bytes, "byte {at}: refused, and changed all the same");
            }
            Ok(log) => {
                let report = verify(log.segments(), &mut |_, _| {});
                let is_seen = report.map_or(true, |report| !report.problems.is_empty())
                    || values(&log).is_err()
                    || log.log_end_offset() < 3;
                assert!(is_seen, "byte {at}: the flip went unseen");
            }
        }
    }
}

#[test]
fn a_cut_at_every_byte_leaves_the_whole_batches() {
    let good = three();
    for len in 0..good.len() {
        let (dir, log) = opened(&good[..len], 0);
        let whole = Batches::new(&good[..len]).flatten().count();
        assert_eq!(check_prefix(&dir, log, &format!("cut at {len}")), whole, "cut at {len}");
    }
}

#[test]
fn zeros_after_every_byte_leave_the_whole_batches() {
    let good = three();
    for len in 0..=good.len() {
        for zeros in [1, 61, 5000] {
            let mut bytes = good[..len].to_vec();
            bytes.resize(len + zeros, 0);
            let (dir, log) = opened(&bytes, 0);
            let kept = check_prefix(&dir, log, &format!("{zeros} zeros from {len}"));
            let whole = Batches::new(&good[..len]).flatten().count();
            assert!(kept >= whole, "{zeros} zeros from {len}: kept {kept} of {whole}");
        }
    }
}

#[test]
fn nonsense_indexes_cost_no_record() {
    let nonsense: [&[u8]; 5] =
        [b"\x00\x05", b"garbage", &[0; 4096], &[0xff; 4096], &[0, 0, 0, 1, 0, 0, 0, 9, 7]];
    for bytes in nonsense {
        for recovery_point in [0, 2, 3] {
            let dir = directory();
            std::fs::write(segment(dir.path()), three()).expect("writes");
            for name in ["index", "timeindex", "txnindex"] {
                let path = dir.path().join(format!("00000000000000000000.{name}"));
                std::fs::write(path, bytes).expect("writes");
            }
            std::fs::write(dir.path().join("00000000000000000003.snapshot"), bytes)
                .expect("writes");
            let log = open(dir.path(), recovery_point);
            assert_eq!(check_prefix(&dir, log, "nonsense indexes"), 3);
        }
    }
}

/// Refused, and not a byte changed.
fn check_refused(bytes: &[u8], what: &str) {
    let (dir, log) = opened(bytes, 0);
    let error = log.expect_err("refused");
    assert!(matches!(error, LogError::UnsupportedFormat { .. }), "{what}: {error}");
    assert_eq!(std::fs::read(segment(dir.path())).expect("reads"), bytes, "{what}");
}

#[test]
fn other_formats_are_refused_with_nothing_changed() {
    let good = three();
    let mut newer = batch(3, b"of a newer release");
    newer[16] = 3;
    let crc = crc32c(&newer[21..]).to_be_bytes();
    newer[17..21].copy_from_slice(&crc);
    check_refused(&[good.clone(), newer].concat(), "magic 3");
    for magic in [0_u8, 1] {
        let mut message = vec![0; 12];
        let body = [&[magic, 0][..], &[0; 8 * 8][..]].concat();
        message.extend(crc32(&body).to_be_bytes());
        message.extend(body);
        let length = i32::try_from(message.len() - 12).expect("short").to_be_bytes();
        message[8..12].copy_from_slice(&length);
        check_refused(&[good.clone(), message].concat(), "an old message");
    }
}

#[test]
fn a_newer_checkpoint_is_refused_with_nothing_changed() {
    for name in ["leader-epoch-checkpoint", "recovery-point-offset-checkpoint"] {
        let dir = directory();
        std::fs::write(segment(dir.path()), three()).expect("writes");
        std::fs::write(dir.path().join(name), "9\n1\nnew and strange\n").expect("writes");
        let options = logcore::embedded::EmbeddedOptions::default();
        let refused = logcore::embedded::EmbeddedLog::open(dir.path(), options);
        assert!(matches!(refused, Err(LogError::UnsupportedFormat { .. })), "{name}: {refused:?}");
        assert_eq!(std::fs::read(segment(dir.path())).expect("reads"), three(), "{name}");
        let text = std::fs::read_to_string(dir.path().join(name)).expect("reads");
        assert!(text.starts_with("9\n"), "{name}");
    }
}
