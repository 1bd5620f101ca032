"""Calling deserializers: the program's own, for the keys and values of records.

Invariant: a record is made of all it says or not at all; what a deserializer fails on is a
`SerializationError` that names the record's place.
Neighbours: `logcore.serialization` says what a deserializer is; `preparing` calls these.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from logcore.common.errors import SerializationError
from logcore.record import ConsumerRecord
from logcore.serialization.serializer import Deserializer

AnyDeserializer: TypeAlias = Deserializer[Any] | Callable[[bytes], Any]
"""A `Deserializer`; or a function of one argument, which is not called for None."""

Field: TypeAlias = Callable[[str, bytes | None], Any]
"""What makes something of the bytes of a key or a value: of a topic, and of those."""


class Deserializing:
    """What makes records as a program wants them of records of bytes.

    Args:
        key: The deserializer of keys; None leaves bytes.
        value: The deserializer of values; None leaves bytes.

    Attributes:
        is_needed: Whether there is a deserializer at all.
        may_block: Whether a call may wait for something, and so must not run on an event loop.
    """

    def __init__(self, key: AnyDeserializer | None, value: AnyDeserializer | None) -> None:
        self._key_of = field_of(key)
        self._value_of = field_of(value)
        self.is_needed = key is not None or value is not None
        self.may_block = any(
            isinstance(each, Deserializer) and each.may_block for each in (key, value)
        )

    def __call__(self, record: ConsumerRecord) -> ConsumerRecord:
        """Return a record as the program wants it.

        Raises:
            SerializationError: If a deserializer raised.
        """
        topic, key, value, what = record.topic, record.key, record.value, "key"
        try:
            if self._key_of is not None:
                key = self._key_of(topic, key)
            what = "value"
            if self._value_of is not None:
                value = self._value_of(topic, value)
        except Exception as error:
            place = f"{topic}-{record.partition} at offset {record.offset}"
            raise SerializationError(
                f"the {what} deserializer failed on {place}: {error!r}; reading goes on behind it",
                topic=topic,
                partition=record.partition,
                offset=record.offset,
            ) from error
        return record.with_key_and_value(key, value)


def field_of(deserializer: AnyDeserializer | None) -> Field | None:
    """Return how something is made of bytes; None without a deserializer.

    Example:
        >>> field_of(int)("words", b"7")
        7
    """
    if deserializer is None:
        return None
    if isinstance(deserializer, Deserializer):
        return deserializer.deserialize
    function = deserializer

    def make(_: str, data: bytes | None) -> Any:  # noqa: ANN401 - of the deserializer's type
        return None if data is None else function(data)

    return make
