//! `ArrowColumn`: values or keys that another library holds, taken over the Arrow C interface.
//!
//! Nothing is copied before a producer encodes it. Invariant: a column is made of arrays of bytes or
//! text only, and holds them as long as it lives.

#![expect(unsafe_code, reason = "Arrow's C interface hands memory over as raw pointers")]

use std::ffi::CStr;
use std::ptr::NonNull;

use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{
    Array, ArrayReader, ArrayRef, BinaryArray, BinaryViewArray, FixedSizeBinaryArray,
    LargeBinaryArray, LargeStringArray, StringArray, StringViewArray, make_array,
};
use arrow_schema::{ArrowError, DataType};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::arrow::STREAM;
use crate::error::{Outcome, invalid};

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

/// An array of one of the types that are bytes.
enum Piece {
    Binary(BinaryArray),
    LargeBinary(LargeBinaryArray),
    FixedSizeBinary(FixedSizeBinaryArray),
    BinaryView(BinaryViewArray),
    Utf8(StringArray),
    LargeUtf8(LargeStringArray),
    Utf8View(StringViewArray),
}

impl Piece {
    fn new(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Binary => Self::Binary(array.as_binary().clone()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary().clone()),
            DataType::FixedSizeBinary(_) => {
                Self::FixedSizeBinary(array.as_fixed_size_binary().clone())
            }
            DataType::BinaryView => Self::BinaryView(array.as_binary_view().clone()),
            DataType::Utf8 => Self::Utf8(array.as_string().clone()),
            DataType::LargeUtf8 => Self::LargeUtf8(array.as_string().clone()),
            DataType::Utf8View => Self::Utf8View(array.as_string_view().clone()),
            _ => return None,
        })
    }

    fn as_array(&self) -> &dyn Array {
        match self {
            Self::Binary(array) => array,
            Self::LargeBinary(array) => array,
            Self::FixedSizeBinary(array) => array,
            Self::BinaryView(array) => array,
            Self::Utf8(array) => array,
            Self::LargeUtf8(array) => array,
            Self::Utf8View(array) => array,
        }
    }

    fn get(&self, at: usize) -> Option<&[u8]> {
        if self.as_array().is_null(at) {
            return None;
        }
        Some(match self {
            Self::Binary(array) => array.value(at),
            Self::LargeBinary(array) => array.value(at),
            Self::FixedSizeBinary(array) => array.value(at),
            Self::BinaryView(array) => array.value(at),
            Self::Utf8(array) => array.value(at).as_bytes(),
            Self::LargeUtf8(array) => array.value(at).as_bytes(),
            Self::Utf8View(array) => array.value(at).as_bytes(),
        })
    }
}

/// A column of bytes or text that another library holds.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct ArrowColumn {
    pieces: Vec<Piece>,
    /// Where each piece ends, in rows of the column.
    ends: Vec<usize>,
}

#[pymethods]
impl ArrowColumn {
    /// Takes over what an object offers.
    #[new]
    fn new(column: &Bound<'_, PyAny>) -> Outcome<Self> {
        let arrays = if column.hasattr("__arrow_c_stream__")? {
            from_stream(&column.call_method0("__arrow_c_stream__")?)?
        } else {
            vec![from_array(&column.call_method0("__arrow_c_array__")?)?]
        };
        let (mut pieces, mut ends, mut end) = (Vec::new(), Vec::new(), 0);
        for array in &arrays {
            let piece = Piece::new(array).ok_or_else(|| refusal(array.data_type()))?;
            end += array.len();
            ends.push(end);
            pieces.push(piece);
        }
        Ok(Self { pieces, ends })
    }

    /// Number of values.
    fn __len__(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Bytes of a value, 0 for null.
    fn size_at(&self, at: usize) -> usize {
        self.get(at).map_or(0, <[u8]>::len)
    }
}

impl ArrowColumn {
    pub(crate) fn len(&self) -> usize {
        self.__len__()
    }

    /// A value; `None` if it is null, or there is none.
    pub(crate) fn get(&self, at: usize) -> Option<&[u8]> {
        let piece_at = self.ends.partition_point(|end| *end <= at);
        let start = piece_at.checked_sub(1).and_then(|before| self.ends.get(before));
        self.pieces.get(piece_at)?.get(at - start.copied().unwrap_or_default())
    }
}

fn from_stream(capsule: &Bound<'_, PyAny>) -> Outcome<Vec<ArrayRef>> {
    let stream: NonNull<FFI_ArrowArrayStream> = pointer(capsule, STREAM)?;
    // SAFETY: a capsule of this name holds a valid stream by the interface's contract; it is moved
    // out, and the capsule's destructor sees that.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr()) };
    let reader = ArrayStreamReader::try_new(stream).map_err(damaged)?;
    let kind = reader.field().data_type().clone();
    if !is_bytes(&kind) {
        return Err(refusal(&kind).into());
    }
    reader.collect::<Result<_, _>>().map_err(damaged)
}

fn from_array(pair: &Bound<'_, PyAny>) -> Outcome<ArrayRef> {
    let pair = pair.cast::<PyTuple>().map_err(PyErr::from)?;
    let schema: NonNull<FFI_ArrowSchema> = pointer(&pair.get_item(0)?, SCHEMA)?;
    let array: NonNull<FFI_ArrowArray> = pointer(&pair.get_item(1)?, ARRAY)?;
    // SAFETY: capsules of these names hold a valid schema and array by the interface's contract; the
    // array is moved out, and its capsule's destructor sees that.
    let (schema, array) = unsafe { (schema.as_ref(), FFI_ArrowArray::from_raw(array.as_ptr())) };
    let kind = DataType::try_from(schema).map_err(damaged)?;
    if !is_bytes(&kind) {
        return Err(refusal(&kind).into());
    }
    // SAFETY: the array is of the schema's type, by the same contract.
    let data = unsafe { from_ffi_and_data_type(array, kind) };
    Ok(make_array(data.map_err(damaged)?))
}

fn is_bytes(kind: &DataType) -> bool {
    kind.is_binary() || kind.is_string()
}

fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> Outcome<NonNull<T>> {
    let capsule = capsule.cast::<PyCapsule>().map_err(PyErr::from)?;
    Ok(capsule.pointer_checked(Some(name))?.cast())
}

fn refusal(kind: &DataType) -> PyErr {
    PyTypeError::new_err(format!(
        "keys and values are columns of bytes or text, not of {kind}: pass one column, cast to \
         binary or string"
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: ArrowError) -> crate::error::Failure {
    invalid(error.to_string())
}
