"""Topics: make, list, describe, grow, empty and delete them.

Invariant: a topic that was created is there, with its leaders, when the next call asks.
Neighbours: `asking` reaches the brokers, `postponed` again; `topic_descriptions` reads answers.
Source: KIP-4, KIP-195, KIP-204, KIP-516, KIP-599, KIP-966.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logcore.admin.asking import Asking
from logcore.admin.leading import ask_leaders
from logcore.admin.part import Part
from logcore.admin.partition_results import parts_by_topic
from logcore.admin.postponed import ask_until_done
from logcore.admin.results import Results, collect, error_of, nothing
from logcore.admin.topic_descriptions import TopicDescription, described, joined
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition
from logcore.common.errors import KafkaError
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
from logcore.protocol.messages.describe_topic_partitions import (
    Cursor,
    DescribeTopicPartitionsRequest,
    TopicRequest,
)
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
        results = await ask_until_done(
            self._asking,
            "create topics",
            {topic.name: _creatable(topic) for topic in wanted},
            lambda some: CreateTopicsRequest(
                topics=some, timeout_ms=self._asking.timeout_ms, validate_only=validate_only
            ),
            lambda response: collect(response.topics, _name, _created),
        )
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
        return await ask_until_done(
            self._asking,
            "delete topics",
            {name: name for name in topics},
            lambda some: DeleteTopicsRequest(
                topics=[DeleteTopicState(name=name) for name in some],
                topic_names=list(some),
                timeout_ms=self._asking.timeout_ms,
            ),
            lambda response: collect(response.responses, _name, nothing),
        )

    async def delete_ids(self, *topic_ids: bytes) -> Results[bytes, None]:
        """Delete topics by their ids, so that none of the same name made meanwhile goes with them.

        Returns:
            None, or why it was not deleted, by id.

        Raises:
            UnsupportedVersionError: If the broker knows topics by name only.
            ClientError: If no broker answers in time.
        """
        return await ask_until_done(
            self._asking,
            "delete topics",
            {topic_id: topic_id for topic_id in topic_ids},
            lambda some: DeleteTopicsRequest(
                topics=[DeleteTopicState(topic_id=topic_id) for topic_id in some],
                timeout_ms=self._asking.timeout_ms,
            ),
            lambda response: collect(
                response.responses, lambda topic: bytes(topic.topic_id), nothing
            ),
        )

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

    async def describe(
        self, *topics: str, with_operations: bool = False
    ) -> Results[str, TopicDescription]:
        """Describe topics: all of them if none is named.

        Args:
            topics: Their names.
            with_operations: Whether to tell what the asker may do with each.

        Returns:
            Each topic, or why it cannot be described, by name.

        Raises:
            ClientError: If no broker answers in time.
        """
        named = [MetadataRequestTopic(name=name) for name in topics] or None
        request = MetadataRequest(
            topics=named,
            allow_auto_topic_creation=False,
            include_topic_authorized_operations=with_operations,
        )
        response = await self._asking.any("describe topics", request)
        return collect(response.topics, _name, described)

    async def describe_ids(self, *topic_ids: bytes) -> Results[bytes, TopicDescription]:
        """Describe topics by their ids, 16 bytes each.

        Returns:
            Each topic, or why it cannot be described, by id.

        Raises:
            UnsupportedVersionError: If the broker knows topics by name only.
            ClientError: If no broker answers in time.
        """
        named = [MetadataRequestTopic(topic_id=topic_id, name=None) for topic_id in topic_ids]
        request = MetadataRequest(topics=named, allow_auto_topic_creation=False)
        response = await self._asking.any("describe topics", request)
        return collect(response.topics, lambda topic: bytes(topic.topic_id), described)

    async def describe_eligible(self, *topics: str) -> Results[str, TopicDescription]:
        """Describe topics as `describe` does, with the replicas that could lead though out of sync.

        The broker tells of topics with very many partitions in parts.

        Returns:
            Each topic, or why it cannot be described, by name.

        Raises:
            UnsupportedVersionError: If the broker does not know the request.
            ClientError: If no broker answers in time.
        """
        pages: dict[str, list[TopicDescription]] = {}
        errors: dict[str, KafkaError] = {}
        named = [TopicRequest(name=name) for name in sorted(topics)]
        cursor: Cursor | None = None
        while True:
            request = DescribeTopicPartitionsRequest(topics=named, cursor=cursor)
            response = await self._asking.any("describe topics", request)
            for topic in response.topics:
                if topic.error_code:
                    errors[topic.name] = error_of(topic.error_code, None, topic.name)
                else:
                    pages.setdefault(topic.name, []).append(described(topic))
            cursor = response.next_cursor
            if cursor is None:
                return Results({name: joined(parts) for name, parts in pages.items()}, errors)

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
        return await ask_until_done(
            self._asking,
            "add partitions",
            {name: _grown(name, count, placed.get(name)) for name, count in counts.items()},
            lambda some: CreatePartitionsRequest(
                topics=some, timeout_ms=self._asking.timeout_ms, validate_only=validate_only
            ),
            lambda response: collect(response.results, _name, nothing),
        )

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
    delete_ids = blocking(AsyncTopics.delete_ids)
    describe = blocking(AsyncTopics.describe)
    describe_ids = blocking(AsyncTopics.describe_ids)
    describe_eligible = blocking(AsyncTopics.describe_eligible)
    add_partitions = blocking(AsyncTopics.add_partitions)
    delete_records = blocking(AsyncTopics.delete_records)


def _cut(partition: int, offset: int) -> DeleteRecordsPartition:
    return DeleteRecordsPartition(partition_index=partition, offset=offset)


def _name(topic: Any) -> str:  # noqa: ANN401 - of any response
    return str(topic.name)


def _grown(name: str, count: int, placed: Sequence[Sequence[int]] | None) -> CreatePartitionsTopic:
    assignments = None
    if placed is not None:
        assignments = [CreatePartitionsAssignment(broker_ids=list(brokers)) for brokers in placed]
    return CreatePartitionsTopic(name=name, count=count, assignments=assignments)


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
