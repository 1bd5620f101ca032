"""Compiles tables into code: the constructor of a struct, the reader and writer of a version.

Each is compiled when it is first needed, in about a millisecond, and kept by its class.
Invariant: what is compiled stands nowhere else; there is no second, interpreted way to read or
write a message.
Neighbours: `schema` asks and keeps; `reading` and `writing` know how the text of a codec goes.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.field import StructMeta
from logcore.protocol.reading import ReaderSource
from logcore.protocol.source import Source
from logcore.protocol.writing import WriterSource

if TYPE_CHECKING:
    from typing_extensions import Buffer

Reader: TypeAlias = "Callable[[Buffer, int], Any]"
Writer: TypeAlias = "Callable[[Any, bytes], list[Buffer]]"

UNSET: Final = object()
"""Stands for an array that the caller of a constructor left out."""


def compile_constructor(cls: StructMeta) -> Any:  # noqa: ANN401 - an __init__ of its own
    """Compile the constructor of a struct: keywords only, each with the table's default."""
    source = Source()
    parameters, body = [], []
    for name, field in cls.FIELDS.items():
        if field.default == ():
            default = source.bind(UNSET, "unset")
            body.append(f"self.{name} = [] if {name} is {default} else {name}")
        else:
            if field.default is field.of and field.of is not None:
                default = source.bind(field.of.frozen_default(), "default")
            else:
                default = repr(field.default)
            body.append(f"self.{name} = {name}")
        parameters.append(f"{name}={default}")
    keywords = f", *, {', '.join(parameters)}" if parameters else ""
    with source.block(f"def __init__(self{keywords}):"):
        for line in body or ["pass"]:
            source.line(line)
    return source.compile("__init__", f"{cls.__name__} constructor")


def compile_reader(cls: StructMeta, version: int) -> Reader:
    """Compile the reader of a version of a message.

    Raises:
        UnsupportedVersionError: If there is no such version.
    """
    check_version(cls, version)
    reader: Reader = ReaderSource(cls, version).compile()
    return reader


def compile_writer(cls: StructMeta, version: int) -> Writer:
    """Compile the writer of a version of a message.

    Raises:
        UnsupportedVersionError: If there is no such version.
    """
    check_version(cls, version)
    writer: Writer = WriterSource(cls, version).compile()
    return writer


def check_version(cls: StructMeta, version: int) -> None:
    """Refuse versions that the message does not have."""
    first, last = cls.VERSIONS
    if not first <= version <= last:
        raise UnsupportedVersionError(
            f"{cls.__name__} has versions {first} to {last}, not {version}"
        )
