"""What each key means, and whether it has an effect here.

Invariant: imported only by who asks for documentation: it is text, and starting must be quick.
Neighbours: the tables `*_docs`; `no_effect` knows what is accepted and left at that;
DescribeConfigs and `docs/reference/config.md` show the result.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from logcore.broker.config.broker_keys import KAFKA_BROKER
from logcore.broker.config.client_metrics_docs import CLIENT_METRICS_DOCS
from logcore.broker.config.coordinator_docs import COORDINATOR_DOCS
from logcore.broker.config.given_keys import base_name, definition
from logcore.broker.config.group_docs import GROUP_DOCS
from logcore.broker.config.log_docs import LOG_DOCS
from logcore.broker.config.metrics_docs import METRICS_DOCS
from logcore.broker.config.network_docs import NETWORK_DOCS
from logcore.broker.config.no_effect import reason
from logcore.broker.config.own_keys import DEFAULTS
from logcore.broker.config.quorum_docs import QUORUM_DOCS
from logcore.broker.config.replication_docs import REPLICATION_DOCS
from logcore.broker.config.resources import (
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
)
from logcore.broker.config.sasl_docs import SASL_DOCS
from logcore.broker.config.share_docs import SHARE_DOCS
from logcore.broker.config.ssl_docs import SSL_DOCS
from logcore.broker.config.tiered_docs import TIERED_DOCS
from logcore.broker.config.topic_docs import TOPIC_DOCS
from logcore.common.config import to_text

_TEXTS: Final = {
    BROKER_RESOURCE: (
        COORDINATOR_DOCS,
        LOG_DOCS,
        METRICS_DOCS,
        NETWORK_DOCS,
        QUORUM_DOCS,
        REPLICATION_DOCS,
        SASL_DOCS,
        SHARE_DOCS,
        SSL_DOCS,
        TIERED_DOCS,
    ),
    CLIENT_METRICS_RESOURCE: (CLIENT_METRICS_DOCS,),
    GROUP_RESOURCE: (GROUP_DOCS,),
    TOPIC_RESOURCE: (TOPIC_DOCS,),
}


def read_table(text: str) -> dict[str, str]:
    """Read `key: sentence`, where a line that is indented goes on with the one before.

    Example:
        >>> read_table('''
        ... a.b: What it is,
        ...     and more.
        ... ''')
        {'a.b': 'What it is, and more.'}
    """
    joined = text.strip().replace("\n    ", " ")
    return dict(line.split(": ", 1) for line in joined.splitlines())


@cache
def sentences(resource_type: int) -> Mapping[str, str]:
    """Return key -> meaning, for all keys of a type of resource."""
    return {
        name: sentence
        for text in _TEXTS[resource_type]
        for name, sentence in read_table(text).items()
    }


def documentation(resource_type: int, name: str) -> str | None:
    """Return what a key means, and whether it has an effect; None for what is not a key."""
    table = sentences(resource_type) if resource_type in _TEXTS else {}
    key = definition(name) if resource_type == BROKER_RESOURCE else None
    shown = key.name if key else base_name(name)
    if shown not in table:
        return None
    parts = [table[shown]]
    if resource_type == BROKER_RESOURCE and shown in DEFAULTS:
        kafka = to_text(KAFKA_BROKER[shown].default)
        parts.append(f"(Apache Kafka's default: {'none' if kafka is None else kafka}.)")
    why = reason(shown)
    if why is not None:
        parts.append(f"Accepted, has no effect: {why}.")
    return " ".join(parts)
