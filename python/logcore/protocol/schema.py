"""What a message is: a typed slotted class whose fields say in which versions they exist.

A class of `logcore.protocol.messages` is a table: one line per field, made by a function of
`types`. This module turns the table into a class: slots, a keyword constructor with the schema's
defaults, equality, `decode` and `encode`. Nothing is compiled before it is used: the constructor on
the first object, a codec on the first message of its version.
Invariant: a default struct is shared and frozen, so building or decoding a message that leaves it
alone costs nothing; to change one, assign a new struct. Every other default is the object's own.
Neighbours: `types` makes the fields; `codec` compiles them; `errors` says what may be raised.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias, dataclass_transform

from logcore.common.types import override

if TYPE_CHECKING:
    from typing_extensions import Buffer

NEVER: Final = 32767
"""A version that no message reaches: the end of ``"3+"``, the first flexible one of ``"none"``."""

Reader: TypeAlias = "Callable[[Buffer, int], Any]"
Writer: TypeAlias = "Callable[[Any, bytes], list[Buffer]]"


def parse_versions(text: str) -> range:
    """Turn Kafka's spelling of a range of versions into one.

    Example:
        >>> parse_versions("2-4"), parse_versions("7"), parse_versions("none")
        (range(2, 5), range(7, 8), range(0, 0))
    """
    if text in {"", "none"}:
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), NEVER + 1)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Field:
    """One field of a struct, as its table says it.

    Attributes:
        kind: The primitive's name, or ``struct``.
        is_array: Whether the field is an array of `kind`.
        of: The class of a struct, or of the structs of an array.
        versions: In which versions of the message the field exists.
        nullable: In which versions it may be null.
        default: What it is when nobody sets it; for arrays and structs None means null.
        tag: The number of a tagged field.
        ignorable: Whether a value is dropped in silence in versions that lack the field.
    """

    __slots__ = ("default", "ignorable", "is_array", "kind", "nullable", "of", "tag", "versions")

    def __init__(
        self,
        kind: str,
        versions: str,
        *,
        default: object,
        of: type["Struct"] | None = None,
        nullable: str = "",
        **rest: Any,  # noqa: ANN401 - what few fields have
    ) -> None:
        self.kind = kind
        self.of = of
        self.versions = versions
        self.nullable = nullable
        self.default = default
        self.tag: int | None = rest.get("tag")
        self.ignorable: bool = rest.get("ignorable", False)
        self.is_array: bool = rest.get("is_array", False)


@dataclass_transform(kw_only_default=True)
class StructMeta(type):
    """Makes a class of slots out of a table of fields."""

    FIELDS: dict[str, Field]

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **options: object,
    ) -> "StructMeta":
        """Take the fields out of the class body and make slots of them."""
        fields = {key: value for key, value in namespace.items() if type(value) is Field}
        for key in fields:
            del namespace[key]
        namespace["__slots__"] = tuple(fields)
        namespace["FIELDS"] = fields
        namespace["_frozen"] = None
        return super().__new__(cls, name, bases, namespace, **options)


def _refuse_change(struct: "Struct", name: str, _: object) -> None:
    raise AttributeError(
        f"cannot set {name}: this {type(struct).__name__} is shared by all; assign a new struct"
    )


class Struct(metaclass=StructMeta):
    """A part of a message; it has no versions of its own."""

    FIELDS: ClassVar[dict[str, Field]]
    _frozen: ClassVar[Any]

    def __init__(self, **values: object) -> None:
        # The first object of a class compiles its constructor, which takes this one's place.
        install_constructor(type(self))
        self.__init__(**values)  # type: ignore[misc]  # the one just installed

    @classmethod
    def frozen_default(cls) -> Self:
        """Return the shared object of defaults, which refuses to be changed."""
        if cls._frozen is None:
            frozen = StructMeta(cls.__name__, (cls,), {"__setattr__": _refuse_change})
            frozen.FIELDS = cls.FIELDS
            made: Any = object.__new__(frozen)  # type: ignore[arg-type]  # a class of ours
            fresh = cls()
            for name in cls.FIELDS:
                object.__setattr__(made, name, getattr(fresh, name))
            cls._frozen = made
        shared: Self = cls._frozen
        return shared

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
        reader = cls._readers.get(version) or reader_of(cls, version)
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
        writer = self._writers.get(version) or writer_of(type(self), version)
        return writer(self, prefix)

    def encode_bytes(self, version: int) -> bytes:
        """Write the message as one bytes object; raises as `encode` does."""
        return b"".join(self.encode(version))


def install_constructor(cls: type[Struct]) -> None:
    """Compile the constructor of a class."""
    from logcore.protocol.codec import compile_constructor  # noqa: PLC0415 - on first use

    cls.__init__ = compile_constructor(cls)  # type: ignore[method-assign]


def reader_of(cls: type[Message], version: int) -> Reader:
    """Compile the function that reads a version of a message, and keep it."""
    from logcore.protocol.codec import compile_reader  # noqa: PLC0415 - on first use

    reader: Reader = compile_reader(cls, version)
    cls._readers[version] = reader
    return reader


def writer_of(cls: type[Message], version: int) -> Writer:
    """Compile the function that writes a version of a message, and keep it."""
    from logcore.protocol.codec import compile_writer  # noqa: PLC0415 - on first use

    writer: Writer = compile_writer(cls, version)
    cls._writers[version] = writer
    return writer
