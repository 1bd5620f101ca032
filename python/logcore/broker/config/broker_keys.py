"""Every key of the broker, of topics, of groups and of clients' metrics, as one table each.

Invariant: importing this imports no documentation; `docs` is a module of its own, for who asks.
Neighbours: the tables `*_keys`; `broker_config` and `configs` read values by them.
"""

from typing import Final

from logcore.broker.config.client_metrics_keys import CLIENT_METRICS_KEYS
from logcore.broker.config.coordinator_keys import COORDINATOR
from logcore.broker.config.group_keys import GROUP_KEYS
from logcore.broker.config.log_keys import LOG
from logcore.broker.config.metrics_keys import METRICS
from logcore.broker.config.network_keys import NETWORK
from logcore.broker.config.own_keys import DEFAULTS, OWN
from logcore.broker.config.quorum_keys import QUORUM
from logcore.broker.config.replication_keys import REPLICATION
from logcore.broker.config.sasl_keys import SASL
from logcore.broker.config.share_keys import SHARE
from logcore.broker.config.ssl_keys import SSL
from logcore.broker.config.tiered_keys import TIERED
from logcore.broker.config.topic_keys import TOPIC_KEYS
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
        *OWN,
    ),
)
TOPIC: Final = ConfigDef("topic", TOPIC_KEYS)
GROUP: Final = ConfigDef("group", GROUP_KEYS)
CLIENT_METRICS: Final = ConfigDef("client metrics", CLIENT_METRICS_KEYS)
