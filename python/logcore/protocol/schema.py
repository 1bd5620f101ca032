"""What a message is: a typed slotted class whose fields say in which versions they exist.

A class of `logcore.protocol.messages` is a table: one line per field, made by a function of
`types`. The base classes here give it a keyword constructor with the schema's defaults, equality,
`decode` and `encode`. Nothing is compiled before it is used: the constructor on the first object, a
codec on the first message of its version.
Invariant: a default struct is shared and frozen, so building or decoding a message that leaves it
alone costs nothing; to change one, assign a new struct. Every other default is the object's own.
Neighbours: `field` has what a table is made of; `codec` compiles; `errors` says what may be raised.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from logcore.common.types import override
from logcore.protocol.codec import (
    Reader,
    Writer,
    compile_constructor,
    compile_reader,
    compile_writer,
)
from logcore.protocol.field import NEVER, Field, StructMeta, parse_versions

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Struct(metaclass=StructMeta):
    """A part of a message; it has no versions of its own."""

    FIELDS: ClassVar[dict[str, Field]]
    _frozen: ClassVar[Any]

    def __init__(self, **values: object) -> None:
        # The first object of a class compiles its constructor, which takes this one's place.
        type(self).__init__ = compile_constructor(type(self))  # type: ignore[method-assign]
        self.__init__(**values)  # type: ignore[misc]  # the one just installed

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Struct) or other.FIELDS is not self.FIELDS:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.FIELDS)

    __hash__ = None  # type: ignore[assignment]  # messages change

    @override
    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.FIELDS)
        return f"{type(self).__name__}({values})"


class Message(Struct):
    """A request, a response or a record: what has versions and can be read and written alone.

    Attributes:
        API_KEY: Kafka's number of the API, or of the record's type; -1 where there is none.
        VERSIONS: The first and the last version.
        FLEXIBLE: The first version with compact lengths and tagged fields.
    """

    API_KEY: ClassVar[int]
    VERSIONS: ClassVar[tuple[int, int]]
    FLEXIBLE: ClassVar[int]
    _readers: ClassVar[dict[int, Reader]]
    _writers: ClassVar[dict[int, Writer]]

    @override
    def __init_subclass__(cls, *, versions: str, flexible: str = "none", api_key: int = -1) -> None:
        """Note the versions of a message."""
        valid = parse_versions(versions)
        cls.API_KEY = api_key
        cls.VERSIONS = (valid.start, valid.stop - 1)
        cls.FLEXIBLE = parse_versions(flexible).start if flexible != "none" else NEVER
        cls._readers = {}
        cls._writers = {}

    @classmethod
    def decode(cls, data: "Buffer", version: int, position: int = 0) -> Self:
        """Read a message; bytes behind its end are ignored, as Kafka does.

        Args:
            data: The bytes. Fields of type records are views of them; so are bytes fields, where
                the message has records, and otherwise views of a copy.
            version: The version in which it was written.
            position: Where in `data` it begins.

        Returns:
            The message.

        Raises:
            MalformedMessageError: If the bytes are no such message.
            UnsupportedVersionError: If there is no such version.
        """
        reader = cls._readers.get(version)
        if reader is None:
            reader = cls._readers[version] = compile_reader(cls, version)
        message: Self = reader(data, position)
        return message

    def encode(self, version: int, prefix: bytes = b"") -> "list[Buffer]":
        """Write the message as a list of buffers; large records stay buffers of their own.

        Args:
            version: The version to write.
            prefix: What the first buffer begins with, such as a header.

        Returns:
            The buffers, in order.

        Raises:
            UnsupportedVersionError: If there is no such version, or if a field was set that the
                version lacks and that may not be dropped in silence.
            UnencodableMessageError: If a value does not fit its field.
        """
        writer = self._writers.get(version)
        if writer is None:
            writer = self._writers[version] = compile_writer(type(self), version)
        return writer(self, prefix)

    def encode_bytes(self, version: int) -> bytes:
        """Write the message as one bytes object; raises as `encode` does."""
        return b"".join(self.encode(version))
