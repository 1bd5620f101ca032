"""What a configuration key allows beyond its type, as data: ranges, choices, lists, durations.

Invariant: a check never changes a value; `problem` says in one clause what is allowed, and the
check's own text is the column "valid values" of the documentation.
Neighbours: tables of keys name these; `config` asks them.
Source: Apache Kafka 4.3.1, the validators of `ConfigDef`, for what each accepts.
"""

import re
from typing import Any, Final, Protocol

from logcore.common.types import override


class Check(Protocol):
    """Says whether a parsed value is allowed."""

    def problem(self, value: Any) -> str | None:  # noqa: ANN401 - of the key's type
        """Return what is wrong with a value; None if nothing is."""


class Range:
    """A number from `low` to `high`; None leaves a side open. `also` is allowed besides."""

    __slots__ = ("also", "high", "low")

    def __init__(
        self, low: float | None = None, high: float | None = None, also: int | None = None
    ) -> None:
        self.low = low
        self.high = high
        self.also = also

    def problem(self, value: float) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        if value == self.also:
            return None
        is_low = self.low is not None and not value >= self.low
        is_high = self.high is not None and not value <= self.high
        if not is_low and not is_high:
            return None
        if self.also is not None:
            return f"Value must be between {self.low} and {self.high}, or equal to {self.also}"
        return f"Value must be {f'at least {self.low}' if is_low else f'no more than {self.high}'}"

    @override
    def __str__(self) -> str:
        low = "..." if self.low is None else f"{self.low},..."
        high = "" if self.high is None else f",{self.high}"
        beside = "" if self.also is None else f" or {self.also}"
        return f"[{low}{high}]{beside}"


class OneOf:
    """One of some words."""

    __slots__ = ("ignores_case", "words")

    def __init__(self, words: tuple[str, ...], *, ignores_case: bool = False) -> None:
        self.words = words
        self.ignores_case = ignores_case

    def problem(self, value: str | None) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        known = value in self.words
        if self.ignores_case and value is not None:
            known = value.upper() in {word.upper() for word in self.words}
        return None if known else f"String must be one of: {', '.join(self.words)}"

    @override
    def __str__(self) -> str:
        return f"{'(case insensitive) ' if self.ignores_case else ''}[{', '.join(self.words)}]"


class ListOf:
    """A list without empty parts; of some words, if there are any."""

    __slots__ = ("words",)

    def __init__(self, words: tuple[str, ...] = ()) -> None:
        self.words = words

    def problem(self, value: tuple[str, ...] | None) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        if value is None:
            return None
        if "" in value:
            return "No value of the list may be empty"
        if self.words and not set(value) <= set(self.words):
            return f"Each value must be one of: {', '.join(self.words)}"
        return None

    @override
    def __str__(self) -> str:
        return f"[{', '.join(self.words)}]" if self.words else ""


class NotEmpty:
    """Any text but the empty one."""

    __slots__ = ()

    def problem(self, value: str | None) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        return "String must be non-empty" if value is not None and not value else None

    @override
    def __str__(self) -> str:
        return "non-empty string"


class ThrottledReplicas:
    """A list of `partition:broker`, or a star for all."""

    __slots__ = ()

    def problem(self, value: tuple[str, ...]) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        if value == ("*",) or all(re.fullmatch(r"[0-9]+:[0-9]+", part) for part in value):
            return None
        return "Each value must be [partitionId]:[brokerId], or the whole must be * or empty"

    @override
    def __str__(self) -> str:
        return "[partitionId]:[brokerId],[partitionId]:[brokerId],..."


class EachLike:
    """A list, or a text with commas, whose parts match a pattern; `shown` is it for people."""

    __slots__ = ("pattern", "shown")

    def __init__(self, pattern: str, shown: str) -> None:
        self.pattern = pattern
        self.shown = shown

    def problem(self, value: tuple[str, ...] | str | None) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        parts = value.split(",") if isinstance(value, str) and value else value
        if all(re.fullmatch(self.pattern, part.strip()) for part in parts or ()):
            return None
        return f"Each value must look like {self.shown}"

    @override
    def __str__(self) -> str:
        return f"{self.shown},..."


_DURATION: Final = (
    r"(?ai)[+-]?P(?=.)([+-]?\d+D)?(T(?=.)([+-]?\d+H)?([+-]?\d+M)?([+-]?\d+(\.\d{0,9})?S)?)?"
)


class OffsetReset:
    """Where a new share group begins: an end of the log, or a duration of ISO 8601 ago."""

    __slots__ = ()

    def problem(self, value: str | None) -> str | None:
        """Return what is wrong with a value; None if nothing is."""
        word, _, duration = (value or "").partition(":")
        if not duration and word in ("latest", "earliest"):
            return None
        is_duration = word == "by_duration" and re.fullmatch(_DURATION, duration)
        if is_duration and not duration.startswith("-"):
            return None
        return "Value must be latest, earliest or by_duration:<ISO 8601 duration>, such as PT24H"

    @override
    def __str__(self) -> str:
        return "[latest, earliest, by_duration:PnDTnHnMn.nS]"


INT_MAX: Final = 2**31 - 1
LONG_MAX: Final = 2**63 - 1
NATURAL: Final = Range(0)
POSITIVE: Final = Range(1)
ANY_LIST: Final = ListOf()
