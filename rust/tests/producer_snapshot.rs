//! The bytes of producer snapshots: the format, and every way in which a file can be damaged.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod producers;

use std::path::Path;

use logcore::batch::NO_SEQUENCE;
use logcore::crc::crc32c;
use logcore::producer_entry::ProducerEntry;
use logcore::producer_snapshot::{decode, encode};
use logcore::{LogError, Result};
use producers::*;
use proptest::prelude::*;

const FILE: &str = "00000000000000000007.snapshot";

fn read(bytes: &[u8]) -> Result<Vec<(i64, ProducerEntry)>> {
    decode(Path::new(FILE), bytes)
}

/// Bytes of a snapshot: one producer inside a transaction, one that only has a marker.
fn two_producers() -> Vec<u8> {
    let mut log = Log { now_ms: 123_456, ..Log::default() };
    log.client(up_to(5, transactional(1, 2, 0, 2))).unwrap();
    let marker = logcore::control::EndTxnMarker { commit: true, coordinator_epoch: 13 };
    log.end(control(11, 12, 6), marker).unwrap();
    let path = log.state.take_snapshot(true).unwrap().unwrap();
    assert!(path.ends_with(FILE));
    std::fs::read(path).unwrap()
}

/// Fills in the CRC, so that what is wrong is something else.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc32c(&bytes[6..]).to_be_bytes();
    bytes[2..6].copy_from_slice(&crc);
    bytes
}

#[test]
fn the_bytes_are_kafkas() {
    let mut expected = vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 2];
    for (id, epoch, sequence, offset, delta, coordinator, first) in
        [(1_i64, 2_i16, 3_i32, 5_i64, 3_i32, -1_i32, 2_i64), (11, 12, -1, -1, 0, 13, -1)]
    {
        expected.extend(id.to_be_bytes());
        expected.extend(epoch.to_be_bytes());
        expected.extend(sequence.to_be_bytes());
        expected.extend(offset.to_be_bytes());
        expected.extend(delta.to_be_bytes());
        expected.extend(123_456_i64.to_be_bytes());
        expected.extend(coordinator.to_be_bytes());
        expected.extend(first.to_be_bytes());
    }
    assert_eq!(two_producers(), sealed(expected));
}

#[test]
fn what_was_written_is_read() {
    let producers = read(&two_producers()).unwrap();
    let ids: Vec<i64> = producers.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 11]);
    let (first, second) = (&producers[0].1, &producers[1].1);
    assert_eq!((first.producer_epoch(), first.last_sequence()), (2, 3));
    assert_eq!((first.last_offset(), first.transaction_first_offset()), (Some(5), Some(2)));
    assert_eq!((second.producer_epoch(), second.coordinator_epoch()), (12, 13));
    assert_eq!((second.last_sequence(), second.last_timestamp()), (NO_SEQUENCE, 123_456));
    let entries = producers.iter().map(|(id, entry)| (*id, entry));
    assert_eq!(encode(entries), two_producers());
}

#[test]
fn a_snapshot_of_no_producers_is_valid() {
    assert_eq!(read(&encode(std::iter::empty())).unwrap(), []);
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let whole = two_producers();
    for len in 0..whole.len() {
        assert!(matches!(read(&whole[..len]), Err(LogError::Corrupt { .. })), "cut at {len}");
    }
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&bytes).is_err(), "bit {bit}");
    }
    assert!(read(&[whole.as_slice(), &[0]].concat()).is_err(), "a byte too many");
}

#[test]
fn a_count_that_does_not_match_is_corrupt_even_with_a_right_crc() {
    for count in [0_i32, 1, 3, -1, i32::MAX, i32::MIN] {
        let mut bytes = two_producers();
        bytes[6..10].copy_from_slice(&count.to_be_bytes());
        assert!(matches!(read(&sealed(bytes)), Err(LogError::Corrupt { position: 6, .. })));
    }
}

#[test]
fn a_producer_that_occurs_twice_is_corrupt() {
    let mut bytes = two_producers();
    bytes[56..64].copy_from_slice(&1_i64.to_be_bytes());
    assert!(matches!(read(&sealed(bytes)), Err(LogError::Corrupt { position: 10, .. })));
}

#[test]
fn other_versions_are_refused() {
    let mut bytes = two_producers();
    bytes[1] = 2;
    assert!(matches!(read(&bytes), Err(LogError::UnsupportedFormat { version: 2, .. })));
    for version in [[0, 0], [0xFF, 0xFF]] {
        bytes[..2].copy_from_slice(&version);
        assert!(matches!(read(&bytes), Err(LogError::Corrupt { position: 0, .. })));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        // The same with a valid frame around arbitrary entries, which are then used.
        bytes.truncate(bytes.len() / 46 * 46);
        let count = i32::try_from(bytes.len() / 46).unwrap().to_be_bytes();
        let framed = sealed([&[0, 1, 0, 0, 0, 0], &count[..], &bytes].concat());
        let mut log = Log::default();
        std::fs::write(log.snapshot_path(7), &framed).unwrap();
        log.state.truncate_fully_and_start_at(0).unwrap();
        std::fs::write(log.snapshot_path(7), &framed).unwrap();
        let mut state = log.reopened(0, 9, 0);
        let ids: Vec<i64> = state.active_producers().map(|(id, _)| id).collect();
        for id in ids {
            let epoch = state.last_entry(id).unwrap().producer_epoch();
            let _ = state.last_entry(id).unwrap().batches()[..].first().map(|batch| {
                (batch.first_sequence(), batch.first_offset())
            });
            let _ = state.replay(&data(id, epoch, 0, 9), None);
            let _ = state.replay(&control(id, epoch, 10), Some(ABORT));
        }
        let _ = (state.first_unstable_offset(), state.has_late_transaction(i64::MAX));
        state.remove_expired(i64::MIN);
        state.remove_expired(i64::MAX);
    }

    #[test]
    fn any_entries_round_trip(
        entries in proptest::collection::btree_map(
            any::<i64>(), (any::<i16>(), 0..i32::MAX, 0..i64::MAX, any::<bool>()), 0..8),
    ) {
        let mut log = Log::default();
        for (&id, &(epoch, sequence, offset, open)) in entries.iter().filter(|(id, _)| **id >= 0) {
            let header = if open { transactional(id, epoch, sequence, offset) } else {
                data(id, epoch, sequence, offset)
            };
            log.replicate(header).unwrap();
        }
        let producers: Vec<_> = log.state.active_producers().collect();
        let decoded = read(&encode(producers.clone().into_iter())).unwrap();
        prop_assert_eq!(decoded.iter().map(|(id, e)| (*id, e)).collect::<Vec<_>>(), producers);
    }
}
