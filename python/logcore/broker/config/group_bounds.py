"""Whether the broker's settings of groups fit each other: what holds for a group is within bounds.

Invariant: as in Apache Kafka, a broker does not start, nor takes a change, with a default that a
group itself could not be set to.
Neighbours: `refusals` asks at start; `rules` holds settings of single groups against the same
bounds before they are made, `configs` afterwards.
Source: Apache Kafka 4.3.1, `GroupCoordinatorConfig` and `GroupConfig`.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from logcore.common.config import ConfigError, Value

logger = logging.getLogger(__name__)

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


def bounds_of(key: str) -> tuple[str, str]:
    """Return the broker's keys of the least and the most that a setting of a group may be."""
    kind, _, name = key.partition(".")
    return f"group.{kind}.min.{name}", f"group.{kind}.max.{name.removeprefix('num.')}"


def within_bounds(values: Mapping[str, Value], broker: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return settings of a group as far as the broker allows them.

    Bounds may have become narrower since a setting was made; then the bound holds.

    Args:
        values: The group's settings.
        broker: The broker's.
    """
    made: dict[str, Value] = {}
    for key, value in values.items():
        low, high = (broker.get(bound) for bound in bounds_of(key))
        if low is not None and _number(value) < _number(low):
            made[key] = low
        elif high is not None and _number(value) > _number(high):
            made[key] = high
    if not made:
        return values
    for key, value in made.items():
        logger.warning("a group's %s=%s is out of bounds: %s holds", key, values[key], value)
    return MappingProxyType({**values, **made})


def _check(values: Mapping[str, Value], less: str, more: str) -> None:
    if _number(values[less]) > _number(values[more]):
        message = (
            f"{more} ({values[more]}) must be greater than or equal to {less} ({values[less]})"
        )
        raise ConfigError(message, key=more, value=str(values[more]))


def _number(value: Value) -> float:
    assert isinstance(value, int | float), "a key that is compared is a number"
    return value
