//! Where the time of a produced batch goes: CRC, decompression, the walk over its records, and the
//! append as a whole, next to a plain `pwrite` of the same bytes.
//!
//! `cargo run --release --example produce_speed [directory]`. Batches of 1 MiB before compression,
//! records of 100 B and 1 KiB that compress about as log lines do. Best of several rounds; for
//! comparing two versions on one machine, no benchmark.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    reason = "a measurement: it may panic, prints, and asks the time"
)]

use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use logcore::batch::{self, Batch};
use logcore::crc::crc32c;
use logcore::log::OpenOptions;
use logcore::producer_append::AppendContext;
use logcore::record::decode;
use logcore::validator::{ValidatorConfig, validate_and_assign_offsets};
use logcore::{AppendOrigin, Codec, Log, LogConfig, RecordBatchBuilder};

const BATCH_BYTES: usize = 1_000_000;
const NOW_MS: i64 = 1_700_000_000_000;
const ROUNDS: usize = 5;
const FILE_BYTES: usize = 256 << 20;

/// Text that repeats itself as log lines do, and no more.
fn line(size: usize, number: usize) -> Vec<u8> {
    let mut state = number as u64 * 0x9E37_79B9_7F4A_7C15 + 1;
    let words = ["error", "GET", "/index.html", "user", "timeout", "200", "connect", "alpha"];
    let mut out = Vec::with_capacity(size + 32);
    while out.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(words[usize::try_from(state % 8).unwrap()].as_bytes());
        out.extend_from_slice(format!(" {:x} ", state >> 40).as_bytes());
    }
    out.truncate(size);
    out
}

fn built(codec: Codec, size: usize) -> (Vec<u8>, usize) {
    let mut builder = RecordBatchBuilder::new(codec, None);
    let mut count = 0;
    while builder.size_bytes() + size + 30 < BATCH_BYTES {
        builder.append(NOW_MS + count as i64 / 100, None, Some(&line(size, count)), &[]).unwrap();
        count += 1;
    }
    (builder.finish().unwrap().to_vec(), count)
}

/// Microseconds of one call, best of several rounds.
fn micros(times: usize, mut prepare: impl FnMut(), mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        prepare();
        let started = Instant::now();
        (0..times).for_each(|_| work());
        best = best.min(started.elapsed().as_secs_f64() / times as f64 * 1e6);
    }
    best
}

fn raw(dir: &Path, bytes: &[u8], times: usize) -> f64 {
    let path = dir.join("raw");
    let file = std::cell::RefCell::new((std::fs::File::create(&path).unwrap(), 0_u64));
    let anew = || {
        let _ = std::fs::remove_file(&path);
        *file.borrow_mut() = (std::fs::File::create(&path).unwrap(), 0);
    };
    micros(times, anew, || {
        let (file, position) = &mut *file.borrow_mut();
        file.write_all_at(bytes, *position).unwrap();
        *position += bytes.len() as u64;
    })
}

fn appended(dir: &Path, bytes: &[u8], times: usize) -> f64 {
    let path = dir.join("log");
    let config = LogConfig { retention_ms: -1, ..LogConfig::default() };
    let mut mine = bytes.to_vec();
    let log = std::cell::RefCell::new(None);
    let anew = || {
        let _ = std::fs::remove_dir_all(&path);
        let options = OpenOptions { config: config.clone(), ..OpenOptions::default() };
        *log.borrow_mut() = Some(Log::open(&path, options).unwrap());
    };
    micros(times, anew, || {
        // As a producer sends it again: the log had put its own offset in.
        batch::assign(&mut mine, 0, batch::NO_LEADER_EPOCH);
        let context = AppendContext::new(AppendOrigin::Client);
        log.borrow().as_ref().unwrap().append_leader(&mut mine, 0, context).unwrap();
    })
}

fn main() {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("produce_speed.{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    println!("microseconds per batch; M records/s and GB/s of records for the whole append");
    println!(
        "{:14} {:>8} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7}",
        "", "bytes", "crc", "decode", "check", "pwrite", "append", "M rec/s", "GB/s", "of raw", ""
    );
    let only = std::env::args().nth(2);
    for size in [100, 1024] {
        for codec in Codec::ALL {
            if only.as_ref().is_some_and(|only| only != codec.name()) {
                continue;
            }
            let (bytes, count) = built(codec, size);
            let times = (FILE_BYTES / bytes.len()).min(500);
            let batch = Batch::first(&bytes).unwrap().unwrap();
            let crc = micros(
                times,
                || {},
                || {
                    black_box(crc32c(black_box(&bytes)));
                },
            );
            let decoded = micros(
                times,
                || {},
                || {
                    black_box(decode(black_box(&batch), 1 << 28).unwrap());
                },
            );
            let config = ValidatorConfig::from(&LogConfig::default());
            let mut mine = bytes.clone();
            let checked = micros(
                times,
                || {},
                || {
                    batch::assign(&mut mine, 0, -1);
                    let client = AppendOrigin::Client;
                    validate_and_assign_offsets(&mut mine, 0, 0, NOW_MS, client, &config).unwrap();
                },
            );
            let (raw, log) = (raw(&dir, &bytes, times), appended(&dir, &bytes, times));
            println!(
                "{:6} {size:5} B {:8} {crc:7.1} {decoded:8.1} {checked:8.1} {raw:8.1} {log:8.1} \
                 {:8.2} {:7.2} {:7.2}",
                codec.name(),
                bytes.len(),
                count as f64 / log,
                (count * size) as f64 / log / 1e3,
                raw / log
            );
        }
    }
    let _ = std::fs::remove_dir_all(&dir);
}
