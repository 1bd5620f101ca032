"""Metadata put together from pieces is, byte for byte, what would be encoded whole."""

import pytest

from logcore.broker.metadata_cache import EncodedMetadata, MetadataCache, described, encoded_topic
from logcore.controller.image import NO_LEADER, PartitionImage, TopicImage
from logcore.protocol.messages.metadata import MetadataResponse, MetadataResponseBroker

VERSIONS = range(MetadataResponse.VERSIONS[0], MetadataResponse.VERSIONS[1] + 1)
ID = b"0123456789abcdef"
TOPICS = [
    TopicImage(
        "first",
        ID,
        (PartitionImage(0, (1, 2), (1,), 1, leader_epoch=3), PartitionImage(1, (), (), 2)),
    ),
    TopicImage("__consumer_offsets", ID[::-1], (PartitionImage(0, (1,), (), NO_LEADER),)),
    TopicImage("bare", bytes(16), ()),
]


def frame(version):
    response = MetadataResponse(
        throttle_time_ms=7,
        brokers=[MetadataResponseBroker(node_id=1, host="host", port=9092, rack="r")],
        cluster_id="cluster",
        controller_id=1,
        error_code=9,
    )
    if version in range(8, 11):
        response.cluster_authorized_operations = 5
    return response


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_put_together_is_what_would_be_encoded(version, count):
    cache, topics = MetadataCache(), TOPICS[:count]
    pieces = cache.topics(topics, version)
    together = b"".join(EncodedMetadata(frame(version), pieces, count).encode(version))
    whole = frame(version)
    whole.topics = [described(topic) for topic in topics]
    assert together == whole.encode_bytes(version)


@pytest.mark.parametrize("version", [5, 12])
def test_many_topics_need_a_longer_count(version):
    topics = [TopicImage(f"topic-{number}", ID, ()) for number in range(300)]
    pieces = MetadataCache().topics(topics, version)
    together = b"".join(EncodedMetadata(frame(version), pieces, 300).encode(version))
    assert len(MetadataResponse.decode(together, version).topics) == 300


def test_a_topic_is_encoded_once_as_long_as_it_stays():
    cache = MetadataCache()
    first = cache.topic(TOPICS[0], 12)
    assert cache.topic(TOPICS[0], 12) is first
    assert cache.topic(TOPICS[0], 9) != first
    changed = TopicImage("first", ID, ())
    assert cache.topic(changed, 12) == encoded_topic(described(changed), 12)
    assert cache.topic(TOPICS[0], 12) == first


@pytest.mark.parametrize("version", range(8, 14))
@pytest.mark.parametrize("operations", [0, 3576, -(2**31)])
def test_operations_are_put_into_what_is_kept(version, operations):
    cache, topic = MetadataCache(), TOPICS[0]
    whole = described(topic)
    whole.topic_authorized_operations = operations
    told = cache.topic_with_operations(topic, version, operations)
    assert told == encoded_topic(whole, version)
    assert cache.topic(topic, version) == encoded_topic(described(topic), version)


def test_all_topics_are_joined_once_as_long_as_they_stay():
    cache = MetadataCache()
    image = {topic.name: topic for topic in TOPICS}
    joined = cache.all_topics(image, 12)
    assert joined == cache.topics(TOPICS, 12)
    assert cache.all_topics(image, 12) is joined
    fewer = {"bare": TOPICS[2]}
    assert cache.all_topics(fewer, 12) == cache.topic(TOPICS[2], 12)


def test_the_cache_does_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr("logcore.broker.metadata_cache._PIECES_MAX", 10)
    cache = MetadataCache()
    for number in range(50):
        cache.topic(TopicImage("t", b"%016d" % number, ()), 12)
    assert len(cache._pieces) <= 10


def test_a_partition_without_a_leader_says_so():
    partition = described(TOPICS[1]).partitions[0]
    assert (partition.error_code, partition.leader_id) == (5, NO_LEADER)
    assert partition.offline_replicas == [1]
