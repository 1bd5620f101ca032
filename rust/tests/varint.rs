//! Varints: known bytes, both borders of every length, damage, and round trips.

use logcore::varint::{
    read_varint, read_varlong, varint_size, varlong_size, write_varint, write_varlong,
};
use proptest::prelude::*;

fn varint(value: i32) -> Vec<u8> {
    let mut out = Vec::new();
    write_varint(&mut out, value);
    out
}

fn varlong(value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    write_varlong(&mut out, value);
    out
}

#[test]
fn known_bytes() {
    assert_eq!(varint(0), [0]);
    assert_eq!(varint(-1), [1]);
    assert_eq!(varint(1), [2]);
    assert_eq!(varint(63), [126]);
    assert_eq!(varint(-64), [127]);
    assert_eq!(varint(64), [0x80, 0x01]);
    assert_eq!(varint(-65), [0x81, 0x01]);
    assert_eq!(varint(8191), [0xFE, 0x7F]);
    assert_eq!(varint(8192), [0x80, 0x80, 0x01]);
    assert_eq!(varint(i32::MAX), [0xFE, 0xFF, 0xFF, 0xFF, 0x0F]);
    assert_eq!(varint(i32::MIN), [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
    assert_eq!(varlong(i64::MAX).len(), 10);
    assert_eq!(varlong(i64::MIN), [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
}

#[test]
fn every_length_has_its_borders() {
    for bits in 0..63 {
        for value in [(1_i64 << bits) - 1, 1 << bits, -(1 << bits), -(1 << bits) - 1] {
            let bytes = varlong(value);
            assert_eq!(varlong_size(value), bytes.len(), "{value}");
            assert_eq!(read_varlong(&bytes), Some((value, bytes.len())));
            if let Ok(value) = i32::try_from(value) {
                assert_eq!(varint_size(value), bytes.len(), "{value}");
                assert_eq!(read_varint(&bytes), Some((value, bytes.len())));
            }
        }
    }
}

#[test]
fn cut_off_or_endless_is_none() {
    for value in [64, 8192, i32::MAX, i32::MIN] {
        let bytes = varint(value);
        for cut in 0..bytes.len() {
            assert_eq!(read_varint(&bytes[..cut]), None);
            assert_eq!(read_varlong(&bytes[..cut]), None);
        }
    }
    assert_eq!(read_varint(&[0xFF; 5]), None);
    assert_eq!(read_varint(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), None);
    assert_eq!(read_varlong(&[0xFF; 10]), None);
    assert_eq!(read_varlong(&[0x80; 11]), None);
}

#[test]
fn an_overlong_form_reads_as_its_value() {
    // Kafka's reader takes it too; only the length is bounded.
    assert_eq!(read_varint(&[0x82, 0x00]), Some((1, 2)));
    assert_eq!(read_varlong(&[0x82, 0x80, 0x00]), Some((1, 3)));
}

proptest! {
    #[test]
    fn round_trip(value: i64, tail: Vec<u8>) {
        let mut bytes = varlong(value);
        let size = bytes.len();
        prop_assert_eq!(varlong_size(value), size);
        bytes.extend(&tail);
        prop_assert_eq!(read_varlong(&bytes), Some((value, size)));
    }

    #[test]
    fn round_trip_32(value: i32, tail: Vec<u8>) {
        let mut bytes = varint(value);
        let size = bytes.len();
        prop_assert_eq!(varint_size(value), size);
        bytes.extend(&tail);
        prop_assert_eq!(read_varint(&bytes), Some((value, size)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = read_varint(&bytes);
        let _ = read_varlong(&bytes);
    }
}
