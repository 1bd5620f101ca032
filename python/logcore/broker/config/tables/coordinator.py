"""Keys of the broker: consumer groups, their offsets, and transactions.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import (
    BOOLEAN,
    CLUSTER_WIDE,
    HIGH,
    INT,
    LIST,
    LONG,
    LOW,
    SHORT,
    STRING,
    ConfigKey,
)
from logcore.common.config_values import ANY_LIST, INT_MAX, NATURAL, POSITIVE, ListOf, OneOf, Range

COORDINATOR: Final = (
    ConfigKey("group.consumer.assignment.interval.ms", INT, 1000, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("group.consumer.assignors", LIST, ("uniform", "range"), ANY_LIST),
    ConfigKey("group.consumer.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("group.consumer.max.assignment.interval.ms", INT, 15000, NATURAL),
    ConfigKey("group.consumer.max.heartbeat.interval.ms", INT, 15000, POSITIVE),
    ConfigKey("group.consumer.max.session.timeout.ms", INT, 60000, POSITIVE),
    ConfigKey("group.consumer.max.size", INT, INT_MAX, POSITIVE),
    ConfigKey(
        "group.consumer.migration.policy",
        STRING,
        "bidirectional",
        OneOf(("DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"), ignores_case=True),
    ),
    ConfigKey("group.consumer.min.assignment.interval.ms", INT, 0, NATURAL),
    ConfigKey("group.consumer.min.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("group.consumer.min.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("group.consumer.regex.refresh.interval.ms", INT, 600000, Range(10000), internal=True),
    ConfigKey("group.consumer.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("group.coordinator.append.linger.ms", INT, -1, Range(-1)),
    ConfigKey("group.coordinator.background.threads", INT, 2, POSITIVE, HIGH),
    ConfigKey(
        "group.coordinator.cached.buffer.max.bytes",
        INT,
        1048588,
        Range(524288),
        update=CLUSTER_WIDE,
    ),
    ConfigKey(
        "group.coordinator.rebalance.protocols",
        LIST,
        ("classic", "consumer", "streams"),
        ListOf(("consumer", "classic", "share", "streams")),
    ),
    ConfigKey("group.coordinator.threads", INT, 4, POSITIVE, HIGH),
    ConfigKey("group.initial.rebalance.delay.ms", INT, 3000),
    ConfigKey("group.max.session.timeout.ms", INT, 1800000),
    ConfigKey("group.max.size", INT, INT_MAX, POSITIVE),
    ConfigKey("group.min.session.timeout.ms", INT, 6000),
    ConfigKey("offset.metadata.max.bytes", INT, 4096, importance=HIGH),
    ConfigKey("offsets.commit.timeout.ms", INT, 5000, POSITIVE, HIGH),
    ConfigKey("offsets.load.buffer.size", INT, 5242880, POSITIVE, HIGH),
    ConfigKey("offsets.retention.check.interval.ms", LONG, 600000, POSITIVE, HIGH),
    ConfigKey("offsets.retention.minutes", INT, 10080, POSITIVE, HIGH),
    ConfigKey("offsets.topic.compression.codec", INT, 0, importance=HIGH),
    ConfigKey("offsets.topic.num.partitions", INT, 50, POSITIVE, HIGH),
    ConfigKey("offsets.topic.replication.factor", SHORT, 3, POSITIVE, HIGH),
    ConfigKey("offsets.topic.segment.bytes", INT, 104857600, POSITIVE, HIGH),
    ConfigKey(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms", INT, 10000, POSITIVE, LOW
    ),
    ConfigKey("transaction.max.timeout.ms", INT, 900000, POSITIVE, HIGH),
    ConfigKey(
        "transaction.partition.verification.enable",
        BOOLEAN,
        True,
        importance=LOW,
        update=CLUSTER_WIDE,
    ),
    ConfigKey(
        "transaction.remove.expired.transaction.cleanup.interval.ms", INT, 3600000, POSITIVE, LOW
    ),
    ConfigKey("transaction.state.log.load.buffer.size", INT, 5242880, POSITIVE, HIGH),
    ConfigKey("transaction.state.log.min.isr", INT, 2, POSITIVE, HIGH),
    ConfigKey("transaction.state.log.num.partitions", INT, 50, POSITIVE, HIGH),
    ConfigKey("transaction.state.log.replication.factor", SHORT, 3, POSITIVE, HIGH),
    ConfigKey("transaction.state.log.segment.bytes", INT, 104857600, POSITIVE, HIGH),
    ConfigKey("transaction.two.phase.commit.enable", BOOLEAN, False, importance=LOW),
    ConfigKey("transactional.id.expiration.ms", INT, 604800000, POSITIVE, HIGH),
)
