"""Whether the broker's settings of groups fit each other: what holds for a group is within bounds.

Invariant: as in Apache Kafka, a broker does not start, nor takes a change, with a default that a
group itself could not be set to.
Neighbours: `refusals` asks; `rules` checks the settings of single groups against the same bounds.
Source: Apache Kafka 4.3.1, `GroupCoordinatorConfig`.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.config import ConfigError, Value

KINDS: Final = ("consumer", "share", "streams")
_BOUNDED: Final = ("heartbeat.interval.ms", "session.timeout.ms", "assignment.interval.ms")
_AT_MOST: Final = (("group.streams.num.standby.replicas", "group.streams.max.standby.replicas"),)


def check_bounds(values: Mapping[str, Value]) -> None:
    """Refuse settings of groups that are not within their bounds.

    Raises:
        ConfigError: Which one is not.
    """
    for kind in KINDS:
        for name in _BOUNDED:
            key = f"group.{kind}.{name}"
            low, high = f"group.{kind}.min.{name}", f"group.{kind}.max.{name}"
            for less, more in ((low, high), (low, key), (key, high)):
                _check(values, less, more)
        session, heartbeat = (f"group.{kind}.{name}" for name in reversed(_BOUNDED[:2]))
        if _number(values[heartbeat]) >= _number(values[session]):
            raise ConfigError(f"{heartbeat} must be less than {session}", key=heartbeat)
    for less, more in _AT_MOST:
        _check(values, less, more)


def _check(values: Mapping[str, Value], less: str, more: str) -> None:
    if _number(values[less]) > _number(values[more]):
        message = (
            f"{more} ({values[more]}) must be greater than or equal to {less} ({values[less]})"
        )
        raise ConfigError(message, key=more, value=str(values[more]))


def _number(value: Value) -> float:
    assert isinstance(value, int | float), "a key that is compared is a number"
    return value
