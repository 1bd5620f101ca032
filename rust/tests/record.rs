//! Reading records: batches Kafka wrote, and every way a record's bytes can lie.

mod golden;

use logcore::RecordBatchBuilder;
use logcore::batch::{Batch, BatchHeader};
use logcore::compression::Codec;
use logcore::error::LogError;
use logcore::record::{RecordRef, Records, decode, record_timestamp};
use logcore::varint::{write_varint, write_varlong};
use proptest::prelude::*;

const LIMIT_BYTES: usize = 1 << 20;

/// A header that promises `count` records up to `last_offset_delta`.
fn header(count: i32, last_offset_delta: i32) -> BatchHeader {
    let bytes = golden::batch("plain_none");
    let header = Batch::first(&bytes).expect("sound").expect("whole").header;
    BatchHeader { count, last_offset_delta, ..header }
}

/// The records, or the reason the first bad one is refused for.
fn read(bytes: &[u8], count: i32, last_delta: i32) -> Result<Vec<RecordRef<'_>>, String> {
    let records = Records::new(&header(count, last_delta), bytes);
    match records.and_then(Iterator::collect) {
        Ok(records) => Ok(records),
        Err(LogError::CorruptBatch { reason }) => Err(reason),
        Err(error) => panic!("expected CorruptBatch, got {error}"),
    }
}

/// A record from raw numbers; `length` is taken as given, or measured.
fn raw(length: Option<i32>, offset_delta: i32, numbers_and_bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![0];
    write_varlong(&mut body, 0);
    write_varint(&mut body, offset_delta);
    body.extend(numbers_and_bytes);
    let mut out = Vec::new();
    write_varint(&mut out, length.unwrap_or_else(|| i32::try_from(body.len()).expect("small")));
    out.extend(body);
    out
}

/// Key null, value null, no headers.
const NULLS: [u8; 3] = [1, 1, 0];

#[test]
fn kafkas_batches_read_back() {
    let names = ["none", "gzip", "snappy", "lz4", "zstd"].map(|codec| format!("plain_{codec}"));
    for name in names.iter().map(String::as_str).chain(["append_time"]) {
        let bytes = golden::batch(name);
        let batch = Batch::first(&bytes).unwrap().unwrap();
        batch.verify_crc().unwrap();
        let decoded = decode(&batch, LIMIT_BYTES).unwrap();
        let mut records = Records::new(&batch.header, &decoded).unwrap();
        for given in golden::records() {
            let record = records.next().unwrap().unwrap();
            assert_eq!(record.offset_delta, given.offset_delta, "{name}");
            assert_eq!((record.key, record.value), (given.key, given.value), "{name}");
            let headers: Vec<_> = record.headers().collect();
            let expected: Vec<_> = given
                .headers
                .iter()
                .map(|(k, v)| (str::from_utf8(k).unwrap().into(), *v))
                .collect();
            assert_eq!(headers, expected);
            let appended = name == "append_time";
            let expected = if appended { 1_800_000_000_000 } else { given.timestamp };
            assert_eq!(record_timestamp(&batch.header, &record), expected, "{name}");
        }
        assert!(records.next().is_none());
        assert!(records.next().is_none());
    }
}

#[test]
fn timestamps_count_from_the_delete_horizon() {
    let bytes = golden::batch("horizon");
    let batch = Batch::first(&bytes).unwrap().unwrap();
    assert_eq!(batch.header.delete_horizon_ms(), Some(1_700_000_005_000));
    let record = Records::new(&batch.header, batch.records_bytes()).unwrap().next();
    assert_eq!(record_timestamp(&batch.header, &record.unwrap().unwrap()), 1_700_000_000_000);
}

#[test]
fn the_smallest_record_is_read() {
    let bytes = raw(None, 0, &NULLS);
    assert_eq!(bytes.len(), 7);
    let records = read(&bytes, 1, 0).unwrap();
    assert_eq!((records[0].key, records[0].value, records[0].header_count), (None, None, 0));
}

#[test]
fn lengths_that_lie_are_refused() {
    let cases: [(Vec<u8>, &str); 9] = [
        (raw(Some(-1), 0, &NULLS), "length is negative"),
        (raw(Some(i32::MIN), 0, &NULLS), "length is negative"),
        (raw(Some(i32::MAX), 0, &NULLS), "longer than the bytes left"),
        (raw(Some(7), 0, &NULLS), "longer than the bytes left"),
        (raw(Some(5), 0, &NULLS), "cut off"),
        (raw(Some(0), 0, &NULLS), "cut off"),
        (raw(None, 0, &[1, 1, 0, 0]), "follow its last field"),
        (vec![0xFF; 20], "cut off, or a number"),
        (vec![0x80; 20], "cut off, or a number"),
    ];
    for (bytes, why) in cases {
        let reason = read(&bytes, 1, 0).unwrap_err();
        assert!(reason.contains(why), "{reason} of {bytes:?}");
    }
}

#[test]
fn keys_and_values_that_lie_are_refused() {
    let huge = [0xFE, 0xFF, 0xFF, 0xFF, 0x0F]; // 2^31 - 1
    let negative = 3; // -2
    let cases: [(Vec<u8>, &str); 6] = [
        ([huge.as_slice(), &[1, 0]].concat(), "longer than the record"),
        ([&[1], huge.as_slice(), &[0]].concat(), "longer than the record"),
        (vec![negative, 1, 0], "negative length"),
        (vec![1, negative, 0], "negative length"),
        (vec![4, b'k', 1, 0], "cut off"),
        (vec![1, 6, b'v', 0], "longer than the record"),
    ];
    for (fields, why) in cases {
        let reason = read(&raw(None, 0, &fields), 1, 0).unwrap_err();
        assert!(reason.contains(why), "{reason} of {fields:?}");
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let huge = [0xFE, 0xFF, 0xFF, 0xFF, 0x0F];
    let cases: [(Vec<u8>, &str); 7] = [
        (vec![1, 1, 1], "fewer bytes than headers need"), // -1 headers
        ([&[1, 1], huge.as_slice()].concat(), "fewer bytes than headers need"),
        (vec![1, 1, 4, 0, 1], "fewer bytes than headers need"), // two promised, one there
        (vec![1, 1, 2, 1, 1], "a header"),                      // a null key
        (vec![1, 1, 2, 0, 3], "a header"),                      // value length -2
        ([&[1, 1, 2], huge.as_slice(), &[1]].concat(), "a header"),
        (vec![1, 1, 2, 0, 1, 9], "follow its last field"),
    ];
    for (fields, why) in cases {
        let reason = read(&raw(None, 0, &fields), 1, 0).unwrap_err();
        assert!(reason.contains(why), "{reason} of {fields:?}");
    }
}

#[test]
fn what_of_a_header_key_is_not_utf8_is_replaced() {
    let bytes = raw(None, 0, &[1, 1, 4, 2, 0xFF, 1, 2, b'k', 1]);
    let records = read(&bytes, 1, 0).unwrap();
    let headers: Vec<_> = records[0].headers().collect();
    assert_eq!(headers, [("\u{FFFD}".into(), None), ("k".into(), None)]);
}

#[test]
fn the_count_must_match_the_bytes() {
    let two = [raw(None, 0, &NULLS), raw(None, 1, &NULLS)].concat();
    assert_eq!(read(&two, 2, 1).unwrap().len(), 2);
    assert!(read(&two, 1, 1).unwrap_err().contains("7 bytes follow the last record"));
    assert!(read(&two, 0, 1).unwrap_err().contains("14 bytes follow"));
    assert!(read(&two, 3, 2).unwrap_err().contains("3 records cannot stand in 14 bytes"));
    assert!(read(&two, i32::MAX, i32::MAX).unwrap_err().contains("cannot stand"));
    assert!(read(&two, -1, 1).unwrap_err().contains("cannot stand"));
    let padded = [two, vec![0; 7]].concat();
    assert!(read(&padded, 3, 2).unwrap_err().contains("byte 14"));
}

#[test]
fn offset_deltas_must_rise_within_the_batch() {
    for (deltas, last, good) in [
        ([0, 1], 1, true),
        ([3, 9], 9, true),
        ([1, 1], 9, false),
        ([2, 1], 9, false),
        ([-1, 1], 9, false),
        ([0, 10], 9, false),
        ([0, i32::MAX], i32::MAX, true),
    ] {
        let bytes = deltas.map(|delta| raw(None, delta, &NULLS)).concat();
        assert_eq!(read(&bytes, 2, last).is_ok(), good, "{deltas:?}");
    }
}

#[test]
fn damage_ends_the_records() {
    let bytes = [raw(None, 0, &NULLS), vec![0xFF; 7]].concat();
    let mut records = Records::new(&header(2, 1), &bytes).unwrap();
    assert!(records.next().unwrap().is_ok());
    assert!(records.next().unwrap().is_err());
    assert!(records.next().is_none());
}

#[test]
fn decode_borrows_what_is_not_compressed_and_limits_what_is() {
    let plain = golden::batch("plain_none");
    let batch = Batch::first(&plain).unwrap().unwrap();
    assert!(matches!(decode(&batch, 0), Ok(std::borrow::Cow::Borrowed(_))));
    let packed = golden::batch("plain_zstd");
    let batch = Batch::first(&packed).unwrap().unwrap();
    assert!(matches!(decode(&batch, 10), Err(LogError::CorruptBatch { .. })));
    let mut unknown = plain;
    unknown[22] = 5;
    let batch = Batch::first(&unknown).unwrap().unwrap();
    assert!(matches!(decode(&batch, 10), Err(LogError::UnsupportedCompression { .. })));
}

fn some_batch(codec: Codec) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(codec, None);
    for n in 0..5_i64 {
        let headers = [(b"h".as_slice(), Some(b"v".as_slice()))];
        builder.append(n * 1000, Some(b"key"), Some(&[7; 40]), &headers).expect("valid");
    }
    builder.finish().expect("sealed").to_vec()
}

proptest! {
    #[test]
    fn any_flipped_bit_the_crc_covers_is_found(at in 21_usize.., bit in 0_u32..8) {
        let mut bytes = some_batch(Codec::None);
        let at = 21 + at % (bytes.len() - 21);
        bytes[at] ^= 1_u8 << bit;
        // The header may refuse it first.
        let found = Batch::first(&bytes).and_then(|batch| batch.unwrap().verify_crc());
        let corrupt = matches!(found, Err(LogError::CorruptBatch { .. }));
        prop_assert!(corrupt);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, count: i32, last: i32) {
        if let Ok(records) = Records::new(&header(count, last), &bytes) {
            for record in records.flatten() {
                prop_assert!(record.headers().count() <= bytes.len());
            }
        }
        let _ = Batch::first(&bytes);
    }

    #[test]
    fn a_changed_batch_never_panics(at: prop::sample::Index, byte: u8, codec in 0_u8..5) {
        let mut bytes = some_batch(Codec::from_id(codec).unwrap());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let Ok(Some(batch)) = Batch::first(&bytes) else { return Ok(()) };
        let Ok(decoded) = decode(&batch, LIMIT_BYTES) else { return Ok(()) };
        let Ok(records) = Records::new(&batch.header, &decoded) else { return Ok(()) };
        for record in records.flatten() {
            let _ = record.headers().collect::<Vec<_>>();
        }
    }
}
