"""The keys of a consumer, under Kafka's names and with Kafka's defaults.

Invariant: a key that stands here does something; what is not supported is not accepted.
Neighbours: `logcore.client.config` has the keys that all clients share.
Source: Apache Kafka 4.3.1, `ConsumerConfig`, for names, types and defaults.
"""

from typing import Final

from logcore.client.config import CLIENT_KEYS
from logcore.client.settings import Settings
from logcore.common.config import (
    BOOLEAN,
    HIGH,
    INT,
    LIST,
    LOW,
    STRING,
    ConfigDef,
    ConfigError,
    ConfigKey,
)
from logcore.common.config_values import NATURAL, POSITIVE, ListOf, OneOf
from logcore.consumer.reset import ResetTo, parse_reset

ASSIGNORS: Final = ("range", "roundrobin", "sticky", "cooperative-sticky")
ISOLATION: Final = ("read_uncommitted", "read_committed")

CONSUMER_CONFIG: Final = ConfigDef(
    "consumer",
    (
        *CLIENT_KEYS,
        ConfigKey("allow.auto.create.topics", BOOLEAN, True),
        ConfigKey("auto.commit.interval.ms", INT, 5000, NATURAL, LOW),
        ConfigKey("auto.offset.reset", STRING, "latest"),
        ConfigKey("check.crcs", BOOLEAN, True, None, LOW),
        ConfigKey("client.rack", STRING, "", None, LOW),
        ConfigKey("enable.auto.commit", BOOLEAN, True),
        ConfigKey("exclude.internal.topics", BOOLEAN, True),
        ConfigKey("fetch.max.bytes", INT, 50 * 1024 * 1024, NATURAL),
        ConfigKey("fetch.max.wait.ms", INT, 500, NATURAL, LOW),
        ConfigKey("fetch.min.bytes", INT, 1, NATURAL, HIGH),
        ConfigKey("group.id", STRING, None, None, HIGH),
        ConfigKey("group.instance.id", STRING, None),
        ConfigKey("group.protocol", STRING, "classic", OneOf(("classic", "consumer")), HIGH),
        ConfigKey("group.remote.assignor", STRING, None),
        ConfigKey("heartbeat.interval.ms", INT, 3000, POSITIVE, HIGH),
        ConfigKey("isolation.level", STRING, "read_uncommitted", OneOf(ISOLATION)),
        ConfigKey("max.partition.fetch.bytes", INT, 1024 * 1024, NATURAL, HIGH),
        ConfigKey("max.poll.interval.ms", INT, 300_000, POSITIVE),
        ConfigKey("max.poll.records", INT, 500, POSITIVE),
        ConfigKey(
            "partition.assignment.strategy",
            LIST,
            ("range", "cooperative-sticky"),
            ListOf(ASSIGNORS),
        ),
        ConfigKey("session.timeout.ms", INT, 45_000, POSITIVE, HIGH),
    ),
)


class ConsumerSettings(Settings):
    """The settings of a consumer."""

    def check(self) -> None:
        """Refuse settings that contradict each other.

        Raises:
            ConfigError: If they do.
        """
        parse_reset(self.text("auto.offset.reset"))
        if self.group_id == "":
            raise ConfigError("group.id must not be empty", key="group.id")
        if self.integer("heartbeat.interval.ms") >= self.integer("session.timeout.ms"):
            key = "heartbeat.interval.ms"
            raise ConfigError(f"{key} must be lower than session.timeout.ms", key=key)
        if self.is_given("enable.auto.commit") and self.flag("enable.auto.commit"):
            self.need_group("enable.auto.commit")

    @property
    def group_id(self) -> str | None:
        """The consumer's group, if it has one."""
        return self.optional("group.id")

    def need_group(self, what: str) -> str:
        """Return the group.

        Raises:
            ConfigError: If there is none.
        """
        if self.group_id is None:
            raise ConfigError(f"{what} needs a group.id", key="group.id")
        return self.group_id

    @property
    def reset(self) -> ResetTo | None:
        """Where to read without a committed offset; None to refuse."""
        return parse_reset(self.text("auto.offset.reset"))

    @property
    def is_committed_only(self) -> bool:
        """Whether records of open and aborted transactions are hidden."""
        return self.text("isolation.level") == "read_committed"

    @property
    def commits_itself(self) -> bool:
        """Whether offsets are committed without being asked for."""
        return self.group_id is not None and self.flag("enable.auto.commit")
