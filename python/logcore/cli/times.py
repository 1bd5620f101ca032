"""Times and periods on the command line: ``2026-01-31T12:00:00Z``, ``2h``.

Invariant: a time has a zone, UTC where none is written; a period is longer than nothing.
Neighbours: `consume`, `group reset` and `token` take them.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from logcore.common.types import override

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def period_of(text: str) -> timedelta | None:
    """Read a number and a unit, such as ``90m``; None if it is something else.

    Raises:
        OverflowError: If no calendar has it.
    """
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    return timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None


class Moment(click.ParamType):  # type: ignore[type-arg]  # not in older clicks
    """A time: ``2026-01-31T12:00:00Z``, with a zone or in UTC, or ``2h`` for two hours ago."""

    name = "time"

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Read one."""
        if isinstance(value, datetime):
            return value
        try:
            ago = period_of(str(value))
            moment = datetime.fromisoformat(str(value)) if ago is None else datetime.now(UTC) - ago
        except (ValueError, OverflowError):
            self.fail(f"{value}: write 2026-01-31T12:00:00Z, or 2h for two hours ago", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def timestamp_ms(moment: datetime) -> int:
    """Return a time as records have it: milliseconds since 1970 UTC, and 0 for what was before."""
    return max(int(moment.timestamp() * 1000), 0)


class Period(click.ParamType):  # type: ignore[type-arg]  # not in older clicks
    """A period: ``30s``, ``90m``, ``2h``, ``7d`` or ``1w``."""

    name = "period"

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """Read one."""
        if isinstance(value, timedelta):
            return value
        try:
            period = period_of(str(value))
        except OverflowError:
            period = None
        if not period:
            self.fail(f"{value}: write a period such as 30s, 90m, 2h, 7d or 1w", param, ctx)
        return period
