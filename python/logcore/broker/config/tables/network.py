"""Keys of the broker: listeners, connections and requests.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import (
    CLUSTER_WIDE,
    HIGH,
    INT,
    LIST,
    LONG,
    LOW,
    PER_BROKER,
    STRING,
    ConfigKey,
)
from logcore.common.config_values import (
    ANY_LIST,
    INT_MAX,
    NATURAL,
    POSITIVE,
    EachLike,
    OneOf,
    Range,
)

NETWORK: Final = (
    ConfigKey("advertised.listeners", LIST, None, ANY_LIST, HIGH),
    ConfigKey("connections.max.idle.ms", LONG, 600000),
    ConfigKey("early.start.listeners", LIST, None, ANY_LIST, HIGH),
    ConfigKey("fetch.max.bytes", INT, 57671680, Range(1024)),
    ConfigKey("fetch.purgatory.purge.interval.requests", INT, 1000),
    ConfigKey("inter.broker.listener.name", STRING, None),
    ConfigKey(
        "listener.security.protocol.map",
        STRING,
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
        importance=LOW,
        update=PER_BROKER,
    ),
    ConfigKey("listeners", LIST, ("PLAINTEXT://:9092",), ANY_LIST, HIGH, update=PER_BROKER),
    ConfigKey("max.connection.creation.rate", INT, INT_MAX, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("max.connections", INT, INT_MAX, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("max.connections.per.ip", INT, INT_MAX, NATURAL, update=CLUSTER_WIDE),
    ConfigKey(
        "max.connections.per.ip.overrides",
        STRING,
        "",
        EachLike(r".+:[0-9]+", "127.0.0.1:100"),
        update=CLUSTER_WIDE,
    ),
    ConfigKey("max.incremental.fetch.session.cache.slots", INT, 1000, NATURAL),
    ConfigKey("max.request.partition.size.limit", INT, 2000, POSITIVE),
    ConfigKey("num.io.threads", INT, 8, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey("num.network.threads", INT, 3, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey("producer.purgatory.purge.interval.requests", INT, 1000),
    ConfigKey("queued.max.request.bytes", LONG, -1),
    ConfigKey("queued.max.requests", INT, 500, POSITIVE, HIGH),
    ConfigKey("request.timeout.ms", INT, 30000, importance=HIGH),
    ConfigKey(
        "security.inter.broker.protocol",
        STRING,
        "PLAINTEXT",
        OneOf(("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")),
    ),
    ConfigKey("socket.connection.setup.timeout.max.ms", LONG, 30000),
    ConfigKey("socket.connection.setup.timeout.ms", LONG, 10000),
    ConfigKey("socket.listen.backlog.size", INT, 50, POSITIVE),
    ConfigKey("socket.receive.buffer.bytes", INT, 102400, importance=HIGH),
    ConfigKey("socket.request.max.bytes", INT, 104857600, POSITIVE, HIGH),
    ConfigKey("socket.send.buffer.bytes", INT, 102400, importance=HIGH),
)
