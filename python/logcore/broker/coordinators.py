"""Making the coordinators of groups, transactions and share states, over their topics.

Invariant: a coordinator knows the rest of the broker by its seams alone; the partition of a name is
counted from the topic once it is there, from the settings before.
Neighbours: `server` calls this; `following` tells the coordinators which partitions are theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.coordinator_log import PartitionCoordinatorLog
from logcore.broker.lanes import Lanes
from logcore.broker.purgatory import Purgatory
from logcore.broker.share_states import LocalShareStates
from logcore.broker.transaction_markers import TransactionMarkers
from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError
from logcore.controller.controller import Controller
from logcore.coordinator.group.service import GroupCoordinator
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.share.service import ShareCoordinator
from logcore.coordinator.share.settings import ShareSettings
from logcore.coordinator.transaction.service import TransactionCoordinator
from logcore.coordinator.transaction.settings import TransactionSettings
from logcore.replication.manager import ReplicaManager

GROUP_TOPIC: Final = "__consumer_offsets"
TRANSACTION_TOPIC: Final = "__transaction_state"
SHARE_TOPIC: Final = "__share_group_state"
TRANSACTION_VERSION: Final = "transaction.version"
"""The feature that says which transactions are in force."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What coordinators are made over.

    Attributes:
        config: The broker's settings.
        configs: Effective settings.
        scheduler: Time, and timers on the loop's thread.
        lanes: Threads for what may block.
        controller: The cluster's metadata.
        replicas: The partitions.
        purgatory: Where requests wait.
    """

    config: BrokerConfig
    configs: Configs
    scheduler: Scheduler
    lanes: Lanes
    controller: Controller
    replicas: ReplicaManager
    purgatory: Purgatory

    def log_of(self, topic: str) -> PartitionCoordinatorLog:
        """Return the log of the coordinator that keeps its state in a topic."""
        return PartitionCoordinatorLog(
            topic, self.replicas, self.purgatory, self.lanes, self.scheduler
        )

    def partition_count(self, topic: str, key: str) -> int:
        """Count the partitions of a topic; those that the settings give it if it is not there."""
        found = self.controller.image.topics_by_name.get(topic)
        configured: int = self.config[key]
        return configured if found is None else len(found.partitions)

    def has(self, topic: str, index: int) -> bool:
        """Whether the metadata has a partition."""
        found = self.controller.image.topics_by_name.get(topic)
        return found is not None and 0 <= index < len(found.partitions)


def make_groups(around: Surroundings, share_states: LocalShareStates) -> GroupCoordinator:
    """Make the coordinator of groups."""
    return GroupCoordinator(
        log=around.log_of(GROUP_TOPIC),
        scheduler=around.scheduler,
        settings=GroupSettings.of(around.config),
        topics=lambda: around.controller.image,
        group_config=around.configs.group_values,
        partition_count=lambda: around.partition_count(GROUP_TOPIC, "offsets.topic.num.partitions"),
        share_states=share_states,
    )


def make_transactions(
    around: Surroundings, groups: GroupCoordinator, next_producer_id: Callable[[], Deferred[int]]
) -> TransactionCoordinator:
    """Make the coordinator of transactions."""
    markers = TransactionMarkers(
        replicas=around.replicas,
        purgatory=around.purgatory,
        lanes=around.lanes,
        clock=around.scheduler,
        group_topic=GROUP_TOPIC,
        end_in_groups=groups.end_transaction,
        exists=around.has,
    )
    return TransactionCoordinator(
        log=around.log_of(TRANSACTION_TOPIC),
        scheduler=around.scheduler,
        settings=TransactionSettings.of(around.config),
        markers=markers,
        next_producer_id=next_producer_id,
        leader_epoch=lambda partition: (
            around.replicas.get(TRANSACTION_TOPIC, partition).leader_epoch
        ),
        partition_count=lambda: around.partition_count(
            TRANSACTION_TOPIC, "transaction.state.log.num.partitions"
        ),
        version=lambda: around.controller.image.features.get(TRANSACTION_VERSION, 0),
    )


def make_share_states(around: Surroundings) -> ShareCoordinator:
    """Make the coordinator of share groups' state."""

    def partition_count_of(topic_id: bytes) -> int:
        topic = around.controller.image.topics_by_id.get(topic_id)
        return 0 if topic is None else len(topic.partitions)

    def prune(index: int, offset: int) -> Deferred[int]:
        try:
            partition = around.replicas.get(SHARE_TOPIC, index)
        except KafkaError as error:
            return Deferred.failed(error)
        return around.lanes.run(partition.key, lambda: partition.log.delete_before(offset))

    return ShareCoordinator(
        log=around.log_of(SHARE_TOPIC),
        scheduler=around.scheduler,
        settings=ShareSettings.of(around.config),
        partition_count_of=partition_count_of,
        partition_count=lambda: around.partition_count(
            SHARE_TOPIC, "share.coordinator.state.topic.num.partitions"
        ),
        prune=prune,
    )
