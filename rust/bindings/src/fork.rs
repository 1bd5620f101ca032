//! Knows whether this process was forked since a log was opened.
//!
//! A child shares the parent's files and locks but none of its threads; if both wrote, each would
//! overwrite the other. Invariant: a log of the parent refuses every call in the child, and the
//! child never flushes or closes it, not even when the object is collected.

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

static FORKS: AtomicU64 = AtomicU64::new(0);

/// How many forks lie between this process and the one that loaded the module.
pub(crate) fn count() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// Has the interpreter tell us of every fork, in the child.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    let noted = PyCFunction::new_closure(py, None, None, |_, _| {
        FORKS.fetch_add(1, Ordering::Relaxed);
    })?;
    let arguments = PyDict::new(py);
    arguments.set_item("after_in_child", noted)?;
    py.import("os")?.getattr("register_at_fork")?.call((), Some(&arguments))?;
    Ok(())
}
