//! Every reason the validator refuses a batch for, and that a refused batch is not changed.

use super::*;

/// What a client's batch is refused for; the bytes must not have changed.
pub(super) fn refused(mut bytes: Vec<u8>, config: &ValidatorConfig) -> LogError {
    let before = bytes.clone();
    let error = validate(&mut bytes, Client, config).expect_err("must be refused");
    assert_eq!(bytes, before, "a refused batch was changed");
    error
}

/// The reason and the indexes of an `InvalidRecord`.
fn invalid(error: LogError) -> (String, Vec<i32>) {
    match error {
        LogError::InvalidRecord { reason, records } => {
            (reason, records.into_iter().map(|record| record.index).collect())
        }
        other => panic!("expected InvalidRecord, got {other:?}"),
    }
}

/// The indexes of an `InvalidTimestamp`.
fn invalid_times(error: LogError) -> Vec<i32> {
    match error {
        LogError::InvalidTimestamp { records, .. } => {
            records.into_iter().map(|record| record.index).collect()
        }
        other => panic!("expected InvalidTimestamp, got {other:?}"),
    }
}

#[test]
fn a_client_sends_one_batch() {
    let two = [batch(Codec::None), batch(Codec::None)].concat();
    assert!(invalid(refused(two, &config())).0.contains("more than one batch"));
    assert!(invalid(refused(Vec::new(), &config())).0.contains("no record batch"));
}

#[test]
fn damage_is_corrupt() {
    let corrupt = |bytes: Vec<u8>| match refused(bytes, &config()) {
        LogError::CorruptBatch { reason } => reason,
        other => panic!("expected CorruptBatch, got {other:?}"),
    };
    let whole = batch(Codec::None);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(corrupt(flipped).contains("CRC"));
    for cut in [1, 11, 60, 61, whole.len() - 1] {
        assert!(corrupt(whole[..cut].to_vec()).contains("cut off"));
    }
    for magic in [0, 1, 3] {
        let mut other = whole.clone();
        other[16] = magic;
        assert!(corrupt(other).contains(&format!("magic {magic} is not 2")));
    }
    for length in [-1, 0, 48, i32::MIN] {
        let mut other = whole.clone();
        other[8..12].copy_from_slice(&i32::to_be_bytes(length));
        assert!(corrupt(other).contains("too small"));
    }
}

#[test]
fn bytes_after_the_batch_are_refused() {
    let mut bytes = batch(Codec::None);
    bytes.push(0);
    assert!(invalid(refused(bytes, &config())).0.contains("more than one"));
    let mut bytes = batch(Codec::None);
    bytes.push(0);
    let trailing = validate(&mut bytes, Coordinator, &config());
    assert!(matches!(trailing, Err(LogError::CorruptBatch { .. })));
}

#[test]
fn offset_range_and_count_must_agree() {
    for (last_offset_delta, count) in
        [(0, 3), (15, 3), (-3, 3), (2, -3), (2, 6), (2, 0), (-3, -2), (i32::MAX, i32::MIN)]
    {
        for codec in [Codec::None, Codec::Zstd] {
            let mut bytes = patched(codec, 23, &i32::to_be_bytes(last_offset_delta));
            bytes[57..61].copy_from_slice(&i32::to_be_bytes(count));
            seal(&mut bytes);
            let (reason, _) = invalid(refused(bytes, &config()));
            assert!(reason.contains(&format!("{count} records")), "{reason}");
        }
    }
}

#[test]
fn the_records_must_be_as_many_as_the_count() {
    for codec in Codec::ALL {
        for (last_offset_delta, count, why) in
            [(1, 2, "bytes follow the last record"), (3, 4, "cut off"), (99_999, 100_000, "cannot")]
        {
            let mut bytes = patched(codec, 23, &i32::to_be_bytes(last_offset_delta));
            bytes[57..61].copy_from_slice(&i32::to_be_bytes(count));
            seal(&mut bytes);
            let (reason, _) = invalid(refused(bytes, &config()));
            assert!(reason.contains(why), "{codec:?}: {reason}");
        }
    }
}

#[test]
fn inner_offsets_must_be_contiguous() {
    let mut builder = RecordBatchBuilder::new(Codec::Lz4, None);
    builder.append_at_offset(0, NOW, Some(b"a"), None, &[]).unwrap();
    builder.append_at_offset(2, NOW, Some(b"b"), None, &[]).unwrap();
    let mut bytes = builder.finish().unwrap().to_vec();
    assert!(invalid(refused(bytes.clone(), &config())).0.contains("do not fill 3 offsets"));
    bytes[23..27].copy_from_slice(&1_i32.to_be_bytes());
    seal(&mut bytes);
    assert!(invalid(refused(bytes, &config())).0.contains("offset delta 2"));
}

#[test]
fn a_client_starts_at_offset_zero() {
    let mut bytes = batch(Codec::None);
    bytes[0..8].copy_from_slice(&5_i64.to_be_bytes());
    assert!(invalid(refused(bytes.clone(), &config())).0.contains("must be 0, not 5"));
    assert!(validate(&mut bytes, Coordinator, &config()).is_ok());
}

#[test]
fn control_batches_are_the_brokers() {
    let mut builder = builder(Codec::None);
    builder.set_control();
    let bytes = builder.finish().unwrap().to_vec();
    assert!(invalid(refused(bytes.clone(), &config())).0.contains("control"));
    let gzip = CompressionType::Codec(Codec::Gzip);
    for compression_type in [CompressionType::Producer, gzip] {
        let config = ValidatorConfig { compression_type, ..config() };
        let done = validate(&mut bytes.clone(), Coordinator, &config).unwrap();
        assert_eq!(done.rebuilt, None, "a control batch that came plain stays plain");
    }
}

#[test]
fn a_producer_id_needs_a_sequence() {
    let mut builder = builder(Codec::None);
    builder.set_producer(7, 0, NO_SEQUENCE, false);
    let mut bytes = builder.finish().unwrap().to_vec();
    assert!(invalid(refused(bytes.clone(), &config())).0.contains("producer 7 sent"));
    assert!(validate(&mut bytes, Coordinator, &config()).is_ok());
}

#[test]
fn compacted_logs_need_keys() {
    let config = ValidatorConfig { compact: true, ..config() };
    for codec in [Codec::None, Codec::Zstd] {
        let mut builder = builder(codec);
        builder.append(NOW, None, Some(b"x"), &[]).unwrap();
        builder.append(NOW, Some(b""), Some(b"an empty key is one"), &[]).unwrap();
        builder.append(NOW, None, None, &[]).unwrap();
        let (reason, indexes) = invalid(refused(builder.finish().unwrap().to_vec(), &config));
        assert_eq!(indexes, [3, 5]);
        assert!(reason.contains("2 records are refused") && reason.contains("without a key"));
        assert!(validate(&mut batch(codec), Client, &config).is_ok());
    }
}

#[test]
fn create_times_must_be_near() {
    let config =
        ValidatorConfig { timestamp_before_max_ms: 10, timestamp_after_max_ms: 20, ..config() };
    let with = |codec, times: &[i64]| {
        let mut builder = RecordBatchBuilder::new(codec, None);
        for &time in times {
            builder.append(time, Some(b"k"), None, &[]).expect("valid");
        }
        builder.finish().expect("sealed").to_vec()
    };
    for codec in [Codec::None, Codec::Snappy] {
        let mut good = with(codec, &[NOW - 10, NOW, -1, NOW + 20]);
        assert!(validate(&mut good, Client, &config).is_ok());
        let bad = with(codec, &[NOW, NOW - 11, NOW, NOW + 21, 0, i64::MAX]);
        assert_eq!(invalid_times(refused(bad, &config)), [1, 3, 4, 5]);
    }
}

#[test]
fn by_default_the_past_is_taken_and_the_future_not() {
    let at = |time| {
        let mut builder = RecordBatchBuilder::new(Codec::None, None);
        builder.append(time, None, None, &[]).expect("valid");
        builder.finish().expect("sealed").to_vec()
    };
    assert!(validate(&mut at(0), Client, &config()).is_ok());
    assert!(validate(&mut at(NOW + 3_600_000), Client, &config()).is_ok());
    assert_eq!(invalid_times(refused(at(NOW + 3_600_001), &config())), [0]);
}

#[test]
fn a_bad_timestamp_outweighs_a_missing_key() {
    let config = ValidatorConfig { compact: true, timestamp_after_max_ms: 20, ..config() };
    let mut builder = builder(Codec::None);
    builder.append(NOW, None, None, &[]).unwrap();
    builder.append(NOW + 21, Some(b"k"), None, &[]).unwrap();
    assert_eq!(invalid_times(refused(builder.finish().unwrap().to_vec(), &config)), [3, 4]);
}

#[test]
fn clients_do_not_set_log_append_time() {
    for timestamp_type in [TimestampType::CreateTime, TimestampType::LogAppendTime] {
        let mut builder = builder(Codec::None);
        builder.set_log_append_time(NOW);
        let config = ValidatorConfig { timestamp_type, ..config() };
        let error = refused(builder.finish().unwrap().to_vec(), &config);
        assert_eq!(invalid_times(error), [0, 1, 2]);
    }
}

#[test]
fn an_error_names_a_bounded_number_of_records() {
    let config = ValidatorConfig { compact: true, ..config() };
    let mut builder = RecordBatchBuilder::new(Codec::Zstd, None);
    for _ in 0..50_000 {
        builder.append(NOW, None, None, &[]).unwrap();
    }
    let (reason, indexes) = invalid(refused(builder.finish().unwrap().to_vec(), &config));
    assert!(reason.contains("50000 records"), "{reason}");
    assert_eq!(indexes, (0..1000).collect::<Vec<_>>());
}

#[test]
fn sizes_are_limited_as_sent_as_stored_and_by_the_segment() {
    let size = batch(Codec::None).len();
    let exact = ValidatorConfig { max_message_bytes: size, ..config() };
    assert!(validate(&mut batch(Codec::None), Client, &exact).is_ok());
    let less = ValidatorConfig { max_message_bytes: size - 1, ..config() };
    let too_large = |error| match error {
        LogError::BatchTooLarge { size_bytes, limit_bytes } => (size_bytes, limit_bytes),
        other => panic!("expected BatchTooLarge, got {other:?}"),
    };
    let expected = (size as u64, size as u64 - 1);
    assert_eq!(too_large(refused(batch(Codec::None), &less)), expected);
    assert!(validate(&mut batch(Codec::None), Coordinator, &less).is_err());
    assert!(validate(&mut batch(Codec::None), RaftLeader, &less).is_ok());
    // Small as it came, too large once it is stored uncompressed.
    let plain = ValidatorConfig { compression_type: CompressionType::Codec(Codec::None), ..less };
    assert_eq!(too_large(refused(batch(Codec::Zstd), &plain)), expected);
    let segment = ValidatorConfig { segment_bytes: size - 1, ..config() };
    let error = refused(batch(Codec::None), &segment);
    assert!(matches!(error, LogError::BatchListTooLarge { .. }), "{error:?}");
    let plain =
        ValidatorConfig { compression_type: CompressionType::Codec(Codec::None), ..segment };
    let error = refused(batch(Codec::Zstd), &plain);
    assert!(matches!(error, LogError::BatchListTooLarge { .. }), "{error:?}");
}

#[test]
fn unknown_codecs_and_bad_compression_are_refused() {
    for id in 5..8 {
        let error = refused(patched(Codec::None, 21, &[0, id]), &config());
        assert!(matches!(error, LogError::UnsupportedCompression { .. }), "{error:?}");
    }
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let (reason, _) = invalid(refused(patched(Codec::None, 21, &[0, codec.id()]), &config()));
        assert!(reason.contains(codec.name()), "{reason}");
    }
    let small = ValidatorConfig { decompressed_bytes_max: 100, ..config() };
    assert!(invalid(refused(batch(Codec::Gzip), &small)).0.contains("more than 100 bytes"));
}
