//! Objects that the interpreter's search for reference cycles need not look at.
//!
//! Objects of pyo3's classes are all part of that search, and it comes after every 700 new ones: a
//! list of ten thousand records cost a tenth more for it. The interpreter takes tuples that hold only
//! strings and numbers out by itself. Invariant: what is taken out holds only what is in no cycle.
//! Neighbours: `record`, `consumer_record` and `fetched` make records through this.

#![expect(unsafe_code, reason = "pyo3 has no class without the search")]

use pyo3::PyClass;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyInt, PyString};

/// Makes an object of a value that holds only strings, bytes and numbers, and tuples of them.
#[inline]
pub(crate) fn untracked<T>(py: Python<'_>, value: T) -> PyResult<Bound<'_, T>>
where
    T: PyClass + Into<PyClassInitializer<T>>,
{
    let object = Bound::new(py, value)?;
    // SAFETY: the object is alive, it is of a class with the collector's header, as all of pyo3's
    // are, and we are attached. To take one out twice does nothing, and freeing it does that.
    unsafe { ffi::PyObject_GC_UnTrack(object.as_ptr().cast()) };
    Ok(object)
}

/// Whether an object was taken out.
#[inline]
pub(crate) fn is_untracked(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is alive, and we are attached.
    unsafe { ffi::PyObject_GC_IsTracked(object.as_ptr()) == 0 }
}

/// Whether an object refers to no other, and never will.
#[inline]
pub(crate) fn is_plain(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.is_exact_instance_of::<PyString>()
        || object.is_exact_instance_of::<PyBytes>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyFloat>()
}
