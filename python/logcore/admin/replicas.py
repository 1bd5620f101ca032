"""Replicas of partitions: in which directory of which broker, who leads, and moving them.

Invariant: what is asked of each broker is told by broker; a directory that failed is told with its
error, not left out.
Neighbours: `asking` reaches the brokers; `topics` tells which brokers hold a partition.
Source: KIP-113, KIP-455, KIP-460, KIP-827, KIP-1066.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.partition_results import by_partition, indexes_by_topic, parts_by_topic
from logcore.admin.results import Results, error_of, nothing
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition
from logcore.common.errors import KafkaError
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from logcore.protocol.messages.alter_replica_log_dirs import (
    AlterReplicaLogDir,
    AlterReplicaLogDirsRequest,
    AlterReplicaLogDirTopic,
)
from logcore.protocol.messages.describe_log_dirs import (
    DescribableLogDirTopic,
    DescribeLogDirsRequest,
)
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest, TopicPartitions
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsTopics,
)

_ELECTION_NOT_NEEDED: Final = 84


class Replica(NamedTuple):
    """A replica: a partition on a broker."""

    topic: str
    partition: int
    node_id: int


@dataclass(frozen=True, slots=True)
class LogInfo:
    """The log of a partition in a directory.

    Attributes:
        size_bytes: Its size on disk.
        offset_lag: How many records it is behind: its partition's high watermark, or, while it is
            moved here from another directory, the log there.
        is_future: Whether it is being moved here, and takes the place of the other one then.
    """

    size_bytes: int
    offset_lag: int
    is_future: bool


@dataclass(frozen=True, slots=True)
class LogDirDescription:
    """A log directory of a broker.

    Attributes:
        path: Where it is.
        error: Why it cannot be used; None if it can.
        total_bytes: The size of its volume; None if the broker does not tell.
        usable_bytes: How much of that is free; None if the broker does not tell.
        is_cordoned: Whether it gets no new partitions.
        logs: What is in it, by partition.
    """

    path: str
    error: KafkaError | None = None
    total_bytes: int | None = None
    usable_bytes: int | None = None
    is_cordoned: bool = False
    logs: Mapping[TopicPartition, LogInfo] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplicaPlace:
    """Where a replica is, and where it is going.

    Attributes:
        path: The directory of its log; None if the broker does not hold it.
        offset_lag: How many records it is behind its partition.
        future_path: The directory it is being moved to; None if it stays.
        future_offset_lag: How many records are still to be moved.
    """

    path: str | None = None
    offset_lag: int | None = None
    future_path: str | None = None
    future_offset_lag: int | None = None


@dataclass(frozen=True, slots=True)
class Reassignment:
    """A move of a partition that is under way: its brokers, those that come and those that go."""

    replicas: tuple[int, ...]
    adding: tuple[int, ...]
    removing: tuple[int, ...]


class AsyncReplicas:
    """The replicas of a cluster's partitions.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def log_dirs(
        self, *node_ids: int, partitions: Iterable[TopicPartition] | None = None
    ) -> dict[int, tuple[LogDirDescription, ...]]:
        """Describe log directories, by broker.

        Args:
            node_ids: Of which brokers: all of them if none is named.
            partitions: Which partitions to tell of; all if None.

        Raises:
            KafkaError: If a broker refuses.
            ClientError: If a broker does not answer in time.
        """
        topics = None
        if partitions is not None:
            topics = [
                DescribableLogDirTopic(topic=name, partitions=of)
                for name, of in indexes_by_topic(partitions).items()
            ]
        what, request = "describe log directories", DescribeLogDirsRequest(topics=topics)
        if not node_ids:
            answers = await self._asking.every_broker(what, request)
        else:
            ask = (self._asking.broker(what, node_id, request) for node_id in node_ids)
            answers = dict(zip(node_ids, await asyncio.gather(*ask), strict=True))
        return {
            node_id: tuple(map(_directory, answer.results)) for node_id, answer in answers.items()
        }

    async def places(self, *replicas: Replica) -> dict[Replica, ReplicaPlace]:
        """Tell in which directories replicas are, and where they are going.

        Raises:
            KafkaError: If a broker refuses.
            ClientError: If a broker does not answer in time.
        """
        found: dict[Replica, ReplicaPlace] = {}
        for node_id, some in _by_node(replicas).items():
            partitions = [TopicPartition(one.topic, one.partition) for one in some]
            directories = (await self.log_dirs(node_id, partitions=partitions))[node_id]
            for replica, partition in zip(some, partitions, strict=True):
                found[replica] = _place(partition, directories)
        return found

    async def move_dirs(self, paths: Mapping[Replica, str]) -> Results[Replica, None]:
        """Move replicas to other directories of their brokers.

        A replica that its broker does not hold yet is put there when it comes.

        Args:
            paths: The directory of each.

        Returns:
            None, or why it is not moved, by replica.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        values: dict[Replica, None] = {}
        errors: dict[Replica, KafkaError] = {}
        for node_id, some in _by_node(paths).items():
            request = _move_dirs({one: paths[one] for one in some})
            response = await self._asking.broker("move logs", node_id, request)
            found = by_partition(response.results, nothing)
            values |= {Replica(*one, node_id): None for one in found.succeeded}
            errors |= {Replica(*one, node_id): error for one, error in found.errors.items()}
        return Results(values, errors)

    async def elect_leaders(
        self, partitions: Iterable[TopicPartition] | None = None, *, unclean: bool = False
    ) -> Results[TopicPartition, bool]:
        """Have the preferred replicas lead again.

        Args:
            partitions: Which partitions; all of them if None.
            unclean: Whether a replica out of sync may lead, which loses records.

        Returns:
            Whether a leader was elected, False if there was no need, or why not, by partition.

        Raises:
            ClientError: If no broker answers in time.
        """
        wanted = None
        if partitions is not None:
            topics = indexes_by_topic(partitions)
            wanted = [TopicPartitions(topic=name, partitions=of) for name, of in topics.items()]
        request = ElectLeadersRequest(
            election_type=int(unclean),
            topic_partitions=wanted,
            timeout_ms=self._asking.timeout_ms,
        )
        response = await self._asking.any("elect leaders", request)
        values: dict[TopicPartition, bool] = {}
        errors: dict[TopicPartition, KafkaError] = {}
        for answer in response.replica_election_results:
            for part in answer.partition_result:
                key = TopicPartition(answer.topic, part.partition_id)
                if part.error_code in {0, _ELECTION_NOT_NEEDED}:
                    values[key] = not part.error_code
                else:
                    errors[key] = error_of(part.error_code, part.error_message, key)
        return Results(values, errors)

    async def reassign(
        self,
        replicas: Mapping[TopicPartition, Sequence[int] | None],
        *,
        may_change_factor: bool = True,
    ) -> Results[TopicPartition, None]:
        """Move partitions to other brokers.

        Args:
            replicas: The brokers that shall hold each, the preferred leader first; None calls a
                move off.
            may_change_factor: Whether a partition may have more or fewer copies afterwards.

        Returns:
            None, or why it is not moved, by partition.

        Raises:
            KafkaError: If the cluster refuses all of it.
            ClientError: If no broker answers in time.
        """
        topics = parts_by_topic(replicas, _move)
        request = AlterPartitionReassignmentsRequest(
            timeout_ms=self._asking.timeout_ms,
            allow_replication_factor_change=may_change_factor,
            topics=[ReassignableTopic(name=name, partitions=of) for name, of in topics.items()],
        )
        response = await self._asking.any("move partitions", request)
        return by_partition(response.responses, nothing)

    async def reassignments(
        self, partitions: Iterable[TopicPartition] | None = None
    ) -> dict[TopicPartition, Reassignment]:
        """Return the moves that are under way.

        Args:
            partitions: Of which partitions; of all if None.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        topics = None
        if partitions is not None:
            topics = [
                ListPartitionReassignmentsTopics(name=name, partition_indexes=of)
                for name, of in indexes_by_topic(partitions).items()
            ]
        request = ListPartitionReassignmentsRequest(
            timeout_ms=self._asking.timeout_ms, topics=topics
        )
        response = await self._asking.any("list moves of partitions", request)
        return {
            TopicPartition(topic.name, part.partition_index): Reassignment(
                tuple(part.replicas), tuple(part.adding_replicas), tuple(part.removing_replicas)
            )
            for topic in response.topics
            for part in topic.partitions
        }


class Replicas(Part):
    """Replicas of partitions; see `AsyncReplicas`."""

    log_dirs = blocking(AsyncReplicas.log_dirs)
    places = blocking(AsyncReplicas.places)
    move_dirs = blocking(AsyncReplicas.move_dirs)
    elect_leaders = blocking(AsyncReplicas.elect_leaders)
    reassign = blocking(AsyncReplicas.reassign)
    reassignments = blocking(AsyncReplicas.reassignments)


def _by_node(replicas: Iterable[Replica]) -> dict[int, list[Replica]]:
    found: dict[int, list[Replica]] = {}
    for one in replicas:
        found.setdefault(one.node_id, []).append(one)
    return found


def _directory(answer: Any) -> LogDirDescription:  # noqa: ANN401 - DescribeLogDirsResult
    code = answer.error_code
    return LogDirDescription(
        answer.log_dir,
        error_of(code, None, answer.log_dir) if code else None,
        None if answer.total_bytes < 0 else answer.total_bytes,
        None if answer.usable_bytes < 0 else answer.usable_bytes,
        answer.is_cordoned,
        {
            TopicPartition(topic.name, part.partition_index): LogInfo(
                part.partition_size, part.offset_lag, part.is_future_key
            )
            for topic in answer.topics
            for part in topic.partitions
        },
    )


def _place(partition: TopicPartition, directories: Iterable[LogDirDescription]) -> ReplicaPlace:
    now: tuple[str, int] | tuple[None, None] = (None, None)
    then: tuple[str, int] | tuple[None, None] = (None, None)
    for directory in directories:
        log = directory.logs.get(partition)
        if log is not None and log.is_future:
            then = (directory.path, log.offset_lag)
        elif log is not None:
            now = (directory.path, log.offset_lag)
    return ReplicaPlace(*now, *then)


def _move_dirs(paths: Mapping[Replica, str]) -> AlterReplicaLogDirsRequest:
    by_path: dict[str, list[TopicPartition]] = {}
    for replica, path in paths.items():
        partition = TopicPartition(replica.topic, replica.partition)
        by_path.setdefault(path, []).append(partition)
    return AlterReplicaLogDirsRequest(
        dirs=[
            AlterReplicaLogDir(
                path=path,
                topics=[
                    AlterReplicaLogDirTopic(name=name, partitions=of)
                    for name, of in indexes_by_topic(partitions).items()
                ],
            )
            for path, partitions in by_path.items()
        ]
    )


def _move(partition: int, brokers: Sequence[int] | None) -> ReassignablePartition:
    replicas = None if brokers is None else list(brokers)
    return ReassignablePartition(partition_index=partition, replicas=replicas)
