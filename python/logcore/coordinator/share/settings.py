"""The settings of the share coordinator, from the broker's configuration keys.

Invariant: read once, when the broker starts; Kafka changes none of these while it runs.
Neighbours: `broker.coordinators` makes one from the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ShareSettings:
    """What the share coordinator is told, under Kafka's keys with underscores.

    Example:
        >>> key = "share.coordinator.snapshot.update.records.per.snapshot"
        >>> ShareSettings.of({key: 3}).share_coordinator_snapshot_update_records_per_snapshot
        3
    """

    share_coordinator_snapshot_update_records_per_snapshot: int = 500
    share_coordinator_cold_partition_snapshot_interval_ms: int = 300_000
    share_coordinator_state_topic_prune_interval_ms: int = 300_000
    share_coordinator_write_timeout_ms: int = 5_000

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ShareSettings":
        """Take what is there of a mapping with dotted keys; the rest keeps its default."""
        keys = {name: name.replace("_", ".") for name in cls.__dataclass_fields__}
        return cls(**{name: config[key] for name, key in keys.items() if key in config})
