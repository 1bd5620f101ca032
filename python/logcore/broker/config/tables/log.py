"""Keys of the broker: logs, and the defaults of topics.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import (
    BOOLEAN,
    CLASS,
    CLUSTER_WIDE,
    DOUBLE,
    HIGH,
    INT,
    LIST,
    LONG,
    LOW,
    PER_BROKER,
    STRING,
    ConfigKey,
)
from logcore.common.config_values import ANY_LIST, LONG_MAX, NATURAL, POSITIVE, ListOf, OneOf, Range

LOG: Final = (
    ConfigKey("alter.config.policy.class.name", CLASS, None, importance=LOW),
    ConfigKey("auto.create.topics.enable", BOOLEAN, True, importance=HIGH),
    ConfigKey("background.threads", INT, 10, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey("compression.gzip.level", INT, -1, Range(1, 9, -1), update=CLUSTER_WIDE),
    ConfigKey("compression.lz4.level", INT, 9, Range(1, 17), update=CLUSTER_WIDE),
    ConfigKey(
        "compression.type",
        STRING,
        "producer",
        OneOf(("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")),
        HIGH,
        update=CLUSTER_WIDE,
    ),
    ConfigKey("compression.zstd.level", INT, 3, Range(-131072, 22), update=CLUSTER_WIDE),
    ConfigKey("cordoned.log.dirs", LIST, (), ANY_LIST, update=PER_BROKER),
    ConfigKey("create.topic.policy.class.name", CLASS, None, importance=LOW),
    ConfigKey("default.replication.factor", INT, 1),
    ConfigKey("delete.records.purgatory.purge.interval.requests", INT, 1),
    ConfigKey("delete.topic.enable", BOOLEAN, True, importance=HIGH),
    ConfigKey("log.cleaner.backoff.ms", LONG, 15000, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.dedupe.buffer.size", LONG, 134217728, update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.delete.retention.ms", LONG, 86400000, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.enable", BOOLEAN, True),
    ConfigKey("log.cleaner.io.buffer.load.factor", DOUBLE, 0.9, update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.io.buffer.size", INT, 524288, NATURAL, update=CLUSTER_WIDE),
    ConfigKey(
        "log.cleaner.io.max.bytes.per.second", DOUBLE, 1.7976931348623157e308, update=CLUSTER_WIDE
    ),
    ConfigKey("log.cleaner.max.compaction.lag.ms", LONG, LONG_MAX, POSITIVE, update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.min.cleanable.ratio", DOUBLE, 0.5, Range(0, 1), update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.min.compaction.lag.ms", LONG, 0, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("log.cleaner.threads", INT, 1, NATURAL, update=CLUSTER_WIDE),
    ConfigKey(
        "log.cleanup.policy", LIST, ("delete",), ListOf(("compact", "delete")), update=CLUSTER_WIDE
    ),
    ConfigKey("log.dir", LIST, ("/tmp/kafka-logs",), ANY_LIST, HIGH),  # noqa: S108 - Kafka's
    ConfigKey("log.dir.failure.timeout.ms", LONG, 30000, POSITIVE, LOW),
    ConfigKey("log.dirs", LIST, None, ANY_LIST, HIGH),
    ConfigKey("log.flush.interval.messages", LONG, LONG_MAX, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.flush.interval.ms", LONG, None, importance=HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.flush.offset.checkpoint.interval.ms", INT, 60000, NATURAL, HIGH),
    ConfigKey("log.flush.scheduler.interval.ms", LONG, LONG_MAX, importance=HIGH),
    ConfigKey("log.flush.start.offset.checkpoint.interval.ms", INT, 60000, NATURAL, HIGH),
    ConfigKey("log.index.interval.bytes", INT, 4096, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("log.index.size.max.bytes", INT, 10485760, Range(4), update=CLUSTER_WIDE),
    ConfigKey("log.initial.task.delay.ms", LONG, 30000, NATURAL, LOW, internal=True),
    ConfigKey("log.message.timestamp.after.max.ms", LONG, 3600000, NATURAL, update=CLUSTER_WIDE),
    ConfigKey("log.message.timestamp.before.max.ms", LONG, LONG_MAX, NATURAL, update=CLUSTER_WIDE),
    ConfigKey(
        "log.message.timestamp.type",
        STRING,
        "CreateTime",
        OneOf(("CreateTime", "LogAppendTime")),
        update=CLUSTER_WIDE,
    ),
    ConfigKey("log.preallocate", BOOLEAN, False, update=CLUSTER_WIDE),
    ConfigKey("log.retention.bytes", LONG, -1, importance=HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.retention.check.interval.ms", LONG, 300000, POSITIVE),
    ConfigKey("log.retention.hours", INT, 168, importance=HIGH),
    ConfigKey("log.retention.minutes", INT, None, importance=HIGH),
    ConfigKey("log.retention.ms", LONG, None, importance=HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.roll.hours", INT, 168, POSITIVE, HIGH),
    ConfigKey("log.roll.jitter.hours", INT, 0, NATURAL, HIGH),
    ConfigKey("log.roll.jitter.ms", LONG, None, importance=HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.roll.ms", LONG, None, importance=HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.segment.bytes", INT, 1073741824, Range(1048576), HIGH, update=CLUSTER_WIDE),
    ConfigKey("log.segment.delete.delay.ms", LONG, 60000, NATURAL, HIGH, update=CLUSTER_WIDE),
    ConfigKey("message.max.bytes", INT, 1048588, NATURAL, HIGH, update=CLUSTER_WIDE),
    ConfigKey("min.insync.replicas", INT, 1, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey("num.partitions", INT, 1, POSITIVE),
    ConfigKey("num.recovery.threads.per.data.dir", INT, 2, POSITIVE, HIGH, update=CLUSTER_WIDE),
    ConfigKey(
        "producer.id.expiration.check.interval.ms", INT, 600000, POSITIVE, LOW, internal=True
    ),
    ConfigKey("producer.id.expiration.ms", INT, 86400000, POSITIVE, LOW, update=CLUSTER_WIDE),
    ConfigKey(
        "unclean.leader.election.enable", BOOLEAN, False, importance=HIGH, update=CLUSTER_WIDE
    ),
)
