//! How fast batches are encoded, summed and decoded: 1000 records of 100 B (or of the size given).
//!
//! `cargo run --release --example batch_speed [value bytes]`. Prints records per second, best of
//! five rounds; a figure for comparing two versions on one machine, no benchmark.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures and prints")]
#![expect(clippy::cast_precision_loss, reason = "rates are printed to three digits")]

use std::hint::black_box;
use std::time::Instant;

use logcore::batch::Batch;
use logcore::compression::Codec;
use logcore::record::Records;
use logcore::validator::{ValidatorConfig, validate_and_assign_offsets};
use logcore::{AppendOrigin, Columns, LogConfig, RecordBatchBuilder, Result};

const RECORDS: usize = 1000;
const BATCHES: usize = 2000;
const ROUNDS: usize = 5;
const NOW_MS: i64 = 1_700_000_000_000;

/// Records per second of `work`, which handles one batch.
fn rate(name: &str, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..BATCHES {
            work()?;
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let records = (RECORDS * BATCHES) as f64;
    println!("{name:28} {:8.2} M records/s", records / best / 1e6);
    Ok(())
}

fn main() -> Result<()> {
    let size = std::env::args().nth(1).and_then(|size| size.parse().ok()).unwrap_or(100);
    let values: Vec<Vec<u8>> = (0..RECORDS)
        .map(|n| (0..size).map(|at| (n * 31 + at * 7).to_be_bytes()[7]).collect())
        .collect();
    let mut builder = RecordBatchBuilder::new(Codec::None, None);
    rate("append", || {
        builder.reset();
        for value in &values {
            builder.append(NOW_MS, None, Some(value), &[])?;
        }
        black_box(builder.size_bytes());
        Ok(())
    })?;
    rate("append_values", || {
        builder.reset();
        builder.append_values(NOW_MS, values.iter().map(Vec::as_slice))?;
        black_box(builder.size_bytes());
        Ok(())
    })?;
    rate("append and finish (CRC)", || {
        builder.reset();
        builder.append_values(NOW_MS, values.iter().map(Vec::as_slice))?;
        let _ = black_box(builder.finish()?);
        Ok(())
    })?;
    let bytes = builder.finish()?.to_vec();
    let Some(batch) = Batch::first(&bytes)? else { return Ok(()) };
    rate("CRC alone", || batch.verify_crc())?;
    rate("records", || {
        for record in Records::new(&batch.header, batch.records_bytes())? {
            black_box(record?);
        }
        Ok(())
    })?;
    let mut columns = Columns::default();
    rate("columns, kept", || {
        columns.clear();
        columns.append_from(&batch, batch.records_bytes(), 0)
    })?;
    rate("columns, new, and CRC", || {
        batch.verify_crc()?;
        Columns::decode(&batch, batch.records_bytes(), 0).map(|columns| drop(black_box(columns)))
    })?;
    let config = ValidatorConfig::from(&LogConfig::default());
    for codec in Codec::ALL {
        let mut builder = RecordBatchBuilder::new(codec, None);
        rate(&format!("append and finish, {}", codec.name()), || {
            builder.reset();
            builder.append_values(NOW_MS, values.iter().map(Vec::as_slice))?;
            let _ = black_box(builder.finish()?);
            Ok(())
        })?;
        let mut given = builder.finish()?.to_vec();
        rate(&format!("validate in place, {}", codec.name()), || {
            logcore::batch::assign(&mut given, 0, 0);
            validate_and_assign_offsets(&mut given, 7, 3, NOW_MS, AppendOrigin::Client, &config)
                .map(|done| drop(black_box(done)))
        })?;
    }
    Ok(())
}
