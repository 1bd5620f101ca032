"""Offsets of a consumer: where it stands and begins, what it commits, what brokers know."""

import time

import pytest

from logcore.client.positions import OffsetAndMetadata, TopicPartition
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.producer.producer import Producer
from tests.consumer.filling import filled
from tests.consumer.test_consumer import reading


def test_offsets_by_time(cluster):
    topic = filled(cluster, 1, 50)
    with reading(cluster) as consumer:
        found = consumer.offsets_for_times({(topic, 0): 1010})
        assert found[TopicPartition(topic, 0)] == (10, 1010)
        assert consumer.offsets_for_times({(topic, 0): 9_999_999}) == {(topic, 0): None}
        assert consumer.beginning_offsets((topic, 0)) == {(topic, 0): 0}
        assert consumer.end_offsets((topic, 0)) == {(topic, 0): 50}


def test_commits_with_metadata_are_read_back(cluster):
    topic, group = filled(cluster, 1, 20), cluster.group()
    with reading(cluster, group_id=group, enable_auto_commit=False) as consumer:
        consumer.assign([(topic, 0)])
        consumer.poll(5, 7)
        consumer.commit()
        assert consumer.committed() == {(topic, 0): OffsetAndMetadata(7)}
        consumer.commit({(topic, 0): OffsetAndMetadata(3, "why not")})
        assert consumer.committed((topic, 0))[TopicPartition(topic, 0)].metadata == "why not"
        assert consumer.committed((topic, 9)) == {}


def test_a_negative_offset_is_refused_and_erases_nothing(cluster):
    topic, group = filled(cluster, 1, 20), cluster.group()
    with reading(cluster, group_id=group, enable_auto_commit=False) as consumer:
        consumer.assign([(topic, 0)])
        consumer.commit({(topic, 0): 5})
        for commit in (consumer.commit, consumer.commit_async):
            with pytest.raises(ValueError, match=f"{topic}-0: offset -1 is negative"):
                commit({(topic, 0): -1})
        assert consumer.committed() == {(topic, 0): OffsetAndMetadata(5)}


def test_offsets_are_committed_by_and_by_but_not_of_what_is_in_hand(cluster):
    topic, group = filled(cluster, 1, 20), cluster.group()
    settings = {"group_id": group, "auto_commit_interval_ms": 50}
    with reading(cluster, **settings) as consumer, reading(cluster, group_id=group) as other:
        consumer.assign([(topic, 0)])
        consumer.poll(5, 5)
        time.sleep(0.2)
        consumer.poll(5, 5)
        deadline = time.monotonic() + 10
        while other.committed((topic, 0)) != {(topic, 0): OffsetAndMetadata(5)}:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("reset", "first"), [("earliest", 0), ("latest", 20), ("by_duration:PT1H", 10)]
)
def test_where_reading_begins_without_an_offset(cluster, reset, first):
    topic = cluster.topic()
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        for _ in range(10):
            producer.send(topic, b"1", timestamp=1000)
        for _ in range(10):
            producer.send(topic, b"1")
    with reading(cluster, auto_offset_reset=reset) as consumer:
        consumer.assign([(topic, 0)])
        assert consumer.position((topic, 0)) == first


def test_interceptors_hear_what_is_committed_by_hand_and_by_itself(cluster):
    topic, group = filled(cluster, 1, 20), cluster.group()

    class Hearing(ConsumerInterceptor):
        def __init__(self):
            self.heard = []

        def on_commit(self, offsets):
            self.heard.append(offsets)

    hearing = Hearing()
    with reading(cluster, group_id=group, interceptors=[hearing]) as consumer:
        consumer.assign([(topic, 0)])
        consumer.poll(5, 5)
        consumer.commit({(topic, 0): 3})
        consumer.commit({(topic, 0): OffsetAndMetadata(4, "four")})
        consumer.poll(5, 3)
    assert [each[TopicPartition(topic, 0)] for each in hearing.heard] == [
        OffsetAndMetadata(3), OffsetAndMetadata(4, "four"), OffsetAndMetadata(8),
    ]  # fmt: skip
