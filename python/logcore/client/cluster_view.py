"""What is known of a cluster: its brokers, its topics, who leads which partition. Pure.

Invariant: a partition's leader never goes back to an older epoch of the same topic; a topic that
was created anew under the same name starts afresh. Views never change: an update makes new ones.
Neighbours: `cluster` asks brokers and merges their answers in here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from logcore.client.addresses import Address
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

NO_LEADER: Final = -1


@dataclass(frozen=True, slots=True)
class BrokerView:
    """A broker of the cluster."""

    node_id: int
    address: Address
    rack: str | None = None


@dataclass(frozen=True, slots=True)
class PartitionView:
    """A partition.

    Attributes:
        leader: The broker that leads it, -1 for none.
        leader_epoch: Since which epoch, -1 if unknown.
        replicas: The brokers that hold it.
        isr: Those of them that are in step.
        offline: Those that are not there.
    """

    leader: int
    leader_epoch: int
    replicas: tuple[int, ...] = ()
    isr: tuple[int, ...] = ()
    offline: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic.

    Attributes:
        topic_id: Its id; the zero id if the broker is too old to tell.
        error_code: Why nothing is known of it, 0 if something is.
    """

    name: str
    topic_id: bytes = ZERO_UUID
    partitions: Mapping[int, PartitionView] = field(default_factory=dict)
    is_internal: bool = False
    error_code: int = 0

    @property
    def writable(self) -> list[int]:
        """Partitions that have a leader, in order."""
        return sorted(at for at, part in self.partitions.items() if part.leader != NO_LEADER)


@dataclass(frozen=True, slots=True)
class ClusterView:
    """All of it."""

    brokers: Mapping[int, BrokerView] = field(default_factory=dict)
    topics: Mapping[str, TopicView] = field(default_factory=dict)
    cluster_id: str | None = None
    controller_id: int = -1

    def leader_of(self, topic: str, partition: int) -> int:
        """Return the node that leads a partition, -1 if nobody does or it is not known."""
        known = self.topics.get(topic)
        found = known.partitions.get(partition) if known else None
        return NO_LEADER if found is None or found.leader not in self.brokers else found.leader

    def leader_epoch_of(self, topic: str, partition: int) -> int:
        """Return the epoch of a partition's leader, -1 if it is not known."""
        known = self.topics.get(topic)
        found = known.partitions.get(partition) if known else None
        return -1 if found is None else found.leader_epoch

    def topic_id_of(self, topic: str) -> bytes:
        """Return a topic's id, the zero id if it is not known."""
        known = self.topics.get(topic)
        return ZERO_UUID if known is None else known.topic_id

    def merged(self, response: MetadataResponse, keep: Iterable[str] | None) -> "ClusterView":
        """Return the view after an answer.

        Args:
            response: The answer.
            keep: The topics to keep that are not in it; None keeps none.
        """
        brokers = {
            each.node_id: BrokerView(each.node_id, Address(each.host, each.port), each.rack)
            for each in response.brokers
        }
        wanted = set() if keep is None else set(keep)
        topics = {name: topic for name, topic in self.topics.items() if name in wanted}
        for answered in response.topics:
            if answered.name is not None:
                before = self.topics.get(answered.name)
                topics[answered.name] = _merge_topic(before, answered)
        return ClusterView(brokers, topics, response.cluster_id, response.controller_id)

    def with_leader(
        self, topic: str, partition: int, leader: int, leader_epoch: int
    ) -> "ClusterView":
        """Return the view after a broker told who leads a partition (KIP-951)."""
        known = self.topics.get(topic)
        found = known.partitions.get(partition) if known else None
        if known is None or found is None or leader_epoch <= found.leader_epoch:
            return self
        fresh = PartitionView(leader, leader_epoch, found.replicas, found.isr, found.offline)
        partitions = {**known.partitions, partition: fresh}
        changed = TopicView(
            known.name, known.topic_id, partitions, known.is_internal, known.error_code
        )
        topics = {**self.topics, topic: changed}
        return ClusterView(self.brokers, topics, self.cluster_id, self.controller_id)

    def with_brokers(self, brokers: Iterable[BrokerView]) -> "ClusterView":
        """Return the view with more brokers, or other addresses of those it has."""
        merged = {**self.brokers, **{each.node_id: each for each in brokers}}
        return ClusterView(merged, self.topics, self.cluster_id, self.controller_id)


def _merge_topic(before: TopicView | None, answered: MetadataResponseTopic) -> TopicView:
    assert answered.name is not None, "the caller looked"
    same = before is not None and ZERO_UUID != before.topic_id == answered.topic_id
    known = before.partitions if same and before is not None else {}
    partitions = {
        each.partition_index: _merge_partition(known.get(each.partition_index), each)
        for each in answered.partitions
    }
    if answered.error_code and same and before is not None and not partitions:
        partitions = dict(before.partitions)
    return TopicView(
        answered.name, answered.topic_id, partitions, answered.is_internal, answered.error_code
    )


def _merge_partition(
    before: PartitionView | None, answered: MetadataResponsePartition
) -> PartitionView:
    if before is not None and 0 <= answered.leader_epoch < before.leader_epoch:
        return before
    return PartitionView(
        answered.leader_id,
        answered.leader_epoch,
        tuple(answered.replica_nodes),
        tuple(answered.isr_nodes),
        tuple(answered.offline_replicas),
    )
