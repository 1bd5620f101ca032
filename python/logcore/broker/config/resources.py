"""What can have settings: the types of resources, numbered as on the wire.

Invariant: a resource is a pair of type and name; the empty name of a broker stands for all brokers.
Neighbours: every module here that tells resources apart.
Source: Apache Kafka 4.3.1, `ConfigResource.Type`.
"""

from typing import Final, TypeAlias

from logcore.broker.config.broker_keys import BROKER, CLIENT_METRICS, GROUP, TOPIC
from logcore.common.config import ConfigDef

TOPIC_RESOURCE: Final = 2
BROKER_RESOURCE: Final = 4
BROKER_LOGGER_RESOURCE: Final = 8
CLIENT_METRICS_RESOURCE: Final = 16
GROUP_RESOURCE: Final = 32

ResourceKey: TypeAlias = tuple[int, str]
"""Type and name."""

TABLES: Final[dict[int, ConfigDef]] = {
    TOPIC_RESOURCE: TOPIC,
    BROKER_RESOURCE: BROKER,
    CLIENT_METRICS_RESOURCE: CLIENT_METRICS,
    GROUP_RESOURCE: GROUP,
}
"""The keys of each type of resource."""
