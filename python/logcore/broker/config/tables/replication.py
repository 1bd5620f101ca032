"""Keys of the broker: replicas, and traffic between brokers.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import BOOLEAN, CLUSTER_WIDE, HIGH, INT, LONG, LOW, STRING, ConfigKey
from logcore.common.config_values import LONG_MAX, NATURAL, POSITIVE

REPLICATION: Final = (
    ConfigKey("add.partitions.to.txn.retry.backoff.max.ms", INT, 100, NATURAL, HIGH),
    ConfigKey("add.partitions.to.txn.retry.backoff.ms", INT, 20, POSITIVE, HIGH),
    ConfigKey("alter.log.dirs.replication.quota.window.num", INT, 11, POSITIVE, LOW),
    ConfigKey("alter.log.dirs.replication.quota.window.size.seconds", INT, 1, POSITIVE, LOW),
    ConfigKey("controlled.shutdown.enable", BOOLEAN, True),
    ConfigKey(
        "follower.replication.throttled.rate",
        LONG,
        LONG_MAX,
        NATURAL,
        update=CLUSTER_WIDE,
        internal=True,
    ),
    ConfigKey(
        "leader.replication.throttled.rate",
        LONG,
        LONG_MAX,
        NATURAL,
        update=CLUSTER_WIDE,
        internal=True,
    ),
    ConfigKey("num.replica.alter.log.dirs.threads", INT, None, importance=HIGH),
    ConfigKey("num.replica.fetchers", INT, 1, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey(
        "replica.alter.log.dirs.io.max.bytes.per.second",
        LONG,
        LONG_MAX,
        NATURAL,
        update=CLUSTER_WIDE,
        internal=True,
    ),
    ConfigKey("replica.fetch.backoff.ms", INT, 1000, NATURAL),
    ConfigKey("replica.fetch.max.bytes", INT, 1048576, NATURAL),
    ConfigKey("replica.fetch.min.bytes", INT, 1, importance=HIGH),
    ConfigKey("replica.fetch.response.max.bytes", INT, 10485760, NATURAL),
    ConfigKey("replica.fetch.wait.max.ms", INT, 500, importance=HIGH),
    ConfigKey("replica.high.watermark.checkpoint.interval.ms", LONG, 5000, importance=HIGH),
    ConfigKey("replica.lag.time.max.ms", LONG, 30000, importance=HIGH),
    ConfigKey("replica.selector.class", STRING, None),
    ConfigKey("replica.socket.receive.buffer.bytes", INT, 65536, importance=HIGH),
    ConfigKey("replica.socket.timeout.ms", INT, 30000, importance=HIGH),
    ConfigKey("replication.quota.window.num", INT, 11, POSITIVE, LOW),
    ConfigKey("replication.quota.window.size.seconds", INT, 1, POSITIVE, LOW),
)
