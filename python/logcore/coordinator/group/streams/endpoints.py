"""What members are told of each other's endpoints: which process answers for which partitions.

Invariant: only looks; topics that are gone are left out.
Neighbours: `heartbeat` tells it to who has not heard of the last change.
"""

from collections.abc import Iterable, Mapping, Sequence

from logcore.coordinator.group.context import TopicsView
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import TaskSets, sorted_tasks
from logcore.coordinator.group.streams.topology import Topology, source_topics
from logcore.protocol.messages.streams_group_heartbeat import (
    Endpoint,
    EndpointToPartitions,
    TopicPartition,
)


def partitions_by_endpoint(
    members: Iterable[StreamsMember], topology: Topology, topics: TopicsView
) -> list[EndpointToPartitions]:
    """Return the partitions of every member that has an endpoint.

    Args:
        members: The group's members.
        topology: What they run.
        topics: The topics as they are now.
    """
    return [
        EndpointToPartitions(
            user_endpoint=Endpoint(host=member.user_endpoint.host, port=member.user_endpoint.port),
            active_partitions=_partitions(member.assigned.active_sets, topology, topics),
            standby_partitions=_partitions(member.assigned.standby, topology, topics),
        )
        for member in members
        if member.user_endpoint is not None
    ]


def _partitions(tasks: TaskSets, topology: Topology, topics: TopicsView) -> list[TopicPartition]:
    """Return the partitions that tasks read."""
    return [
        TopicPartition(topic=topic, partitions=numbers)
        for name, partitions in sorted_tasks(tasks)
        if name in topology.subtopologies
        for topic in dict.fromkeys(source_topics(topology.subtopologies[name]))
        if (numbers := _within(partitions, topic, topics.topics_by_name))
    ]


def _within(partitions: Sequence[int], topic: str, topics: Mapping[str, object]) -> list[int]:
    """Return those partitions that a topic has: narrower topics have none for the last tasks."""
    found = topics.get(topic)
    count = 0 if found is None else len(found.partitions)  # type: ignore[attr-defined]
    return [partition for partition in partitions if partition < count]
