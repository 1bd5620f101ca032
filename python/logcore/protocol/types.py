"""The types of fields, one function each: `int32("9+", default=-1)` is a line of a message's table.

A function returns a `Field` but is typed as the value that the attribute will hold, so that a type
checker knows constructors and attributes of every message. Passed uncalled, it names the element of
an array: `array(int32, "0+")`.
Invariant: ranges of versions stay text until a codec is compiled; a field costs no parsing.
Neighbours: `field` is what they make; `schema` has the base classes; `codec` gives types bytes.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from logcore.common.uuids import ZERO_UUID
from logcore.protocol.field import Field, StructMeta
from logcore.protocol.schema import Struct

if TYPE_CHECKING:
    from typing_extensions import Buffer

T = TypeVar("T")
S = TypeVar("S", bound=Struct)

if TYPE_CHECKING:
    Bytes: TypeAlias = Buffer
    Records: TypeAlias = Buffer | list[Buffer]
else:
    Bytes = Records = Any
"""Bytes: a memoryview when decoded, any buffer to be written. Records: also several, in order."""


if TYPE_CHECKING:

    def _field(kind: str, versions: str, *, default: T, **options: object) -> T:
        """Make a field, which a type checker takes for the value it will hold."""

else:
    _field = Field


def boolean(
    versions: str, *, default: bool = False, tag: int | None = None, ignorable: bool = False
) -> bool:
    """Make a truth value of one byte."""
    return _field("bool", versions, default=default, tag=tag, ignorable=ignorable)


def int8(
    versions: str, *, default: int = 0, tag: int | None = None, ignorable: bool = False
) -> int:
    """Make a signed integer of 8 bits."""
    return _field("int8", versions, default=default, tag=tag, ignorable=ignorable)


def int16(
    versions: str, *, default: int = 0, tag: int | None = None, ignorable: bool = False
) -> int:
    """Make a signed integer of 16 bits."""
    return _field("int16", versions, default=default, tag=tag, ignorable=ignorable)


def uint16(
    versions: str, *, default: int = 0, tag: int | None = None, ignorable: bool = False
) -> int:
    """Make an unsigned integer of 16 bits."""
    return _field("uint16", versions, default=default, tag=tag, ignorable=ignorable)


def int32(
    versions: str, *, default: int = 0, tag: int | None = None, ignorable: bool = False
) -> int:
    """Make a signed integer of 32 bits."""
    return _field("int32", versions, default=default, tag=tag, ignorable=ignorable)


def uint32(
    versions: str, *, default: int = 0, tag: int | None = None, ignorable: bool = False
) -> int:
    """Make an unsigned integer of 32 bits."""
    return _field("uint32", versions, default=default, tag=tag, ignorable=ignorable)


def int64(
    versions: str, *, default: int = 0, tag: int | None = None, ignorable: bool = False
) -> int:
    """Make a signed integer of 64 bits."""
    return _field("int64", versions, default=default, tag=tag, ignorable=ignorable)


def float64(
    versions: str, *, default: float = 0.0, tag: int | None = None, ignorable: bool = False
) -> float:
    """Make a floating-point number of 64 bits."""
    return _field("float64", versions, default=default, tag=tag, ignorable=ignorable)


def uuid(versions: str, *, tag: int | None = None, ignorable: bool = False) -> bytes:
    """Make an id of 16 bytes; by default the zero id, which Kafka takes for none."""
    return _field("uuid", versions, default=ZERO_UUID, tag=tag, ignorable=ignorable)


@overload
def string(
    versions: str, *, default: str = "", tag: int | None = None, ignorable: bool = False
) -> str: ...
@overload
def string(
    versions: str,
    *,
    nullable: str,
    default: str | None = "",
    tag: int | None = None,
    ignorable: bool = False,
) -> str | None: ...
def string(versions: str, **options: Any) -> Any:
    """Make a text, UTF-8 on the wire; a type checker takes it for nullable where it says so."""
    options.setdefault("default", "")
    return Field("string", versions, **options)


@overload
def binary(versions: str, *, tag: int | None = None, ignorable: bool = False) -> Bytes: ...
@overload
def binary(
    versions: str,
    *,
    nullable: str,
    default: bytes | None = b"",
    tag: int | None = None,
    ignorable: bool = False,
) -> Bytes | None: ...
def binary(versions: str, **options: Any) -> Any:
    """Make a field of opaque bytes."""
    options.setdefault("default", b"")
    return Field("bytes", versions, **options)


def records(versions: str, *, nullable: str = "", ignorable: bool = False) -> Any:  # noqa: ANN401
    """Make a field of record batches, which no codec ever copies or looks into.

    Typed by its annotation alone: a request's reader wants one buffer, a response's writer several.
    """
    return Field("records", versions, default=None, nullable=nullable, ignorable=ignorable)


@overload
def struct(of: type[S], versions: str, *, tag: int | None = None, ignorable: bool = False) -> S: ...
@overload
def struct(
    of: type[S],
    versions: str,
    *,
    nullable: str,
    default: S | None = ...,
    tag: int | None = None,
    ignorable: bool = False,
) -> S | None: ...
def struct(of: type[Struct], versions: str, **options: Any) -> Any:
    """Make a struct in place; by default the shared, frozen struct of defaults, or null."""
    options.setdefault("default", of)
    return Field("struct", versions, of=of, **options)


@overload
def array(
    of: Callable[..., T], versions: str, *, tag: int | None = None, ignorable: bool = False
) -> list[T]: ...
@overload
def array(
    of: Callable[..., T],
    versions: str,
    *,
    nullable: str,
    default: list[T] | None = ...,
    tag: int | None = None,
    ignorable: bool = False,
) -> list[T] | None: ...
def array(of: Any, versions: str, **options: Any) -> Any:
    """Make an array of structs (`of` is their class) or of primitives (`of` is their function)."""
    options.setdefault("default", ())
    if isinstance(of, StructMeta):
        return Field("struct", versions, of=of, is_array=True, **options)
    return Field(KIND_BY_FUNCTION[of], versions, is_array=True, **options)


KIND_BY_FUNCTION: dict[Callable[..., object], str] = {
    boolean: "bool",
    int8: "int8",
    int16: "int16",
    uint16: "uint16",
    int32: "int32",
    uint32: "uint32",
    int64: "int64",
    float64: "float64",
    uuid: "uuid",
    string: "string",
    binary: "bytes",
}
