//! The way out: records, values, columns and views from an offset on.
//!
//! Invariant: pages are touched, CRCs checked and batches decompressed while detached; only the
//! making of Python's objects holds the interpreter. Every loop over the log asks for signals.

use std::time::{Duration, Instant};

use logcore::verify::VerifyReport;
use pyo3::prelude::*;

use crate::buffer::Exports;
use crate::chunk::{Chunk, Limits, Source, read_chunk};
use crate::columns::{Columns, Found};
use crate::engine::Engine;
use crate::error::{Outcome, invalid};
use crate::record::Made;

/// Fewer records than these probably lie in one batch.
const FEW_RECORDS: usize = 16;
/// How long a wait goes without looking for Ctrl-C.
const WAIT_SLICE: Duration = Duration::from_millis(100);

/// What turns a chunk into objects.
type Push<'py> = fn(Python<'py>, &mut Made<'py>, &Chunk, usize) -> Outcome<()>;

/// Checks the limits a caller gave.
pub(crate) fn limits(max_records: i64, max_bytes: i64) -> Outcome<Limits> {
    let positive = |name: &str, number: i64| match usize::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(invalid(format!("{name} must be positive, not {number}"))),
    };
    let max_records = positive("max_records", max_records)?;
    let max_bytes = positive("max_bytes", max_bytes)?.min(i32::MAX as usize);
    Ok(Limits { max_records, max_bytes })
}

/// Objects from `offset` on, until a limit or the end of the log.
pub(crate) fn read_objects<'py>(
    py: Python<'py>,
    source: &impl Source,
    offset: i64,
    limits: Limits,
    push: Push<'py>,
) -> Outcome<Made<'py>> {
    let mut made = Made { objects: Vec::new(), next_offset: offset };
    let mut left_bytes = limits.max_bytes;
    while made.objects.len() < limits.max_records && left_bytes > 0 {
        let max_records = limits.max_records - made.objects.len();
        // For a few records a batch at a time: what lies behind it is not even looked at.
        let max_bytes = if max_records < FEW_RECORDS { 1 } else { left_bytes };
        let (from, part) = (made.next_offset, Limits { max_records, max_bytes });
        let Some(chunk) = py.detach(|| read_chunk(source, from, part))? else { break };
        push(py, &mut made, &chunk, limits.max_records)?;
        left_bytes = left_bytes.saturating_sub(chunk.size_bytes);
        if made.next_offset == from {
            break;
        }
        py.check_signals()?;
    }
    Ok(made)
}

/// Columns from `offset` on, of one segment at most.
pub(crate) fn read_columns(
    py: Python<'_>,
    engine: &Engine,
    exports: &Exports,
    offset: i64,
    max_bytes: i64,
) -> Outcome<Columns> {
    let limits = limits(i64::MAX, max_bytes)?;
    let found = py.detach(|| match read_chunk(engine, offset, limits)? {
        None => Ok(Found::nothing(offset)),
        Some(chunk) => Found::decode(&chunk, offset, exports),
    });
    Columns::new(py, found?)
}

/// Checks the whole log. `progress` is called with bytes done and in total; what it raises is
/// raised at the end, because a check that stops half way tells nothing.
pub(crate) fn verify(
    py: Python<'_>,
    engine: &Engine,
    progress: Option<&Bound<'_, PyAny>>,
) -> Outcome<VerifyReport> {
    let progress = progress.map(|progress| progress.clone().unbind());
    let mut raised = None;
    let report = py.detach(|| {
        engine.start_offset()?;
        logcore::verify::verify(engine.segments(), &mut |done, total| {
            Python::attach(|py| {
                let told = progress
                    .as_ref()
                    .map_or(Ok(()), |progress| progress.call1(py, (done, total)).map(drop));
                if let Err(error) = told.and_then(|()| py.check_signals()) {
                    raised.get_or_insert(error);
                }
            });
        })
    });
    raised.map_or(Ok(report?), |error| Err(error.into()))
}

/// Waits until a record at `offset` is there, or the time is over; tells which.
#[expect(clippy::disallowed_methods, reason = "a caller's patience is real time, not the log's")]
pub(crate) fn wait(
    py: Python<'_>,
    engine: &Engine,
    offset: i64,
    timeout: Option<f64>,
) -> Outcome<bool> {
    let timeout = timeout.map(Duration::try_from_secs_f64).transpose();
    let timeout = timeout.map_err(|_| invalid("timeout must be seconds from 0 on"))?;
    let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left =
            until.map_or(WAIT_SLICE, |until| until.saturating_duration_since(Instant::now()));
        if py.detach(|| engine.wait_for(offset, left.min(WAIT_SLICE)))? {
            return Ok(true);
        }
        if left.is_zero() {
            return Ok(false);
        }
        py.check_signals()?;
    }
}
