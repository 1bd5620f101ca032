"""The keys of a group, and which key of the broker gives each its default.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import BOOLEAN, INT, STRING, ConfigKey
from logcore.common.config_values import NATURAL, POSITIVE, OffsetReset, OneOf, Range

GROUP_KEYS: Final = (
    ConfigKey("consumer.assignment.interval.ms", INT, 1000, NATURAL),
    ConfigKey("consumer.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("consumer.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("share.assignment.interval.ms", INT, 1000, NATURAL),
    ConfigKey("share.auto.offset.reset", STRING, "latest", OffsetReset()),
    ConfigKey("share.delivery.count.limit", INT, 5, Range(2)),
    ConfigKey("share.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey(
        "share.isolation.level",
        STRING,
        "read_uncommitted",
        OneOf(("read_committed", "read_uncommitted")),
    ),
    ConfigKey("share.partition.max.record.locks", INT, 2000, Range(100)),
    ConfigKey("share.record.lock.duration.ms", INT, 30000, Range(1000)),
    ConfigKey("share.renew.acknowledge.enable", BOOLEAN, True),
    ConfigKey("share.session.timeout.ms", INT, 45000, POSITIVE),
    ConfigKey("streams.assignment.interval.ms", INT, 1000, NATURAL),
    ConfigKey("streams.heartbeat.interval.ms", INT, 5000, POSITIVE),
    ConfigKey("streams.initial.rebalance.delay.ms", INT, 3000, NATURAL),
    ConfigKey("streams.num.standby.replicas", INT, 0, NATURAL),
    ConfigKey("streams.session.timeout.ms", INT, 45000, POSITIVE),
)

GROUP_SYNONYMS: Final = {
    key.name: f"group.{key.name}"
    for key in GROUP_KEYS
    if key.name
    not in {"share.auto.offset.reset", "share.isolation.level", "share.renew.acknowledge.enable"}
}
"""Key of a group -> the key of the broker that holds where the group says nothing."""
