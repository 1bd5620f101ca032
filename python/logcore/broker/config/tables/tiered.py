"""Keys of the broker: older segments in remote storage (tiered storage).

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import BOOLEAN, CLUSTER_WIDE, DOUBLE, INT, LONG, LOW, STRING, ConfigKey
from logcore.common.config_values import LONG_MAX, NATURAL, POSITIVE, NotEmpty, Range

TIERED: Final = (
    ConfigKey("follower.fetch.last.tiered.offset.enable", BOOLEAN, False, update=CLUSTER_WIDE),
    ConfigKey("log.local.retention.bytes", LONG, -2, Range(-2), update=CLUSTER_WIDE),
    ConfigKey("log.local.retention.ms", LONG, -2, Range(-2), update=CLUSTER_WIDE),
    ConfigKey("remote.fetch.max.wait.ms", INT, 500, POSITIVE, update=CLUSTER_WIDE),
    ConfigKey("remote.list.offsets.request.timeout.ms", LONG, 30000, POSITIVE, update=CLUSTER_WIDE),
    ConfigKey(
        "remote.log.index.file.cache.total.size.bytes",
        LONG,
        1073741824,
        POSITIVE,
        LOW,
        update=CLUSTER_WIDE,
    ),
    ConfigKey("remote.log.index.file.cache.ttl.ms", LONG, 900000, Range(-1), LOW, internal=True),
    ConfigKey("remote.log.manager.copier.thread.pool.size", INT, 10, POSITIVE, update=CLUSTER_WIDE),
    ConfigKey(
        "remote.log.manager.copy.max.bytes.per.second",
        LONG,
        LONG_MAX,
        POSITIVE,
        update=CLUSTER_WIDE,
    ),
    ConfigKey("remote.log.manager.copy.quota.window.num", INT, 11, POSITIVE),
    ConfigKey("remote.log.manager.copy.quota.window.size.seconds", INT, 1, POSITIVE),
    ConfigKey(
        "remote.log.manager.expiration.thread.pool.size", INT, 10, POSITIVE, update=CLUSTER_WIDE
    ),
    ConfigKey(
        "remote.log.manager.fetch.max.bytes.per.second",
        LONG,
        LONG_MAX,
        POSITIVE,
        update=CLUSTER_WIDE,
    ),
    ConfigKey("remote.log.manager.fetch.quota.window.num", INT, 11, POSITIVE),
    ConfigKey("remote.log.manager.fetch.quota.window.size.seconds", INT, 1, POSITIVE),
    ConfigKey(
        "remote.log.manager.follower.thread.pool.size", INT, 2, POSITIVE, update=CLUSTER_WIDE
    ),
    ConfigKey("remote.log.manager.task.interval.ms", LONG, 30000, POSITIVE, LOW),
    ConfigKey(
        "remote.log.manager.task.retry.backoff.max.ms", LONG, 30000, POSITIVE, LOW, internal=True
    ),
    ConfigKey("remote.log.manager.task.retry.backoff.ms", LONG, 500, POSITIVE, LOW, internal=True),
    ConfigKey(
        "remote.log.manager.task.retry.jitter", DOUBLE, 0.2, Range(0, 0.5), LOW, internal=True
    ),
    ConfigKey("remote.log.manager.thread.pool.size", INT, 2, POSITIVE),
    ConfigKey("remote.log.metadata.custom.metadata.max.bytes", INT, 128, NATURAL, LOW),
    ConfigKey(
        "remote.log.metadata.manager.class.name",
        STRING,
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
        NotEmpty(),
    ),
    ConfigKey("remote.log.metadata.manager.class.path", STRING, None),
    ConfigKey("remote.log.metadata.manager.impl.prefix", STRING, "rlmm.config.", NotEmpty()),
    ConfigKey("remote.log.metadata.manager.listener.name", STRING, None, NotEmpty()),
    ConfigKey("remote.log.reader.max.pending.tasks", INT, 100, POSITIVE),
    ConfigKey("remote.log.reader.threads", INT, 10, POSITIVE, update=CLUSTER_WIDE),
    ConfigKey("remote.log.storage.manager.class.name", STRING, None, NotEmpty()),
    ConfigKey("remote.log.storage.manager.class.path", STRING, None),
    ConfigKey("remote.log.storage.manager.impl.prefix", STRING, "rsm.config.", NotEmpty()),
    ConfigKey("remote.log.storage.system.enable", BOOLEAN, False),
)
