"""Calling deserializers for records of a share group.

Invariant: a record is made of all it says or not at all; what a deserializer fails on is a
`SerializationError` that names the record's place.
Neighbours: `logcore.serialization` says what a deserializer is; `in_hand` calls these.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from logcore.common.errors import SerializationError
from logcore.consumer.share_record import ShareRecord
from logcore.serialization.serializer import Deserializer

AnyDeserializer: TypeAlias = Deserializer[Any] | Callable[[bytes], Any]
"""A `Deserializer`; or a function of one argument, which is not called for None."""


class ShareDeserializing:
    """What makes records of a program's own of records of bytes.

    Args:
        key: The deserializer of keys; None leaves bytes.
        value: The deserializer of values; None leaves bytes.

    Attributes:
        may_block: Whether a call may wait for something, and so must not run on an event loop.
    """

    def __init__(self, key: AnyDeserializer | None, value: AnyDeserializer | None) -> None:
        self._key = _of_topic(key)
        self._value = _of_topic(value)
        self.may_block = any(isinstance(e, Deserializer) and e.may_block for e in (key, value))

    def __call__(self, record: ShareRecord) -> ShareRecord:
        """Return a record as the program wants it.

        Raises:
            SerializationError: If a deserializer raised.
        """
        if self._key is None and self._value is None:
            return record
        topic, key, value = record.topic, record.key, record.value
        try:
            if self._key is not None:
                key = self._key(topic, key)
            if self._value is not None:
                value = self._value(topic, value)
        except Exception as error:
            place = f"{topic}-{record.partition} at offset {record.offset}"
            raise SerializationError(
                f"the deserializer failed on {place}: {error!r}; the record is released, unless "
                "something else is said of it before the next poll",
                topic=topic,
                partition=record.partition,
                offset=record.offset,
            ) from error
        return ShareRecord(record.record.with_key_and_value(key, value), record.delivery_count)


def _of_topic(deserializer: AnyDeserializer | None) -> Callable[[str, bytes | None], Any] | None:
    if deserializer is None:
        return None
    if isinstance(deserializer, Deserializer):
        return deserializer.deserialize
    function = deserializer

    def make(_: str, data: bytes | None) -> Any:  # noqa: ANN401 - of the deserializer's type
        return None if data is None else function(data)

    return make
