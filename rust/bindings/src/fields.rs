//! The fields of a record as Python gives them to a producer: columns, headers, a partition.
//!
//! Invariant: what is wrong with them is an error that says so, before anything is appended.
//! `accumulator.rs` takes them from here; `appending.rs` has what the embedded log shares.

use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::appending::PythonHeaders;
use crate::error::{Outcome, invalid};

/// Fields that lie back to back.
pub(crate) struct Column<'a> {
    rest: &'a [u8],
}

impl<'a> Column<'a> {
    pub(crate) fn new(bytes: &'a [u8], lengths: &[i64], what: &str) -> Outcome<Self> {
        let needed: i128 = lengths.iter().map(|length| i128::from((*length).max(0))).sum();
        if i128::try_from(bytes.len()).is_ok_and(|size| size == needed) {
            return Ok(Self { rest: bytes });
        }
        let size = bytes.len();
        Err(invalid(format!("lengths of {what} add up to {needed}, the buffer has {size} bytes")))
    }

    /// The next field; None where its length is negative.
    pub(crate) fn take(&mut self, length: i64) -> Option<&'a [u8]> {
        self.rest.split_off(..usize::try_from(length).ok()?)
    }
}

pub(crate) fn partition_of(partition: Option<i64>) -> Outcome<Option<usize>> {
    let checked = partition.map(|partition| {
        usize::try_from(partition).map_err(|_| invalid(format!("partition {partition} is below 0")))
    });
    checked.transpose()
}

#[inline]
pub(crate) fn size_of(field: Option<&[u8]>) -> i32 {
    field.map_or(-1, |field| i32::try_from(field.len()).unwrap_or(i32::MAX))
}

/// Headers as Python gives them: pairs, or a mapping.
pub(crate) fn owned_headers(headers: &Bound<'_, PyAny>) -> Outcome<PythonHeaders> {
    let listed;
    let pairs = match headers.cast::<PyDict>() {
        Ok(dict) => {
            listed = dict.items().into_any();
            &listed
        }
        Err(_) => headers,
    };
    let mut owned = Vec::new();
    for pair in pairs.try_iter()? {
        let pair = pair?;
        let pair = pair.cast::<PyTuple>().map_err(PyErr::from)?;
        let key: PyBackedStr = pair.get_item(0)?.extract()?;
        let value = pair.get_item(1)?;
        let value = if value.is_none() {
            None
        } else {
            Some(PyBackedBytes::from(value.cast::<PyBytes>().map_err(PyErr::from)?.clone()))
        };
        owned.push((key, value));
    }
    Ok(owned)
}
