"""What a serializer and a deserializer are.

Invariant: they may be called from any thread. Where `may_block` is true, a call may wait
for a server, and is never made on an event loop.
Neighbours: the modules beside this one derive from these; producers and consumers take them, or a
plain function of one argument.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class Serializer(ABC, Generic[In_contra]):
    """Makes the bytes of a key or a value (`org.apache.kafka.common.serialization.Serializer`).

    Example:
        >>> class Upper(Serializer[str]):
        ...     def serialize(self, topic: str, value: str | None) -> bytes | None:
        ...         return None if value is None else value.upper().encode()
        >>> Upper().serialize("words", "hello")
        b'HELLO'
    """

    may_block: ClassVar[bool] = False
    """Whether a call may wait for something, such as a schema registry."""

    @abstractmethod
    def serialize(self, topic: str, value: In_contra | None) -> bytes | None:
        """Return the bytes of a key or value.

        Args:
            topic: Where the record goes.
            value: What is to be written; None is no key, or a tombstone.

        Raises:
            Exception: If it cannot be written; the producer says so as a `SerializationError`.
        """


class Deserializer(ABC, Generic[Out_co]):
    """Makes something of the bytes of a key or a value.

    Example:
        >>> class Text(Deserializer[str]):
        ...     def deserialize(self, topic: str, data: bytes | None) -> str | None:
        ...         return None if data is None else data.decode()
        >>> Text().deserialize("words", b"hello")
        'hello'
    """

    may_block: ClassVar[bool] = False
    """Whether a call may wait for something, such as a schema registry."""

    @abstractmethod
    def deserialize(self, topic: str, data: bytes | None) -> Out_co | None:
        """Return what a key or value means.

        Args:
            topic: Where the record comes from.
            data: Its bytes; None is no key, or a tombstone.

        Raises:
            Exception: If it cannot be read; the consumer says so as a `SerializationError`.
        """
