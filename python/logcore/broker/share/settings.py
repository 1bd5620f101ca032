"""What a share group's settings say to its share partitions.

Invariant: read anew for each request, so a change holds from the next one on.
Neighbours: `broker.config.configs` has the values; `live` asks with them.
Source: java.time.Duration's text for `by_duration`.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from logcore.common.config import Value

_DURATION: Final = re.compile(
    r"(?i)[+-]?P(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d*)?)S)?)?"
)
_UNITS_MS: Final = (86_400_000, 3_600_000, 60_000, 1_000)


class ShareSettings(NamedTuple):
    """The settings of one group.

    Attributes:
        lock_ms: How long a record stays with who acquired it.
        delivery_count_limit: How often a record is handed out at most.
        record_locks: How many records of a partition may be in flight.
        renews: Whether a lock can be renewed.
        is_committed: Whether only committed records are read.
        reset: Where a new group begins: ``latest``, ``earliest`` or ``by_duration:...``.
    """

    lock_ms: int
    delivery_count_limit: int
    record_locks: int
    renews: bool
    is_committed: bool
    reset: str

    @staticmethod
    def of(values: Mapping[str, Value]) -> "ShareSettings":
        """Take them from the settings of a group, in their types."""
        picked = (
            values["share.record.lock.duration.ms"],
            values["share.delivery.count.limit"],
            values["share.partition.max.record.locks"],
            values["share.renew.acknowledge.enable"],
            values["share.isolation.level"] == "read_committed",
            values["share.auto.offset.reset"],
        )
        return ShareSettings(*picked)  # type: ignore[arg-type]  # the table has their types

    def reset_timestamp(self, now_ms: int) -> int:
        """Return the time to look for in a log: -1 its end, -2 its start, else milliseconds."""
        word, _, duration = self.reset.partition(":")
        if word == "by_duration":
            return max(0, now_ms - duration_ms(duration))
        return -1 if word == "latest" else -2


def duration_ms(text: str) -> int:
    """Read a duration of ISO 8601, in milliseconds.

    Example:
        >>> duration_ms("P1DT2H3M4.5S")
        93784500
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration")
    total_ms = sum(
        float(number or 0) * unit_ms
        for number, unit_ms in zip(found.groups(), _UNITS_MS, strict=True)
    )
    return int(-total_ms if text.startswith("-") else total_ms)
