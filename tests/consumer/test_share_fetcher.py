"""Sharing through faults: nothing is lost, and what was acknowledged does not come again."""

from collections import Counter
from typing import Any

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    InvalidRecordStateError,
    InvalidShareSessionEpochError,
    NotLeaderOrFollowerError,
    ShareSessionNotFoundError,
    TopicAuthorizationFailedError,
    UnknownServerError,
)
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.testing.local_broker import LocalBroker
from tests.consumer.filling import add, filled
from tests.consumer.sharing import explicit, is_settled, member, share_group, shown, some
from tests.contestants import Cluster
from tests.eventually import eventually

COUNT = 600
ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType
QUICK: dict[str, Any] = {"retry_backoff_ms": 5, "reconnect_backoff_ms": 5}


@pytest.fixture(scope="module")
def broker():
    settings: dict[str, Any] = {
        "group_share_min_record_lock_duration_ms": 1000, "group_share_delivery_count_limit": 10,
    }  # fmt: skip
    with LocalBroker(**settings) as running:
        yield running


@pytest.fixture
def cluster(broker):
    broker.faults.clear()
    return Cluster(broker.bootstrap_servers, "logcore")


FAULTS = {
    "resets": lambda faults: faults.drop("ShareFetch", times=5),
    "resets after the answer": lambda faults: faults.drop("ShareFetch", is_served=True, times=3),
    "lost acknowledgements": lambda faults: faults.drop("ShareAcknowledge", times=5),
    "lost answers": lambda faults: faults.drop("ShareAcknowledge", is_served=True, times=5),
    "forgotten sessions": lambda faults: faults.fail(
        "ShareFetch", ShareSessionNotFoundError, times=3
    ),
    "wrong epochs": lambda faults: faults.fail(
        "ShareAcknowledge", InvalidShareSessionEpochError, times=3
    ),
    "moving leaders": lambda faults: faults.fail("ShareFetch", NotLeaderOrFollowerError, times=3),
    "defects": lambda faults: faults.fail("ShareFetch", UnknownServerError, times=3),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_record_is_accepted_and_then_comes_no_more(broker, cluster, fault):
    topic = filled(cluster, 2, COUNT, batch_size=600)
    group = share_group(cluster.bootstrap)
    kept: Counter[int] = Counter()
    seen: set[int] = set()
    with explicit(cluster, group, topic, max_poll_records=50, **QUICK) as consumer:
        while len(kept) < COUNT:
            records = some(consumer)
            if not seen:
                FAULTS[fault](broker.faults)
            for record in records:
                assert int(record.value) not in kept, "it was accepted"
                consumer.acknowledge(record)
            seen.update(int(record.value) for record in records)
            results = consumer.commit()
            kept.update(
                int(record.value)
                for record in records
                if results[TopicPartition(topic, record.partition)] is None
            )
            if fault == "lost answers":
                kept.update(seen)  # what nobody said was not accepted may have been
    assert sorted(seen) == list(range(COUNT))
    eventually(lambda: is_settled(cluster.bootstrap, group, topic, 2))


def test_what_may_not_be_read_is_told_and_tried_again(broker, cluster):
    topic, group = filled(cluster, 1, 10), share_group(cluster.bootstrap)
    with member(cluster, group, topic, retry_backoff_max_ms=50, **QUICK) as consumer:
        broker.faults.fail("ShareFetch", TopicAuthorizationFailedError)
        with pytest.raises(TopicAuthorizationFailedError):
            some(consumer)
        assert len(some(consumer)) == 10


def test_a_lock_that_ended_is_told(broker, cluster):
    topic = filled(cluster, 1, 6)
    group = share_group(cluster.bootstrap, share_record_lock_duration_ms="1000")
    with (
        explicit(cluster, group, topic, max_poll_records=3) as one,
        member(cluster, group, topic) as two,
    ):
        records = some(one)
        assert one.acquisition_lock_timeout_ms() == 1000
        assert two.poll(0.05) == []
        broker.advance(1001)
        assert shown(some(two)) == [(number, 2) for number in range(6)]
        for record in records:
            one.acknowledge(record)
        error = one.commit()[TopicPartition(topic, 0)]
        assert isinstance(error, InvalidRecordStateError)
        assert two.commit() == {TopicPartition(topic, 0): None}


def test_a_renewal_keeps_the_lock(broker, cluster):
    topic = filled(cluster, 1, 3)
    group = share_group(cluster.bootstrap, share_record_lock_duration_ms="10000")
    with explicit(cluster, group, topic) as one, member(cluster, group, topic) as two:
        records = some(one)
        for _ in range(3):
            broker.advance(9000)
            for record in records:
                one.acknowledge(record, RENEW)
            records = some(one)
            assert shown(records) == [(0, 1), (1, 1), (2, 1)]
        assert two.poll(0.05) == [], "after 27 seconds it is still one's"
        for record in records:
            one.acknowledge(record)
        assert one.commit() == {TopicPartition(topic, 0): None}


def test_what_cannot_be_renewed_is_told(cluster):
    topic = filled(cluster, 1, 3)
    group = share_group(cluster.bootstrap, share_renew_acknowledge_enable="false")
    with explicit(cluster, group, topic) as consumer:
        for record in some(consumer):
            consumer.acknowledge(record, RENEW)
        assert consumer.commit()[TopicPartition(topic, 0)] is not None
        assert consumer.poll(0.05) == []


def test_a_restart_of_the_broker_is_survived(broker, cluster):
    topic, group = cluster.topic(2, retention_ms="-1"), share_group(cluster.bootstrap)
    add(cluster, topic, 2, COUNT)
    kept: set[int] = set()
    with explicit(cluster, group, topic, max_poll_records=100, **QUICK) as consumer:
        is_restarted = False
        while len(kept) < COUNT:
            records = some(consumer)
            assert not kept & {int(record.value) for record in records}
            if len(kept) > 100 and not is_restarted:
                broker.restart()
                is_restarted = True
            for record in records:
                consumer.acknowledge(record)
            results = consumer.commit()
            kept.update(
                int(record.value)
                for record in records
                if results[TopicPartition(topic, record.partition)] is None
            )
    eventually(lambda: is_settled(broker.bootstrap_servers, group, topic, 2))


def test_with_a_record_limit_no_more_is_asked_for(cluster):
    topic, group = filled(cluster, 2, 40), share_group(cluster.bootstrap)
    told = {"share_acquire_mode": "record_limit", "max_poll_records": 7}
    with explicit(cluster, group, topic, **told) as consumer:
        records = [some(consumer)]
        while sum(map(len, records)) < 40:
            for record in records[-1]:
                consumer.acknowledge(record)
            records.append(some(consumer))
        assert max(map(len, records)) == 7


def test_a_topic_that_comes_later(broker, cluster):
    group = share_group(cluster.bootstrap)
    told = {"allow_auto_create_topics": False, **QUICK}
    with member(cluster, group, "comes-later", **told) as consumer:
        assert consumer.poll(0.1) == []
        broker.create_topic("comes-later")
        add(cluster, "comes-later", 1, 5)
        assert len(some(consumer)) == 5
