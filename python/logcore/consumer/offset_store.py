"""A group's committed offsets: reading and writing them at the coordinator.

Invariant: an offset that `commit` returned from is stored; one that was refused is told with a
reason.
Neighbours: `coordination` asks; `async_consumer` decides what is committed when.
"""

from collections.abc import Callable, Iterable, Sequence

from logcore.client.cluster import Cluster
from logcore.client.positions import (
    GroupFacts,
    OffsetAndMetadata,
    Offsets,
    TopicPartition,
    with_metadata,
)
from logcore.client.retrying import until_done
from logcore.common.errors import KafkaError, error_for_code
from logcore.consumer.coordination import GroupCoordinator
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
)

NAMES_UNTIL = 9
GROUPS_FROM = 8


_Committed = OffsetFetchResponsePartition | OffsetFetchResponsePartitions


class OffsetStore:
    """The committed offsets of one group.

    Args:
        cluster: The cluster.
        coordinator: The group's coordinator.
        timeout_s: How long a call may take.
    """

    def __init__(self, cluster: Cluster, coordinator: GroupCoordinator, timeout_s: float) -> None:
        self._cluster = cluster
        self._coordinator = coordinator
        self._timeout_s = timeout_s

    async def commit(
        self, left: Callable[[], Offsets], facts: GroupFacts, timeout_s: float | None = None
    ) -> None:
        """Store offsets.

        Args:
            left: Tells before each attempt which offsets are to be stored; none ends it.
            facts: Who the member is.
            timeout_s: How long it may take, if not as long as usual.

        Raises:
            KafkaError: What the group says; nothing is stored for the partition it names.
            ClientTimeoutError: If it is not known in time.
        """

        async def attempt() -> None:
            await self._coordinator.reach()  # so that nothing waits between looking and sending
            offsets = left()
            if not offsets:
                return
            request = _commit_request(offsets, facts)
            response: OffsetCommitResponse = await self._coordinator.ask(
                request, at_most=NAMES_UNTIL
            )
            for topic in response.topics:
                for partition in topic.partitions:
                    self._coordinator.check(partition.error_code, request)

        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        await until_done(self._cluster, "commit offsets", attempt, timeout_s)

    async def fetch(
        self, places: Iterable[TopicPartition], facts: GroupFacts, timeout_s: float | None = None
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return the committed offsets of partitions; those without are not in it.

        Raises:
            KafkaError: What the group says.
            ClientTimeoutError: If it is not known in time.
        """
        wanted: dict[str, list[int]] = {}
        for topic, partition in places:
            wanted.setdefault(topic, []).append(partition)
        if not wanted:
            return {}

        async def attempt() -> dict[TopicPartition, OffsetAndMetadata]:
            has_groups = await self._coordinator.knows(OffsetFetchRequest, GROUPS_FROM)
            request = _fetch_request(wanted, facts) if has_groups else _old_request(wanted, facts)
            response: OffsetFetchResponse = await self._coordinator.ask(
                request, at_most=NAMES_UNTIL
            )
            return self._read(request, response)

        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return await until_done(self._cluster, "fetch committed offsets", attempt, timeout_s)

    def _read(
        self, request: OffsetFetchRequest, response: OffsetFetchResponse
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        topics: list[tuple[str, Sequence[_Committed]]] = [
            (each.name, each.partitions) for each in response.topics
        ]
        for group in response.groups:
            self._coordinator.check(group.error_code, request)
            topics += [(each.name, each.partitions) for each in group.topics]
        found: dict[TopicPartition, OffsetAndMetadata] = {}
        for name, partitions in topics:
            for each in partitions:
                if each.error_code:
                    made: type[KafkaError] = error_for_code(each.error_code)
                    raise made(f"{name}-{each.partition_index}: {made.kafka_name}")
                if each.committed_offset >= 0:
                    found[TopicPartition(name, each.partition_index)] = OffsetAndMetadata(
                        each.committed_offset, each.metadata or "", each.committed_leader_epoch
                    )
        return found


def _commit_request(offsets: Offsets, facts: GroupFacts) -> OffsetCommitRequest:
    topics: dict[str, OffsetCommitRequestTopic] = {}
    for (topic, partition), known in with_metadata(offsets).items():
        entry = topics.setdefault(topic, OffsetCommitRequestTopic(name=topic))
        entry.partitions.append(
            OffsetCommitRequestPartition(
                partition_index=partition,
                committed_offset=known.offset,
                committed_leader_epoch=known.leader_epoch,
                committed_metadata=known.metadata,
            )
        )
    return OffsetCommitRequest(
        group_id=facts.group_id,
        generation_id_or_member_epoch=facts.generation,
        member_id=facts.member_id,
        group_instance_id=facts.instance_id,
        topics=list(topics.values()),
    )


def _fetch_request(wanted: dict[str, list[int]], facts: GroupFacts) -> OffsetFetchRequest:
    group = OffsetFetchRequestGroup(
        group_id=facts.group_id,
        topics=[
            OffsetFetchRequestTopics(name=topic, partition_indexes=numbers)
            for topic, numbers in wanted.items()
        ],
    )
    return OffsetFetchRequest(groups=[group], require_stable=True)


def _old_request(wanted: dict[str, list[int]], facts: GroupFacts) -> OffsetFetchRequest:
    return OffsetFetchRequest(
        group_id=facts.group_id,
        topics=[
            OffsetFetchRequestTopic(name=topic, partition_indexes=numbers)
            for topic, numbers in wanted.items()
        ],
    )
