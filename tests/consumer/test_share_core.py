"""What both share consumers have in common, as far as their own tests do not show it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.errors import ClientClosedError, GroupAuthorizationFailedError
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.testing.local_broker import LocalBroker
from tests.client.test_forks import told_in_child
from tests.consumer.filling import add, filled
from tests.consumer.sharing import explicit, member, share_group, shown, some
from tests.contestants import Cluster


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


@pytest.fixture
def cluster(broker):
    broker.faults.clear()
    return Cluster(broker.bootstrap_servers, "logcore")


def test_who_polls_too_late_leaves_and_may_still_acknowledge(cluster):
    topic, group = filled(cluster, 1, 4), share_group(cluster.bootstrap)
    with member(cluster, group, topic, max_poll_interval_ms=200) as consumer:
        assert len(some(consumer)) == 4
        time.sleep(0.5)
        assert consumer.commit() == {TopicPartition(topic, 0): None}, "the locks lasted"
        add(cluster, topic, 1, 3)
        assert shown(some(consumer)) == [(0, 1), (1, 1), (2, 1)], "and joined again"


def test_what_a_group_refuses_is_raised_until_it_does_not(broker, cluster):
    topic, group = filled(cluster, 1, 4), share_group(cluster.bootstrap)
    broker.faults.fail("ShareGroupHeartbeat", GroupAuthorizationFailedError, times=2)
    with member(cluster, group, topic) as consumer:
        for _ in range(2):
            with pytest.raises(GroupAuthorizationFailedError):
                consumer.poll(10)
        assert len(some(consumer)) == 4


def test_what_waits_of_topics_that_are_left_goes_back(cluster):
    first, second = filled(cluster, 1, 6), filled(cluster, 1, 2)
    group = share_group(cluster.bootstrap)
    with member(cluster, group, first, max_poll_records=4) as consumer:
        assert len(some(consumer)) == 4
        consumer.subscribe(second)
        assert {record.topic for record in some(consumer)} == {second}
        with pytest.raises(ValueError, match="at least one"):
            consumer.poll(0, 0)
    with member(cluster, group, first) as other:
        assert shown(some(other)) == [(4, 2), (5, 2)]


def test_who_closes_second_waits_too(broker, cluster):
    topic, group = filled(cluster, 1, 4), share_group(cluster.bootstrap)
    consumer = explicit(cluster, group, topic)
    some(consumer)
    broker.faults.delay("ShareAcknowledge", 300)
    with ThreadPoolExecutor(2) as pool:
        for closing in [pool.submit(consumer.close) for _ in range(2)]:
            closing.result()
    assert consumer.runner.is_closed


def test_the_outcomes_of_the_end_are_told(cluster):
    topic, group, told = filled(cluster, 1, 4), share_group(cluster.bootstrap), []
    with explicit(cluster, group, topic) as consumer:
        consumer.set_acknowledgement_commit_callback(lambda *outcome: told.append(outcome))
        for record in some(consumer)[:3]:
            consumer.acknowledge(record)
    assert told == [(TopicPartition(topic, 0), [0, 1, 2], None)]


def test_who_is_abandoned_tells_what_was_not_acknowledged(cluster):
    topic, group, told = filled(cluster, 1, 4), share_group(cluster.bootstrap), []
    consumer = explicit(cluster, group, topic)
    consumer.set_acknowledgement_commit_callback(lambda *outcome: told.append(outcome))
    for record in some(consumer):
        consumer.acknowledge(record)
    consumer.core.hand.commit()
    consumer.runner.call(consumer.core.abandon)
    consumer.close()
    ((place, offsets, error),) = told
    assert (place, offsets) == (TopicPartition(topic, 0), [0, 1, 2, 3])
    assert isinstance(error, ClientClosedError)
    with member(cluster, group, topic) as other:
        assert shown(some(other)) == [(number, 2) for number in range(4)]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_in_the_child_of_a_fork_it_is_refused(cluster):
    consumer = member(cluster, share_group(cluster.bootstrap), cluster.topic())
    with consumer:
        assert (
            told_in_child(
                lambda: consumer.poll(0),
                lambda: next(consumer.records(0)),
                consumer.commit,
                consumer.commit_async,
                consumer.subscription,
                lambda: consumer.acknowledge_offset(("t", 0), 0, AcknowledgeType.ACCEPT),
            )
            == [True] * 6
        )
