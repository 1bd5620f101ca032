"""Every key of the broker, of topics, of groups and of clients' metrics, as one table each.

Invariant: importing this imports no documentation; `docs` is a module of its own, for who asks.
Neighbours: `tables` holds the rows; `broker_config` and `configs` read values by them.
"""

from typing import Final

from logcore.broker.config.tables.authorization import AUTHORIZATION
from logcore.broker.config.tables.client_metrics import CLIENT_METRICS_KEYS
from logcore.broker.config.tables.coordinator import COORDINATOR
from logcore.broker.config.tables.group import GROUP_KEYS
from logcore.broker.config.tables.log import LOG
from logcore.broker.config.tables.metrics import METRICS
from logcore.broker.config.tables.network import NETWORK
from logcore.broker.config.tables.own import DEFAULTS, OWN
from logcore.broker.config.tables.quorum import QUORUM
from logcore.broker.config.tables.replication import REPLICATION
from logcore.broker.config.tables.sasl import SASL
from logcore.broker.config.tables.share import SHARE
from logcore.broker.config.tables.tiered import TIERED
from logcore.broker.config.tables.tls import SSL
from logcore.broker.config.tables.topic import TOPIC_KEYS
from logcore.common.config import ConfigDef

KAFKA_BROKER: Final = ConfigDef(
    "broker",
    (
        *NETWORK,
        *LOG,
        *COORDINATOR,
        *QUORUM,
        *REPLICATION,
        *METRICS,
        *SSL,
        *SASL,
        *SHARE,
        *TIERED,
    ),
)
"""The broker's keys with Apache Kafka's own defaults."""

BROKER: Final = ConfigDef(
    "broker",
    (
        *(
            key.with_default(DEFAULTS[name]) if name in DEFAULTS else key
            for name, key in KAFKA_BROKER.items()
        ),
        *AUTHORIZATION,
        *OWN,
    ),
)
TOPIC: Final = ConfigDef("topic", TOPIC_KEYS)
GROUP: Final = ConfigDef("group", GROUP_KEYS)
CLIENT_METRICS: Final = ConfigDef("client metrics", CLIENT_METRICS_KEYS)
