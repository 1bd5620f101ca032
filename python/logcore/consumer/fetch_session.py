"""The fetch session with one broker: only what changed is said (KIP-227). Pure.

Invariant: what the broker remembers is what `_known` holds, as long as no error came between; after
one, everything is said again.
Neighbours: `fetcher` sends what is made here.
"""

from collections.abc import Mapping
from typing import NamedTuple

from logcore.client.positions import TopicPartition
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.fetch import FetchPartition, FetchTopic, ForgottenTopic

EPOCH_MAX = 0x7FFF_FFFF


class Wanted(NamedTuple):
    """What is wanted of a partition."""

    topic_id: bytes
    offset: int
    leader_epoch: int
    max_bytes: int


class FetchSession:
    """A session with one broker.

    Attributes:
        session_id: Its number, 0 without one.
        epoch: Of the next request: 0 begins a session.
    """

    __slots__ = ("_known", "epoch", "session_id")

    def __init__(self) -> None:
        self.session_id = 0
        self.epoch = 0
        self._known: dict[TopicPartition, Wanted] = {}

    def next(
        self, wanted: Mapping[TopicPartition, Wanted]
    ) -> tuple[list[FetchTopic], list[ForgottenTopic]]:
        """Return what to say of partitions, so that the broker sends of those that are wanted."""
        if self.epoch == 0:
            changed, gone = dict(wanted), {}
        else:
            changed = {p: want for p, want in wanted.items() if self._known.get(p) != want}
            gone = {
                place: known
                for place, known in self._known.items()
                if place not in wanted or wanted[place].topic_id != known.topic_id
            }
        self._known = dict(wanted)
        return _topics(changed), _forgotten(gone)

    def answered(self, session_id: int) -> None:
        """Take note of an answer without an error."""
        if session_id == 0:
            self.reset()
        elif session_id != self.session_id:
            self.session_id = session_id
            self.epoch = 1
        else:
            self.epoch = 1 if self.epoch == EPOCH_MAX else self.epoch + 1

    def reset(self) -> None:
        """Begin anew."""
        self.session_id = 0
        self.epoch = 0
        self._known.clear()


def _topics(partitions: Mapping[TopicPartition, Wanted]) -> list[FetchTopic]:
    topics: dict[str, FetchTopic] = {}
    for place, want in partitions.items():
        topic = topics.get(place.topic)
        if topic is None:
            topic = topics[place.topic] = FetchTopic(topic=place.topic, topic_id=want.topic_id)
        topic.partitions.append(
            FetchPartition(
                partition=place.partition,
                current_leader_epoch=want.leader_epoch,
                fetch_offset=want.offset,
                partition_max_bytes=want.max_bytes,
            )
        )
    return list(topics.values())


def _forgotten(partitions: Mapping[TopicPartition, Wanted]) -> list[ForgottenTopic]:
    topics: dict[tuple[str, bytes], ForgottenTopic] = {}
    for place, known in partitions.items():
        key = (place.topic, known.topic_id)
        topic = topics.get(key)
        if topic is None:
            topic = topics[key] = ForgottenTopic(topic=place.topic, topic_id=known.topic_id)
        topic.partitions.append(place.partition)
    return list(topics.values())


def has_ids(wanted: Mapping[TopicPartition, Wanted]) -> bool:
    """Whether the id of every topic is known."""
    return all(want.topic_id != ZERO_UUID for want in wanted.values())
