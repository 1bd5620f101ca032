"""Levels of loggers as settings: Python's own, under the names of levels that Apache Kafka uses.

Invariant: a request's changes are all checked before the first is made; levels are not stored, and
end with the process.
Neighbours: handlers of configs call this for resources of type BROKER_LOGGER.
Source: Apache Kafka 4.3.1, `RuntimeLoggerManager`, for what is allowed.
"""

import logging
from collections.abc import Iterable
from typing import Final

from logcore.common.errors import InvalidConfigError, InvalidRequestError
from logcore.controller.configuration import ConfigOperation, KeyChange

ROOT: Final = "root"
_TRACE: Final = 5
_LEVELS: Final = {
    "TRACE": _TRACE,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}


def _level_name(level: int) -> str:
    """Return the name of the highest level that shows all that this number shows."""
    names = [name for name, number in _LEVELS.items() if number <= level]
    return names[-1] if names else "TRACE"


def levels() -> dict[str, str]:
    """Return the level of every logger that exists."""
    known = logging.root.manager.loggerDict
    names = sorted(name for name, each in known.items() if isinstance(each, logging.Logger))
    found = {name: _level_name(logging.getLogger(name).getEffectiveLevel()) for name in names}
    return {ROOT: _level_name(logging.root.level)} | found


def change(changes: Iterable[KeyChange], *, validate_only: bool) -> None:
    """Change levels.

    Raises:
        InvalidConfigError: If there is no such logger or level.
        InvalidRequestError: If the operation makes no sense for levels.
    """
    listed = list(changes)
    for each in listed:
        _check(each)
    if validate_only:
        return
    for each in listed:
        logger = logging.root if each.key == ROOT else logging.getLogger(each.key)
        is_set = each.operation is ConfigOperation.SET
        logger.setLevel(_LEVELS[str(each.value).upper()] if is_set else logging.NOTSET)


def _check(change: KeyChange) -> None:
    known = logging.root.manager.loggerDict
    if change.operation not in (ConfigOperation.SET, ConfigOperation.DELETE):
        verb = change.operation.name
        raise InvalidRequestError(f"{verb} is not allowed for the level of a logger")
    if change.key != ROOT and not isinstance(known.get(change.key), logging.Logger):
        raise InvalidConfigError(f"Logger {change.key} does not exist!")
    if change.operation is ConfigOperation.DELETE:
        if change.key == ROOT:
            raise InvalidRequestError("the root logger must have a level")
    elif str(change.value).upper() not in _LEVELS:
        raise InvalidConfigError(
            f"Cannot set the log level of {change.key} to {change.value}: "
            f"it is not one of {', '.join(_LEVELS)}"
        )
