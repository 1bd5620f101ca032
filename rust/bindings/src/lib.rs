//! bindings
use pyo3::prelude::*;
/// m
#[pymodule]
fn _core(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
