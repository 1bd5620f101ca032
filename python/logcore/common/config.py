"""Definitions of configuration keys: type, default, what is allowed, importance, how it changes.

Whoever has settings under Kafka's dotted names writes them down as a table of `ConfigKey` in a
`ConfigDef`; parsing, checking, printing and documentation derive from the table. Values arrive as
text and are read by Apache Kafka's rules: trimmed, lists split at commas, numbers in decimal.
Invariant: a value that `ConfigKey.parse` returned is of the key's type and allowed; a refusal is a
`ConfigError` that names the key, the value and what would be allowed.
Neighbours: `broker.config` holds the broker's tables; `config_values` holds the kinds of checks.
Source: Apache Kafka 4.3.1, `org.apache.kafka.common.config.ConfigDef` for the rules of parsing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, IntEnum
from typing import Any, Final, TypeAlias

from logcore.common.config_values import Check
from logcore.common.errors import InvalidConfigError
from logcore.common.types import override

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | None
"""What a key can hold; None where nothing is set and the key has no default."""


class Type(IntEnum):
    """What kind of value a key holds, numbered as DescribeConfigs does."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


class Importance(Enum):
    """How much a key matters to most users."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Update(Enum):
    """When a new value of a broker's key can take effect."""

    READ_ONLY = "read-only"
    PER_BROKER = "per-broker"
    CLUSTER_WIDE = "cluster-wide"


BOOLEAN: Final = Type.BOOLEAN
STRING: Final = Type.STRING
INT: Final = Type.INT
SHORT: Final = Type.SHORT
LONG: Final = Type.LONG
DOUBLE: Final = Type.DOUBLE
LIST: Final = Type.LIST
CLASS: Final = Type.CLASS
PASSWORD: Final = Type.PASSWORD
HIGH: Final = Importance.HIGH
MEDIUM: Final = Importance.MEDIUM
LOW: Final = Importance.LOW
PER_BROKER: Final = Update.PER_BROKER
CLUSTER_WIDE: Final = Update.CLUSTER_WIDE


class ConfigError(InvalidConfigError):
    """A key that does not exist, or a value that is not allowed.

    Attributes:
        key: The key in question.
        value: What was given for it; None where the key itself is wrong.
    """

    def __init__(self, message: str, *, key: str, value: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.value = value


_BITS: Final = {Type.SHORT: 16, Type.INT: 32, Type.LONG: 64}
_DOUBLE: Final = r"[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[fFdD]?)"
_JAVA_PLAIN: Final = (1e-3, 1e7)
HIDDEN: Final = "[hidden]"
"""What stands for a password in a message."""


def _parse_integer(text: str, kind: Type) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    number = int(text) if digits.isascii() and digits.isdecimal() else None
    limit = 1 << (_BITS[kind] - 1)
    if number is None or not -limit <= number < limit:
        raise ValueError(f"Not a number of type {kind.name}")
    return number


def _parse_double(text: str) -> float:
    if not re.fullmatch(_DOUBLE, text):
        raise ValueError("Not a number of type DOUBLE")
    return float(text.rstrip("fFdD") if text[-1] in "fFdD" else text)


def _parse_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("Expected value to be either true or false")
    return text.lower() == "true"


def parse_list(text: str) -> tuple[str, ...]:
    """Split a list at its commas; the empty text is the empty list."""
    trimmed = text.strip()
    return tuple(part.strip() for part in trimmed.split(",")) if trimmed else ()


def _parse(text: str, kind: Type) -> Value:
    trimmed = text.strip()
    match kind:
        case Type.BOOLEAN:
            return _parse_boolean(trimmed)
        case Type.STRING | Type.CLASS:
            return trimmed
        case Type.PASSWORD:
            return text
        case Type.LIST:
            return parse_list(text)
        case Type.DOUBLE:
            return _parse_double(trimmed)
        case Type.INT | Type.SHORT | Type.LONG:
            return _parse_integer(trimmed, kind)


def to_text(value: Value) -> str | None:
    """Print a value as Apache Kafka does.

    Example:
        >>> to_text(("delete", "compact")), to_text(True), to_text(1e10)
        ('delete,compact', 'true', '1.0E10')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _double_text(value)
        case tuple():
            return ",".join(value)
        case None:
            return None
        case _:
            return str(value)


def _double_text(value: float) -> str:
    if value == 0 or _JAVA_PLAIN[0] <= abs(value) < _JAVA_PLAIN[1] or value != value:  # noqa: PLR0124 - NaN
        return repr(value).replace("nan", "NaN")
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    digits, _, exponent = f"{value:.17e}".partition("e")
    for precision in range(1, 18):  # the shortest that reads back as the same number
        digits, _, exponent = f"{value:.{precision}e}".partition("e")
        if float(f"{digits}e{exponent}") == value:
            break
    return f"{digits}E{int(exponent)}"


class ConfigKey:
    """One key of a table.

    Attributes:
        name: The dotted name.
        type: What kind of value it holds.
        default: What holds where nothing is set.
        check: What is allowed beyond the type; None if everything is.
        importance: How much it matters.
        update: When a new value takes effect; for keys of a broker.
        internal: Whether it is kept from listings and documentation.
    """

    __slots__ = ("check", "default", "importance", "internal", "name", "type", "update")

    def __init__(  # noqa: PLR0913 - the columns of a table
        self,
        name: str,
        type: Type,  # noqa: A002 - Kafka's word for it
        default: Value,
        check: Check | None = None,
        importance: Importance = Importance.MEDIUM,
        *,
        update: Update = Update.READ_ONLY,
        internal: bool = False,
    ) -> None:
        self.name = name
        self.type = type
        self.default = default
        self.check = check
        self.importance = importance
        self.update = update
        self.internal = internal

    def with_default(self, default: Value) -> "ConfigKey":
        """Return a copy that differs in its default."""
        return ConfigKey(
            self.name,
            self.type,
            default,
            self.check,
            self.importance,
            update=self.update,
            internal=self.internal,
        )

    @property
    def is_sensitive(self) -> bool:
        """Whether the value must not be shown."""
        return self.type is Type.PASSWORD

    def parse(self, text: str) -> Value:
        """Read a value.

        Raises:
            ConfigError: If it is not of the type, or not allowed.
        """
        try:
            value = _parse(text, self.type)
        except ValueError as error:
            raise self.refusal(text, str(error)) from None
        problem = self.check.problem(value) if self.check else None
        if problem is not None:
            raise self.refusal(text, problem)
        return value

    def refusal(self, text: str, problem: str) -> ConfigError:
        """Make the error that says why a value is refused."""
        shown = HIDDEN if self.is_sensitive else text.strip()
        message = f"Invalid value {shown} for configuration {self.name}: {problem}"
        return ConfigError(message, key=self.name, value=shown)


class ConfigDef(Mapping[str, ConfigKey]):
    """A table of keys.

    Args:
        subject: Whose keys they are, for messages: ``topic``.
        keys: The rows.
    """

    def __init__(self, subject: str, keys: Iterable[ConfigKey]) -> None:
        self.subject = subject
        self._keys: dict[str, ConfigKey] = {}
        for key in keys:
            assert key.name not in self._keys, f"{key.name} is defined twice"
            self._keys[key.name] = key

    @override
    def __getitem__(self, name: str) -> ConfigKey:
        return self._keys[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    @override
    def __len__(self) -> int:
        return len(self._keys)

    def key(self, name: str) -> ConfigKey:
        """Return a row.

        Raises:
            ConfigError: If there is no such key; it names the nearest one.
        """
        found = self._keys.get(name)
        if found is None:
            raise self.unknown(name)
        return found

    def parse(self, name: str, text: str) -> Value:
        """Read the value of a key.

        Raises:
            ConfigError: If there is no such key, or the value is refused.
        """
        return self.key(name).parse(text)

    def parse_all(self, texts: Mapping[str, str]) -> dict[str, Value]:
        """Read the values of several keys, all that are given.

        Raises:
            ConfigError: At the first that is refused.
        """
        return {name: self.parse(name, text) for name, text in texts.items()}

    def unknown(self, name: str) -> ConfigError:
        """Make the error for a key that is not in the table."""
        message = f"Unknown {self.subject} config name: {name}"
        near = self.nearest(name)
        if near is not None:
            message += f" (did you mean {near}?)"
        return ConfigError(message, key=name)

    def nearest(self, name: str) -> str | None:
        """Return the key that is spelled most like a name, if any is close."""
        return nearest(name, self._keys)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return which of some names is spelled most like another, if any is close.

    Example:
        >>> nearest("retention.mss", ["segment.ms", "retention.ms"])
        'retention.ms'
    """
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.7)
    return found[0] if found else None


def text_of(value: Any) -> str:  # noqa: ANN401 - what TOML holds
    """Return a value of TOML as the text that a properties file would have.

    Raises:
        ValueError: If it is of no kind that a key can hold.
    """
    if isinstance(value, bool | int | float | str):
        return to_text(value) or ""
    if isinstance(value, list):
        return ",".join(text_of(part) for part in value)
    raise ValueError(f"a {type(value).__name__} cannot be the value of a key")
