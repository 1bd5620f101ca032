"""Keys of the broker: share groups and streams groups.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import CLUSTER_WIDE, HIGH, INT, LIST, LOW, SHORT, STRING, ConfigKey
from logcore.common.config_values import ANY_LIST, INT_MAX, NATURAL, POSITIVE, Range

SHARE: Final = (
    ConfigKey("group.share.assignment.interval.ms", INT, 1000, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("group.share.assignors", LIST, ("simple",), ANY_LIST),
    ConfigKey("group.share.delivery.count.limit", INT, 5, Range(2, 10)),
    ConfigKey("group.share.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("group.share.initialize.retry.interval.ms", INT, 30000, POSITIVE, LOW, internal=True),
    ConfigKey("group.share.max.assignment.interval.ms", INT, 15000, NATURAL),
    ConfigKey("group.share.max.delivery.count.limit", INT, 10, Range(5, 25)),
    ConfigKey("group.share.max.heartbeat.interval.ms", INT, 15000, POSITIVE),
    ConfigKey("group.share.max.partition.max.record.locks", INT, 4000, Range(2000, 10000)),
    ConfigKey("group.share.max.record.lock.duration.ms", INT, 60000, Range(30000, 3600000)),
    ConfigKey("group.share.max.session.timeout.ms", INT, 60000, POSITIVE),
    ConfigKey("group.share.max.share.sessions", INT, 2000, POSITIVE),
    ConfigKey("group.share.max.size", INT, 200, Range(1, 1000)),
    ConfigKey("group.share.min.assignment.interval.ms", INT, 0, NATURAL),
    ConfigKey("group.share.min.delivery.count.limit", INT, 2, Range(2, 5)),
    ConfigKey("group.share.min.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("group.share.min.partition.max.record.locks", INT, 100, Range(100, 2000)),
    ConfigKey("group.share.min.record.lock.duration.ms", INT, 15000, Range(1000, 30000)),
    ConfigKey("group.share.min.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("group.share.partition.max.record.locks", INT, 2000, Range(100, 10000)),
    ConfigKey(
        "group.share.persister.class.name",
        STRING,
        "org.apache.kafka.server.share.persister.DefaultStatePersister",
        internal=True,
    ),
    ConfigKey("group.share.record.lock.duration.ms", INT, 30000, Range(1000, 3600000)),
    ConfigKey("group.share.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("group.streams.assignment.interval.ms", INT, 1000, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("group.streams.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("group.streams.initial.rebalance.delay.ms", INT, 3000, NATURAL),
    ConfigKey("group.streams.max.assignment.interval.ms", INT, 15000, NATURAL),
    ConfigKey("group.streams.max.heartbeat.interval.ms", INT, 15000, POSITIVE),
    ConfigKey("group.streams.max.session.timeout.ms", INT, 60000, POSITIVE),
    ConfigKey("group.streams.max.size", INT, INT_MAX, POSITIVE),
    ConfigKey("group.streams.max.standby.replicas", INT, 2, NATURAL),
    ConfigKey("group.streams.min.assignment.interval.ms", INT, 0, NATURAL),
    ConfigKey("group.streams.min.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("group.streams.min.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("group.streams.num.standby.replicas", INT, 0, NATURAL),
    ConfigKey("group.streams.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("share.coordinator.append.linger.ms", INT, -1, Range(-1)),
    ConfigKey(
        "share.coordinator.cached.buffer.max.bytes",
        INT,
        1048588,
        Range(524288),
        update=CLUSTER_WIDE,
    ),
    ConfigKey(
        "share.coordinator.cold.partition.snapshot.interval.ms",
        INT,
        300000,
        POSITIVE,
        LOW,
        internal=True,
    ),
    ConfigKey("share.coordinator.load.buffer.size", INT, 5242880, POSITIVE, HIGH),
    ConfigKey("share.coordinator.snapshot.update.records.per.snapshot", INT, 500, Range(0, 500)),
    ConfigKey("share.coordinator.state.topic.compression.codec", INT, 0, importance=HIGH),
    ConfigKey("share.coordinator.state.topic.min.isr", SHORT, 2, POSITIVE, HIGH),
    ConfigKey("share.coordinator.state.topic.num.partitions", INT, 50, POSITIVE, HIGH),
    ConfigKey(
        "share.coordinator.state.topic.prune.interval.ms", INT, 300000, POSITIVE, LOW, internal=True
    ),
    ConfigKey("share.coordinator.state.topic.replication.factor", SHORT, 3, POSITIVE, HIGH),
    ConfigKey("share.coordinator.state.topic.segment.bytes", INT, 104857600, POSITIVE, HIGH),
    ConfigKey("share.coordinator.threads", INT, 1, POSITIVE),
    ConfigKey("share.coordinator.write.timeout.ms", INT, 5000, POSITIVE, HIGH),
    ConfigKey("share.fetch.purgatory.purge.interval.requests", INT, 1000),
)
