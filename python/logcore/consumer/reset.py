"""Where to read a partition without a position: its ends, or a time ago. Pure.

Invariant: what `parse_reset` returned names a place that every broker can find.
Neighbours: `config` checks ``auto.offset.reset`` with it; `offset_lookup` asks brokers.
"""

import re
from dataclasses import dataclass
from typing import Final

from logcore.common.config import ConfigError

EARLIEST: Final = -2
LATEST: Final = -1
_KEY: Final = "auto.offset.reset"
_DURATION: Final = re.compile(
    r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE
)
_SECONDS: Final = (86_400, 3600, 60, 1)


@dataclass(frozen=True, slots=True)
class ResetTo:
    """A place to read from.

    Attributes:
        timestamp: What ListOffsets is asked for: -2 the beginning, -1 the end; else see `ago_ms`.
        ago_ms: How long ago, where that is the place.
    """

    timestamp: int
    ago_ms: int | None = None

    def at(self, now_ms: int) -> int:
        """Return the timestamp to ask for."""
        return self.timestamp if self.ago_ms is None else now_ms - self.ago_ms


BEGINNING: Final = ResetTo(EARLIEST)
END: Final = ResetTo(LATEST)


def parse_reset(text: str) -> ResetTo | None:
    """Read ``auto.offset.reset``; None is to refuse to read without a position.

    Raises:
        ConfigError: If it is none of earliest, latest, none and by_duration:PT1H.

    Example:
        >>> parse_reset("by_duration:PT1H30M").ago_ms
        5400000
    """
    word, _, rest = text.partition(":")
    if not rest and word in ("earliest", "latest", "none"):
        return {"earliest": BEGINNING, "latest": END, "none": None}[word]
    found = _DURATION.fullmatch(rest) if word == "by_duration" else None
    if found is None:
        raise ConfigError(
            f"{_KEY} must be earliest, latest, none or by_duration:<ISO 8601>, such as "
            f"by_duration:PT24H, not {text!r}",
            key=_KEY,
            value=text,
        )
    parts = zip(found.groups(), _SECONDS, strict=True)
    seconds = sum(float(number) * unit for number, unit in parts if number)
    return ResetTo(0, int(seconds * 1000))
