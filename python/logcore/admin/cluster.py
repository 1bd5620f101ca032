"""The cluster itself: brokers, directories, features, the metadata quorum, leaders and their moves.

Invariant: what is asked of each broker is told by broker.
Neighbours: `asking` reaches them. Source: KIP-113, KIP-455, KIP-460, KIP-584, KIP-595, KIP-700.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.partition_results import (
    by_partition,
    indexes_by_topic,
    parts_by_topic,
)
from logcore.admin.results import Results, collect, error_of, nothing
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition
from logcore.common.errors import KafkaError
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.describe_cluster import DescribeClusterRequest
from logcore.protocol.messages.describe_log_dirs import DescribeLogDirsRequest
from logcore.protocol.messages.describe_quorum import (
    DescribeQuorumRequest,
    RequestPartitionData,
    RequestTopicData,
)
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest, TopicPartitions
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
)
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest

_METADATA_TOPIC: Final = "__cluster_metadata"
_ELECTION_NOT_NEEDED: Final = 84


@dataclass(frozen=True, slots=True)
class BrokerDescription:
    """A broker.

    Attributes:
        node_id: Its number.
        host: Its advertised host.
        port: Its advertised port.
        rack: Where it stands, if it says.
        is_fenced: Whether it may not lead.
    """

    node_id: int
    host: str
    port: int
    rack: str | None
    is_fenced: bool


@dataclass(frozen=True, slots=True)
class ClusterDescription:
    """A cluster.

    Attributes:
        cluster_id: Its id.
        controller_id: The broker that answers for its metadata; None if there is none.
        brokers: Its brokers, in order.
    """

    cluster_id: str
    controller_id: int | None
    brokers: tuple[BrokerDescription, ...]


@dataclass(frozen=True, slots=True)
class LogDirDescription:
    """A log directory of a broker.

    Attributes:
        path: Where it is.
        total_bytes: The size of its volume; None if the broker does not tell.
        usable_bytes: How much of that is free; None if the broker does not tell.
        sizes: The bytes of each partition in it.
    """

    path: str
    total_bytes: int | None
    usable_bytes: int | None
    sizes: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Features:
    """What a cluster can do.

    Attributes:
        finalized: Level in force by feature.
        supported: First and last level that the broker supports, by feature.
    """

    finalized: Mapping[str, int]
    supported: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class QuorumDescription:
    """The quorum that keeps the cluster's metadata.

    Attributes:
        leader: Its leader.
        leader_epoch: The leader's epoch.
        high_watermark: How far its log is committed.
        voters: End of the log by voter.
        observers: End of the log by observer.
    """

    leader: int
    leader_epoch: int
    high_watermark: int
    voters: Mapping[int, int]
    observers: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Reassignment:
    """A move of a partition that is under way: its brokers, those that come and those that go."""

    replicas: tuple[int, ...]
    adding: tuple[int, ...]
    removing: tuple[int, ...]


class AsyncClusterAdmin:
    """A cluster as a whole.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def describe(self) -> ClusterDescription:
        """Describe the cluster and its brokers.

        Raises:
            ClientError: If no broker answers in time.
        """
        response = await self._asking.any("describe the cluster", DescribeClusterRequest())
        brokers = (
            BrokerDescription(one.broker_id, one.host, one.port, one.rack, one.is_fenced)
            for one in sorted(response.brokers, key=lambda one: one.broker_id)
        )
        controller = response.controller_id
        return ClusterDescription(
            response.cluster_id, None if controller < 0 else controller, tuple(brokers)
        )

    async def log_dirs(self) -> dict[int, tuple[LogDirDescription, ...]]:
        """Describe the log directories, by broker.

        Raises:
            KafkaError: If a broker refuses.
            ClientError: If a broker does not answer in time.
        """
        request = DescribeLogDirsRequest(topics=None)
        answers = await self._asking.every_broker("describe log directories", request)
        return {
            node_id: tuple(
                LogDirDescription(
                    one.log_dir,
                    None if one.total_bytes < 0 else one.total_bytes,
                    None if one.usable_bytes < 0 else one.usable_bytes,
                    {
                        TopicPartition(topic.name, part.partition_index): part.partition_size
                        for topic in one.topics
                        for part in topic.partitions
                    },
                )
                for one in answer.results
                if not one.error_code
            )
            for node_id, answer in answers.items()
        }

    async def features(self) -> Features:
        """Tell which features there are, and which level of each is in force.

        Raises:
            ClientError: If no broker answers in time.
        """
        request = ApiVersionsRequest(
            client_software_name="logcore", client_software_version="admin"
        )
        response = await self._asking.any("ask for features", request)
        return Features(
            {one.name: one.max_version_level for one in response.finalized_features},
            {one.name: (one.min_version, one.max_version) for one in response.supported_features},
        )

    async def update_features(
        self, levels: Mapping[str, int], *, validate_only: bool = False
    ) -> None:
        """Put levels of features in force: all of them, or none. Level 0 turns one off.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        current = (await self.features()).finalized
        request = UpdateFeaturesRequest(
            timeout_ms=self._asking.timeout_ms,
            feature_updates=[
                FeatureUpdateKey(
                    feature=name,
                    max_version_level=level,
                    upgrade_type=1 if level >= current.get(name, 0) else 2,
                )
                for name, level in levels.items()
            ],
            validate_only=validate_only,
        )
        response = await self._asking.any("update features", request)
        collect(response.results, lambda result: result.feature, nothing).raise_for_errors()

    async def quorum(self) -> QuorumDescription:
        """Describe the quorum that keeps the metadata.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        partition = RequestPartitionData(partition_index=0)
        request = DescribeQuorumRequest(
            topics=[RequestTopicData(topic_name=_METADATA_TOPIC, partitions=[partition])]
        )
        response = await self._asking.any("describe the quorum", request)
        found = response.topics[0].partitions[0]
        if found.error_code:
            raise error_of(found.error_code, found.error_message, "quorum")
        return QuorumDescription(
            found.leader_id,
            found.leader_epoch,
            found.high_watermark,
            {one.replica_id: one.log_end_offset for one in found.current_voters},
            {one.replica_id: one.log_end_offset for one in found.observers},
        )

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
        self, replicas: Mapping[TopicPartition, Sequence[int] | None]
    ) -> Results[TopicPartition, None]:
        """Move partitions to other brokers.

        Args:
            replicas: The brokers that shall hold each, the preferred leader first; None calls a
                move off.

        Returns:
            None, or why it is not moved, by partition.

        Raises:
            KafkaError: If the cluster refuses all of it.
            ClientError: If no broker answers in time.
        """
        topics = parts_by_topic(replicas, _move)
        request = AlterPartitionReassignmentsRequest(
            timeout_ms=self._asking.timeout_ms,
            topics=[ReassignableTopic(name=name, partitions=of) for name, of in topics.items()],
        )
        response = await self._asking.any("move partitions", request)
        return by_partition(response.responses, nothing)

    async def reassignments(self) -> dict[TopicPartition, Reassignment]:
        """Return the moves that are under way.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        request = ListPartitionReassignmentsRequest(timeout_ms=self._asking.timeout_ms)
        response = await self._asking.any("list moves of partitions", request)
        return {
            TopicPartition(topic.name, part.partition_index): Reassignment(
                tuple(part.replicas), tuple(part.adding_replicas), tuple(part.removing_replicas)
            )
            for topic in response.topics
            for part in topic.partitions
        }


class ClusterAdmin(Part):
    """The cluster as a whole; see `AsyncClusterAdmin`."""

    describe = blocking(AsyncClusterAdmin.describe)
    log_dirs = blocking(AsyncClusterAdmin.log_dirs)
    features = blocking(AsyncClusterAdmin.features)
    update_features = blocking(AsyncClusterAdmin.update_features)
    quorum = blocking(AsyncClusterAdmin.quorum)
    elect_leaders = blocking(AsyncClusterAdmin.elect_leaders)
    reassign = blocking(AsyncClusterAdmin.reassign)
    reassignments = blocking(AsyncClusterAdmin.reassignments)


def _move(partition: int, brokers: Sequence[int] | None) -> ReassignablePartition:
    replicas = None if brokers is None else list(brokers)
    return ReassignablePartition(partition_index=partition, replicas=replicas)
