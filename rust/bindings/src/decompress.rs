//! `decompress`: bytes that a client compressed outside of a record batch, such as its telemetry.
//!
//! Invariant: no more comes out than the caller allows, and no more memory is taken on the way than
//! that justifies; the work is done detached from the interpreter.

use logcore::{Codec, compression};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Outcome;

/// Return what was compressed by the codec of this id, at most so many bytes of it.
#[pyfunction]
#[pyo3(signature = (codec_id, data, limit_bytes))]
pub(crate) fn decompress<'py>(
    py: Python<'py>,
    codec_id: u8,
    data: &[u8],
    limit_bytes: usize,
) -> Outcome<Bound<'py, PyBytes>> {
    let codec = Codec::from_id(codec_id)?;
    let output = py.detach(|| compression::decompress(codec, data, limit_bytes))?;
    Ok(PyBytes::new(py, &output))
}
