"""Which partitions of a share group have a state at the share coordinator.

A partition is assigned only once its state is begun. That takes two coordinators, so it is noted
before it is asked for (initializing) and again when it is done (initialized); what is to be
forgotten is noted first, too (deleting), so that a crash leaves nothing that nobody knows of.
Invariant: never changed once made. A partition whose offset is being set anew is initializing and
initialized at once.
Neighbours: `records` writes it down as one record; `group` holds it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from logcore.coordinator.group.context import TopicsView

NONE: Final[frozenset[int]] = frozenset()
"""No partitions."""


class TopicState(NamedTuple):
    """A topic's partitions.

    Attributes:
        name: The topic's name.
        partitions: Which of them.
        noted_ms: When that was noted; soft.
    """

    name: str
    partitions: frozenset[int]
    noted_ms: int = 0


Topics = Mapping[bytes, TopicState]
"""By topic id."""

Places = Mapping[bytes, frozenset[int]]
"""Topic id -> partitions."""


@dataclass(frozen=True, slots=True)
class StatePartitions:
    """The partitions of a group, by how far their state is.

    Attributes:
        initializing: Those whose state is being begun.
        initialized: Those whose state is there.
        deleting: The names of topics whose state is being forgotten, by id.
    """

    initializing: Topics = field(default_factory=dict)
    initialized: Topics = field(default_factory=dict)
    deleting: Mapping[bytes, str] = field(default_factory=dict)

    def missing(
        self, names: Iterable[str], topics: TopicsView, since_ms: int
    ) -> dict[bytes, TopicState]:
        """Return the partitions whose state is still to be begun.

        Args:
            names: The topics that the group subscribes to.
            topics: The topics as they are now.
            since_ms: What was noted before is taken to have failed, and is begun again.
        """
        found: dict[bytes, TopicState] = {}
        for name in names:
            topic = topics.topics_by_name.get(name)
            if topic is None:
                continue
            done = self.initialized.get(topic.topic_id)
            known = NONE if done is None else done.partitions
            if len(known) >= len(topic.partitions):
                continue
            begun = self.initializing.get(topic.topic_id)
            if begun is not None and begun.noted_ms > since_ms:
                known |= begun.partitions
            partitions = frozenset(range(len(topic.partitions))) - known
            if partitions:
                found[topic.topic_id] = TopicState(name, partitions)
        return found

    def beginning(self, begun: Topics) -> "StatePartitions":
        """Return what is known once states are being begun."""
        initializing = _joined(self.initializing, begun)
        deleting = {key: name for key, name in self.deleting.items() if key not in initializing}
        return StatePartitions(initializing, self.initialized, deleting)

    def begun(self, places: Places) -> "StatePartitions":
        """Return what is known once states are there.

        What is not being begun any more, because it is forgotten meanwhile, does not count.
        """
        done = {
            topic_id: topic._replace(partitions=topic.partitions & places[topic_id])
            for topic_id, topic in self.initializing.items()
            if topic_id in places
        }
        initialized = _joined(self.initialized, done)
        return StatePartitions(_without(self.initializing, places), initialized, self.deleting)

    def not_begun(self, places: Places) -> "StatePartitions":
        """Return what is known once states could not be begun."""
        return StatePartitions(_without(self.initializing, places), self.initialized, self.deleting)

    def forgetting(self, topic_ids: Iterable[bytes]) -> "StatePartitions":
        """Return what is known once the state of whole topics is being forgotten."""
        gone = {topic_id: self.name_of(topic_id) for topic_id in topic_ids}
        return StatePartitions(
            {key: topic for key, topic in self.initializing.items() if key not in gone},
            {key: topic for key, topic in self.initialized.items() if key not in gone},
            {**self.deleting, **gone},
        )

    def forgotten(self, topic_ids: Iterable[bytes]) -> "StatePartitions":
        """Return what is known once the state of topics is forgotten."""
        gone = frozenset(topic_ids)
        deleting = {key: name for key, name in self.deleting.items() if key not in gone}
        return StatePartitions(self.initializing, self.initialized, deleting)

    def without(self, topic_id: bytes) -> "StatePartitions":
        """Return what is known of all topics but one, which is gone."""
        return self.forgetting([topic_id]).forgotten([topic_id])

    def has(self, topic_id: bytes) -> bool:
        """Whether anything is known of a topic."""
        return any(
            topic_id in each for each in (self.initializing, self.initialized, self.deleting)
        )

    def partitions_of(self, topic_id: bytes) -> frozenset[int]:
        """Return the partitions of a topic that have a state, or are getting one."""
        both = (self.initialized.get(topic_id), self.initializing.get(topic_id))
        return NONE.union(*(topic.partitions for topic in both if topic is not None))

    def name_of(self, topic_id: bytes) -> str:
        """Return what a topic was called when it was noted."""
        for topics in (self.initialized, self.initializing):
            if topic_id in topics:
                return topics[topic_id].name
        return self.deleting.get(topic_id, "<UNKNOWN>")


def _joined(one: Topics, other: Topics) -> dict[bytes, TopicState]:
    joined = dict(one)
    for topic_id, topic in other.items():
        known = one.get(topic_id)
        partitions = topic.partitions if known is None else known.partitions | topic.partitions
        joined[topic_id] = TopicState(topic.name, partitions, topic.noted_ms)
    return joined


def _without(topics: Topics, places: Places) -> dict[bytes, TopicState]:
    left = {}
    for topic_id, topic in topics.items():
        partitions = topic.partitions - places.get(topic_id, frozenset())
        if partitions:
            left[topic_id] = topic._replace(partitions=partitions)
    return left
