//! The way in: Python's lists and buffers, encoded straight into a batch.
//!
//! Values are copied once, from the Python object into the batch, while the interpreter is held;
//! CRC, compression and the write happen detached. Invariant: a sink is given back whatever
//! happens, and no lock of the engine is held while Python's objects are walked.

#![expect(unsafe_code, reason = "a buffer of Python's is a raw pointer and a length")]

use logcore::EmbeddedLog;
use logcore::embedded::BatchSink;
use pyo3::buffer::{PyBuffer, PyUntypedBuffer};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyIterator, PyList};

use crate::error::{Failure, Outcome, invalid, not_bytes};

/// Bytes below which encoding and writing one record does not pay for a detach.
const SMALL_BYTES: usize = 16 << 10;

type Headers<'a> = Vec<(&'a [u8], Option<&'a [u8]>)>;

/// Headers as Python gives them.
pub(crate) type PythonHeaders = Vec<(PyBackedStr, Option<PyBackedBytes>)>;

/// Appends one record.
pub(crate) fn append_one(
    py: Python<'_>,
    log: &EmbeddedLog,
    (key, value): (Option<&[u8]>, Option<&[u8]>),
    headers: Option<&PythonHeaders>,
    timestamp: Option<i64>,
) -> Outcome<i64> {
    let pairs: Headers<'_> =
        headers.map_or_else(Vec::new, |headers| headers.iter().map(pair_of).collect());
    let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
    if size > SMALL_BYTES || log.append_blocks() {
        return Ok(py.detach(|| log.append(timestamp, key, value, &pairs))?);
    }
    Ok(log.append(timestamp, key, value, &pairs)?)
}

fn pair_of((key, value): &(PyBackedStr, Option<PyBackedBytes>)) -> (&[u8], Option<&[u8]>) {
    (key.as_bytes(), value.as_deref())
}

/// Fills a sink with the interpreter held, then writes it detached.
pub(crate) fn append_many(
    py: Python<'_>,
    log: &EmbeddedLog,
    fill: impl FnOnce(&mut BatchSink) -> Outcome<()>,
) -> Outcome<(i64, i64)> {
    let mut sink = log.take_sink();
    let filled = fill(&mut sink);
    let appended = filled.and_then(|()| Ok(py.detach(|| log.append_sink(&mut sink))?));
    log.give_sink(sink);
    appended
}

/// Pushes values, with their keys and timestamps where given.
pub(crate) fn fill(
    sink: &mut BatchSink,
    values: &Bound<'_, PyAny>,
    keys: Option<&Bound<'_, PyAny>>,
    timestamps: Option<&Bound<'_, PyAny>>,
) -> Outcome<()> {
    let now_ms = sink.now_ms();
    if let (Ok(list), None, None) = (values.cast::<PyList>(), keys, timestamps) {
        for value in list.iter() {
            sink.push(now_ms, None, bytes_of("value", &value)?, &[])?;
        }
        return Ok(());
    }
    check_lengths(values, keys, "keys")?;
    check_lengths(values, timestamps, "timestamps")?;
    let mut keys = keys.map(PyIterator::from_object).transpose()?;
    let mut timestamps = timestamps.map(PyIterator::from_object).transpose()?;
    for value in values.try_iter()? {
        let value = value?;
        let key = next_of(keys.as_mut())?;
        let key = key.as_ref().map_or(Ok(None), |key| bytes_of("key", key))?;
        let timestamp = next_of(timestamps.as_mut())?;
        let timestamp = timestamp.map_or(Ok(now_ms), |at| at.extract::<i64>())?;
        sink.push(timestamp, key, bytes_of("value", &value)?, &[])?;
    }
    Ok(())
}

fn next_of<'py>(items: Option<&mut Bound<'py, PyIterator>>) -> Outcome<Option<Bound<'py, PyAny>>> {
    let Some(items) = items else { return Ok(None) };
    let next = items.next().transpose()?;
    next.map_or_else(|| Err(invalid("a sequence became shorter meanwhile")), |item| Ok(Some(item)))
}

fn check_lengths(
    values: &Bound<'_, PyAny>,
    others: Option<&Bound<'_, PyAny>>,
    what: &str,
) -> Outcome<()> {
    let Some(others) = others else { return Ok(()) };
    let (values, others) = (values.len()?, others.len()?);
    if values == others {
        return Ok(());
    }
    Err(invalid(format!("there are {values} values and {others} {what}")))
}

#[inline]
pub(crate) fn bytes_of<'a>(what: &str, object: &'a Bound<'_, PyAny>) -> Outcome<Option<&'a [u8]>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes()));
    }
    if object.is_none() { Ok(None) } else { Err(not_bytes(what, object)) }
}

/// The lengths of values that lie back to back: a buffer of int64 or int32, or a sequence.
pub(crate) fn lengths_of(lengths: &Bound<'_, PyAny>) -> Outcome<Vec<i64>> {
    let py = lengths.py();
    if let Ok(buffer) = PyBuffer::<i64>::get(lengths) {
        return Ok(buffer.to_vec(py)?);
    }
    if let Ok(buffer) = PyBuffer::<i32>::get(lengths) {
        return Ok(buffer.to_vec(py)?.into_iter().map(i64::from).collect());
    }
    Ok(lengths.extract::<Vec<i64>>()?)
}

/// Appends values that lie back to back in one buffer; a length of -1 is a null value.
pub(crate) fn append_contiguous(
    py: Python<'_>,
    log: &EmbeddedLog,
    buffer: &PyUntypedBuffer,
    lengths: &[i64],
    timestamp: Option<i64>,
) -> Outcome<(i64, i64)> {
    let bytes = contiguous(buffer)?;
    let needed: i128 = lengths.iter().map(|length| i128::from((*length).max(0))).sum();
    if needed != i128::try_from(bytes.len()).unwrap_or(i128::MAX) {
        let size = bytes.len();
        return Err(invalid(format!(
            "the lengths add up to {needed}, the buffer has {size} bytes"
        )));
    }
    Ok(py.detach(|| {
        log.append_with(|sink| {
            let timestamp = timestamp.unwrap_or_else(|| sink.now_ms());
            let mut rest = bytes;
            for length in lengths {
                let value = match usize::try_from(*length) {
                    Ok(length) => rest.split_off(..length),
                    Err(_) => None,
                };
                sink.push(timestamp, None, value, &[])?;
            }
            Ok(())
        })
    })?)
}

/// Appends ready-made batches; a writable buffer gets its offsets in place.
pub(crate) fn append_batches(
    py: Python<'_>,
    log: &EmbeddedLog,
    buffer: &PyUntypedBuffer,
) -> Outcome<(i64, i64)> {
    let info = with_bytes(buffer, |bytes| Ok(py.detach(|| log.append_raw(bytes))?))?;
    Ok((info.first_offset, info.last_offset + 1))
}

/// Hands the bytes of a buffer to `work`, for changing: a copy of them if it is read-only.
pub(crate) fn with_bytes<T>(
    buffer: &PyUntypedBuffer,
    work: impl FnOnce(&mut [u8]) -> Outcome<T>,
) -> Outcome<T> {
    let bytes = contiguous(buffer)?;
    if buffer.readonly() || bytes.is_empty() {
        return work(&mut bytes.to_vec());
    }
    let (start, len) = (buffer.buf_ptr().cast::<u8>(), buffer.len_bytes());
    // SAFETY: the buffer is contiguous and writable and stays lent to us for the call. Whoever
    // writes to it meanwhile breaks the call's contract, as with any of Python's own I/O; the
    // engine treats the bytes as hostile and checks every bound.
    work(unsafe { std::slice::from_raw_parts_mut(start, len) })
}

/// The bytes of a buffer, which must be contiguous.
pub(crate) fn contiguous(buffer: &PyUntypedBuffer) -> Outcome<&[u8]> {
    if !buffer.is_c_contiguous() {
        return Err(invalid("the buffer must be contiguous"));
    }
    if buffer.len_bytes() == 0 {
        return Ok(&[]);
    }
    // SAFETY: the buffer is contiguous, not empty, and stays lent to us as long as `buffer` lives.
    Ok(unsafe {
        std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>().cast_const(), buffer.len_bytes())
    })
}

impl From<std::convert::Infallible> for Failure {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
