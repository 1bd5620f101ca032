"""Calling serializers: the program's own, for the keys and values of records.

Invariant: what comes out is bytes or None; whatever else happens is a `SerializationError` that
names the topic.
Neighbours: `logcore.serialization` says what a serializer is; `outgoing` calls these.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from logcore.common.errors import SerializationError
from logcore.serialization.serializer import Serializer

AnySerializer: TypeAlias = Serializer[Any] | Callable[[Any], bytes | None]
"""A `Serializer`; or a function of one argument, which is not called for None."""

Field: TypeAlias = Callable[[str, Any], bytes | None]
"""What makes the bytes of a key or a value: of a topic, and what the program gave."""


def may_block(serializer: AnySerializer | None) -> bool:
    """Whether a serializer may wait for something, and so must not run on an event loop."""
    return isinstance(serializer, Serializer) and serializer.may_block


def field_of(what: str, serializer: AnySerializer | None) -> Field | None:
    """Return how the bytes of a key or value are made; None without a serializer.

    Args:
        what: ``key`` or ``value``, for messages.
        serializer: The program's.

    Example:
        >>> field_of("value", str.encode)("words", "hello")
        b'hello'
    """
    if serializer is None:
        return None
    make = serializer.serialize if isinstance(serializer, Serializer) else _of_one(serializer)

    def field(topic: str, given: Any) -> bytes | None:  # noqa: ANN401 - whatever the program sends
        try:
            made: object = make(topic, given)
        except Exception as error:
            message = f"the {what} serializer failed on a record for {topic}, which is not sent"
            raise SerializationError(f"{message}: {error!r}", topic=topic) from error
        if made is not None and not isinstance(made, bytes):
            kind = type(made).__name__
            message = f"the {what} serializer returned {kind} for a record for {topic}"
            raise SerializationError(f"{message}: it must return bytes, or None", topic=topic)
        return made

    return field


def _of_one(function: Callable[[Any], bytes | None]) -> Field:
    def make(_: str, given: Any) -> bytes | None:  # noqa: ANN401 - whatever the program sends
        return None if given is None else function(given)

    return make
