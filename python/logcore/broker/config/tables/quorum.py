"""Keys of the broker: its identity, and the quorum that keeps the metadata.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import BOOLEAN, HIGH, INT, LIST, LONG, LOW, STRING, ConfigKey
from logcore.common.config_values import (
    ANY_LIST,
    LONG_MAX,
    NATURAL,
    POSITIVE,
    EachLike,
    ListOf,
    Range,
)

QUORUM: Final = (
    ConfigKey("auto.leader.rebalance.enable", BOOLEAN, True, importance=HIGH),
    ConfigKey("broker.heartbeat.interval.ms", INT, 2000),
    ConfigKey("broker.id", INT, -1, importance=HIGH),
    ConfigKey("broker.rack", STRING, None),
    ConfigKey("broker.session.timeout.ms", INT, 9000),
    ConfigKey("controller.listener.names", LIST, None, ANY_LIST, HIGH),
    ConfigKey("controller.performance.always.log.threshold.ms", LONG, 2000, NATURAL, internal=True),
    ConfigKey("controller.performance.sample.period.ms", LONG, 60000, Range(100), internal=True),
    ConfigKey("controller.quorum.append.linger.ms", INT, 25, NATURAL),
    ConfigKey("controller.quorum.auto.join.enable", BOOLEAN, False, importance=LOW),
    ConfigKey(
        "controller.quorum.bootstrap.servers",
        LIST,
        (),
        EachLike(r".+:[0-9]+", "localhost:9093"),
        HIGH,
    ),
    ConfigKey("controller.quorum.election.backoff.max.ms", INT, 1000, NATURAL, HIGH),
    ConfigKey("controller.quorum.election.timeout.ms", INT, 1000, NATURAL, HIGH),
    ConfigKey("controller.quorum.fetch.max.bytes", INT, 1048576, POSITIVE, LOW),
    ConfigKey("controller.quorum.fetch.snapshot.max.bytes", INT, 1048576, POSITIVE, LOW),
    ConfigKey("controller.quorum.fetch.timeout.ms", INT, 2000, NATURAL, HIGH),
    ConfigKey("controller.quorum.request.timeout.ms", INT, 2000, NATURAL),
    ConfigKey("controller.quorum.retry.backoff.ms", INT, 20, NATURAL, LOW),
    ConfigKey(
        "controller.quorum.voters",
        LIST,
        (),
        EachLike(r"[0-9]+@[^@]+:[0-9]+", "1@localhost:9093"),
        HIGH,
    ),
    ConfigKey("controller.quota.window.num", INT, 11, POSITIVE, LOW),
    ConfigKey("controller.quota.window.size.seconds", INT, 1, POSITIVE, LOW),
    ConfigKey("controller.socket.timeout.ms", INT, 30000),
    ConfigKey("initial.broker.registration.timeout.ms", INT, 60000),
    ConfigKey("internal.metadata.delete.delay.millis", LONG, 60000, importance=LOW, internal=True),
    ConfigKey("internal.metadata.log.segment.bytes", INT, None, importance=LOW, internal=True),
    ConfigKey(
        "internal.metadata.max.batch.size.in.bytes", INT, 8388608, importance=LOW, internal=True
    ),
    ConfigKey("leader.imbalance.check.interval.seconds", LONG, 300, POSITIVE, HIGH),
    ConfigKey("metadata.log.dir", STRING, None, importance=HIGH),
    ConfigKey("metadata.log.max.record.bytes.between.snapshots", LONG, 20971520, POSITIVE, HIGH),
    ConfigKey("metadata.log.max.snapshot.interval.ms", LONG, 3600000, NATURAL, HIGH),
    ConfigKey("metadata.log.segment.bytes", INT, 1073741824, Range(8388608), HIGH),
    ConfigKey("metadata.log.segment.ms", LONG, 604800000, importance=HIGH),
    ConfigKey("metadata.max.idle.interval.ms", INT, 500, NATURAL, LOW),
    ConfigKey("metadata.max.retention.bytes", LONG, 104857600, importance=HIGH),
    ConfigKey("metadata.max.retention.ms", LONG, 604800000, importance=HIGH),
    ConfigKey("node.id", INT, None, NATURAL, HIGH),
    ConfigKey("process.roles", LIST, None, ListOf(("broker", "controller")), HIGH),
    ConfigKey("server.max.startup.time.ms", LONG, LONG_MAX, NATURAL, internal=True),
    ConfigKey("unclean.leader.election.interval.ms", LONG, 300000, POSITIVE, internal=True),
    ConfigKey("unstable.api.versions.enable", BOOLEAN, False, importance=HIGH, internal=True),
    ConfigKey("unstable.feature.versions.enable", BOOLEAN, False, importance=HIGH, internal=True),
)
