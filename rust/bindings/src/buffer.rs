//! Lends memory of ours to Python through its buffer protocol, read-only.
//!
//! Invariant: lent memory outlives the loan, because the lender owns it (or a reference count of
//! the map it lies in) and the loan holds the lender; it never changes while lent. Loans of mapped
//! bytes are counted per log, so that closing can refuse while there are any; a broker's are not.

#![expect(unsafe_code, reason = "pyo3 hands Python's buffer protocol out as raw pointers")]

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use logcore::Slice;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

use crate::appending::contiguous;

/// How many loans of a log's mapped bytes are out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exports(Arc<AtomicUsize>);

impl Exports {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn remove(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Memory that can be lent.
pub(crate) enum Memory {
    /// Bytes of a segment, and the count of their log.
    Mapped(Slice, Exports),
    /// Bytes of a segment that nobody counts: its log may close and go, the map stays.
    Shared(Slice),
    Bytes(Vec<u8>),
    /// Bytes of an object of Python's, contiguous, which the loan keeps alive.
    Lent(PyUntypedBuffer),
    I64(Vec<i64>),
    I32(Vec<i32>),
}

impl Memory {
    fn parts(&self) -> (*const c_void, usize) {
        match self {
            Self::Mapped(slice, _) | Self::Shared(slice) => (slice.as_ptr().cast(), slice.len()),
            Self::Bytes(bytes) => (bytes.as_ptr().cast(), bytes.len()),
            Self::Lent(buffer) => (buffer.buf_ptr().cast_const(), buffer.len_bytes()),
            Self::I64(numbers) => (numbers.as_ptr().cast(), size_of_val(numbers.as_slice())),
            Self::I32(numbers) => (numbers.as_ptr().cast(), size_of_val(numbers.as_slice())),
        }
    }

    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Mapped(slice, _) | Self::Shared(slice) => Some(slice),
            Self::Bytes(bytes) => Some(bytes),
            Self::Lent(buffer) => contiguous(buffer).ok(),
            Self::I64(_) | Self::I32(_) => None,
        }
    }
}

/// Memory of the engine that numpy and memoryview can look into without copying.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct NativeBuffer {
    pub(crate) memory: Memory,
}

#[pymethods]
impl NativeBuffer {
    fn __len__(&self) -> usize {
        self.memory.parts().1
    }

    /// A memoryview: what Python 3.12 makes of the buffer protocol by itself (PEP 688).
    fn __buffer__<'py>(slf: &Bound<'py, Self>, flags: c_int) -> PyResult<Bound<'py, PyMemoryView>> {
        let _ = flags;
        PyMemoryView::from(slf.as_any())
    }

    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let memory = &slf.get().memory;
        let (start, len) = memory.parts();
        // SAFETY: the interpreter hands in a valid `view`; the memory is owned by `slf`, which is
        // frozen and which the loan keeps alive.
        unsafe { lend(view, flags, slf.as_any(), (start, len)) }?;
        if let Memory::Mapped(_, exports) = memory {
            exports.add();
        }
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        if let Memory::Mapped(_, exports) = &self.memory {
            exports.remove();
        }
    }
}

/// Fills a view with read-only bytes that `owner` keeps alive and unchanged.
///
/// # Safety
/// `view` is valid for writing, and the bytes are valid as long as `owner` lives.
pub(crate) unsafe fn lend(
    view: *mut ffi::Py_buffer,
    flags: c_int,
    owner: &Bound<'_, PyAny>,
    (start, len): (*const c_void, usize),
) -> PyResult<()> {
    let len = isize::try_from(len).map_err(|_| PyBufferError::new_err("too long"))?;
    // SAFETY: as the caller promised; read-only (1) makes the call refuse writable requests, and
    // it takes its own reference to the owner.
    let status =
        unsafe { ffi::PyBuffer_FillInfo(view, owner.as_ptr(), start.cast_mut(), len, 1, flags) };
    if status == 0 { Ok(()) } else { Err(PyErr::fetch(owner.py())) }
}
