//! The log: what reads see, where appends go, when segments roll and what truncation leaves.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod logs;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logcore::batch::{self, BatchHeader, HEADER_SIZE_BYTES};
use logcore::log::{Isolation, TimestampSpec};
use logcore::producer_append::AppendContext;
use logcore::{AppendOrigin, LogConfig, LogError};
use logs::{Case, NOW_MS, append, bases, batch, fill, offsets, read_all, records_in, small};

/// A batch with its offsets set, as a leader would send it.
fn at_offset(offset: i64, records: &[(i64, &str)]) -> Vec<u8> {
    let mut bytes = batch(records);
    batch::assign(&mut bytes, offset, 0);
    bytes
}

#[test]
fn an_empty_log_reads_nothing_and_refuses_what_lies_outside() {
    let case = Case::new(small());
    let log = case.open();
    assert!(log.read(0, 100, true, Isolation::LogEnd).unwrap().records.is_none());
    for offset in [-1, 1] {
        let refused = log.read(offset, 100, true, Isolation::LogEnd);
        assert!(matches!(refused, Err(LogError::OffsetOutOfRange { .. })), "{refused:?}");
    }
}

#[test]
fn a_read_starts_at_the_batch_that_holds_the_offset_and_keeps_to_its_limit() {
    let case = Case::new(small());
    let log = case.open();
    append(&log, &[(NOW_MS, "a"), (NOW_MS, "b"), (NOW_MS, "c")]);
    append(&log, &[(NOW_MS, "d")]);
    let read = |max, whole| log.read(1, max, whole, Isolation::LogEnd).unwrap().records;
    assert_eq!(records_in(&read(1 << 20, false).unwrap()).len(), 4);
    assert_eq!(records_in(&read(1, true).unwrap()).len(), 3, "one whole batch");
    assert!(read(10, false).is_none(), "no part of a first batch");
    let first = read(1, true).unwrap().len();
    assert_eq!(read(first + 10, false).unwrap().len(), first + 10, "a cut batch behind it");
    assert!(read(0, false).is_none());
}

#[test]
fn gaps_are_read_over_and_truncated_into() {
    let case = Case::new(small());
    let log = case.open();
    log.append_follower(&at_offset(10, &[(NOW_MS, "a")])).unwrap();
    log.append_follower(&at_offset(50, &[(NOW_MS, "b")])).unwrap();
    let data = log.read(20, 1000, true, Isolation::LogEnd).unwrap();
    assert_eq!(records_in(&data.records.unwrap())[0].0, 50);
    assert_eq!(log.truncate_to(30).unwrap(), 11, "the next append may take what the gap left");
    assert_eq!(offsets(&log), [10]);
    log.append_follower(&at_offset(30, &[(NOW_MS, "c")])).unwrap();
    assert_eq!(offsets(&log), [10, 30]);
}

#[test]
fn a_follower_refuses_offsets_that_fall() {
    let case = Case::new(small());
    let log = case.open();
    log.append_follower(&at_offset(10, &[(NOW_MS, "a")])).unwrap();
    let refused = log.append_follower(&at_offset(10, &[(NOW_MS, "b")]));
    assert!(matches!(refused, Err(LogError::UnexpectedAppendOffset { expected: 11, .. })));
    let cut = &at_offset(11, &[(NOW_MS, "c")])[..70];
    assert!(log.append_follower(cut).is_err());
    assert_eq!(offsets(&log), [10]);
}

#[test]
fn a_gap_wider_than_an_index_entry_rolls_even_inside_one_append() {
    let case = Case::new(small());
    let log = case.open();
    let far = i64::from(i32::MAX) + 100;
    let mut both = at_offset(0, &[(NOW_MS, "a")]);
    both.extend(at_offset(far, &[(NOW_MS, "b")]));
    let info = log.append_follower(&both).unwrap();
    assert_eq!((info.first_offset, info.last_offset), (0, far));
    log.append_follower(&at_offset(far * 2, &[(NOW_MS, "c")])).unwrap();
    assert_eq!(offsets(&log), [0, far, far * 2]);
    assert_eq!(bases(&log), [0, far, far * 2]);
    let point = log.close().unwrap();
    drop(log);
    let log = case.open_with(|options| options.recovery_point = point);
    assert_eq!(offsets(&log), [0, far, far * 2]);
}

#[test]
fn a_first_batch_far_from_the_base_rolls_an_empty_segment() {
    let case = Case::new(small());
    let log = case.open();
    let far = i64::from(i32::MAX) + 1;
    log.append_follower(&at_offset(far, &[(NOW_MS, "a")])).unwrap();
    assert_eq!(offsets(&log), [far]);
    assert_eq!(log.offset_for(TimestampSpec::At(NOW_MS)).unwrap().unwrap().offset, far);
}

#[test]
fn segments_roll_by_size_by_time_and_by_full_indexes() {
    let size = Case::new(small());
    let log = size.open();
    fill(&log, 30);
    assert!(bases(&log).len() > 2);
    assert!(log.segments().load().iter().all(|segment| segment.size_bytes() <= 1000));

    let time = Case::new(LogConfig { segment_ms: 100, ..small() });
    let log = time.open();
    append(&log, &[(NOW_MS, "a")]);
    append(&log, &[(NOW_MS + 100, "b")]);
    assert_eq!(bases(&log), [0]);
    append(&log, &[(NOW_MS + 101, "c")]);
    assert_eq!(bases(&log), [0, 2]);

    let index =
        Case::new(LogConfig { segment_index_bytes: 24, index_interval_bytes: 0, ..small() });
    let log = index.open();
    fill(&log, 12);
    assert!(bases(&log).len() >= 3, "{:?}", bases(&log));
    assert_eq!(offsets(&log), (0..12).collect::<Vec<_>>());
}

#[test]
fn many_batches_at_once_do_not_overflow_a_tiny_index() {
    let config = LogConfig { segment_index_bytes: 12, index_interval_bytes: 0, ..small() };
    let case = Case::new(config);
    let log = case.open();
    for _ in 0..3 {
        let mut batches = (0..8).flat_map(|_| batch(&[(NOW_MS, "v")])).collect::<Vec<_>>();
        log.append_built(&mut batches, 0).unwrap();
    }
    assert_eq!(offsets(&log), (0..24).collect::<Vec<_>>());
    drop(log);
    assert_eq!(offsets(&case.open()), (0..24).collect::<Vec<_>>());
}

#[test]
fn jitter_makes_segments_roll_earlier_and_never_later() {
    let case = Case::new(LogConfig { segment_ms: 1000, segment_jitter_ms: 900, ..small() });
    let log = case.open();
    for step in 0..40 {
        append(&log, &[(NOW_MS + step * 50, "v")]);
    }
    let bases = bases(&log);
    assert!(bases.len() >= 2);
    assert!(bases.windows(2).all(|pair| pair[1] - pair[0] <= 21), "{bases:?}");
}

#[test]
fn truncation_inside_a_batch_takes_all_of_it_and_twice_is_once() {
    let case = Case::new(small());
    let log = case.open();
    append(&log, &[(NOW_MS, "a"), (NOW_MS, "b"), (NOW_MS, "c")]);
    append(&log, &[(NOW_MS, "d"), (NOW_MS, "e"), (NOW_MS, "f")]);
    let held = log.read(0, 1 << 20, true, Isolation::LogEnd).unwrap().records.unwrap();
    let before = held.to_vec();
    assert_eq!(log.truncate_to(4).unwrap(), 3);
    assert_eq!(log.truncate_to(4).unwrap(), 3);
    assert_eq!(log.truncate_to(2).unwrap(), 0);
    append(&log, &[(NOW_MS, "other")]);
    assert_eq!(&*held, &before[..], "a view that was handed out stays as it was");
    assert_eq!(read_all(&log), [(0, NOW_MS, "other".to_owned())]);
}

#[test]
fn truncation_across_segments_survives_an_unclean_stop() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 40);
    log.flush().unwrap();
    assert_eq!(log.truncate_to(7).unwrap(), 7);
    assert_eq!(log.recovery_point(), 7);
    fill(&log, 3);
    drop(log);
    let log = case.open_with(|options| options.recovery_point = 7);
    assert_eq!(offsets(&log), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_log_that_starts_anew_has_nothing_before_its_start() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 20);
    assert_eq!(log.truncate_fully_and_start_at(500).unwrap(), 500);
    assert_eq!((log.log_start_offset(), log.high_watermark()), (500, 500));
    fill(&log, 2);
    assert_eq!(offsets(&log), [500, 501]);
    assert!(log.truncate_to(-1).is_err() && log.truncate_fully_and_start_at(-1).is_err());
}

#[test]
fn times_that_go_back_and_forth_are_found_in_offset_order() {
    let case = Case::new(small());
    let log = case.open();
    for time in [50, 20, 90, 10, 70, 95, 5] {
        append(&log, &[(time, "v")]);
    }
    let at = |time| log.offset_for(TimestampSpec::At(time)).unwrap().map(|found| found.offset);
    assert_eq!([at(0), at(51), at(91), at(95), at(96)], [Some(0), Some(2), Some(5), Some(5), None]);
    append(&log, &[(200, "later than what was asked for before")]);
    assert_eq!(at(96), Some(7));
}

#[test]
fn special_timestamps_name_the_ends_and_the_youngest() {
    let case = Case::new(small());
    let log = case.open();
    let at = |wire| log.offset_for(TimestampSpec::from_wire(wire).unwrap()).unwrap();
    assert!(at(-3).is_none());
    append(&log, &[(10, "a"), (99, "b"), (20, "c")]);
    append(&log, &[(99, "d")]);
    assert_eq!(at(-1).unwrap().offset, 4);
    assert_eq!(at(-2).unwrap().offset, 0);
    assert_eq!((at(-3).unwrap().offset, at(-3).unwrap().timestamp), (1, 99));
    assert_eq!(at(-4).unwrap().offset, 0);
    assert!(at(-5).is_none() && at(-6).is_none());
    assert!(TimestampSpec::from_wire(-7).is_none());
    log.delete_before(2).unwrap();
    assert_eq!(at(-2).unwrap().offset, 2);
    assert_eq!(at(99).unwrap().offset, 3);
}

#[test]
fn nothing_at_or_past_the_high_watermark_is_read_or_deleted() {
    let case = Case::new(LogConfig { retention_bytes: 0, ..small() });
    let log = case.open_with(|options| options.end_is_stable = false);
    fill(&log, 40);
    assert!(log.read(0, 1000, true, Isolation::HighWatermark).unwrap().records.is_none());
    assert!(log.apply_retention().unwrap().is_empty());
    assert!(matches!(log.delete_before(1), Err(LogError::OffsetOutOfRange { .. })));
    assert_eq!(log.set_high_watermark(25), 25);
    let found = log.read(24, 1000, true, Isolation::HighWatermark).unwrap().records.unwrap();
    assert_eq!(records_in(&found).len(), 1, "bounded inside the segment");
    let deleted = log.apply_retention().unwrap();
    assert!(!deleted.is_empty() && log.log_start_offset() <= 25);
    assert!(log.apply_retention().unwrap().is_empty());
    assert_eq!(log.set_high_watermark(1000), 40, "clamped");
}

#[test]
fn retention_by_time_rolls_the_active_segment_and_removes_its_files() {
    let case = Case::new(LogConfig { retention_ms: 1000, ..small() });
    let log = case.open();
    fill(&log, 20);
    assert!(log.apply_retention().unwrap().is_empty());
    case.clock.advance(5000);
    assert_eq!(log.apply_retention().unwrap().len() as u64, log.roll_count());
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (20, 20));
    log.apply_retention().unwrap();
    assert!(case.files(".deleted").is_empty(), "the delay is over");
    fill(&log, 1);
    assert_eq!(offsets(&log), [20]);
}

#[test]
fn records_below_the_log_start_cannot_be_read_and_go_with_their_segments() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 40);
    let first = bases(&log)[1];
    assert_eq!(log.delete_before(first + 1).unwrap(), first + 1);
    assert!(log.read(first, 100, true, Isolation::LogEnd).is_err());
    assert_eq!(log.apply_retention().unwrap(), [0]);
    assert_eq!(log.delete_before(3).unwrap(), first + 1, "it never falls");
    drop(log);
    let log = case.open_with(|options| options.log_start_offset = first + 1);
    assert_eq!(log.log_start_offset(), first + 1);
}

#[test]
fn a_waiter_wakes_for_its_offset_only() {
    let case = Case::new(small());
    let log = Arc::new(case.open());
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| log.wait_for(2, Duration::from_secs(20)).unwrap());
        fill(&log, 1);
        std::thread::sleep(Duration::from_millis(20));
        fill(&log, 2);
        assert!(waiter.join().unwrap());
    });
    assert!(!log.wait_for(3, Duration::from_millis(1)).unwrap());
}

#[test]
fn a_closed_log_refuses_everything_and_keeps_views() {
    let case = Case::new(small());
    let log = case.open();
    fill(&log, 3);
    let held = log.read(0, 1 << 20, true, Isolation::LogEnd).unwrap().records.unwrap();
    assert_eq!(log.close().unwrap(), 3);
    assert_eq!(log.close().unwrap(), 3);
    assert_eq!(records_in(&held).len(), 3);
    assert!(matches!(log.append_built(&mut batch(&[(1, "v")]), 0), Err(LogError::Closed)));
    assert!(matches!(log.read(0, 1, true, Isolation::LogEnd), Err(LogError::Closed)));
    assert!(matches!(log.flush(), Err(LogError::Closed)));
}

#[test]
fn several_producers_share_an_append_and_old_repetitions_are_refused() {
    let case = Case::new(LogConfig { segment_bytes: 1 << 20, ..small() });
    let log = case.open();
    let from = |producer_id: i64, sequence: i32| {
        let mut builder = logcore::RecordBatchBuilder::new(logcore::Codec::None, None);
        builder.reset();
        builder.append(NOW_MS, Some(b"key"), Some(b"value"), &[]).unwrap();
        builder.set_producer(producer_id, 0, sequence, false);
        builder.finish().unwrap().to_vec()
    };
    let context = || AppendContext::new(AppendOrigin::Client);
    for sequence in 0..8 {
        let info = log.append_leader(&mut from(7, sequence), 0, context()).unwrap();
        assert_eq!((info.first_offset, info.duplicate), (i64::from(sequence), false));
    }
    let again = log.append_leader(&mut from(7, 4), 0, context()).unwrap();
    assert_eq!((again.first_offset, again.duplicate), (4, true), "one of the last five");
    let old = log.append_leader(&mut from(7, 1), 0, context());
    assert!(old.is_err(), "beyond the last five: {old:?}");
    let mut both = from(8, 0);
    both.extend(from(9, 0));
    for (at, bytes) in [(0, 8), (1, 9)] {
        let size = both.len() / 2;
        batch::assign(&mut both[at * size..], bytes, 0);
    }
    log.append_follower(&both).unwrap();
    drop(log);
    let log = case.open();
    for producer in [8, 9] {
        let again = log.append_leader(&mut from(producer, 0), 0, context()).unwrap();
        assert!(again.duplicate, "known after recovery too");
    }
}

#[test]
fn ready_made_bytes_that_are_no_batch_are_refused_whole() {
    let case = Case::new(small());
    let log = case.open();
    for bad in [vec![], vec![0; 10], vec![0xff; 200], batch(&[(1, "v")])[..68].to_vec()] {
        assert!(log.append_built(&mut bad.clone(), 0).is_err(), "{bad:?}");
        assert!(log.append_follower(&bad).is_err());
    }
    let mut tail = batch(&[(1, "v")]);
    tail.extend([0; HEADER_SIZE_BYTES - 1]);
    assert!(log.append_built(&mut tail, 0).is_err());
    assert_eq!(log.log_end_offset(), 0);
    fill(&log, 1);
    assert_eq!(offsets(&log), [0]);
}

#[test]
fn a_reader_never_sees_past_the_high_watermark_while_the_writer_rolls() {
    let case = Case::new(LogConfig { segment_bytes: 300, ..small() });
    let log = case.open_with(|options| options.end_is_stable = false);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..3000 {
                append(&log, &[(NOW_MS, "v")]);
                if round % 3 == 0 {
                    log.set_high_watermark(round);
                }
            }
            log.set_high_watermark(3000);
            is_over.store(true, Ordering::SeqCst);
        });
        let mut offset = 0;
        while offset < 3000 {
            let data = log.read(offset, 200, true, Isolation::HighWatermark).unwrap();
            let Some(bytes) = data.records else { continue };
            let bound = log.high_watermark();
            for batch in logcore::Batches::new(&bytes) {
                let BatchHeader { base_offset, .. } = batch.unwrap().header;
                assert_eq!(base_offset, offset);
                assert!(offset < bound, "{offset} is past the high watermark {bound}");
                offset += 1;
            }
        }
    });
    assert!(is_over.load(Ordering::SeqCst));
}
