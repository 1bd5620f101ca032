"""The keys of a topic, and which key of the broker gives each its default.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.config import BOOLEAN, DOUBLE, INT, LIST, LONG, STRING, ConfigKey
from logcore.common.config_values import (
    LONG_MAX,
    NATURAL,
    POSITIVE,
    ListOf,
    OneOf,
    Range,
    ThrottledReplicas,
)

TOPIC_KEYS: Final = (
    ConfigKey("cleanup.policy", LIST, ("delete",), ListOf(("compact", "delete"))),
    ConfigKey("compression.gzip.level", INT, -1, Range(1, 9, -1)),
    ConfigKey("compression.lz4.level", INT, 9, Range(1, 17)),
    ConfigKey(
        "compression.type",
        STRING,
        "producer",
        OneOf(("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")),
    ),
    ConfigKey("compression.zstd.level", INT, 3, Range(-131072, 22)),
    ConfigKey("delete.retention.ms", LONG, 86400000, NATURAL),
    ConfigKey("file.delete.delay.ms", LONG, 60000, NATURAL),
    ConfigKey("flush.messages", LONG, LONG_MAX, POSITIVE),
    ConfigKey("flush.ms", LONG, LONG_MAX, NATURAL),
    ConfigKey("follower.replication.throttled.replicas", LIST, (), ThrottledReplicas()),
    ConfigKey("index.interval.bytes", INT, 4096, NATURAL),
    ConfigKey("internal.segment.bytes", INT, None, internal=True),
    ConfigKey("leader.replication.throttled.replicas", LIST, (), ThrottledReplicas()),
    ConfigKey("local.retention.bytes", LONG, -2, Range(-2)),
    ConfigKey("local.retention.ms", LONG, -2, Range(-2)),
    ConfigKey("max.compaction.lag.ms", LONG, LONG_MAX, POSITIVE),
    ConfigKey("max.message.bytes", INT, 1048588, NATURAL),
    ConfigKey("message.timestamp.after.max.ms", LONG, 3600000, NATURAL),
    ConfigKey("message.timestamp.before.max.ms", LONG, LONG_MAX, NATURAL),
    ConfigKey(
        "message.timestamp.type", STRING, "CreateTime", OneOf(("CreateTime", "LogAppendTime"))
    ),
    ConfigKey("min.cleanable.dirty.ratio", DOUBLE, 0.5, Range(0, 1)),
    ConfigKey("min.compaction.lag.ms", LONG, 0, NATURAL),
    ConfigKey("min.insync.replicas", INT, 1, POSITIVE),
    ConfigKey("preallocate", BOOLEAN, False),
    ConfigKey("remote.log.copy.disable", BOOLEAN, False),
    ConfigKey("remote.log.delete.on.disable", BOOLEAN, False),
    ConfigKey("remote.storage.enable", BOOLEAN, False),
    ConfigKey("retention.bytes", LONG, -1),
    ConfigKey("retention.ms", LONG, 604800000, Range(-1)),
    ConfigKey("segment.bytes", INT, 1073741824, Range(1048576)),
    ConfigKey("segment.index.bytes", INT, 10485760, Range(4)),
    ConfigKey("segment.jitter.ms", LONG, 0, NATURAL),
    ConfigKey("segment.ms", LONG, 604800000, POSITIVE),
    ConfigKey("unclean.leader.election.enable", BOOLEAN, False),
)

_HOURS: Final = 3_600_000
_MINUTES: Final = 60_000

TOPIC_SYNONYMS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    "cleanup.policy": (("log.cleanup.policy", 1),),
    "compression.gzip.level": (("compression.gzip.level", 1),),
    "compression.lz4.level": (("compression.lz4.level", 1),),
    "compression.type": (("compression.type", 1),),
    "compression.zstd.level": (("compression.zstd.level", 1),),
    "delete.retention.ms": (("log.cleaner.delete.retention.ms", 1),),
    "file.delete.delay.ms": (("log.segment.delete.delay.ms", 1),),
    "flush.messages": (("log.flush.interval.messages", 1),),
    "flush.ms": (("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)),
    "index.interval.bytes": (("log.index.interval.bytes", 1),),
    "local.retention.bytes": (("log.local.retention.bytes", 1),),
    "local.retention.ms": (("log.local.retention.ms", 1),),
    "max.compaction.lag.ms": (("log.cleaner.max.compaction.lag.ms", 1),),
    "max.message.bytes": (("message.max.bytes", 1),),
    "message.timestamp.after.max.ms": (("log.message.timestamp.after.max.ms", 1),),
    "message.timestamp.before.max.ms": (("log.message.timestamp.before.max.ms", 1),),
    "message.timestamp.type": (("log.message.timestamp.type", 1),),
    "min.cleanable.dirty.ratio": (("log.cleaner.min.cleanable.ratio", 1),),
    "min.compaction.lag.ms": (("log.cleaner.min.compaction.lag.ms", 1),),
    "min.insync.replicas": (("min.insync.replicas", 1),),
    "preallocate": (("log.preallocate", 1),),
    "retention.bytes": (("log.retention.bytes", 1),),
    "retention.ms": (
        ("log.retention.ms", 1),
        ("log.retention.minutes", _MINUTES),
        ("log.retention.hours", _HOURS),
    ),
    "segment.bytes": (("log.segment.bytes", 1),),
    "segment.index.bytes": (("log.index.size.max.bytes", 1),),
    "segment.jitter.ms": (("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", _HOURS)),
    "segment.ms": (("log.roll.ms", 1), ("log.roll.hours", _HOURS)),
    "unclean.leader.election.enable": (("unclean.leader.election.enable", 1),),
}
"""Key of a topic -> keys of the broker that stand for it where the topic says nothing, the first
that is set wins; each with the factor that turns its value into the topic's unit."""
