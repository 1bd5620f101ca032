"""DescribeTopicPartitions: pages of topics; the expectations are what Apache Kafka answers."""

from collections.abc import Iterator

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.describe_topic_partitions import (
    Cursor,
    DescribeTopicPartitionsRequest,
    TopicRequest,
)
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.running import Running, running_broker

UNKNOWN, INVALID_TOPIC, FORBIDDEN, INVALID_REQUEST = 3, 17, 29, 42
ALL = 2000


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> Iterator[Running]:
    """A broker with the topics a (3 partitions), b (1) and c (2)."""
    with running_broker(tmp_path_factory.mktemp("described")) as running:
        topics = [
            CreatableTopic(name=name, num_partitions=count, replication_factor=1)
            for name, count in (("c", 2), ("a", 3), ("b", 1))
        ]
        running.wire().ask(CreateTopicsRequest(topics=topics, timeout_ms=5000), 7)
        yield running


def ask(running: Running, names, limit: int = ALL, cursor=None):
    request = DescribeTopicPartitionsRequest(
        topics=[TopicRequest(name=name) for name in names],
        response_partition_limit=limit,
        cursor=None if cursor is None else Cursor(topic_name=cursor[0], partition_index=cursor[1]),
    )
    return running.wire().ask(request, 0)


def page(running: Running, names, limit: int = ALL, cursor=None):
    """Return the partitions of a page by topic, and where the next one begins."""
    response = ask(running, names, limit, cursor)
    assert all(topic.error_code == 0 for topic in response.topics)
    following = response.next_cursor
    return (
        [
            (topic.name, [each.partition_index for each in topic.partitions])
            for topic in response.topics
        ],
        None if following is None else (following.topic_name, following.partition_index),
    )


def test_what_is_told_of_a_topic(described: Running):
    [topic] = ask(described, ["a"]).topics
    assert (topic.name, topic.error_code, topic.is_internal) == ("a", 0, False)
    assert topic.topic_id != ZERO_UUID
    assert topic.topic_authorized_operations == 0b1101_1111_1000
    partition = topic.partitions[2]
    assert (partition.partition_index, partition.leader_id, partition.leader_epoch) == (2, 1, 0)
    assert (partition.replica_nodes, partition.isr_nodes) == ([1], [1])
    assert (partition.eligible_leader_replicas, partition.last_known_elr) == ([], [])
    assert partition.offline_replicas == []


def test_topics_come_in_order(described: Running):
    everything = [("a", [0, 1, 2]), ("b", [0]), ("c", [0, 1])]
    assert page(described, ["c", "a", "b", "a"]) == (everything, None)
    assert page(described, []) == (everything, None)


@pytest.mark.parametrize(
    ("limit", "told", "following"),
    [
        (2, [("a", [0, 1])], ("a", 2)),
        (3, [("a", [0, 1, 2])], ("b", 0)),
        (4, [("a", [0, 1, 2]), ("b", [0])], ("c", 0)),
        (5, [("a", [0, 1, 2]), ("b", [0]), ("c", [0])], ("c", 1)),
        (6, [("a", [0, 1, 2]), ("b", [0]), ("c", [0, 1])], None),
        (0, [("a", [0])], ("a", 1)),
        (-5, [("a", [0])], ("a", 1)),
    ],
)
def test_a_page_ends_where_the_limit_is(described: Running, limit: int, told, following):
    assert page(described, [], limit) == (told, following)


@pytest.mark.parametrize(
    ("cursor", "told"),
    [
        (("a", 1), [("a", [1, 2]), ("b", [0]), ("c", [0, 1])]),
        (("c", 1), [("c", [1])]),
        (("c", 9), [("c", [])]),
        (("bb", 1), [("c", [0, 1])]),
        (("z", 0), []),
    ],
)
def test_a_page_begins_where_the_cursor_is(described: Running, cursor, told):
    assert page(described, [], ALL, cursor) == (told, None)


def test_page_by_page_everything_comes_once(described: Running):
    seen, cursor = [], None
    while True:
        topics, cursor = page(described, [], 2, cursor)
        seen += [(name, each) for name, partitions in topics for each in partitions]
        if cursor is None:
            break
    assert seen == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("c", 0), ("c", 1)]


def test_the_brokers_limit_counts_too(tmp_path):
    with running_broker(tmp_path, **{"max.request.partition.size.limit": "1"}) as running:
        running.topic(partitions=3)
        assert len(ask(running, []).topics[0].partitions) == 1


def test_what_is_not_there_is_told_among_the_others(described: Running):
    topics = ask(described, ["a", "no spaces", "nope"]).topics
    assert [(topic.name, topic.error_code) for topic in topics] == [
        ("a", 0),
        ("no spaces", INVALID_TOPIC),
        ("nope", UNKNOWN),
    ]


@pytest.mark.parametrize("cursor", [("c", 0), ("a", -1)])
def test_a_cursor_that_stands_nowhere(described: Running, cursor):
    response = ask(described, ["a", "b"], ALL, cursor)
    assert [topic.error_code for topic in response.topics] == [INVALID_REQUEST] * 2
    assert response.next_cursor is None


def test_what_may_not_be_seen(described: Running):
    with refusing(described, on_topic(Operation.DESCRIBE, "b")):
        assert [topic.name for topic in ask(described, []).topics] == ["a", "c"]
        [refused] = ask(described, ["b"]).topics
    assert (refused.error_code, refused.partitions) == (FORBIDDEN, [])
