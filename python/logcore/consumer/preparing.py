"""What is done to records before they are handed out, where a program has a say: the hooks.

Deserializers make something of bytes, interceptors see the result.
Invariant: records stay in order; one that a deserializer failed on is an error in its place.
Neighbours: `handing_out` has records prepared here if there is a hook, and only then.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from logcore.common.errors import SerializationError
from logcore.consumer.deserializing import AnyDeserializer, Deserializing
from logcore.consumer.interceptor import ConsumerInterceptor, Interceptors
from logcore.record import ConsumerRecord

Prepared: TypeAlias = ConsumerRecord | SerializationError
"""A record to hand out, or why there is none."""


class Preparing:
    """The hooks of one consumer.

    Args:
        key_deserializer: Makes something of the bytes of keys.
        value_deserializer: Makes something of the bytes of values.
        interceptors: Who sees records.

    Attributes:
        deserialize: Makes a record as the program wants it.
        interceptors: Who sees records.
    """

    def __init__(
        self,
        key_deserializer: AnyDeserializer | None = None,
        value_deserializer: AnyDeserializer | None = None,
        interceptors: Iterable[ConsumerInterceptor] = (),
    ) -> None:
        self.deserialize = Deserializing(key_deserializer, value_deserializer)
        self.interceptors = Interceptors(interceptors)

    @property
    def is_needed(self) -> bool:
        """Whether there is a hook at all."""
        return self.deserialize.is_needed or bool(self.interceptors)

    @property
    def blocks(self) -> bool:
        """Whether `deserialized` may wait for something, and so must not run on an event loop."""
        return self.deserialize.may_block

    def deserialized(self, records: Iterable[ConsumerRecord]) -> list[Prepared]:
        """Return records as the program wants them."""
        if not self.deserialize.is_needed:
            return list(records)
        made: list[Prepared] = []
        for record in records:
            try:
                made.append(self.deserialize(record))
            except SerializationError as error:
                made.append(error)
        return made

    def intercepted(self, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Return what interceptors made of records; each run between two errors is one call."""
        if not self.interceptors:
            return list(prepared)
        seen: list[Prepared] = []
        run: list[ConsumerRecord] = []
        for each in prepared:
            if isinstance(each, ConsumerRecord):
                run.append(each)
                continue
            seen += self.interceptors.on_consume(run) if run else ()
            seen.append(each)
            run = []
        seen += self.interceptors.on_consume(run) if run else ()
        return seen
