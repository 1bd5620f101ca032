//! How fast the log appends and reads, next to a plain `pwrite` of the same bytes.
//!
//! Run `cargo run --release --example log_speed [directory]`; the directory should be on the file
//! system to be measured. Best of five rounds, so that a busy machine disturbs less.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it may panic, prints, and asks the time"
)]

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use logcore::log::{Isolation, OpenOptions};
use logcore::producer_append::AppendContext;
use logcore::{
    AppendOrigin, Batches, Codec, Columns, Log, LogConfig, RecordBatchBuilder, batch, record,
};

const VALUE: [u8; 100] = [b'v'; 100];

fn built(size_bytes: usize, count_max: usize) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    builder.reset();
    for _ in 0..count_max {
        builder.append(1_700_000_000_000, None, Some(&VALUE), &[]).unwrap();
        if builder.size_bytes() + 120 > size_bytes {
            break;
        }
    }
    builder.finish().unwrap().to_vec()
}

fn seconds(mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn best(mut round: impl FnMut() -> f64) -> f64 {
    (0..5).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn fresh(dir: &Path) -> (PathBuf, Log) {
    let path = dir.join("log");
    let _ = std::fs::remove_dir_all(&path);
    let config = LogConfig { retention_ms: -1, ..LogConfig::default() };
    (path.clone(), Log::open(&path, OpenOptions { config, ..OpenOptions::default() }).unwrap())
}

fn raw(dir: &Path, bytes: &[u8], times: usize) -> f64 {
    best(|| {
        let path = dir.join("raw");
        let _ = std::fs::remove_file(&path);
        let file = std::fs::File::create(&path).unwrap();
        seconds(|| {
            for at in 0..times {
                file.write_all_at(bytes, (at * bytes.len()) as u64).unwrap();
            }
        })
    })
}

fn appended(dir: &Path, times: usize, mut append: impl FnMut(&Log)) -> f64 {
    best(|| {
        let (_, log) = fresh(dir);
        seconds(|| (0..times).for_each(|_| append(&log)))
    })
}

fn report(name: &str, times: usize, bytes: usize, log: f64, raw: f64) {
    let (per, gigabytes) = (log / times as f64 * 1e6, (bytes * times) as f64 / log / 1e9);
    println!("{name:36} {per:9.3} us  {gigabytes:6.3} GB/s  {:5.2} of pwrite", raw / log);
}

fn read_back(dir: &Path, batch: &[u8], times: usize) -> (usize, f64) {
    let (_, log) = fresh(dir);
    for _ in 0..times {
        log.append_built(&mut batch.to_vec(), 0).unwrap();
    }
    let mut count = 0;
    let took = best(|| {
        count = 0;
        seconds(|| {
            let mut offset = 0;
            while let Some(bytes) =
                log.read(offset, 1 << 20, true, Isolation::LogEnd).unwrap().records
            {
                for batch in Batches::new(&bytes) {
                    let batch = batch.unwrap();
                    let records = record::decode(&batch, 1 << 24).unwrap();
                    count += Columns::decode(&batch, &records, 0).unwrap().offsets.len();
                    offset = batch.header.next_offset();
                }
            }
        })
    });
    (count, took)
}

fn main() {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("log_speed.{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let thousand = built(usize::MAX, 1000);
    for (name, bytes, times) in [
        ("append_built, 1000 x 100 B", &thousand, 2000),
        ("append_built, 1 x 100 B", &built(usize::MAX, 1), 200_000),
    ] {
        let mut mine = bytes.clone();
        let took = appended(&dir, times, |log| {
            log.append_built(&mut mine, 0).unwrap();
        });
        report(name, times, bytes.len(), took, raw(&dir, bytes, times));
    }
    for (name, size, times) in
        [("append_leader, 16 KiB", 16 << 10, 10_000), ("append_leader, 1 MiB", 1 << 20, 200)]
    {
        let bytes = built(size, usize::MAX);
        let mut mine = bytes.clone();
        let took = appended(&dir, times, |log| {
            // As a producer sends it again: the log had put its own offset in.
            batch::assign(&mut mine, 0, batch::NO_LEADER_EPOCH);
            let context = AppendContext::new(AppendOrigin::Client);
            log.append_leader(&mut mine, 0, context).unwrap();
        });
        report(name, times, bytes.len(), took, raw(&dir, &bytes, times));
    }
    let (count, took) = read_back(&dir, &thousand, 2000);
    println!("{:36} {:9.1} M records/s", "read and columns", count as f64 / took / 1e6);
    let _ = std::fs::remove_dir_all(&dir);
}
