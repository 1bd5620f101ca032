"""Requests of share groups name each partition once, with what is said of it."""

from logcore.client.positions import TopicPartition
from logcore.consumer.acknowledgements import Acknowledgement, AcknowledgeType
from logcore.consumer.share_record import ShareRecord
from logcore.consumer.share_requests import (
    Member,
    Wish,
    acknowledge_request,
    by_partition,
    fetch_request,
    renews,
)
from logcore.consumer.share_session import Change, SharePartition
from logcore.protocol.messages.share_acknowledge import ShareAcknowledgeRequest
from logcore.protocol.messages.share_fetch import ShareFetchRequest
from logcore.record import ConsumerRecord
from tests.consumer.acquiring import acquisition

ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType
ME = Member("g", "me")
ONE, TWO = bytes(15) + b"\1", bytes(15) + b"\2"
WISH = Wish(100, 50, True, 300, 1, 4096)


def said(topic_id, number, types):
    where = acquisition()._replace(topic_id=topic_id, place=TopicPartition("t", number))
    return Acknowledgement(where, types)


def ranges(topics):
    return {
        (topic.topic_id, each.partition_index): [
            (one.first_offset, one.last_offset, one.acknowledge_types)
            for one in each.acknowledgement_batches
        ]
        for topic in topics
        for each in topic.partitions
    }


def test_a_fetch_takes_acknowledgements_along():
    fresh = [SharePartition(ONE, 0), SharePartition(TWO, 3), SharePartition(ONE, 1)]
    acknowledged = by_partition(
        [said(ONE, 1, {4: ACCEPT}), said(TWO, 3, {1: REJECT}), said(ONE, 1, {5: RELEASE})]
    )
    change = Change(fresh, [SharePartition(TWO, 9)])
    request = fetch_request(ME, 7, change, acknowledged, WISH)
    assert ranges(request.topics) == {
        (ONE, 0): [],
        (ONE, 1): [(4, 5, [1, 2])],
        (TWO, 3): [(1, 1, [3])],
    }
    assert [(each.topic_id, each.partitions) for each in request.forgotten_topics_data] == [
        (TWO, [9])
    ]
    assert (request.share_session_epoch, request.max_records, request.share_acquire_mode) == (
        7,
        100,
        1,
    )
    assert not request.is_renew_ack
    for version in (1, 2):
        ShareFetchRequest.decode(request.encode_bytes(version), version)


def test_acknowledgements_by_themselves():
    acknowledged = by_partition([said(ONE, 0, dict.fromkeys(range(100), ACCEPT))])
    request = acknowledge_request(ME, -1, acknowledged, is_renewal=False)
    assert ranges(request.topics) == {(ONE, 0): [(0, 99, [1])]}
    assert (request.group_id, request.member_id, request.share_session_epoch) == ("g", "me", -1)
    again = ShareAcknowledgeRequest.decode(request.encode_bytes(1), 1)
    assert ranges(again.topics) == {(ONE, 0): [(0, 99, [1])]}


def test_renewals_are_known():
    one = said(ONE, 0, {1: RENEW})
    assert not renews([said(ONE, 0, {1: ACCEPT})])
    one.renewed = {1: ShareRecord(ConsumerRecord("t", 0, 1, None, b"v"), 1)}
    assert renews([one])
