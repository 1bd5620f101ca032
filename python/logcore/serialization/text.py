"""Text, UUIDs, bytes and nothing at all, as Kafka's own serializers write them.

Invariant: what cannot be written or read as it is, is an error: no character is replaced.
Neighbours: `fixed_width` has numbers, `json_values` JSON; `serializer` says what these are.
Source: Apache Kafka 4.3.1, `org.apache.kafka.common.serialization`, for the bytes. Java replaces
characters that an encoding does not have; that is the one difference.
"""

import codecs
import uuid
from typing import Final

from logcore.common.errors import InvalidArgumentError, MalformedDataError, UnfitValueError
from logcore.common.types import override
from logcore.serialization.serializer import Deserializer, Serializer

JAVA_UTF_16: Final = "utf-16"
"""Python writes it in the machine's byte order, Java always in big-endian with a mark."""


def _codec(encoding: str) -> str:
    """Return the name that Python has for an encoding.

    Raises:
        InvalidArgumentError: If it has none.
    """
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise InvalidArgumentError(f"there is no encoding {encoding!r}") from None


class StringSerializer(Serializer[str]):
    r"""Writes text.

    Args:
        encoding: How, such as ``utf-8`` or ``latin-1``.

    Raises:
        InvalidArgumentError: If there is no such encoding.

    Example:
        >>> StringSerializer().serialize("words", "caf\xe9")
        b'caf\xc3\xa9'
    """

    def __init__(self, encoding: str = "utf-8") -> None:
        self.encoding = _codec(encoding)

    @override
    def serialize(self, topic: str, value: str | None) -> bytes | None:
        """Return the bytes of a text.

        Raises:
            UnfitValueError: If it is none, or the encoding lacks a character of it.
        """
        if value is None:
            return None
        try:
            if self.encoding == JAVA_UTF_16:
                return codecs.BOM_UTF16_BE + value.encode("utf-16-be")
            return value.encode(self.encoding)
        except AttributeError:
            message = f"a {type(value).__name__} is no text: give a str"
            raise UnfitValueError(message, topic=topic) from None
        except UnicodeEncodeError as error:
            raise UnfitValueError(f"the text cannot be written: {error}", topic=topic) from None


class StringDeserializer(Deserializer[str]):
    """Reads text.

    Args:
        encoding: How it was written.

    Raises:
        InvalidArgumentError: If there is no such encoding.
    """

    def __init__(self, encoding: str = "utf-8") -> None:
        self.encoding = _codec(encoding)

    @override
    def deserialize(self, topic: str, data: bytes | None) -> str | None:
        """Return the text that some bytes are.

        Raises:
            MalformedDataError: If they are none in this encoding.
        """
        if data is None:
            return None
        marks = (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
        unmarked = self.encoding == JAVA_UTF_16 and not data.startswith(marks)
        try:
            return data.decode("utf-16-be" if unmarked else self.encoding)
        except UnicodeDecodeError as error:
            raise MalformedDataError(f"no text in {self.encoding}: {error}", topic=topic) from None


class UUIDSerializer(Serializer[uuid.UUID]):
    """Writes a UUID as its 36 characters."""

    @override
    def serialize(self, topic: str, value: uuid.UUID | None) -> bytes | None:
        """Return the characters of a UUID.

        Raises:
            UnfitValueError: If it is none.
        """
        if value is None:
            return None
        if not isinstance(value, uuid.UUID):
            raise UnfitValueError(f"{value!r} is no uuid.UUID", topic=topic)
        return str(value).encode()


class UUIDDeserializer(Deserializer[uuid.UUID]):
    """Reads 36 characters as a UUID."""

    @override
    def deserialize(self, topic: str, data: bytes | None) -> uuid.UUID | None:
        """Return the UUID that some characters are.

        Raises:
            MalformedDataError: If they are none.
        """
        if data is None:
            return None
        try:
            return uuid.UUID(data.decode())
        except ValueError:
            raise MalformedDataError(f"{data[:40]!r} is no UUID", topic=topic) from None


class BytesSerializer(Serializer[bytes | bytearray | memoryview]):
    """Writes bytes as they are; also those of a buffer."""

    @override
    def serialize(self, topic: str, value: bytes | bytearray | memoryview | None) -> bytes | None:
        """Return the bytes.

        Raises:
            UnfitValueError: If it is neither bytes nor a buffer of them.
        """
        if value is None:
            return None
        if not isinstance(value, bytes | bytearray | memoryview):
            raise UnfitValueError(f"a {type(value).__name__} is no bytes", topic=topic)
        return bytes(value)


class BytesDeserializer(Deserializer[bytes]):
    """Gives bytes as they are."""

    @override
    def deserialize(self, topic: str, data: bytes | None) -> bytes | None:  # noqa: ARG002
        """Return the bytes."""
        return data


class VoidSerializer(Serializer[None]):
    """Writes nothing, where nothing is to be: anything else is an error."""

    @override
    def serialize(self, topic: str, value: None) -> bytes | None:
        """Return None.

        Raises:
            UnfitValueError: If there is a value.
        """
        if value is not None:
            raise UnfitValueError(f"there should be nothing, and is {value!r}", topic=topic)
        return None


class VoidDeserializer(Deserializer[None]):
    """Gives nothing, where nothing is to be: anything else is an error."""

    @override
    def deserialize(self, topic: str, data: bytes | None) -> None:
        """Return None.

        Raises:
            MalformedDataError: If there are bytes, even none of them.
        """
        if data is not None:
            raise MalformedDataError(
                f"there should be nothing, and are {len(data)} bytes", topic=topic
            )
