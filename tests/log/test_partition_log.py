"""`PartitionLog`: what a broker appends to and reads from one partition."""

import struct
import threading

import pytest

from logcore.common.errors import (
    CorruptMessageError,
    InvalidArgumentError,
    InvalidProducerEpochError,
    InvalidRecordError,
    InvalidTimestampError,
    InvalidTxnStateError,
    LogClosedError,
    MessageTooLargeError,
    OffsetOutOfRangeError,
    OutOfOrderSequenceNumberError,
    UnsupportedCompressionTypeError,
)
from logcore.log.manager import LogManager
from tests.log.batches import base_offsets, batch

ABORT, COMMIT = struct.pack(">hh", 0, 0), struct.pack(">hh", 0, 1)
MARKER_VALUE = struct.pack(">hi", 0, 0)
TRANSACTIONAL = 0x10


@pytest.fixture
def manager(tmp_path):
    manager = LogManager([tmp_path])
    yield manager
    manager.close()


@pytest.fixture
def log(manager):
    return manager.get_or_create("t", 0, None, is_new=True)


def view_of(log, offset, isolation=0):
    records, *_ = log.read(offset, 1 << 20, True, isolation)
    assert records is not None
    return memoryview(records)


def test_a_slice_of_a_frame_gets_its_offsets_in_place(log):
    frame = bytearray(b"head" + batch(b"a", b"b") + b"tail")
    records = memoryview(frame)[4:-4]
    assert log.append_leader(records, 5) == (0, 1, -1, 0, False)
    frame[4:12] = bytes(8)
    assert log.append_leader(records, 5) == (2, 3, -1, 0, False)
    assert base_offsets(records) == [2]
    assert struct.unpack_from(">i", records, 12) == (5,)
    assert frame.startswith(b"head")
    assert frame.endswith(b"tail")
    assert base_offsets(view_of(log, 0)) == [0, 2]


def test_a_buffer_that_cannot_be_written_is_copied(log):
    data = batch(b"a")
    log.append_records([(None, b"first")], 0, 1000)
    assert log.append_leader(data, 0)[:2] == (1, 1)
    assert base_offsets(data) == [0]


@pytest.mark.parametrize("size", [10, 100_000])
@pytest.mark.parametrize("codec", [0, 1])
def test_small_and_large_batches_come_back_as_they_were(log, size, codec):
    value = bytes(range(256)) * (size // 256 + 1)
    sent = bytearray(batch(value, b"\xff", attributes=codec))
    log.append_leader(sent, 0)
    assert view_of(log, 0) == sent
    records, next_offset = log.read_records(0, 1)
    assert [record.value for record in records] == [value, b"\xff"]
    assert next_offset == 2
    assert log.read_records(2, 1) == ([], 2)


def test_what_a_producer_may_not_send(log):
    sound = batch(b"a", b"b")
    damaged = bytearray(sound)
    damaged[-1] ^= 1
    for data, expected in (
        (damaged, CorruptMessageError),
        (sound[:-1], CorruptMessageError),
        (sound[:20], CorruptMessageError),
        (b"", InvalidRecordError),
        (sound + sound, InvalidRecordError),
        (batch(b"a", attributes=7), UnsupportedCompressionTypeError),
        (batch(b"a", attributes=0x20), InvalidRecordError),
        (batch(b"a", timestamp=1 << 60), InvalidTimestampError),
        (batch(bytes(1 << 21)), MessageTooLargeError),
    ):
        with pytest.raises(expected):
            log.append_leader(data, 0)
        with pytest.raises(expected):
            log.append_leader(bytearray(data), 0)
    assert log.end_offset == 0
    with pytest.raises(TypeError):
        log.append_leader("text", 0)
    with pytest.raises(InvalidArgumentError, match="contiguous"):
        log.append_leader(memoryview(sound)[::2], 0)


def test_an_error_names_the_records_at_fault(manager):
    manager.set_topic_settings("t", {"cleanup.policy": "compact"})
    log = manager.get_or_create("t", 0, None, is_new=True)
    with pytest.raises(InvalidRecordError) as caught:
        log.append_leader(batch(b"a", b"b", keys=[b"k", None]), 0)
    assert [index for index, _ in caught.value.record_errors] == [1]


def test_idempotent_producers(log):
    first = batch(b"a", b"b", producer=(9, 1, 0))
    assert log.append_leader(first, 0) == (0, 1, -1, 0, False)
    assert log.append_leader(first, 0) == (0, 1, -1, 0, True)
    with pytest.raises(OutOfOrderSequenceNumberError):
        log.append_leader(batch(b"d", producer=(9, 1, 3)), 0)
    assert log.append_leader(batch(b"c", producer=(9, 1, 2)), 0)[0] == 2
    with pytest.raises(InvalidProducerEpochError):
        log.append_leader(batch(b"d", producer=(9, 0, 3)), 0)
    log.append_leader(batch(b"x", producer=(4, 0, 0), timestamp=7), 0)
    assert log.active_producers() == [(4, 0, 0, 7, -1, -1), (9, 1, 2, 1000, -1, -1)]


def test_log_append_time(manager):
    manager.set_topic_settings("t", {"message.timestamp.type": "LogAppendTime"})
    log = manager.get_or_create("t", 0, None, is_new=True)
    _, _, at, _, _ = log.append_leader(bytearray(batch(b"a")), 0)
    assert at > 1_600_000_000_000
    assert log.read_records(0, 1)[0][0].timestamp == at


def test_records_of_the_brokers_own_are_one_batch(log):
    assert log.append_records([(b"k", b"v"), (b"gone", None), (None, b"")], 3, 12_345) == (0, 2)
    assert log.append_records([(b"k2", b"v2")], 3, 12_346) == (3, 3)
    assert base_offsets(view_of(log, 0)) == [0, 3]
    records, next_offset = log.read_records(0, 1 << 20)
    assert [(record.key, record.value) for record in records] == [
        (b"k", b"v"),
        (b"gone", None),
        (None, b""),
        (b"k2", b"v2"),
    ]
    assert [record.timestamp for record in records] == [12_345] * 3 + [12_346]
    assert next_offset == 4
    assert [record.offset for record in log.read_records(1, 1)[0]] == [1, 2]


def test_a_batch_of_its_own_that_is_too_large(log):
    with pytest.raises(MessageTooLargeError, match=r"max\.message\.bytes"):
        log.append_records([(b"k", bytes(1 << 20)), (b"k", b"v")], 0, 0)
    with pytest.raises(InvalidArgumentError):
        log.append_records([], 0, 0)
    with pytest.raises(InvalidArgumentError, match="timestamp"):
        log.append_records([(b"k", b"v")], 0, -2)
    with pytest.raises(TypeError):
        log.append_records([(b"k", "text")], 0, 0)
    assert log.end_offset == 0


def test_own_records_are_compressed_as_the_topic_says(manager):
    manager.set_topic_settings("t", {"compression.type": "zstd", "compression.zstd.level": "9"})
    log = manager.get_or_create("t", 0, None, is_new=True)
    log.append_records([(b"k", bytes(100_000))], 0, 0)
    assert log.size_bytes < 1000
    assert log.read_records(0, 1)[0][0].value == bytes(100_000)


def test_transactions_bound_what_readers_of_committed_records_see(log):
    log.append_leader(batch(b"plain"), 0)
    log.append_leader(batch(b"a", producer=(7, 0, 0), attributes=TRANSACTIONAL), 0)
    log.append_leader(batch(b"b", producer=(8, 0, 0), attributes=TRANSACTIONAL), 0)
    assert log.last_stable_offset == 1
    assert log.high_watermark == log.end_offset == 3
    assert base_offsets(view_of(log, 0, 2)) == [0]
    assert log.read(1, 100, True, 2) == (None, 3, 1, 0, [])
    assert log.active_producers()[0] == (7, 0, 0, 1000, -1, 1)
    assert log.append_control(ABORT, MARKER_VALUE, 0, 2000, producer_id=7, producer_epoch=0) == (
        3,
        3,
    )
    assert log.last_stable_offset == 2
    log.append_control(COMMIT, MARKER_VALUE, 0, 2000, producer_id=8, producer_epoch=0)
    records, watermark, stable, start, aborted = log.read(0, 1000, True, 2)
    assert (watermark, stable, start, aborted) == (5, 5, 0, [(7, 1)])
    assert base_offsets(records) == [0, 1, 2, 3, 4]
    assert log.read(0, 1000, True, 1)[4] == []
    with pytest.raises(InvalidProducerEpochError):
        log.append_control(COMMIT, MARKER_VALUE, 0, 2000, producer_id=8, producer_epoch=-2)


def test_control_records_are_not_replayed(log):
    log.append_control(struct.pack(">hh", 0, 2), b"leader change", 1, 1000)
    log.append_records([(None, b"x")], 1, 1000)
    records, next_offset = log.read_records(0, 1 << 20)
    assert [record.value for record in records] == [b"x"]
    assert next_offset == 2
    assert log.read_records(0, 1) == ([], 1)


def test_a_reads_limits(log):
    for _ in range(3):
        log.append_leader(batch(b"x" * 100), 0)
    size = log.size_bytes // 3
    assert log.read(0, size - 1, False, 0)[0] is None
    assert len(memoryview(log.read(0, size + 10, False, 0)[0])) == size + 10
    assert len(memoryview(log.read(0, 10, True, 0)[0])) == size
    assert len(memoryview(log.read(1, 10 * size, True, 1)[0])) == 2 * size
    assert log.read(3, 10, True, 1) == (None, 3, 3, 0, [])
    with pytest.raises(InvalidArgumentError):
        log.read(0, 10, True, 3)
    for offset in (-1, 4):
        with pytest.raises(OffsetOutOfRangeError) as caught:
            log.read(offset, 10, True, 0)
        facts = caught.value
        assert (facts.offset, facts.start, facts.end) == (offset, 0, 3)


def test_offsets_by_time(log):
    assert log.offset_for(-1) == (-1, 0, -1)
    assert log.offset_for(-3) is None
    for timestamp in (1000, 3000, 2000):
        log.append_leader(batch(b"x", timestamp=timestamp), 4)
    assert log.offset_for(-1) == (-1, 3, 4)
    assert log.offset_for(-2) == log.offset_for(-4) == (-1, 0, 4)
    assert log.offset_for(-3) == (3000, 1, 4)
    assert log.offset_for(1001) == (3000, 1, 4)
    assert log.offset_for(3001) is None
    assert log.offset_for(-5) is None
    with pytest.raises(InvalidArgumentError):
        log.offset_for(-99)


def test_leader_epochs(log):
    assert log.latest_epoch() is None
    assert log.end_offset_for_epoch(0) is None
    log.append_leader(batch(b"a"), 2)
    log.assign_epoch_start(5)
    log.append_leader(batch(b"b", b"c"), 5)
    assert log.latest_epoch() == 5
    assert log.end_offset_for_epoch(2) == log.end_offset_for_epoch(4) == (2, 1)
    assert log.end_offset_for_epoch(5) == (5, 3)
    with pytest.raises(InvalidArgumentError):
        log.assign_epoch_start(-1)


def test_the_start_moves_up(log):
    log.append_leader(batch(b"a", b"b", b"c"), 0)
    assert log.delete_before(2) == 2
    assert log.delete_before(1) == 2
    assert log.start_offset == 2
    assert log.append_leader(batch(b"d"), 0)[3] == 2
    with pytest.raises(OffsetOutOfRangeError):
        log.read(1, 10, True, 0)
    with pytest.raises(OffsetOutOfRangeError):
        log.delete_before(9)


def test_flush_and_roll(log, manager):
    assert log.roll() == 0
    log.append_leader(batch(b"a"), 0)
    assert log.recovery_point == 0
    assert log.flush() == log.recovery_point == 1
    assert log.roll() == 1
    assert log.append_blocks is False
    manager.set_topic_settings("t", {"flush.messages": "1"})
    assert bool(log.append_blocks)
    log.append_leader(batch(b"b"), 0)
    assert log.recovery_point == 2


def test_many_threads_append_to_one_log(log):
    def append(count):
        for _ in range(count):
            log.append_leader(bytearray(batch(b"x")), 0)

    threads = [threading.Thread(target=append, args=(200,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.end_offset == 800
    assert base_offsets(view_of(log, 0)) == list(range(800))


def test_closing_while_others_append_and_read(manager, log):
    large = batch(b"x" * 70_000)

    def append_and_read():
        for number in range(1_000_000):
            log.append_leader(bytearray(batch(b"x") if number % 50 else large), 0)
            log.read(0, 100, True, 1)

    def work():
        with pytest.raises(LogClosedError):
            append_and_read()
        done.append(True)

    done: list[bool] = []
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    while log.end_offset < 200:
        pass
    manager.close()
    for thread in threads:
        thread.join()
    assert done == [True, True]


@pytest.fixture
def verifying(tmp_path):
    manager = LogManager([tmp_path / "verifying"], verify_transactions=True)
    yield manager.get_or_create("t", 0, None, is_new=True)
    manager.close()


def test_a_first_write_to_a_transaction_shows_a_guard(verifying):
    first = batch(b"a", producer=(7, 0, 0), attributes=TRANSACTIONAL)
    with pytest.raises(InvalidTxnStateError):
        verifying.append_leader(first, 0)
    guard = verifying.start_verification(7, 0, 0, supports_epoch_bump=True)
    assert guard
    assert verifying.start_verification(7, 0, 0, supports_epoch_bump=True) == guard
    with pytest.raises(InvalidTxnStateError):
        verifying.append_leader(first, 0, guard + 1)
    assert verifying.append_leader(first, 0, guard)[0] == 0
    assert verifying.start_verification(7, 0, 1, supports_epoch_bump=True) == 0
    verifying.append_leader(batch(b"b", producer=(7, 0, 1), attributes=TRANSACTIONAL), 0)
    verifying.append_control(COMMIT, MARKER_VALUE, 0, 2000, producer_id=7, producer_epoch=0)
    late = batch(b"c", producer=(7, 0, 2), attributes=TRANSACTIONAL)
    with pytest.raises(InvalidTxnStateError):
        verifying.append_leader(late, 0, guard)


def test_a_log_that_verifies_nothing_gives_no_guard(log):
    assert log.start_verification(7, 0, 0, supports_epoch_bump=True) == 0


def test_own_records_inside_of_a_transaction(verifying):
    owner = {"producer_id": 7, "producer_epoch": 3}
    with pytest.raises(InvalidTxnStateError):
        verifying.append_records([(b"k", b"v")], 0, 1000, **owner)
    guard = verifying.start_verification(7, 3, -1, supports_epoch_bump=False)
    pairs = [(b"k", b"v"), (b"l", None)]
    assert verifying.append_records(pairs, 0, 1000, verification=guard, **owner) == (0, 1)
    assert verifying.last_stable_offset == 0
    with pytest.raises(InvalidTxnStateError):
        verifying.append_records(pairs, 0, 1000, producer_id=7, producer_epoch=2)
    verifying.append_control(COMMIT, MARKER_VALUE, 0, 2000, **owner)
    assert verifying.last_stable_offset == 3


def test_batches_come_with_their_producers_and_markers(log):
    log.append_records([(b"k", b"v")], 0, 1000)
    log.append_records([(b"k", b"v")], 0, 1000, producer_id=7, producer_epoch=3)
    log.append_control(ABORT, MARKER_VALUE, 0, 1000, producer_id=7, producer_epoch=3)
    batches = log.read_batches(0, 1 << 20)
    facts = [(each.producer_id, each.is_transactional, each.is_control) for each in batches]
    assert facts == [(-1, False, False), (7, True, False), (7, True, True)]
    assert len(log.read_batches(0, 1)) == 1
    assert log.read_batches(3, 1 << 20) == []
    with pytest.raises(OffsetOutOfRangeError):
        log.read_batches(4, 1 << 20)
