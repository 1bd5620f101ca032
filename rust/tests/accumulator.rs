//! A producer's batches: nothing is lost on the way, order is kept, limits hold.

use std::collections::HashMap;

use logcore::accumulator::{Accumulator, Limits, NewRecord, Refused};
use logcore::partitioner::Partitioner;
use logcore::{Batch, Codec, Records};
use proptest::prelude::*;

fn limits(batch_bytes: usize, memory_bytes: usize) -> Limits {
    Limits {
        codec: Codec::None,
        level: None,
        batch_bytes,
        memory_bytes,
        record_bytes: 10_000,
        partitioner: Partitioner::Murmur2,
        ignores_keys: false,
        is_adaptive: false,
    }
}

fn record<'a>(key: Option<&'a [u8]>, value: &'a [u8]) -> NewRecord<'a> {
    NewRecord { timestamp: 1, key, value: Some(value), headers: &[] }
}

/// Appends with a new ticket where one is asked for.
fn append(
    to: &mut Accumulator<u32>,
    partition: Option<usize>,
    key: Option<&[u8]>,
    value: &[u8],
    next_ticket: &mut u32,
) -> Result<u32, Refused> {
    let mut fresh = None;
    loop {
        match to.append("t", partition, &record(key, value), 0, &mut fresh) {
            Err(Refused::NeedsTicket) => {
                *next_ticket += 1;
                fresh = Some(*next_ticket);
            }
            other => return other.map(|taken| *taken.ticket),
        }
    }
}

/// The values of a partition's oldest batch, which is given back.
fn drain(from: &mut Accumulator<u32>, partition: usize) -> Vec<Vec<u8>> {
    let Some(mut taken) = from.take("t", partition) else { return Vec::new() };
    let bytes = taken.builder.finish().expect("finishes").to_vec();
    from.give_back(taken.builder, taken.charged_bytes);
    let batch = Batch::first(&bytes).expect("sound").expect("whole");
    let records = Records::new(&batch.header, batch.records_bytes()).expect("sound");
    records.map(|record| record.expect("sound").value.unwrap_or_default().to_vec()).collect()
}

#[test]
fn a_topic_must_be_known_and_have_the_partition() {
    let mut to = Accumulator::new(limits(1000, 10_000), 1);
    let mut ticket = 0;
    assert!(matches!(append(&mut to, None, None, b"v", &mut ticket), Err(Refused::UnknownTopic)));
    to.set_partitions("t", 2, vec![0, 1]);
    let refused = append(&mut to, Some(2), None, b"v", &mut ticket);
    assert!(matches!(refused, Err(Refused::NoPartition(2))));
    assert!(append(&mut to, Some(1), None, b"v", &mut ticket).is_ok());
    assert_eq!(to.ready(5, 0).due, [("t".to_owned(), 1)]);
}

#[test]
fn a_topic_may_be_made_anew_with_fewer_partitions() {
    let mut to = Accumulator::new(limits(1000, 100_000), 1);
    let mut ticket = 0;
    to.set_partitions("t", 8, (0..8).collect());
    append(&mut to, Some(7), None, b"old", &mut ticket).expect("taken");
    to.set_partitions("t", 2, vec![]);
    let refused = append(&mut to, Some(2), None, b"v", &mut ticket);
    assert!(matches!(refused, Err(Refused::NoPartition(2))));
    for at in 0..50_u8 {
        append(&mut to, None, Some(&[at]), b"keyed", &mut ticket).expect("taken");
        append(&mut to, None, None, b"v", &mut ticket).expect("taken");
    }
    assert_eq!(drain(&mut to, 7), [b"old"], "what waits is not lost");
    let counts: Vec<_> = (0..8).map(|partition| drain(&mut to, partition).len()).collect();
    assert!(counts[0] > 0 && counts[1] > 0 && counts[2..].iter().all(|count| *count == 0));
}

#[test]
fn a_batch_is_due_when_it_is_full_or_has_lingered() {
    let mut to = Accumulator::new(limits(320, 10_000), 1);
    to.set_partitions("t", 1, vec![0]);
    let mut ticket = 0;
    let first = append(&mut to, None, None, &[0; 100], &mut ticket).expect("taken");
    let ready = to.ready(1000, 5);
    assert_eq!((ready.due.len(), ready.next_ms), (0, Some(1005)));
    assert_eq!(to.ready(1005, 5).due.len(), 1);
    append(&mut to, None, None, &[0; 100], &mut ticket).expect("taken");
    let other = append(&mut to, None, None, &[0; 100], &mut ticket).expect("taken");
    assert_ne!(first, other, "the first batch was full");
    assert_eq!(to.ready(1001, 5).due.len(), 1);
    assert_eq!(drain(&mut to, 0).len(), 2);
    assert_eq!(drain(&mut to, 0).len(), 1);
    assert!(to.is_empty());
    assert_eq!(to.ready(9999, 5).due.len(), 0);
}

#[test]
fn too_much_is_refused_until_something_is_given_back() {
    let mut to = Accumulator::new(limits(1000, 1500), 1);
    to.set_partitions("t", 1, vec![0]);
    let mut ticket = 0;
    let refused = append(&mut to, None, None, &vec![0; 20_000], &mut ticket);
    assert!(matches!(refused, Err(Refused::TooLarge(_))));
    append(&mut to, None, None, &[0; 900], &mut ticket).expect("taken");
    let refused = append(&mut to, None, None, &[0; 900], &mut ticket);
    assert!(matches!(refused, Err(Refused::NoRoom)));
    assert!(!to.has_room(900));
    drain(&mut to, 0);
    assert_eq!(to.used_bytes(), 0);
    append(&mut to, None, None, &[0; 900], &mut ticket).expect("taken");
}

#[test]
fn without_a_key_one_partition_after_the_other_is_filled() {
    let mut to = Accumulator::new(limits(320, 1 << 20), 7);
    to.set_partitions("t", 4, vec![1, 3]);
    let mut ticket = 0;
    for _ in 0..40 {
        append(&mut to, None, None, &[0; 100], &mut ticket).expect("taken");
    }
    let mut due: Vec<_> = to.ready(0, 0).due.into_iter().map(|(_, at)| at).collect();
    due.sort_unstable();
    assert_eq!(due, [1, 3], "only those with a leader");
    let batches = |to: &mut Accumulator<u32>, at| {
        std::iter::from_fn(|| Some(drain(to, at).len()).filter(|count| *count > 0)).collect()
    };
    let one: Vec<usize> = batches(&mut to, 1);
    let three: Vec<usize> = batches(&mut to, 3);
    assert_eq!((one, three), (vec![2; 10], vec![2; 10]), "by turns");
}

#[test]
fn an_adaptive_one_fills_the_partition_that_is_taken_from_most() {
    let limits = Limits { is_adaptive: true, ..limits(150, 1 << 20) };
    let mut to = Accumulator::new(limits, 7);
    to.set_partitions("t", 2, vec![0, 1]);
    let (mut ticket, mut taken) = (0, 0);
    for _ in 0..400 {
        append(&mut to, None, None, &[0; 100], &mut ticket).expect("taken");
        taken += drain(&mut to, 1).len();
    }
    assert!(taken > 300, "{taken} of 400 went where somebody takes them");
}

#[test]
fn by_turns_every_partition_with_a_leader_gets_a_record() {
    let limits = Limits { partitioner: Partitioner::RoundRobin, ..limits(1000, 1 << 20) };
    let mut to = Accumulator::new(limits, 7);
    to.set_partitions("t", 3, vec![]);
    let mut ticket = 0;
    for number in 0..6_u8 {
        append(&mut to, None, Some(b"key"), &[number], &mut ticket).expect("taken");
    }
    for at in 0..3 {
        assert_eq!(drain(&mut to, usize::from(at)), [[at], [at + 3]]);
    }
    to.set_partitions("t", 3, vec![0, 2]);
    for number in 0..4_u8 {
        append(&mut to, None, None, &[number], &mut ticket).expect("taken");
    }
    assert_eq!([0, 1, 2].map(|at| drain(&mut to, at).len()), [2, 0, 2]);
    append(&mut to, Some(1), None, b"told", &mut ticket).expect("taken");
    assert_eq!(drain(&mut to, 1).len(), 1);
}

#[test]
fn what_waits_for_too_long_is_taken_out() {
    let mut to = Accumulator::new(limits(300, 1 << 20), 7);
    to.set_partitions("t", 2, vec![0, 1]);
    let mut ticket = 0;
    append(&mut to, Some(0), None, b"old", &mut ticket).expect("taken");
    to.ready(1000, 5);
    append(&mut to, Some(1), None, b"new", &mut ticket).expect("taken");
    to.ready(2000, 5);
    let taken = to.take_older(1500);
    assert_eq!(taken.len(), 1);
    assert_eq!(drain(&mut to, 1), [b"new"]);
}

proptest! {
    /// Against lists per partition: everything comes out once, in order, whatever is interleaved.
    #[test]
    fn everything_comes_out_in_order(
        steps in proptest::collection::vec((0..5_usize, 0..4_usize, any::<bool>()), 1..200),
    ) {
        let mut to = Accumulator::new(limits(150, 1 << 20), 3);
        to.set_partitions("t", 4, vec![0, 1, 2, 3]);
        let mut expected: HashMap<usize, Vec<Vec<u8>>> = HashMap::new();
        let mut got: HashMap<usize, Vec<Vec<u8>>> = HashMap::new();
        let mut ticket = 0;
        for (number, (length, partition, drains)) in steps.into_iter().enumerate() {
            let value = format!("{number}:{}", "x".repeat(length * 10)).into_bytes();
            append(&mut to, Some(partition), None, &value, &mut ticket).expect("taken");
            expected.entry(partition).or_default().push(value);
            if drains {
                let values = drain(&mut to, partition);
                got.entry(partition).or_default().extend(values);
            }
        }
        for partition in 0..4 {
            while !to.is_empty() {
                let values = drain(&mut to, partition);
                if values.is_empty() {
                    break;
                }
                got.entry(partition).or_default().extend(values);
            }
        }
        prop_assert_eq!(got, expected);
        prop_assert_eq!(to.used_bytes(), 0);
    }

    #[test]
    fn a_key_goes_to_one_partition(key in proptest::collection::vec(any::<u8>(), 0..20)) {
        let mut to = Accumulator::new(limits(150, 1 << 20), 3);
        to.set_partitions("t", 5, vec![0]);
        let mut ticket = 0;
        for _ in 0..5 {
            append(&mut to, None, Some(&key), b"v", &mut ticket).expect("taken");
        }
        prop_assert_eq!(to.ready(0, 0).due.len(), 1);
    }
}
