"""What a client is told: dotted names or keywords, checked against a table, read by type.

Invariant: a name that the table does not have is an error that names the nearest one; a value that
was given is of its key's type and allowed.
Neighbours: `config` has the keys that all clients share; producer, consumer and admin have their
own.
"""

import importlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from logcore.common.config import CLASS, ConfigDef, ConfigError, Value, text_of


class Settings:
    """The settings of one client.

    Args:
        definition: The keys there are.
        given: Values by dotted name, or by the same name with underscores.

    Raises:
        ConfigError: If a key is unknown or given twice, or a value is refused.

    Example:
        >>> from logcore.client.config import CLIENT_CONFIG
        >>> Settings(CLIENT_CONFIG, {"client_id": "me"}).text("client.id")
        'me'
    """

    def __init__(self, definition: ConfigDef, given: Mapping[str, Any]) -> None:
        self.definition = definition
        self._given: dict[str, Value] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        for name, value in given.items():
            dotted = name if name in definition else name.replace("_", ".")
            key = definition.key(dotted)
            if self.is_given(dotted):
                raise ConfigError(f"{dotted} is given twice", key=dotted)
            if value is None:
                continue
            if key.type is CLASS and callable(value):
                self._functions[dotted] = value
            else:
                self._given[dotted] = key.parse(_as_text(dotted, value))

    def __getitem__(self, name: str) -> Value:
        value = self._given.get(name)
        return self.definition[name].default if value is None else value

    def is_given(self, name: str) -> bool:
        """Whether a value was given, rather than left to the default."""
        return name in self._given or name in self._functions

    def integer(self, name: str) -> int:
        """Return the value of a key that holds a number."""
        value = self[name]
        assert isinstance(value, int), name
        return value

    def number(self, name: str) -> float:
        """Return the value of a key that holds a number, perhaps a fraction."""
        value = self[name]
        assert isinstance(value, int | float), name
        return value

    def flag(self, name: str) -> bool:
        """Return the value of a key that is true or false."""
        value = self[name]
        assert isinstance(value, bool), name
        return value

    def text(self, name: str) -> str:
        """Return the value of a key that holds text and has a default."""
        value = self[name]
        assert isinstance(value, str), name
        return value

    def optional(self, name: str) -> str | None:
        """Return the value of a key that holds text, or nothing."""
        value = self[name]
        assert value is None or isinstance(value, str), name
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the value of a key that holds a list."""
        value = self[name]
        assert isinstance(value, tuple), name
        return value

    def function(self, name: str, reserved: Collection[str] = ()) -> Callable[..., Any] | None:
        """Return the function that a key holds, or names as ``package.module.function``.

        Args:
            name: A key of the type class.
            reserved: Names that stand for something else.

        Raises:
            ConfigError: If a name leads to nothing that can be called.
        """
        given = self._functions.get(name)
        path = self.optional(name)
        if given is not None or not path or path in reserved:
            return given
        module, _, attribute = path.replace(":", ".").rpartition(".")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(f"{name}: cannot import {path}: {error}", key=name) from error
        if not callable(found):
            raise ConfigError(f"{name}: {path} cannot be called", key=name)
        return found  # type: ignore[no-any-return]  # what a module holds


def _as_text(name: str, value: object) -> str:
    """Return a value as a properties file would have it.

    Raises:
        ConfigError: If it is of no kind that a key can hold.
    """
    if isinstance(value, tuple | set | frozenset):
        value = list(value)
    try:
        return text_of(value)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}", key=name) from None
