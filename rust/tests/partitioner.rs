//! Choosing partitions: as other clients do for keys, by chance and load for the rest.

use logcore::partitioner::{Chance, Partitioner};
use proptest::prelude::*;

#[test]
fn partitioners_have_names() {
    let named = |name| Partitioner::from_name(name);
    assert_eq!(named("murmur2_random"), Some(Partitioner::default()));
    assert_eq!(named("consistent_random"), Some(Partitioner::Crc32));
    assert_eq!(named("fnv1a_random"), Some(Partitioner::Fnv1a));
    assert_eq!(named("roundrobin"), Some(Partitioner::RoundRobin));
    assert_eq!(named("random"), None);
}

#[test]
fn hashes_are_the_well_known_ones() {
    let many = 1 << 32;
    assert_eq!(Partitioner::Crc32.of_key(b"123456789", many), Some(0xCBF4_3926));
    assert_eq!(Partitioner::Fnv1a.of_key(b"", many), Some(0x7EE3_623B), "without its sign");
    assert_eq!(Partitioner::Fnv1a.of_key(b"foobar", many), Some(0x4063_0698));
    assert_eq!(Partitioner::Murmur2.of_key(b"abc", many), Some(479_470_107));
}

#[test]
fn some_keys_have_no_say() {
    assert_eq!(Partitioner::Crc32.of_key(b"", 3), None);
    assert!(Partitioner::Murmur2.of_key(b"", 3).is_some());
    assert_eq!(Partitioner::RoundRobin.of_key(b"key", 3), None);
}

#[test]
fn where_much_waits_little_is_sent() {
    let mut chance = Chance::new(7);
    let loads = [0, 9, 4];
    let mut drawn = [0_u32; 3];
    for _ in 0..16_000 {
        let at = chance.draw(3, |at| loads[at], Some(0));
        drawn[at] += 1;
    }
    // Weights of 10, 1 and 6.
    let expected = [9411_i64, 941, 5647];
    for (got, wanted) in drawn.into_iter().zip(expected) {
        assert!((i64::from(got) - wanted).abs() < 400, "{drawn:?}");
    }
}

proptest! {
    #[test]
    fn what_is_drawn_is_a_candidate(
        seed in any::<u64>(),
        loads in proptest::collection::vec(0..50_usize, 1..20),
        last in proptest::option::of(0..20_usize),
    ) {
        let mut chance = Chance::new(seed);
        let count = loads.len();
        for _ in 0..50 {
            let load = |at: usize| loads.get(at).copied().unwrap_or_default();
            prop_assert!(chance.draw(count, load, last) < count);
            let other = chance.draw(count, |_| 3, last);
            prop_assert!(other < count && (count == 1 || Some(other) != last));
        }
    }

    #[test]
    fn a_partition_is_always_one_that_there_is(
        key in proptest::collection::vec(any::<u8>(), 0..40),
        count in 1..50_usize,
    ) {
        for partitioner in [Partitioner::Murmur2, Partitioner::Crc32, Partitioner::Fnv1a] {
            prop_assert!(partitioner.of_key(&key, count).is_none_or(|at| at < count));
        }
    }
}
