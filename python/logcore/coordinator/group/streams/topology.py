"""The topology of a streams group: subtopologies, and the topics between them.

Members bring it when they join; the first one's is the group's, and is written down.
Invariant: a topology never changes; two are equal if their records would be. In one that a member
tells a topic is read by one subtopology only, so that there are no more tasks than partitions.
Neighbours: `configured` finds out how many partitions its topics are to have; `records` writes it.
"""

from collections.abc import Mapping
from typing import Any, Final

from logcore.common.errors import StreamsInvalidTopologyError
from logcore.protocol.internal.streams_group import (
    CopartitionGroup,
    StreamsGroupTopologyValue,
    Subtopology,
    TopicConfig,
    TopicInfo,
)
from logcore.protocol.messages import streams_group_heartbeat as request
from logcore.protocol.messages.streams_group_describe import KeyValue as DescribedKeyValue
from logcore.protocol.messages.streams_group_describe import Subtopology as DescribedSubtopology
from logcore.protocol.messages.streams_group_describe import TopicInfo as DescribedTopicInfo
from logcore.protocol.messages.streams_group_describe import Topology as DescribedTopology

VERSION: Final = 0
"""The version in which a topology is written."""


class Topology:
    """One topology.

    Args:
        value: As it is written down.

    Attributes:
        value: As it is written down.
        subtopologies: Its parts by their ids, in the order of the ids.
        by_source_topic: The part that reads a topic.
        required_topics: Every topic that must be there before a task can run.
    """

    def __init__(self, value: StreamsGroupTopologyValue) -> None:
        self.value = value
        found = {each.subtopology_id: each for each in value.subtopologies}
        self.subtopologies: Mapping[str, Subtopology] = dict(sorted(found.items()))
        self.by_source_topic: dict[str, Subtopology] = {}
        self.required_topics: set[str] = set()
        for subtopology in self.subtopologies.values():
            sources = source_topics(subtopology)
            self.by_source_topic.update(dict.fromkeys(sources, subtopology))
            self.required_topics.update(sources)
            self.required_topics.update(each.name for each in subtopology.state_changelog_topics)

    @property
    def epoch(self) -> int:
        """Its epoch."""
        return self.value.epoch

    @property
    def fingerprint(self) -> tuple[int, Mapping[str, bytes]]:
        """What is equal for equal topologies, in whatever order their parts are told."""
        return self.epoch, {
            name: StreamsGroupTopologyValue(subtopologies=[each]).encode_bytes(VERSION)
            for name, each in self.subtopologies.items()
        }

    def is_same_as(self, other: "Topology") -> bool:
        """Whether another one is equal to this."""
        return self.fingerprint == other.fingerprint


def source_topics(subtopology: Subtopology) -> list[str]:
    """Return the topics that a subtopology reads, those between subtopologies included."""
    repartitioned = [each.name for each in subtopology.repartition_source_topics]
    return [*subtopology.source_topics, *repartitioned]


def topology_of(told: request.Topology) -> Topology:
    """Make a topology of what a member tells.

    Raises:
        StreamsInvalidTopologyError: If it contradicts itself.
    """
    if told.epoch < 0:
        raise StreamsInvalidTopologyError("Topology epoch must be non-negative.")
    names = [each.subtopology_id for each in told.subtopologies]
    if len(set(names)) < len(names):
        raise StreamsInvalidTopologyError("A subtopology id appears more than once.")
    subtopologies = [_subtopology_of(each) for each in told.subtopologies]
    _refuse_shared_sources(subtopologies)
    return Topology(StreamsGroupTopologyValue(epoch=told.epoch, subtopologies=subtopologies))


def _refuse_shared_sources(subtopologies: list[Subtopology]) -> None:
    """Refuse topics that several read, as Kafka Streams does when a topology is built."""
    reader: dict[str, str] = {}
    for each in subtopologies:
        for topic in source_topics(each):
            first = reader.setdefault(topic, each.subtopology_id)
            if first != each.subtopology_id:
                raise StreamsInvalidTopologyError(
                    f"Subtopologies {first} and {each.subtopology_id} both read topic {topic}."
                )


def _subtopology_of(told: request.Subtopology) -> Subtopology:
    groups = [
        CopartitionGroup(
            source_topics=each.source_topics,
            source_topic_regex=each.source_topic_regex,
            repartition_source_topics=each.repartition_source_topics,
        )
        for each in told.copartition_groups
    ]
    made = Subtopology(
        subtopology_id=told.subtopology_id,
        source_topics=told.source_topics,
        source_topic_regex=told.source_topic_regex,
        state_changelog_topics=[_topic_of(each) for each in told.state_changelog_topics],
        repartition_sink_topics=told.repartition_sink_topics,
        repartition_source_topics=[_topic_of(each) for each in told.repartition_source_topics],
        copartition_groups=groups,
    )
    if not all(_is_within(made, group) for group in groups):
        raise StreamsInvalidTopologyError(
            f"A copartition group of subtopology {made.subtopology_id} names a topic that it "
            "does not have."
        )
    return made


def _is_within(subtopology: Subtopology, group: CopartitionGroup) -> bool:
    """Whether a group's indexes are those of topics."""
    counts = (
        (group.source_topics, len(subtopology.source_topics)),
        (group.repartition_source_topics, len(subtopology.repartition_source_topics)),
    )
    return all(0 <= index < count for indexes, count in counts for index in indexes)


def _topic_of(told: request.TopicInfo) -> TopicInfo:
    return TopicInfo(
        name=told.name,
        partitions=told.partitions,
        replication_factor=told.replication_factor,
        topic_configs=[TopicConfig(key=each.key, value=each.value) for each in told.topic_configs],
    )


def copartition_groups(subtopology: Subtopology) -> list[frozenset[str]]:
    """Return the sets of topics that must have equally many partitions."""
    return [
        frozenset(
            [
                *(subtopology.source_topics[index] for index in group.source_topics),
                *(
                    subtopology.repartition_source_topics[index].name
                    for index in group.repartition_source_topics
                ),
            ]
        )
        for group in subtopology.copartition_groups
    ]


def described(topology: Topology, counts: Mapping[str, int]) -> DescribedTopology:
    """Tell a topology.

    Args:
        topology: The topology.
        counts: The partitions of its internal topics; what is told of others is what members say.
    """
    return DescribedTopology(
        epoch=topology.epoch,
        subtopologies=[
            DescribedSubtopology(
                subtopology_id=name,
                source_topics=sorted(each.source_topics),
                repartition_sink_topics=sorted(each.repartition_sink_topics),
                state_changelog_topics=_described_topics(each.state_changelog_topics, counts),
                repartition_source_topics=_described_topics(each.repartition_source_topics, counts),
            )
            for name, each in topology.subtopologies.items()
        ],
    )


def _described_topics(
    topics: list[TopicInfo], counts: Mapping[str, int]
) -> list[DescribedTopicInfo]:
    return [
        DescribedTopicInfo(
            name=each.name,
            partitions=counts.get(each.name, each.partitions),
            replication_factor=each.replication_factor,
            topic_configs=[
                DescribedKeyValue(key=config.key, value=config.value)
                for config in each.topic_configs
            ],
        )
        for each in sorted(topics, key=_name_of)
    ]


def _name_of(topic: Any) -> str:  # noqa: ANN401 - of any of the schemas
    name: str = topic.name
    return name
