"""Topics: make, list, describe, grow, empty and delete them.

Invariant: a topic that was created is there, with its leaders, when the next call asks.
Neighbours: `asking` reaches the brokers; `admin` puts the parts together.
Source: KIP-4, KIP-195, KIP-204, KIP-516, KIP-966.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logcore.admin.asking import Asking
from logcore.admin.leading import ask_leaders
from logcore.admin.part import Part
from logcore.admin.partition_results import parts_by_topic
from logcore.admin.results import Results, collect, nothing
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from logcore.protocol.messages.create_topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from logcore.protocol.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
)
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic to be created.

    Attributes:
        name: Its name.
        partitions: How many partitions it gets; the broker's default if None.
        replication_factor: How many copies of each; the broker's default if None.
        configs: Its settings, by Kafka's dotted keys.
        assignments: The brokers of each partition, instead of the two numbers.
    """

    name: str
    partitions: int | None = None
    replication_factor: int | None = None
    configs: Mapping[str, str] = field(default_factory=dict)
    assignments: Sequence[Sequence[int]] = ()


@dataclass(frozen=True, slots=True)
class CreatedTopic:
    """A topic that was created, as the broker tells; None for what an old broker does not tell."""

    name: str
    topic_id: bytes
    partitions: int | None
    replication_factor: int | None
    configs: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class PartitionDescription:
    """A partition.

    Attributes:
        partition: Its number.
        leader: The broker that leads it; None if there is none.
        leader_epoch: The epoch of that leadership; None if the broker does not tell.
        replicas: The brokers that hold it; the first is the preferred leader.
        isr: Those in sync.
        offline: Those that are not there.
    """

    partition: int
    leader: int | None
    leader_epoch: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    offline: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic.

    Attributes:
        name: Its name.
        topic_id: Its id, 16 bytes; zeros if the broker does not tell.
        is_internal: Whether the brokers keep it for themselves.
        partitions: Its partitions, in order.
    """

    name: str
    topic_id: bytes
    is_internal: bool
    partitions: tuple[PartitionDescription, ...]


class AsyncTopics:
    """The topics of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def create(
        self, *topics: NewTopic | str, validate_only: bool = False
    ) -> Results[str, CreatedTopic]:
        """Create topics.

        Args:
            topics: The topics, or only their names.
            validate_only: Whether only to see if they could be created.

        Returns:
            Each topic, or why it was not created, by name. A topic that was created is known to
            the brokers that were asked, with a leader for each partition.

        Raises:
            ClientError: If no broker answers in time.

        Example:
            >>> from logcore import Admin
            >>> from logcore.admin.topics import NewTopic
            >>> from logcore.testing import LocalBroker
            >>> with LocalBroker() as broker, Admin(broker.bootstrap_servers) as admin:
            ...     made = admin.topics.create(NewTopic("orders", partitions=3))
            ...     made["orders"].partitions
            3
        """
        wanted = [NewTopic(topic) if isinstance(topic, str) else topic for topic in topics]
        request = CreateTopicsRequest(
            topics=[_creatable(topic) for topic in wanted],
            timeout_ms=self._asking.timeout_ms,
            validate_only=validate_only,
        )
        response = await self._asking.any("create topics", request)
        results = collect(response.topics, lambda topic: topic.name, _created)
        if results.succeeded and not validate_only:
            await self._asking.until_led(results.succeeded)
        return results

    async def delete(self, *topics: str) -> Results[str, None]:
        """Delete topics, with all that is in them.

        Returns:
            None, or why it was not deleted, by name. Brokers may tell of it a moment longer.

        Raises:
            ClientError: If no broker answers in time.
        """
        request = DeleteTopicsRequest(
            topics=[DeleteTopicState(name=name) for name in topics],
            topic_names=list(topics),
            timeout_ms=self._asking.timeout_ms,
        )
        response = await self._asking.any("delete topics", request)
        return collect(response.responses, lambda topic: topic.name, nothing)

    async def list(self, *, with_internal: bool = False) -> list[str]:
        """Return the names of all topics, in order.

        Args:
            with_internal: Whether to name those too that brokers keep for themselves.

        Raises:
            ClientError: If no broker answers in time.
        """
        response = await self._asking.any("list topics", MetadataRequest(topics=None))
        shown = (topic for topic in response.topics if with_internal or not topic.is_internal)
        return sorted(topic.name for topic in shown)

    async def describe(self, *topics: str) -> Results[str, TopicDescription]:
        """Describe topics: all of them if none is named.

        Returns:
            Each topic, or why it cannot be described, by name.

        Raises:
            ClientError: If no broker answers in time.
        """
        named = [MetadataRequestTopic(name=name) for name in topics] or None
        request = MetadataRequest(topics=named, allow_auto_topic_creation=False)
        response = await self._asking.any("describe topics", request)
        return collect(response.topics, lambda topic: topic.name, _described)

    async def add_partitions(
        self,
        counts: Mapping[str, int],
        *,
        assignments: Mapping[str, Sequence[Sequence[int]]] | None = None,
        validate_only: bool = False,
    ) -> Results[str, None]:
        """Give topics more partitions.

        Args:
            counts: How many each topic shall have in all, by name.
            assignments: The brokers of each new partition, by name; the cluster chooses if None.
            validate_only: Whether only to see if it could be done.

        Returns:
            None, or why it was not done, by name.

        Raises:
            ClientError: If no broker answers in time.
        """
        placed = assignments or {}
        request = CreatePartitionsRequest(
            topics=[
                CreatePartitionsTopic(
                    name=name,
                    count=count,
                    assignments=[
                        CreatePartitionsAssignment(broker_ids=list(brokers))
                        for brokers in placed[name]
                    ]
                    if name in placed
                    else None,
                )
                for name, count in counts.items()
            ],
            timeout_ms=self._asking.timeout_ms,
            validate_only=validate_only,
        )
        response = await self._asking.any("add partitions", request)
        return collect(response.results, lambda topic: topic.name, nothing)

    async def delete_records(
        self, before: Mapping[TopicPartition, int]
    ) -> Results[TopicPartition, int]:
        """Delete the records before an offset.

        Args:
            before: The first offset that stays, by partition; -1 deletes all there are.

        Returns:
            The first offset that is left, or why nothing was deleted, by partition.

        Raises:
            KafkaError: If a partition is not there.
            ClientError: If no broker answers in time.
        """

        def request(some: list[TopicPartition]) -> DeleteRecordsRequest:
            topics = parts_by_topic({one: before[one] for one in some}, _cut)
            return DeleteRecordsRequest(
                topics=[
                    DeleteRecordsTopic(name=name, partitions=of) for name, of in topics.items()
                ],
                timeout_ms=self._asking.timeout_ms,
            )

        return await ask_leaders(
            self._asking, "delete records", before, request, lambda part: int(part.low_watermark)
        )


class Topics(Part):
    """Topics; see `AsyncTopics`."""

    create = blocking(AsyncTopics.create)
    delete = blocking(AsyncTopics.delete)
    list = blocking(AsyncTopics.list)
    describe = blocking(AsyncTopics.describe)
    add_partitions = blocking(AsyncTopics.add_partitions)
    delete_records = blocking(AsyncTopics.delete_records)


def _cut(partition: int, offset: int) -> DeleteRecordsPartition:
    return DeleteRecordsPartition(partition_index=partition, offset=offset)


def _creatable(topic: NewTopic) -> CreatableTopic:
    assignments = [
        CreatableReplicaAssignment(partition_index=index, broker_ids=list(brokers))
        for index, brokers in enumerate(topic.assignments)
    ]
    return CreatableTopic(
        name=topic.name,
        num_partitions=-1 if topic.partitions is None or assignments else topic.partitions,
        replication_factor=(
            -1 if topic.replication_factor is None or assignments else topic.replication_factor
        ),
        assignments=assignments,
        configs=[
            CreatableTopicConfig(name=name, value=value) for name, value in topic.configs.items()
        ],
    )


def _created(topic: Any) -> CreatedTopic:  # noqa: ANN401 - CreatableTopicResult
    return CreatedTopic(
        topic.name,
        topic.topic_id,
        None if topic.num_partitions < 0 else topic.num_partitions,
        None if topic.replication_factor < 0 else topic.replication_factor,
        {config.name: config.value for config in topic.configs or ()},
    )


def _described(topic: Any) -> TopicDescription:  # noqa: ANN401 - MetadataResponseTopic
    partitions = (
        PartitionDescription(
            part.partition_index,
            None if part.leader_id < 0 else part.leader_id,
            None if part.leader_epoch < 0 else part.leader_epoch,
            tuple(part.replica_nodes),
            tuple(part.isr_nodes),
            tuple(part.offline_replicas),
        )
        for part in sorted(topic.partitions, key=lambda part: part.partition_index)
    )
    return TopicDescription(topic.name, topic.topic_id, topic.is_internal, tuple(partitions))
