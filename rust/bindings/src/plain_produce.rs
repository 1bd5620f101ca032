//! A plain Produce request, read and answered without a Python object for each of its fields.
//!
//! Most requests to a broker are of this kind: records for one partition, outside of transactions, to
//! be acknowledged. Python asks for what is needed to find the partition, decides, and has the answer
//! made by the append. Invariant: nothing is decided here. What is not plain, or not well formed to
//! the last byte, is `None`, and what cannot be appended is an error: Python then serves the request
//! in its usual way, which knows every case and says what is wrong.

use std::ops::Range;

use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::appending::contiguous;
use crate::error::Outcome;

const PRODUCE: i16 = 0;
const FIRST_VERSION: i16 = 3;
const FLEXIBLE_FROM: i16 = 9;
const IDS_FROM: i16 = 13;
const LAST_VERSION: i16 = 13;
const START_OFFSETS_FROM: i16 = 5;
const ZSTD_FROM: i16 = 7;
const REASONS_FROM: i16 = 8;

const ID_BYTES: usize = 16;
const LENGTH_AT: usize = 8;
const MAGIC: u8 = 2;
const HEADER_BYTES: usize = 61;
const CODEC_MASK: i16 = 0x07;
const ZSTD: i16 = 4;
/// Transactional (0x10) or control (0x20).
const NOT_PLAIN: i16 = 0x30;

/// What a plain request says, by where it says it.
pub(crate) struct Plain {
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) topic: Range<usize>,
    pub(crate) index: i32,
    pub(crate) records: Range<usize>,
}

/// Reads numbers and lengths; `None` as soon as something is not there.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    fn range(&mut self, count: usize) -> Option<Range<usize>> {
        let start = self.at;
        self.take(count)?;
        Some(start..self.at)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    /// A varint of at most 31 bits.
    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = *self.take(1)?.first()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn expect(&mut self, wanted: &[u8]) -> Option<()> {
        (self.take(wanted.len())? == wanted).then_some(())
    }

    /// The end of a structure: no tagged fields, where there could be any.
    fn no_tags(&mut self, is_flexible: bool) -> Option<()> {
        if is_flexible { self.expect(&[0]) } else { Some(()) }
    }

    /// An array of exactly one element.
    fn one(&mut self, is_flexible: bool) -> Option<()> {
        if is_flexible { self.expect(&[2]) } else { self.expect(&[0, 0, 0, 1]) }
    }

    /// The name of a topic, or its id.
    fn topic(&mut self, version: i16) -> Option<Range<usize>> {
        if version >= IDS_FROM {
            return self.range(ID_BYTES);
        }
        let length = if version >= FLEXIBLE_FROM {
            self.varint()?.checked_sub(1)?
        } else {
            usize::try_from(self.i16()?).ok()?
        };
        let name = self.range(length)?;
        std::str::from_utf8(self.bytes.get(name.clone())?).ok()?;
        Some(name)
    }

    fn records(&mut self, is_flexible: bool) -> Option<Range<usize>> {
        let length = if is_flexible {
            self.varint()?.checked_sub(1)?
        } else {
            usize::try_from(self.i32()?).ok()?
        };
        self.range(length)
    }
}

/// Whether a batch is one that needs no second thought before the engine checks it in full.
fn is_plain(batch: &[u8], version: i16) -> Option<bool> {
    let mut reader = Reader { bytes: batch, at: LENGTH_AT };
    let length = usize::try_from(reader.i32()?).ok()?;
    let is_whole = length == batch.len() - reader.at;
    reader.i32()?; // leader epoch
    reader.expect(&[MAGIC])?;
    reader.i32()?; // CRC
    let attributes = reader.i16()?;
    let is_known = version >= ZSTD_FROM || attributes & CODEC_MASK != ZSTD;
    Some(is_whole && is_known && attributes & NOT_PLAIN == 0 && batch.len() >= HEADER_BYTES)
}

impl Plain {
    /// Reads a request without its length; `None` if it is not plain.
    pub(crate) fn of(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes: frame, at: 0 };
        if reader.i16()? != PRODUCE {
            return None;
        }
        let version = reader.i16()?;
        if !(FIRST_VERSION..=LAST_VERSION).contains(&version) {
            return None;
        }
        let is_flexible = version >= FLEXIBLE_FROM;
        let correlation_id = reader.i32()?;
        let client_id = reader.i16()?;
        if client_id >= 0 {
            std::str::from_utf8(reader.take(usize::try_from(client_id).ok()?)?).ok()?;
        }
        reader.no_tags(is_flexible)?;
        // No transactional id.
        reader.expect(if is_flexible { &[0] } else { &[0xff, 0xff] })?;
        if !matches!(reader.i16()?, -1 | 1) {
            return None; // acks
        }
        reader.i32()?; // how long it may take
        reader.one(is_flexible)?;
        let topic = reader.topic(version)?;
        reader.one(is_flexible)?;
        let index = reader.i32()?;
        let records = reader.records(is_flexible)?;
        for _ in 0..3 {
            reader.no_tags(is_flexible)?; // of the partition, the topic and the request
        }
        let is_whole = reader.at == frame.len();
        let is_plain = is_whole && is_plain(frame.get(records.clone())?, version)?;
        is_plain.then_some(Self { version, correlation_id, topic, index, records })
    }

    /// Whether it tells the topic's id, not its name.
    pub(crate) fn has_id(&self) -> bool {
        self.version >= IDS_FROM
    }

    /// The topic, its name or its id, as Python knows them.
    pub(crate) fn topic_object<'py>(&self, py: Python<'py>, topic: &[u8]) -> Bound<'py, PyAny> {
        if self.has_id() {
            return PyBytes::new(py, topic).into_any();
        }
        PyString::new(py, std::str::from_utf8(topic).expect("it was checked")).into_any()
    }

    /// Appends the response, without its length.
    ///
    /// `offsets` are those of the first record, the time of the append and the log's start.
    pub(crate) fn answer(&self, topic: &[u8], offsets: (i64, i64, i64), answer: &mut Vec<u8>) {
        let Self { version, correlation_id, index, .. } = *self;
        let (base_offset, log_append_time, log_start_offset) = offsets;
        let is_flexible = version >= FLEXIBLE_FROM;
        answer.extend(correlation_id.to_be_bytes());
        if is_flexible {
            answer.extend([0, 2]); // no tags in the header, one topic
        } else {
            answer.extend(1_i32.to_be_bytes());
        }
        if version < FLEXIBLE_FROM {
            answer.extend(i16::try_from(topic.len()).expect("read as one").to_be_bytes());
        } else if version < IDS_FROM {
            push_varint(answer, topic.len() + 1);
        }
        answer.extend(topic);
        if is_flexible {
            answer.push(2); // one partition
        } else {
            answer.extend(1_i32.to_be_bytes());
        }
        answer.extend(index.to_be_bytes());
        answer.extend(0_i16.to_be_bytes()); // no error
        answer.extend(base_offset.to_be_bytes());
        answer.extend(log_append_time.to_be_bytes());
        if version >= START_OFFSETS_FROM {
            answer.extend(log_start_offset.to_be_bytes());
        }
        if is_flexible {
            answer.extend([1, 0, 0, 0]); // no bad records, no reason, no tags twice
        } else if version >= REASONS_FROM {
            answer.extend([0, 0, 0, 0, 0xff, 0xff]);
        }
        answer.extend(0_i32.to_be_bytes()); // not throttled
        if is_flexible {
            answer.push(0);
        }
    }
}

fn push_varint(answer: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        answer.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    answer.push(u8::try_from(value).expect("seven bits"));
}

/// A Produce request for one partition, outside of transactions, to be acknowledged.
#[pyclass(frozen, module = "logcore._native._core")]
pub(crate) struct PlainProduce {
    plain: Plain,
    topic: Vec<u8>,
}

impl PlainProduce {
    /// Where the records are in the request.
    pub(crate) fn records(&self) -> Range<usize> {
        self.plain.records.clone()
    }

    /// The response to it, without its length.
    pub(crate) fn answer(&self, offsets: (i64, i64, i64)) -> Vec<u8> {
        let mut answer = Vec::with_capacity(64 + self.topic.len());
        self.plain.answer(&self.topic, offsets, &mut answer);
        answer
    }
}

#[pymethods]
impl PlainProduce {
    /// Look at a request; None if it is not plain.
    #[staticmethod]
    fn of(frame: &Bound<'_, PyAny>) -> Outcome<Option<Self>> {
        let buffer = PyUntypedBuffer::get(frame)?;
        let bytes = contiguous(&buffer)?;
        let Some(plain) = Plain::of(bytes) else { return Ok(None) };
        let topic = bytes.get(plain.topic.clone()).expect("it was read there").to_vec();
        Ok(Some(Self { plain, topic }))
    }

    /// The topic: its name, or its id of 16 bytes.
    #[getter]
    fn topic<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.plain.topic_object(py, &self.topic)
    }

    /// The partition's number in the topic.
    #[getter]
    fn index(&self) -> i32 {
        self.plain.index
    }

    /// The version of the request.
    #[getter]
    fn version(&self) -> i16 {
        self.plain.version
    }
}
