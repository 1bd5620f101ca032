"""The keys of a share consumer, under Kafka's names and with Kafka's defaults.

Invariant: a key that stands here does something; what only makes sense for a consumer that owns its
partitions (positions, offsets, assignors) is refused. Where a group begins, how long its locks
last and whether it sees open transactions are settings of the group, not of its members.
Neighbours: `logcore.client.config` has the keys that all clients share.
Source: Apache Kafka 4.3.1, `ConsumerConfig`; KIP-932, KIP-1206.
"""

from typing import Final

from logcore.client.config import CLIENT_KEYS
from logcore.client.settings import Settings
from logcore.common.config import (
    BOOLEAN,
    HIGH,
    INT,
    LOW,
    STRING,
    ConfigDef,
    ConfigError,
    ConfigKey,
)
from logcore.common.config_values import NATURAL, POSITIVE, OneOf

ACQUIRE_MODES: Final = ("batch_optimized", "record_limit")
ACKNOWLEDGEMENT_MODES: Final = ("implicit", "explicit")

SHARE_CONSUMER_CONFIG: Final = ConfigDef(
    "share consumer",
    (
        *CLIENT_KEYS,
        ConfigKey("allow.auto.create.topics", BOOLEAN, True),
        ConfigKey("check.crcs", BOOLEAN, True, None, LOW),
        ConfigKey("client.rack", STRING, "", None, LOW),
        ConfigKey("fetch.max.bytes", INT, 50 * 1024 * 1024, NATURAL),
        ConfigKey("fetch.max.wait.ms", INT, 500, NATURAL, LOW),
        ConfigKey("fetch.min.bytes", INT, 1, NATURAL, HIGH),
        ConfigKey("group.id", STRING, None, None, HIGH),
        ConfigKey("max.poll.interval.ms", INT, 300_000, POSITIVE),
        ConfigKey("max.poll.records", INT, 500, POSITIVE),
        ConfigKey("share.acknowledgement.mode", STRING, "implicit", OneOf(ACKNOWLEDGEMENT_MODES)),
        ConfigKey(
            "share.acquire.mode",
            STRING,
            "batch_optimized",
            OneOf(ACQUIRE_MODES, ignores_case=True),
        ),
    ),
)


class ShareConsumerSettings(Settings):
    """The settings of a share consumer."""

    def check(self) -> None:
        """Refuse settings that are not enough.

        Raises:
            ConfigError: If there is no group.
        """
        if not self.optional("group.id"):
            raise ConfigError("a share consumer needs a group.id", key="group.id")

    @property
    def group_id(self) -> str:
        """The share group."""
        return self.text("group.id")

    @property
    def is_explicit(self) -> bool:
        """Whether each record is acknowledged by the program."""
        return self.text("share.acknowledgement.mode") == "explicit"

    @property
    def is_record_limit(self) -> bool:
        """Whether no more records are acquired than were asked for."""
        return self.text("share.acquire.mode").lower() == "record_limit"
