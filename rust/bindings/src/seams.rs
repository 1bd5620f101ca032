//! `Seams`: the disk and the clock of a broker's logs, for tests that break the one and turn the other.
//!
//! Invariant: only a manager that was opened with them knows them; every other works on the real disk
//! and by the real clock.

use std::sync::Arc;

use logcore::ShiftedClock;
use logcore::faulty_fs::{Call, Fault, FaultyFs};
use pyo3::prelude::*;

use crate::error::{Outcome, invalid};

/// A disk that fails on request, and a clock that can be turned.
#[pyclass(frozen, module = "logcore._native._core")]
#[derive(Default)]
pub(crate) struct Seams {
    pub(crate) fs: FaultyFs,
    pub(crate) clock: Arc<ShiftedClock>,
}

#[pymethods]
impl Seams {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Move the clock, also backwards.
    fn advance(&self, delta_ms: i64) {
        self.clock.advance(delta_ms);
    }

    /// Have calls of the disk fail: the next `times` of them, all if None, `after` so many.
    #[pyo3(signature = (call, errno, *, after=0, times=None))]
    fn fail(&self, call: &str, errno: i32, after: usize, times: Option<usize>) -> Outcome<()> {
        let call = match call {
            "open" => Call::Open,
            "read" => Call::Read,
            "write" => Call::Write,
            "truncate" => Call::SetLen,
            "sync" => Call::SyncData,
            _ => {
                let known = "open, read, write, truncate or sync";
                return Err(invalid(format!("{call} is no call of a disk: name one of {known}")));
            }
        };
        let times = times.unwrap_or(usize::MAX);
        self.fs.inject(Fault { call: Some(call), after, times, errno, partial_bytes: 0 });
        Ok(())
    }

    /// Have nothing fail any more.
    fn heal(&self) {
        self.fs.clear_faults();
    }

    /// How many calls were made to fail so far.
    #[getter]
    fn fault_count(&self) -> usize {
        self.fs.fault_count()
    }
}
