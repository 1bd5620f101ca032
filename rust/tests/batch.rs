//! The batch header: round trips, the fields no checksum covers, and walking hostile bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod logs;

use logcore::batch::{HEADER_SIZE_BYTES, assign, increment_sequence, seal, set_max_timestamp};
use logcore::{Batch, BatchHeader, Batches};
use logs::batch;
use proptest::prelude::*;

#[test]
fn a_header_writes_what_it_reads() {
    let bytes = batch(&[(5, "a"), (9, "b")]);
    let header = Batch::first(&bytes).unwrap().unwrap().header;
    let mut written = [0; HEADER_SIZE_BYTES];
    header.write(&mut written);
    assert_eq!(written, bytes[..HEADER_SIZE_BYTES]);
    assert_eq!((header.count, header.last_offset_delta, header.max_timestamp), (2, 1, 9));
    assert_eq!(header.size_bytes().unwrap(), bytes.len());
}

#[test]
fn offset_and_epoch_are_assigned_without_touching_the_checksum() {
    let mut bytes = batch(&[(5, "a")]);
    assign(&mut bytes, 1234, 7);
    let batch = Batch::first(&bytes).unwrap().unwrap();
    batch.verify_crc().unwrap();
    assert_eq!((batch.header.base_offset, batch.header.leader_epoch), (1234, 7));
    assert_eq!(batch.header.next_offset(), 1235);
}

#[test]
fn every_flipped_bit_is_noticed_or_lies_where_no_checksum_is() {
    let good = batch(&[(5, "some value")]);
    for at in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        let noticed = match Batch::first(&bytes) {
            Ok(Some(batch)) => batch.verify_crc().is_err(),
            Ok(None) | Err(_) => true,
        };
        // Base offset and leader epoch are the leader's to assign.
        let is_open = at / 8 < 8 || (12..16).contains(&(at / 8));
        assert!(noticed || is_open, "bit {at}");
    }
}

#[test]
fn a_batch_cut_anywhere_is_no_batch() {
    let bytes = batch(&[(5, "some value")]);
    for len in 0..bytes.len() {
        assert!(Batch::first(&bytes[..len]).unwrap().is_none(), "{len} bytes");
    }
    let mut two = bytes.clone();
    two.extend(&bytes[..70]);
    let mut walk = Batches::new(&two);
    assert_eq!(walk.by_ref().count(), 1);
    assert_eq!(walk.rest().len(), 70);
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let bytes = batch(&[(5, "v")]);
    let good = Batch::first(&bytes).unwrap().unwrap().header;
    good.check().unwrap();
    for bad in [
        BatchHeader { length: 48, ..good },
        BatchHeader { length: -1, ..good },
        BatchHeader { length: i32::MIN, ..good },
        BatchHeader { magic: 1, ..good },
        BatchHeader { base_offset: -1, ..good },
        BatchHeader { base_offset: i64::MAX, ..good },
        BatchHeader { last_offset_delta: -1, ..good },
        BatchHeader { count: -1, ..good },
        BatchHeader { count: 2, ..good },
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
}

#[test]
fn sequences_wrap_to_zero() {
    assert_eq!(increment_sequence(i32::MAX, 1), 0);
    assert_eq!(increment_sequence(i32::MAX - 1, 5), 3);
    assert_eq!(increment_sequence(0, 7), 7);
}

#[test]
fn times_and_seals_keep_the_checksum_right() {
    let mut bytes = batch(&[(5, "v")]);
    set_max_timestamp(&mut bytes, true, 777);
    let stamped = Batch::first(&bytes).unwrap().unwrap();
    stamped.verify_crc().unwrap();
    assert!(stamped.header.is_log_append_time());
    assert_eq!(stamped.header.max_timestamp, 777);
    bytes.extend([1, 2, 3]);
    seal(&mut bytes);
    let sealed = Batch::first(&bytes).unwrap().unwrap();
    sealed.verify_crc().unwrap();
    assert_eq!(sealed.bytes.len(), bytes.len());
}

proptest! {
    #[test]
    fn no_bytes_make_the_walk_panic_or_hang(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let walked: usize = Batches::new(&bytes).flatten().map(|batch| batch.bytes.len()).sum();
        prop_assert!(walked <= bytes.len());
    }
}
