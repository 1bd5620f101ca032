//! The only user of pyo3: what Python sees of the engine, registered class by class, no logic.

/// The compiled module behind `logcore._native`.
#[pyo3::pymodule]
mod _core {}
