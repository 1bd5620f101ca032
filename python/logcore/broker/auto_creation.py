"""Topics that come to be because somebody asked for them, and those that the broker needs itself.

Invariant: a topic of the broker's own gets the settings that its coordinator relies on, whoever
asks for it first; other topics get the broker's defaults, and only where
``auto.create.topics.enable`` allows it.
Neighbours: `handlers.metadata` and `handlers.find_coordinator` ask; the controller creates.
Source: Apache Kafka 4.3.1, `AutoTopicCreationManager`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from logcore.broker.config.broker_config import BrokerConfig
from logcore.common.deferred import Deferred
from logcore.controller.controller import Controller
from logcore.controller.image import TopicImage
from logcore.controller.topics import free
from logcore.protocol.messages.create_topics import CreatableTopic, CreatableTopicConfig

GROUP_METADATA: Final = "__consumer_offsets"
TRANSACTION_STATE: Final = "__transaction_state"
SHARE_STATE: Final = "__share_group_state"

_KEYS: Final[Mapping[str, tuple[str, str, str]]] = {
    GROUP_METADATA: (
        "offsets.topic.num.partitions",
        "offsets.topic.replication.factor",
        "offsets.topic.segment.bytes",
    ),
    TRANSACTION_STATE: (
        "transaction.state.log.num.partitions",
        "transaction.state.log.replication.factor",
        "transaction.state.log.segment.bytes",
    ),
    SHARE_STATE: (
        "share.coordinator.state.topic.num.partitions",
        "share.coordinator.state.topic.replication.factor",
        "share.coordinator.state.topic.segment.bytes",
    ),
}
"""Settings of partitions, replicas and segment size, by topic."""


class Creating(Protocol):
    """What topics are made with; the parts of a broker are such, among others."""

    @property
    def config(self) -> BrokerConfig:
        """The broker's settings."""

    @property
    def controller(self) -> Controller:
        """What creates topics."""


def ensure_topics(
    creating: Creating, names: Iterable[str], charge: Callable[[int], object] = free
) -> dict[str, Deferred[TopicImage]]:
    """Return topics by name; those that are not there are created first, all together.

    Args:
        creating: What they are made with.
        names: Their names.
        charge: Charges for the partitions of a topic that is created, or raises.

    Raises:
        KafkaError: In the Deferred of a topic, if it cannot be created.
    """
    wanted = [_creatable(creating, name) for name in names]
    return creating.controller.ensure_topics(wanted, charge)


def ensure_topic(creating: Creating, name: str) -> Deferred[TopicImage]:
    """Return a topic, created first if it is not there.

    Raises:
        KafkaError: In the Deferred, if it cannot be created.
    """
    return ensure_topics(creating, [name])[name]


def _creatable(creating: Creating, name: str) -> CreatableTopic:
    """Return how a topic is created that somebody asked for."""
    keys = _KEYS.get(name)
    if keys is None:
        return CreatableTopic(name=name, num_partitions=-1, replication_factor=-1)
    partition_count, replication_factor, segment_bytes = (int(creating.config[key]) for key in keys)
    # A node alone has no second broker, and Kafka's default of 3 is meant for those who have.
    replication_factor = min(replication_factor, len(creating.controller.image.brokers))
    configs = {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": str(segment_bytes),
    }
    if name == TRANSACTION_STATE:
        min_replicas = int(creating.config["transaction.state.log.min.isr"])
        configs["compression.type"] = "uncompressed"
        configs["min.insync.replicas"] = str(min(min_replicas, replication_factor))
        configs["unclean.leader.election.enable"] = "false"
    elif name == SHARE_STATE:
        # Not compacted: the share coordinator deletes what it needs no longer, in order.
        min_replicas = int(creating.config["share.coordinator.state.topic.min.isr"])
        configs["cleanup.policy"] = "delete"
        configs["retention.ms"] = "-1"
        configs["min.insync.replicas"] = str(min(min_replicas, replication_factor))
    return CreatableTopic(
        name=name,
        num_partitions=partition_count,
        replication_factor=replication_factor,
        configs=[CreatableTopicConfig(name=key, value=value) for key, value in configs.items()],
    )
