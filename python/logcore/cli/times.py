"""Times and periods on the command line: ``2026-01-31T12:00:00Z``, ``2h``.

Invariant: a time has a zone, UTC where none is written; a period is longer than nothing.
Neighbours: `consume`, `group reset` and `token` take them.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from logcore.cli.typed import Typed
from logcore.common.types import override

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def period_of(text: str) -> timedelta | None:
    """Read a number and a unit, such as ``90m``; None if it is something else.

    Raises:
        OverflowError: If no calendar has it.
    """
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    return timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None


class Moment(Typed):
    """A time: ``2026-01-31T12:00:00Z``, with a zone or in UTC, or ``2h`` for two hours ago."""

    name = "time"
    made = (datetime,)

    @override
    def read(self, text: str) -> datetime:
        """Read one."""
        try:
            ago = period_of(text)
            moment = datetime.fromisoformat(text) if ago is None else datetime.now(UTC) - ago
        except (ValueError, OverflowError):
            message = f"{text}: write 2026-01-31T12:00:00Z, or 2h for two hours ago"
            raise ValueError(message) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def timestamp_ms(moment: datetime) -> int:
    """Return a time as records have it: milliseconds since 1970 UTC, and 0 for what was before."""
    return max(int(moment.timestamp() * 1000), 0)


class Period(Typed):
    """A period: ``30s``, ``90m``, ``2h``, ``7d`` or ``1w``."""

    name = "period"
    made = (timedelta,)

    @override
    def read(self, text: str) -> timedelta:
        """Read one."""
        try:
            period = period_of(text)
        except OverflowError:
            period = None
        if not period:
            raise ValueError(f"{text}: write a period such as 30s, 90m, 2h, 7d or 1w")
        return period
