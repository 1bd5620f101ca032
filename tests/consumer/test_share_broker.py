"""Brokers that answer members of share groups what they should not."""

import asyncio

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    ClientTimeoutError,
    ConnectionLostError,
    CoordinatorLoadInProgressError,
    FencedStateEpochError,
    GroupAuthorizationFailedError,
    InvalidRecordStateError,
    InvalidShareSessionEpochError,
    KafkaError,
    NotLeaderOrFollowerError,
    ShareSessionLimitReachedError,
    ShareSessionNotFoundError,
    UnknownServerError,
    UnsupportedVersionError,
    error_for_code,
)
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.protocol.messages.share_acknowledge import ShareAcknowledgeResponse
from logcore.protocol.messages.share_fetch import LeaderIdAndEpoch, ShareFetchResponse
from logcore.protocol.messages.share_group_heartbeat import TopicPartitions
from tests.client.lying_broker import lying_broker
from tests.consumer.lying_sharer import ID, TOPIC, Sharer, sharing_by

pytestmark = pytest.mark.asyncio
PLACE = TopicPartition(TOPIC, 0)
ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType
PASSING = [
    ShareSessionNotFoundError, InvalidShareSessionEpochError, ShareSessionLimitReachedError,
    UnknownServerError,
]  # fmt: skip


def once(lie):
    """Return a lie that is told once, by what makes an answer of sharer, asked and request."""

    async def told(sharer, asked, request):
        return lies.pop()(sharer, asked, request) if lies else b"honest"

    lies = [lie]
    return told


async def acknowledged(consumer, what=ACCEPT):
    """Get three records, and say something of each."""
    records = await consumer.poll(10)
    for record in records:
        consumer.acknowledge(record, what)
    return [record.offset for record in records]


# ---------------------------------------------------------------- as a whole


@pytest.mark.parametrize("error", PASSING)
async def test_a_session_that_is_refused_begins_again(error):
    sharer = Sharer(once(lambda s, asked, _: asked.answer(s.records(error_code=error.code))))
    async with sharing_by(sharer) as consumer:
        assert await acknowledged(consumer) == [3, 4, 5]
    assert [each.share_session_epoch for each in sharer.fetches] == [0, 0]


@pytest.mark.parametrize(
    "lie",
    [
        lambda *_: None,
        lambda *_: b"",
        lambda _, asked, __: asked.answer(ShareFetchResponse())[:5],
        lambda _, asked, __: asked.answer(ShareFetchResponse(), asked.correlation_id + 1),
        lambda s, asked, _: asked.answer(s.records())[:-9],
    ],
)
async def test_an_answer_that_makes_no_sense_is_as_none(lie):
    sharer = Sharer(once(lie))
    async with sharing_by(sharer, request_timeout_ms=200) as consumer:
        assert await acknowledged(consumer) == [3, 4, 5]
    assert [each.share_session_epoch for each in sharer.fetches] == [0, 0]


async def test_what_does_not_pass_is_raised_and_tried_again():
    code = GroupAuthorizationFailedError.code
    sharer = Sharer(once(lambda s, asked, _: asked.answer(s.records(error_code=code))))
    async with sharing_by(sharer) as consumer:
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.poll(10)
        assert await acknowledged(consumer) == [3, 4, 5]


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (lambda *_: None, ConnectionLostError),
        (
            lambda _, asked, __: asked.answer(ShareAcknowledgeResponse(error_code=122)),
            ShareSessionNotFoundError,
        ),
        (
            lambda _, asked, __: asked.answer(ShareAcknowledgeResponse(error_code=30)),
            GroupAuthorizationFailedError,
        ),
        (lambda _, asked, __: asked.answer(ShareAcknowledgeResponse()), UnknownServerError),
    ],
)
async def test_what_is_not_acknowledged_is_told(lie, error):
    sharer = Sharer(acknowledged=once(lie))
    told = []
    async with sharing_by(sharer) as consumer:
        consumer.set_acknowledgement_commit_callback(lambda *outcome: told.append(outcome))
        await acknowledged(consumer)
        found = (await consumer.commit())[PLACE]
        assert isinstance(found, error)
        assert told == [(PLACE, [0, 1, 2], found)]
        try:
            assert await acknowledged(consumer) == [3, 4, 5]
        except GroupAuthorizationFailedError:
            assert await acknowledged(consumer) == [3, 4, 5]
        assert await consumer.commit() == {PLACE: None}


async def test_what_is_held_is_void_once_the_session_is_lost():
    """Records that wait to be handed out are others' by then, and so are acknowledgements."""
    sharer = Sharer(acknowledged=once(lambda *_: None))
    async with sharing_by(sharer, max_poll_records=1) as consumer:
        (record,) = await consumer.poll(10)
        consumer.acknowledge(record)
        assert isinstance((await consumer.commit())[PLACE], ConnectionLostError)
        (record,) = await consumer.poll(10)
        assert record.offset == 3, "1 and 2 went back"
        consumer.acknowledge(record)
        assert await consumer.commit() == {PLACE: None}


# ---------------------------------------------------------------- partitions


@pytest.mark.parametrize("code", [3, 5, 6, 74, 100, 103, -1, 56])
async def test_an_error_of_a_partition_that_passes(code):
    sharer = Sharer(once(lambda s, asked, _: asked.answer(s.records(error_code=0) if not code
                                                           else partition(s, code))))  # fmt: skip
    async with sharing_by(sharer) as consumer:
        assert await acknowledged(consumer) == [3, 4, 5]


def partition(sharer, code):
    """Return an answer with an error of the partition."""
    answer = sharer.records(records=b"", acquired_records=[])
    answer.responses[0].partitions[0].error_code = code
    return answer


@pytest.mark.parametrize("code", [29, 43, 35])
async def test_an_error_of_a_partition_that_does_not_pass(code):
    sharer = Sharer(once(lambda s, asked, _: asked.answer(partition(s, code))))
    async with sharing_by(sharer) as consumer:
        with pytest.raises(error_for_code(code), match=f"{TOPIC}-0"):
            await consumer.poll(10)
        assert await acknowledged(consumer) == [3, 4, 5]


async def test_a_partition_that_nobody_asked_for_is_left_alone():
    answers = [
        lambda s: s.records(partition_index=1),
        lambda s: s.records(topic_id=bytes(16)),
        lambda s: s.records(partition_index=-7),
    ]

    async def lie(sharer, asked, _):
        return asked.answer(answers.pop(0)(sharer)) if answers else b"honest"

    sharer = Sharer(lie)
    async with sharing_by(sharer) as consumer:
        assert await acknowledged(consumer) == [9, 10, 11]


@pytest.mark.parametrize("code", [InvalidRecordStateError.code, FencedStateEpochError.code, 42, 6])
@pytest.mark.parametrize("by_fetch", [True, False])
async def test_acknowledgements_that_a_partition_refuses(code, by_fetch):
    async def fetched(sharer, asked, request):
        acknowledges = any(p.acknowledgement_batches for t in request.topics for p in t.partitions)
        if not acknowledges:
            return b"honest"
        answer = sharer.records()
        answer.responses[0].partitions[0].acknowledge_error_code = code
        return asked.answer(answer)

    refuse = once(lambda s, asked, request: asked.answer(s.taken(request, error_code=code)))
    sharer = Sharer(fetched, None if by_fetch else refuse)
    told = []
    async with sharing_by(sharer) as consumer:
        consumer.set_acknowledgement_commit_callback(lambda *outcome: told.append(outcome))
        await acknowledged(consumer)
        if by_fetch:
            assert await acknowledged(consumer) == [3, 4, 5]
        else:
            assert isinstance((await consumer.commit())[PLACE], error_for_code(code))
            assert await acknowledged(consumer) == [3, 4, 5]
        assert await consumer.commit() == {PLACE: None}
    _, offsets, error = told[0]
    assert (offsets, type(error)) == ([0, 1, 2], error_for_code(code))


async def test_acknowledgements_that_may_succeed_later_are_tried_again():
    code = CoordinatorLoadInProgressError.code
    refuse = once(lambda s, asked, request: asked.answer(s.taken(request, error_code=code)))
    sharer = Sharer(acknowledged=refuse)
    async with sharing_by(sharer) as consumer:
        await acknowledged(consumer, REJECT)
        assert await consumer.commit() == {PLACE: None}
    assert sharer.said() == [(1, [(0, 2, [3])]), (2, [(0, 2, [3])]), (-1, [])]


async def test_what_does_not_come_to_an_end_is_told_in_time():
    async def never(*_):
        await asyncio.sleep(60)

    sharer = Sharer(acknowledged=never)
    async with sharing_by(sharer) as consumer:
        await acknowledged(consumer)
        error = (await consumer.commit(0.2))[PLACE]
        assert isinstance(error, ClientTimeoutError)
        await consumer.close(0.2)


# ---------------------------------------------------------------- heartbeats


async def test_partitions_that_are_not_there_do_not_hold_the_others_up():
    sharer = Sharer()
    sharer.places = [
        TopicPartitions(topic_id=bytes(16), partitions=[0]),
        TopicPartitions(topic_id=ID, partitions=[7, -1, 0]),
    ]
    async with sharing_by(sharer) as consumer:
        assert await acknowledged(consumer) == [0, 1, 2]
        await consumer.commit()
        await asyncio.sleep(0.3)
    assert sharer.metadata_count < 60, "they are looked for, with pauses"


@pytest.mark.parametrize(
    "fields",
    [
        {"heartbeat_interval_ms": 0},
        {"heartbeat_interval_ms": -5},
        {"member_epoch": -1},
        {"member_epoch": 0},
        {"member_id": None},
        {"member_id": "somebody else"},
    ],
)
async def test_heartbeats_that_make_no_sense(fields):
    sharer = Sharer()
    sharer.heartbeat = sharer.heartbeat | fields
    async with sharing_by(sharer) as consumer:
        assert await acknowledged(consumer) == [0, 1, 2]
        await consumer.commit()
        await asyncio.sleep(0.2)
    assert sharer.beats < 60, "nobody is asked without a pause"


async def test_a_group_without_an_assignment_is_waited_for():
    sharer = Sharer()
    sharer.heartbeat = sharer.heartbeat | {"assignment": None}
    async with sharing_by(sharer) as consumer:
        assert await consumer.poll(0.1) == []
        del sharer.heartbeat["assignment"]
        assert await acknowledged(consumer) == [0, 1, 2]


# ---------------------------------------------------------------- records


@pytest.mark.parametrize(
    "fields",
    [
        {"records": b"\xff" * 80},
        {"acquired_records": [(5, 2, 1)]},
        {"acquired_records": [(0, 1, 1), (1, 2, 1)]},
    ],
)
async def test_records_that_make_no_sense_are_told(fields):
    def lie(sharer, asked, _):
        told = dict(fields)
        if "acquired_records" in told:
            kind = type(sharer.records().responses[0].partitions[0].acquired_records[0])
            told["acquired_records"] = [
                kind(first_offset=first, last_offset=last, delivery_count=count)
                for first, last, count in told["acquired_records"]
            ]
        return asked.answer(sharer.records(**told))

    async with sharing_by(Sharer(once(lie))) as consumer:
        with pytest.raises(KafkaError, match=r"acquired|batch"):
            await consumer.poll(10)
        assert await acknowledged(consumer) == [3, 4, 5]


async def test_records_that_were_promised_and_not_sent_go_back():
    sharer = Sharer(once(lambda s, asked, _: asked.answer(s.records(records=b""))))
    async with sharing_by(sharer) as consumer:
        assert await acknowledged(consumer) == [3, 4, 5]
        await consumer.commit()
    with_words = [
        (one.first_offset, one.last_offset, one.acknowledge_types)
        for request in sharer.fetches
        for topic in request.topics
        for each in topic.partitions
        for one in each.acknowledgement_batches
    ]
    assert with_words == [(0, 2, [RELEASE])]


@pytest.mark.parametrize("lock_ms", [0, -1, -(2**31)])
async def test_a_lock_of_no_length_is_one_of_unknown_length(lock_ms):
    async def lie(sharer, asked, _):
        return asked.answer(sharer.records(acquisition_lock_timeout_ms=lock_ms))

    async with sharing_by(Sharer(lie)) as consumer:
        assert await acknowledged(consumer) == [0, 1, 2]
        assert consumer.acquisition_lock_timeout_ms() is None


# ---------------------------------------------------------------- versions and ends


async def test_a_broker_that_is_too_old_for_renewals_and_limits():
    sharer = Sharer()
    sharer.newest = 1
    async with sharing_by(sharer) as consumer:
        await acknowledged(consumer, RENEW)
        error = (await consumer.commit())[PLACE]
        assert isinstance(error, UnsupportedVersionError)
        assert "KIP-1222" in str(error)
        assert await acknowledged(consumer) == [3, 4, 5]
    async with sharing_by(sharer, share_acquire_mode="record_limit") as consumer:
        with pytest.raises(UnsupportedVersionError, match="KIP-1206"):
            await consumer.poll(10)


async def test_the_end_acknowledges_and_says_goodbye():
    sharer = Sharer()
    async with sharing_by(sharer) as consumer:
        records = await consumer.poll(10)
        consumer.acknowledge(records[0])
        consumer.acknowledge(records[2], RENEW)
    assert sharer.said() == [(-1, [(0, 0, [1]), (2, 2, [4])])]
    assert sharer.leaves == 1


async def test_the_end_does_not_wait_for_a_broker_that_is_gone():
    sharer = Sharer()
    async with sharing_by(sharer, socket_connection_setup_timeout_ms=60_000) as consumer:
        await acknowledged(consumer)

        async def silent(_):
            await asyncio.sleep(60)

        sharer.behave = silent  # type: ignore[method-assign]  # as a broker that hangs
        began = asyncio.get_running_loop().time()
        await consumer.close(0.3)
        assert asyncio.get_running_loop().time() - began < 10


async def test_a_partition_that_moves_is_followed_without_asking():
    """The refusal tells of the new leader and where it is (KIP-951)."""

    async def moved(sharer, asked, _):
        answer = partition(sharer, NotLeaderOrFollowerError.code)
        leader = LeaderIdAndEpoch(leader_id=2, leader_epoch=9)
        answer.responses[0].partitions[0].current_leader = leader
        sharer.leader = 2
        return asked.answer(answer)

    first, second = Sharer(moved), Sharer(node_id=2)
    async with lying_broker(second.behave) as second.port:
        first.others, second.others = [second], [first]
        async with sharing_by(first) as consumer:
            assert await acknowledged(consumer) == [0, 1, 2]
            assert await consumer.commit() == {PLACE: None}
    assert len(first.fetches) == 1
    assert [epoch for epoch, _ in second.said()] == [1, -1]
