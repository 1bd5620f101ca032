"""A share partition: what acknowledgements do, which are refused, and what ends a change."""

import pytest

from logcore.broker.share.persister import ShareState
from logcore.broker.share.record_states import RecordState
from logcore.broker.share.share_partition import SharePartition
from logcore.common.errors import InvalidRecordStateError, InvalidRequestError, UnknownServerError
from logcore.coordinator.share.batches import StateBatch
from logcore.protocol.messages.share_fetch import AcknowledgementBatch
from tests.broker.share.logs import SETTINGS, batches, wish

ACCEPT, RELEASE, REJECT, RENEW, GAP = 1, 2, 3, 4, 0
FAR = 2**63 - 1


def acquired(*ranges: tuple[int, int], member: str = "m") -> SharePartition:
    partition = SharePartition(ranges[0][0], 0, 0)
    for first, last in ranges:
        partition.acquire(wish(member), batches((first, last)))
    return partition


def ack(first: int, last: int, *types: int) -> AcknowledgementBatch:
    return AcknowledgementBatch(first_offset=first, last_offset=last, acknowledge_types=list(types))


def acknowledge(partition: SharePartition, *ranges: AcknowledgementBatch, member: str = "m"):
    return partition.acknowledge(member, ranges, SETTINGS, 0)


def shape(partition: SharePartition) -> list[tuple[int, int, str]]:
    return [(each.first, each.last, each.state.name) for each in partition.window.runs]


def test_a_whole_delivery_is_accepted():
    partition = acquired((0, 9))
    change = acknowledge(partition, ack(0, 9, ACCEPT))
    assert change.batches() == ((0, 9, 2, 1),)
    assert (partition.window.start_offset, partition.window.complete_count) == (0, 10)
    partition.commit(change)
    assert (partition.window.start_offset, partition.window.runs) == (10, [])


def test_each_type_has_its_state():
    partition = acquired((0, 4))
    change = acknowledge(partition, ack(0, 4, ACCEPT, RELEASE, REJECT, GAP, ACCEPT))
    assert change.batches() == ((0, 0, 2, 1), (1, 1, 0, 1), (2, 3, 4, 1), (4, 4, 2, 1))
    partition.commit(change)
    assert (partition.window.start_offset, partition.window.first_free()) == (1, 1)


def test_a_range_may_span_deliveries():
    partition = acquired((0, 4), (5, 9))
    change = acknowledge(partition, ack(2, 7, ACCEPT))
    assert change.batches() == ((2, 7, 2, 1),)
    partition.commit(change)
    assert partition.window.start_offset == 0


def test_a_change_that_fails_is_taken_back():
    partition = acquired((0, 9))
    change = acknowledge(partition, ack(0, 4, RELEASE), ack(5, 9, ACCEPT))
    assert not partition.can_acquire(SETTINGS._replace(record_locks=10))
    partition.roll_back(change, SETTINGS, 0)
    assert shape(partition) == [(0, 4, "ACQUIRED"), (5, 9, "ACQUIRED")]
    assert acknowledge(partition, ack(0, 9, ACCEPT)).batches() == ((0, 9, 2, 1),)


def test_what_is_taken_back_too_late_is_free():
    partition = acquired((0, 9))
    change = acknowledge(partition, ack(0, 9, ACCEPT))
    partition.roll_back(change, SETTINGS, SETTINGS.lock_ms)
    assert shape(partition) == [(0, 9, "AVAILABLE")]


@pytest.mark.parametrize(
    ("first", "last", "error"),
    [
        (20, 29, InvalidRequestError),
        (5, 10, InvalidRequestError),
        (0, FAR, InvalidRequestError),
        (FAR, FAR, InvalidRequestError),
    ],
)
def test_ranges_past_what_is_in_flight(first: int, last: int, error: type[Exception]):
    partition = acquired((0, 9))
    with pytest.raises(error):
        acknowledge(partition, ack(first, last, ACCEPT))
    assert shape(partition) == [(0, 9, "ACQUIRED")]


def test_what_is_done_with_is_acknowledged_again_in_vain():
    partition = acquired((0, 9))
    partition.commit(acknowledge(partition, ack(0, 4, ACCEPT)))
    assert acknowledge(partition, ack(0, 4, ACCEPT)).runs == []
    assert acknowledge(partition, ack(0, 9, ACCEPT)).batches() == ((5, 9, 2, 1),)


def test_nothing_is_in_flight():
    with pytest.raises(InvalidRecordStateError):
        acknowledge(SharePartition(5, 0, 0), ack(5, 9, ACCEPT))


def test_whose_records_they_are():
    partition = acquired((0, 9))
    with pytest.raises(InvalidRecordStateError):
        acknowledge(partition, ack(0, 9, ACCEPT), member="other")
    with pytest.raises(InvalidRecordStateError):
        acknowledge(partition, ack(0, 4, ACCEPT), ack(4, 9, ACCEPT))
    assert shape(partition) == [(0, 3, "ACQUIRED"), (4, 4, "ACQUIRED"), (5, 9, "ACQUIRED")] or (
        shape(partition) == [(0, 4, "ACQUIRED"), (5, 9, "ACQUIRED")]
    )
    change = acknowledge(partition, ack(0, 9, ACCEPT))
    with pytest.raises(InvalidRecordStateError):
        acknowledge(partition, ack(0, 9, ACCEPT))
    partition.commit(change)


def test_free_records_are_not_acknowledged():
    partition = acquired((0, 9), (10, 19))
    partition.commit(acknowledge(partition, ack(0, 9, RELEASE)))
    with pytest.raises(InvalidRecordStateError):
        acknowledge(partition, ack(0, 9, ACCEPT))


def test_a_renewal_moves_the_end_of_a_lock():
    partition = acquired((0, 9))
    assert partition.next_due_ms() == SETTINGS.lock_ms
    change = partition.acknowledge("m", [ack(0, 4, RENEW)], SETTINGS, 500)
    assert change.runs == []
    assert [each.due_ms for each in partition.window.runs] == [1_500, 1_000]
    with pytest.raises(InvalidRecordStateError):
        partition.acknowledge("m", [ack(0, 4, RENEW)], SETTINGS._replace(renews=False), 600)


def test_locks_end():
    partition = acquired((0, 9))
    assert partition.expire(SETTINGS, SETTINGS.lock_ms - 1) == ()
    assert partition.expire(SETTINGS, SETTINGS.lock_ms) == ((0, 9, 0, 1),)
    assert partition.next_due_ms() is None
    assert partition.acquire(wish("other"), batches((0, 9))) == [(0, 9, 2)]


def test_a_lock_that_ends_the_last_time_archives():
    settings = SETTINGS._replace(delivery_count_limit=1)
    partition = acquired((0, 9))
    assert partition.expire(settings, SETTINGS.lock_ms) == ((0, 9, 4, 1),)
    assert partition.window.start_offset == 0
    partition.window.advance()
    assert partition.window.start_offset == 10


def test_a_member_that_goes_gives_back_what_it_holds():
    partition = acquired((0, 9))
    partition.acquire(wish("other"), batches((10, 19)))
    change = partition.release("m", SETTINGS)
    assert change.batches() == ((0, 9, 0, 1),)
    partition.commit(change)
    assert shape(partition) == [(0, 9, "AVAILABLE"), (10, 19, "ACQUIRED")]


def test_the_log_begins_later():
    partition = acquired((0, 9), (10, 19))
    change = acknowledge(partition, ack(0, 9, ACCEPT))
    partition.move_log_start(15)
    partition.commit(change)
    assert (partition.window.start_offset, shape(partition)) == (15, [(15, 19, "ACQUIRED")])
    assert acknowledge(partition, ack(10, 19, ACCEPT)).batches() == ((15, 19, 2, 1),)


def kept(*each: tuple[int, int, int, int], start: int = 0) -> SharePartition:
    return SharePartition.of(ShareState(3, start, tuple(map(StateBatch._make, each))), start, 7)


def test_what_was_kept_is_taken_up():
    partition = kept((0, 4, 2, 1), (10, 14, 0, 3), (20, 24, 4, 5))
    assert (partition.state_epoch, partition.leader_epoch) == (3, 7)
    assert partition.window.start_offset == 5
    assert shape(partition) == [
        (5, 9, "AVAILABLE"),
        (10, 14, "AVAILABLE"),
        (15, 19, "AVAILABLE"),
        (20, 24, "ARCHIVED"),
    ]
    assert partition.acquire(wish(), batches((5, 24), (25, 29)))[:2] == [(5, 9, 1)]


def test_what_somebody_held_is_free():
    assert shape(kept((0, 4, RecordState.ACQUIRED, 1))) == [(0, 4, "AVAILABLE")]


@pytest.mark.parametrize(
    "wrong",
    [
        [(0, 4, 3, 1)],
        [(4, 0, 0, 1)],
        [(0, 4, 0, 1), (3, 9, 0, 1)],
        [(-3, 4, 0, 1)],
    ],
)
def test_what_was_kept_makes_no_sense(wrong: list[tuple[int, int, int, int]]):
    with pytest.raises(UnknownServerError):
        kept(*wrong)
