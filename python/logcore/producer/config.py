"""The keys of a producer, under Kafka's names.

Invariant: defaults are those of Kafka's Java producer but one: ``batch.size`` is 1,000,000 bytes,
as a batch here grows with what is in it, and large ones cost least. ``partitioner`` is librdkafka's
key, with its names; Java's has a class instead.
Neighbours: `logcore.client.config` has the keys that all clients share.
Source: Apache Kafka 4.3.1, `ProducerConfig`, for names, types and defaults.
"""

from typing import Final

from logcore.client.config import CLIENT_KEYS
from logcore.client.settings import Settings
from logcore.common.config import (
    BOOLEAN,
    HIGH,
    INT,
    LONG,
    LOW,
    STRING,
    ConfigDef,
    ConfigError,
    ConfigKey,
)
from logcore.common.config_values import INT_MAX, NATURAL, POSITIVE, OneOf, Range

CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
PARTITIONERS: Final = ("murmur2_random", "consistent_random", "fnv1a_random", "roundrobin")
IN_FLIGHT_MAX: Final = 5
"""Requests in flight that idempotence allows: brokers remember so many batches."""

PRODUCER_CONFIG: Final = ConfigDef(
    "producer",
    (
        *CLIENT_KEYS,
        ConfigKey("acks", STRING, "all", OneOf(("all", "-1", "0", "1")), LOW),
        ConfigKey("batch.size", INT, 1_000_000, NATURAL),
        ConfigKey("buffer.memory", LONG, 32 * 1024 * 1024, POSITIVE, HIGH),
        ConfigKey("compression.type", STRING, "none", OneOf(CODECS), HIGH),
        ConfigKey("compression.gzip.level", INT, -1, Range(1, 9, also=-1)),
        ConfigKey("compression.lz4.level", INT, 9, Range(1, 17)),
        ConfigKey("compression.zstd.level", INT, 3, Range(-131072, 22)),
        ConfigKey("delivery.timeout.ms", INT, 120_000, NATURAL),
        ConfigKey("enable.idempotence", BOOLEAN, True, None, LOW),
        ConfigKey("linger.ms", LONG, 5, NATURAL),
        ConfigKey("max.block.ms", LONG, 60_000, NATURAL),
        ConfigKey("max.in.flight.requests.per.connection", INT, 5, POSITIVE, LOW),
        ConfigKey("max.request.size", INT, 1024 * 1024, NATURAL),
        ConfigKey("metadata.max.idle.ms", LONG, 300_000, Range(5000), LOW),
        ConfigKey("partitioner", STRING, "murmur2_random", OneOf(PARTITIONERS)),
        ConfigKey("partitioner.adaptive.partitioning.enable", BOOLEAN, True, None, LOW),
        ConfigKey("partitioner.availability.timeout.ms", LONG, 0, NATURAL, LOW),
        ConfigKey("partitioner.ignore.keys", BOOLEAN, False, None),
        ConfigKey("retries", INT, INT_MAX, NATURAL, HIGH),
        ConfigKey("transaction.timeout.ms", INT, 60_000, None, LOW),
        ConfigKey("transactional.id", STRING, None, None, LOW),
    ),
)


class ProducerSettings(Settings):
    """The settings of a producer, checked against each other.

    Raises:
        ConfigError: If a value is refused, or contradicts another.
    """

    def check(self) -> None:
        """Refuse settings that contradict each other, in the words of what to change.

        Raises:
            ConfigError: If they do.
        """
        if self.acks != -1 and self.is_given("enable.idempotence") and self.is_idempotent:
            raise ConfigError("enable.idempotence needs acks=all", key="acks")
        if self.transactional_id is not None and not self.is_idempotent:
            raise ConfigError("transactional.id needs acks=all and idempotence", key="acks")
        if self.is_idempotent and self.in_flight_max > IN_FLIGHT_MAX:
            key = "max.in.flight.requests.per.connection"
            raise ConfigError(f"{key} may be {IN_FLIGHT_MAX} at most with idempotence", key=key)
        key = "delivery.timeout.ms"
        if self.is_given(key) and self.integer(key) < self._shortest_delivery_ms:
            shortest = f"linger.ms + request.timeout.ms, {self._shortest_delivery_ms}"
            raise ConfigError(f"{key} must be at least {shortest}", key=key)

    @property
    def _shortest_delivery_ms(self) -> int:
        return self.integer("linger.ms") + self.integer("request.timeout.ms")

    @property
    def delivery_timeout_ms(self) -> int:
        """How long a record may take, from when it was taken."""
        return max(self.integer("delivery.timeout.ms"), self._shortest_delivery_ms)

    @property
    def acks(self) -> int:
        """How many replicas must have a record: -1 for all in step, 1, or 0."""
        text = self.text("acks")
        return -1 if text == "all" else int(text)

    @property
    def is_idempotent(self) -> bool:
        """Whether a record is in the log once whatever happens."""
        if self.is_given("enable.idempotence"):
            return self.flag("enable.idempotence")
        return self.acks == -1 and self.in_flight_max <= IN_FLIGHT_MAX

    @property
    def transactional_id(self) -> str | None:
        """The id of transactions, if there are any."""
        return self.optional("transactional.id")

    @property
    def in_flight_max(self) -> int:
        """How many requests may be in flight on a connection."""
        return self.integer("max.in.flight.requests.per.connection")

    @property
    def compression_level(self) -> int | None:
        """The level of the codec; None for its default."""
        codec = self.text("compression.type")
        key = f"compression.{codec}.level"
        if codec not in ("gzip", "lz4", "zstd") or not self.is_given(key):
            return None
        level = self.integer(key)
        return None if codec == "gzip" and level == -1 else level
