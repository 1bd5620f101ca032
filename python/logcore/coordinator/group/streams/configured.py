"""Finds out what a topology needs of the cluster: how many tasks it has, and which topics it lacks.

Topics between subtopologies get as many partitions as the topics that they are written from, those
joined with each other equally many, and changelogs as many as there are tasks.
Invariant: pure; what is wrong with the topics is a status that members are told, and not an error.
Neighbours: `heartbeat` asks again when topics change; the broker creates what is missing.
Source: Apache Kafka 4.3, the rules of `InternalTopicManager`, `RepartitionTopics`,
`CopartitionedTopicsEnforcer` and `ChangelogTopics`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final, NamedTuple

from logcore.common.errors import StreamsInvalidTopologyError
from logcore.coordinator.group.context import TopicsView
from logcore.coordinator.group.streams.topology import (
    Topology,
    copartition_groups,
    source_topics,
)
from logcore.protocol.internal.streams_group import Subtopology, TopicInfo
from logcore.protocol.messages.create_topics import CreatableTopic, CreatableTopicConfig

_SUMMARY_MAX: Final = 3
"""How many topics a status names."""


class StatusCode(IntEnum):
    """What members are told of their group's condition, numbered as on the wire."""

    STALE_TOPOLOGY = 0
    MISSING_SOURCE_TOPICS = 1
    INCORRECTLY_PARTITIONED_TOPICS = 2
    MISSING_INTERNAL_TOPICS = 3
    SHUTDOWN_APPLICATION = 4
    ASSIGNMENT_DELAYED = 5


class Problem(NamedTuple):
    """What is wrong with the topics of a topology.

    Attributes:
        code: Which kind.
        detail: In words.
    """

    code: StatusCode
    detail: str


class _TopicsError(Exception):
    """The topics that are there do not fit the topology."""

    def __init__(self, code: StatusCode, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(code, detail)


@dataclass(frozen=True, slots=True)
class ConfiguredTopology:
    """A topology over the topics of the cluster.

    Attributes:
        topology: The topology.
        task_counts: How many tasks each subtopology has; None if that cannot be told.
        counts: How many partitions each internal topic has or is to have.
        missing: The internal topics that are to be created.
        problem: What keeps tasks from running; None if nothing does.
    """

    topology: Topology
    task_counts: Mapping[str, int] | None
    counts: Mapping[str, int]
    missing: Mapping[str, CreatableTopic]
    problem: Problem | None

    @property
    def is_ready(self) -> bool:
        """Whether tasks can run."""
        return self.problem is None

    def is_stateful(self, subtopology: str) -> bool:
        """Whether the tasks of a subtopology have state."""
        return bool(self.topology.subtopologies[subtopology].state_changelog_topics)


def configure(topology: Topology, topics: TopicsView) -> ConfiguredTopology:
    """Find out what a topology needs.

    Args:
        topology: The topology.
        topics: The topics as they are now.

    Raises:
        StreamsInvalidTopologyError: If no topics whatever would do.
    """
    try:
        return _Configuration(topology, topics).configured()
    except _TopicsError as error:
        return ConfiguredTopology(topology, None, {}, {}, error.problem)


def _readers_of(subtopologies: list[Subtopology]) -> dict[str, set[int]]:
    """Return which subtopologies read a topic between subtopologies, by its name."""
    readers: dict[str, set[int]] = {}
    for at, each in enumerate(subtopologies):
        for topic in each.repartition_source_topics:
            readers.setdefault(topic.name, set()).add(at)
    return readers


class _Configuration:
    """The numbers of partitions, as they are found out one after another."""

    def __init__(self, topology: Topology, topics: TopicsView) -> None:
        self._topology = topology
        self._subtopologies = topology.subtopologies
        self._topics = topics.topics_by_name
        self._decided: dict[str, int] = {}

    def configured(self) -> ConfiguredTopology:
        """Decide all of it."""
        self._refuse_missing_sources()
        self._decided.update(self._repartition_counts())
        self._copartition()
        task_counts = {name: self._tasks_of(each) for name, each in self._subtopologies.items()}
        for name, subtopology in self._subtopologies.items():
            for topic in subtopology.state_changelog_topics:
                self._decided[topic.name] = task_counts[name]
        counts = {each.name: each.partitions or self._decided[each.name] for each in self._internal}
        if any(count < 1 for count in counts.values()):
            raise StreamsInvalidTopologyError("Number of partitions must be at least 1.")
        missing = self._missing(counts)
        problem = None
        if missing:
            detail = f"Internal topics are missing: {summary(missing)}"
            problem = Problem(StatusCode.MISSING_INTERNAL_TOPICS, detail)
        return ConfiguredTopology(self._topology, task_counts, counts, missing, problem)

    @property
    def _internal(self) -> list[TopicInfo]:
        """The topics that the application has for itself."""
        return [
            topic
            for each in self._subtopologies.values()
            for topic in (*each.repartition_source_topics, *each.state_changelog_topics)
        ]

    def _count(self, topic: str) -> int | None:
        """Return how many partitions a topic has, or else is to have as far as that is decided."""
        found = self._topics.get(topic)
        return self._decided.get(topic) if found is None else len(found.partitions)

    def _known_count(self, topic: str) -> int:
        count = self._count(topic)
        if count is None:
            raise StreamsInvalidTopologyError(f"Number of partitions is not set for topic {topic}.")
        return count

    def _refuse_missing_sources(self) -> None:
        missing = {
            topic
            for each in self._subtopologies.values()
            for topic in each.source_topics
            if topic not in self._topics
        }
        if missing:
            detail = f"Source topics {summary(missing)} are missing."
            raise _TopicsError(StatusCode.MISSING_SOURCE_TOPICS, detail)

    # ------------------------------------------------------------ topics between subtopologies

    def _repartition_counts(self) -> dict[str, int]:
        """Return partitions of the topics between subtopologies, from sources downward."""
        counts = {
            topic.name: topic.partitions
            for each in self._subtopologies.values()
            for topic in each.repartition_source_topics
            if topic.partitions
        }
        self._extend(counts)
        if any(
            topic.name not in counts
            for each in self._subtopologies.values()
            for topic in each.repartition_source_topics
        ):
            raise StreamsInvalidTopologyError(
                "Failed to compute number of partitions for all repartition topics, because a "
                "repartition source topic is never used as a sink topic."
            )
        return counts

    def _extend(self, counts: dict[str, int]) -> None:
        """Find the counts of all sinks.

        Subtopologies have their turn in order, round after round, but after the first round only
        those of which a source has just become known: each has one or two turns to do something in.
        """
        order = list(self._subtopologies.values())
        readers = _readers_of(order)
        turns = [(0, at) for at in range(len(order))]
        while turns:
            turn, at = heappop(turns)
            unknown = [sink for sink in order[at].repartition_sink_topics if sink not in counts]
            count = self._widest_source(order[at], counts) if unknown else None
            if count is None:
                continue
            for sink in dict.fromkeys(unknown):
                counts[sink] = count
                for reader in readers.pop(sink, ()):
                    heappush(turns, (turn + (reader <= at), reader))
        if any(sink not in counts for each in order for sink in each.repartition_sink_topics):
            raise StreamsInvalidTopologyError(
                "Failed to compute number of partitions for all repartition topics. "
                "There may be loops in the topology that cannot be resolved."
            )

    def _widest_source(self, subtopology: Subtopology, counts: Mapping[str, int]) -> int | None:
        found = [counts.get(each.name) for each in subtopology.repartition_source_topics]
        found += [self._count(topic) for topic in subtopology.source_topics]
        return max((count for count in found if count is not None), default=None)

    # ------------------------------------------------------------ topics joined with each other

    def _copartition(self) -> None:
        """Make topics that are joined equally wide, where they are ours to make."""
        infos = {
            topic.name: topic
            for each in self._subtopologies.values()
            for topic in each.repartition_source_topics
        }
        for each in self._subtopologies.values():
            for group in copartition_groups(each):
                if group:
                    self._decided.update(self._equal_counts(group, infos))

    def _equal_counts(
        self, group: frozenset[str], infos: Mapping[str, TopicInfo]
    ) -> dict[str, int]:
        repartition = {name: self._known_count(name) for name in group if name in infos}
        given = {name: self._known_count(name) for name in group if name not in infos}
        fixed = {name: count for name, count in repartition.items() if infos[name].partitions}
        decisive = given or fixed
        if len(set(decisive.values())) > 1:
            named = ", ".join(f"{name}={decisive[name]}" for name in sorted(decisive))
            raise _wrongly_partitioned(
                f"Following topics do not have the same number of partitions: [{{{named}}}]"
            )
        count = next(iter(decisive.values())) if decisive else max(repartition.values())
        for name, own in fixed.items():
            if own != count:
                raise _wrongly_partitioned(
                    f"Number of partitions [{own}] of repartition topic [{name}] doesn't match "
                    f"number of partitions [{count}] of the source topic."
                )
        return dict.fromkeys(repartition, count)

    # ------------------------------------------------------------ tasks and missing topics

    def _tasks_of(self, subtopology: Subtopology) -> int:
        counts = [self._known_count(topic) for topic in source_topics(subtopology)]
        if not counts:
            raise StreamsInvalidTopologyError(
                f"No source topics found for subtopology {subtopology.subtopology_id}"
            )
        return max(counts)

    def _missing(self, counts: Mapping[str, int]) -> dict[str, CreatableTopic]:
        missing: dict[str, CreatableTopic] = {}
        for topic in self._internal:
            found = self._topics.get(topic.name)
            count = counts[topic.name]
            if found is None:
                missing[topic.name] = creatable(topic, count)
            elif len(found.partitions) != count:
                raise _wrongly_partitioned(
                    f"Existing topic {topic.name} has different number of partitions: "
                    f"expected {count}, found {len(found.partitions)}"
                )
        return missing


def _wrongly_partitioned(detail: str) -> _TopicsError:
    return _TopicsError(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, detail)


def creatable(topic: TopicInfo, partition_count: int) -> CreatableTopic:
    """Return how an internal topic is created."""
    return CreatableTopic(
        name=topic.name,
        num_partitions=partition_count,
        replication_factor=topic.replication_factor or -1,
        configs=[
            CreatableTopicConfig(name=each.key, value=each.value) for each in topic.topic_configs
        ],
    )


def summary(topics: Iterable[str]) -> str:
    """Name the first of some topics, and count the others."""
    names = sorted(topics)
    text = ", ".join(names[:_SUMMARY_MAX])
    left = len(names) - _SUMMARY_MAX
    return f"{text} and {left} additional topics" if left > 0 else text
