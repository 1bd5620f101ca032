"""The settings of the group coordinator, from the broker's configuration keys.

Invariant: read once, when the broker starts; Kafka changes none of these while it runs. What can be
set for one group (`group.py` of the broker's configuration) comes in through `context`.
Neighbours: `broker.coordinator_log` makes one from the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """What the group coordinator is told, under Kafka's keys with underscores.

    Example:
        >>> GroupSettings().offsets_topic_num_partitions
        50
        >>> GroupSettings.of({"group.max.size": 3}).group_max_size
        3
    """

    group_initial_rebalance_delay_ms: int = 3_000
    group_max_session_timeout_ms: int = 1_800_000
    group_max_size: int = 2_147_483_647
    group_min_session_timeout_ms: int = 6_000
    group_new_member_join_timeout_ms: int = 300_000
    offset_metadata_max_bytes: int = 4_096
    offsets_commit_timeout_ms: int = 5_000
    offsets_retention_check_interval_ms: int = 600_000
    offsets_retention_minutes: int = 10_080
    offsets_topic_num_partitions: int = 50
    group_consumer_assignment_interval_ms: int = 1_000
    group_consumer_assignors: tuple[str, ...] = ("uniform", "range")
    group_consumer_heartbeat_interval_ms: int = 5_000
    group_consumer_max_size: int = 2_147_483_647
    group_consumer_migration_policy: str = "bidirectional"
    group_consumer_regex_refresh_interval_ms: int = 600_000
    group_consumer_session_timeout_ms: int = 45_000
    group_share_initialize_retry_interval_ms: int = 30_000
    group_share_max_size: int = 200
    group_streams_max_size: int = 2_147_483_647

    @property
    def offsets_retention_ms(self) -> int:
        """How long an offset is kept once nobody consumes its topic."""
        return self.offsets_retention_minutes * 60_000

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "GroupSettings":
        """Take what is there of a mapping with dotted keys; the rest keeps its default."""
        given: dict[str, Any] = {}
        for name in cls.__dataclass_fields__:
            key = name.replace("_", ".")
            if key in config:
                value = config[key]
                given[name] = tuple(value) if isinstance(value, list) else value
        return cls(**given)
