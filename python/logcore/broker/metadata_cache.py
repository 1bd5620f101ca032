"""Answers to Metadata, put together from pieces that are encoded once.

A client asks for metadata often and for the same topics, and they seldom change. So each topic's
part of the response is kept as bytes, by version, and all of them joined for those who ask for all.
Invariant: what is put together is, byte for byte, what `MetadataResponse` would encode; a piece is
used only for the very image that it was made of, so nothing has to be told when one changes.
Neighbours: `handlers.metadata` asks; `logcore.controller.image` holds the topics.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from logcore.common.errors import LeaderNotAvailableError
from logcore.controller.image import NO_LEADER, PartitionImage, TopicImage
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from logcore.protocol.wire import varint

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CLUSTER_OPERATIONS: Final = range(8, 11)
_ERROR_FROM: Final = 13
_PIECES_MAX: Final = 100_000


class EncodedMetadata:
    """A response whose topics are encoded already, for one version.

    Args:
        response: Everything but the topics.
        topics: The encoded topics.
        count: How many there are.
    """

    __slots__ = ("_count", "_response", "_topics")

    def __init__(self, response: MetadataResponse, topics: bytes, count: int) -> None:
        self._response = response
        self._topics = topics
        self._count = count

    @property
    def throttle_time_ms(self) -> int:
        """How long the client has to wait for its quotas' sake."""
        return self._response.throttle_time_ms

    @throttle_time_ms.setter
    def throttle_time_ms(self, wait_ms: int) -> None:
        self._response.throttle_time_ms = wait_ms

    def encode(self, version: int, prefix: bytes = b"") -> "list[Buffer]":
        """Return the buffers of the response, behind what stands before it."""
        head, tail = _around_topics(self._response, version)
        return [prefix + head + _array_length(self._count, version) + self._topics + tail]


def _around_topics(response: MetadataResponse, version: int) -> tuple[bytes, bytes]:
    """Return what stands before the length of the topics' array, and what after the topics."""
    assert not response.topics, "the topics come from elsewhere"
    encoded = response.encode_bytes(version)
    tail_bytes = _tail_bytes(version)
    start = len(encoded) - tail_bytes - len(_array_length(0, version))
    return encoded[:start], encoded[len(encoded) - tail_bytes :]


def _tail_bytes(version: int) -> int:
    """Return how many bytes follow the topics: operations, error code, tagged fields."""
    tail_bytes = 4 if version in _CLUSTER_OPERATIONS else 0
    tail_bytes += 2 if version >= _ERROR_FROM else 0
    return tail_bytes + (1 if version >= MetadataResponse.FLEXIBLE else 0)


def _array_length(count: int, version: int) -> bytes:
    if version < MetadataResponse.FLEXIBLE:
        return count.to_bytes(4, "big")
    return varint(count + 1)


def encoded_topic(topic: MetadataResponseTopic, version: int) -> bytes:
    """Return a topic's part of a response."""
    empty = MetadataResponse()
    head, tail = _around_topics(empty, version)
    encoded = MetadataResponse(topics=[topic]).encode_bytes(version)
    start = len(head) + len(_array_length(1, version))
    return encoded[start : len(encoded) - len(tail)]


class MetadataCache:
    """The encoded topics of this broker's metadata."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[int, bytes], tuple[TopicImage, bytes]] = {}
        self._joined: dict[int, tuple[Mapping[str, TopicImage], bytes]] = {}

    def topic(self, topic: TopicImage, version: int) -> bytes:
        """Return a topic, encoded."""
        key = (version, topic.topic_id)
        piece = self._pieces.get(key)
        if piece is not None and piece[0] is topic:
            return piece[1]
        if len(self._pieces) >= _PIECES_MAX:
            # Versions that are not asked for any more, and topics that are gone.
            self._pieces.clear()
        encoded = encoded_topic(described(topic), version)
        self._pieces[key] = (topic, encoded)
        return encoded

    def topic_with_operations(self, topic: TopicImage, version: int, operations: int) -> bytes:
        """Return a topic, encoded, with what a client may do to it; since version 8."""
        encoded = self.topic(topic, version)
        end = len(encoded) - (1 if version >= MetadataResponse.FLEXIBLE else 0)
        told = operations.to_bytes(4, "big", signed=True)
        return encoded[: end - 4] + told + encoded[end:]

    def topics(self, topics: Iterable[TopicImage], version: int) -> bytes:
        """Return some topics, encoded one after the other."""
        return b"".join([self.topic(topic, version) for topic in topics])

    def all_topics(self, topics: Mapping[str, TopicImage], version: int) -> bytes:
        """Return all topics of an image, encoded one after the other."""
        joined = self._joined.get(version)
        if joined is not None and joined[0] is topics:
            return joined[1]
        encoded = self.topics(topics.values(), version)
        self._joined[version] = (topics, encoded)
        return encoded


def described(topic: TopicImage) -> MetadataResponseTopic:
    """Return what a response says of a topic."""
    return MetadataResponseTopic(
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.is_internal,
        partitions=[_described(partition) for partition in topic.partitions],
    )


def _described(partition: PartitionImage) -> MetadataResponsePartition:
    has_leader = partition.leader != NO_LEADER
    return MetadataResponsePartition(
        error_code=0 if has_leader else LeaderNotAvailableError.code,
        partition_index=partition.partition_id,
        leader_id=partition.leader,
        leader_epoch=partition.leader_epoch,
        replica_nodes=list(partition.replicas),
        isr_nodes=list(partition.isr),
        offline_replicas=[] if has_leader else list(partition.replicas),
    )
