//! Batches that Apache Kafka 4.3.1's own `MemoryRecordsBuilder` wrote, by name, as hex.
//!
//! `plain_<codec>` all hold the records of [`records`] from base offset 5 without a producer;
//! `append_time` holds them with log append time, producer 77 and leader epoch 12. The compressed
//! ones are for reading: two implementations of a codec need not give equal bytes.

#![allow(dead_code, reason = "each test binary uses its part")]

/// One record: offset delta, timestamp, key, value, headers.
pub(crate) struct Given {
    pub(crate) offset_delta: i32,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<&'static [u8]>,
    pub(crate) value: Option<&'static [u8]>,
    pub(crate) headers: &'static [(&'static [u8], Option<&'static [u8]>)],
}

/// The batch of a name.
pub(crate) fn batch(name: &str) -> Vec<u8> {
    let line = include_str!("batches.txt")
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no batch {name}"));
    let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("a hex digit");
    let pairs = line.as_bytes().as_chunks::<2>().0;
    pairs.iter().map(|[a, b]| u8::try_from(digit(a) * 16 + digit(b)).expect("a byte")).collect()
}

const HEADERS: &[(&[u8], Option<&[u8]>)] =
    &[(b"h", Some(b"1")), ("é".as_bytes(), None), (b"", Some(b""))];

/// The records of most batches.
pub(crate) fn records() -> [Given; 4] {
    let given = |offset_delta, timestamp, key, value| Given {
        offset_delta,
        timestamp,
        key,
        value,
        headers: &[],
    };
    let mut records = [
        given(0, 1_700_000_000_000, Some(b"k".as_slice()), Some(b"value".as_slice())),
        given(1, 1_700_000_000_100, None, None),
        given(2, 1_699_999_999_000, Some(b""), Some(b"")),
        given(70, 1_700_000_000_000, Some(b"key"), Some(&[0; 130])),
    ];
    records[2].headers = HEADERS;
    records
}
