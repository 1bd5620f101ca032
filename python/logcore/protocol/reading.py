"""Writes the source of a reader: bytes of one version of a message in, an object out.

The text it makes is what one would write by hand: adjacent fields of fixed size are unpacked by one
call straight into attributes, structs are spelled out inside the loops of their arrays, and only
tagged fields, rare as they are, have functions of their own.
In that text `d` is what is indexed, `v` the view that records and bytes are slices of, `p` the
position, `z` the end, `n` a length or count, `x` how many elements may still come.
Invariant: a length or count is compared with the bytes left before anything is made of it, and a
request, which anybody may send, has a bounded number of elements whatever its size.
Neighbours: `writing` is the way back; `source` holds the lines; `wire` what they call.
"""

import struct
from typing import Any, Final

from logcore.protocol import wire
from logcore.protocol.field import Field, StructMeta
from logcore.protocol.source import (
    Source,
    element_size_min,
    exists,
    may_be_null,
    reaches,
)

CAUGHT: Final = (struct.error, IndexError, UnicodeDecodeError)
ELEMENTS_MAX: Final = 1_000_000
"""Elements of arrays that a request may have in all: three bytes can become 300 of memory."""


class ReaderSource:
    """The source of the reader of one version of a message.

    Attributes:
        version: The version.
        flexible: Whether lengths are compact and fields may be tagged.
    """

    def __init__(self, cls: StructMeta, version: int) -> None:
        self.version = version
        self.flexible = version >= cls.FLEXIBLE
        self._cls = cls
        self._has_records = reaches(cls, {"records"})
        self._is_request = cls.__name__.endswith("Request")
        self._source = Source()
        self._run: list[tuple[str, str]] = []  # formats and targets not unpacked yet
        self._tag_readers: dict[StructMeta, str] = {}
        self._owner = cls.__name__
        namespace = self._source.namespace
        namespace.update({name: getattr(wire, name) for name in wire.CALLED_BY_READERS})
        namespace.update(new=object.__new__, caught=CAUGHT)

    def compile(self) -> Any:  # noqa: ANN401 - a function, typed by the caller
        """Write the reader and compile it."""
        source = self._source
        title = f"{self._cls.__name__} version {self.version}"
        with source.block("def read(data, p):"), source.block("try:"):
            if self._has_records:
                source.line("d = v = memoryview(data)")
            else:
                source.line("d = bytes(data)")
                if reaches(self._cls, {"bytes"}):
                    source.line("v = memoryview(d)")
            source.line("z = len(d)")
            if self._is_request:
                source.line(f"x = {ELEMENTS_MAX}")
            source.line(f"o = new({source.bind(self._cls, 'C')})")
            self._struct(self._cls, "o")
            self._flush()
            source.line("return o")
        with source.block("    except caught as error:"):
            source.line(f"    raise malformed({title!r}, error) from None")
        return source.compile("read", title)

    # ------------------------------------------------------------ runs of fixed fields

    def _add(self, letter: str, target: str) -> None:
        self._run.append((letter, target))

    def _flush(self) -> None:
        """Unpack what is pending, by one call."""
        run, self._run = self._run, []
        if not run:
            return
        source = self._source
        if len(run) == 1 and run[0][0] == "B":
            source.line(f"{run[0][1]} = d[p]")
            source.line("p += 1")
            return
        form = ">" + "".join(letter for letter, _ in run)
        unpack = source.bind_once(form, lambda: struct.Struct(form).unpack_from, "U")
        targets = ", ".join(target for _, target in run)
        source.line(f"{targets}{',' if len(run) == 1 else ''} = {unpack}(d, p)")
        source.line(f"p += {struct.calcsize(form)}")

    # ------------------------------------------------------------ structs and their fields

    def _struct(self, cls: StructMeta, name: str) -> None:
        """Read the fields of a struct into the object called `name`."""
        outer, self._owner = self._owner, cls.__name__
        tagged: dict[str, Field] = {}
        for attribute, field in cls.FIELDS.items():
            present = exists(field, self.version)
            if present and field.tag is None:
                self._field(field, f"{name}.{attribute}", attribute)
                continue
            self._source.line(f"{name}.{attribute} = {self._default(field)}")
            if present:
                tagged[attribute] = field
        if self.flexible:
            self._tags(cls, name, tagged)
        self._owner = outer

    def _default(self, field: Field) -> str:
        if field.default == ():
            return "[]"
        if field.default is field.of and field.of is not None:
            return self._source.bind(field.of.frozen_default(), "D")
        return repr(field.default)

    def _field(self, field: Field, target: str, label: str) -> None:
        if field.is_array:
            self._array(field, target, label)
        elif field.of is not None:
            self._nested(field, field.of, target)
        elif field.kind in wire.FORMATS:
            self._add(wire.FORMATS[field.kind], target)
        else:
            self._blob(field, target, label)

    def _nested(self, field: Field, cls: StructMeta, target: str) -> None:
        source = self._source
        name = source.fresh("o")
        made = f"{target} = {name} = new({source.bind(cls, 'C')})"
        if not may_be_null(field, self.version):
            source.line(made)
            self._struct(cls, name)
            return
        self._add("b", "n")
        self._flush()
        # A tagged struct is null by a varint 0, any other by a byte -1.
        with source.block(f"if n < {0 if field.tag is None else 1}:"):
            source.line(f"{target} = None")
        with source.block("else:"):
            source.line(made)
            self._struct(cls, name)
            self._flush()

    # ------------------------------------------------------------ lengths

    def _length(self, kind: str) -> None:
        """Read a length or count into `n`; compact ones still have their one added."""
        if not self.flexible:
            self._add("h" if kind == "string" else "i", "n")
            self._flush()
            return
        self._add("B", "n")
        self._flush()
        more = "more_string_length" if kind == "string" else "more_varint"
        with self._source.block("if n > 127:"):
            self._source.line(f"n, p = {more}(n, d, p)")

    def _refuse(self, label: str) -> str:
        return f"cut_short({self._owner + '.' + label!r}, p, n, z)"

    def _blob(self, field: Field, target: str, label: str, *, nullable: bool | None = None) -> None:
        """Read a string, bytes or records."""
        source = self._source
        self._length(field.kind)
        if may_be_null(field, self.version) if nullable is None else nullable:
            with source.block(f"if n {'< 1' if self.flexible else '< 0'}:"):
                source.line(f"{target} = None")
            with source.block("else:"):
                self._blob_bytes(field.kind, target, label)
        else:
            self._blob_bytes(field.kind, target, label)

    def _blob_bytes(self, kind: str, target: str, label: str) -> None:
        source = self._source
        source.line("e = p + n - 1" if self.flexible else "e = p + n")
        with source.block("if not p <= e <= z:"):
            source.line(self._refuse(label))
        if kind != "string":
            value = "v[p:e]"
        elif self._has_records:
            value = "str(d[p:e], 'utf-8')"
        else:
            value = "d[p:e].decode()"
        source.line(f"{target} = {value}")
        source.line("p = e")

    # ------------------------------------------------------------ arrays

    def _array(self, field: Field, target: str, label: str) -> None:
        source = self._source
        self._length("array")
        if self.flexible:
            source.line("n -= 1")
        if may_be_null(field, self.version):
            with source.block("if n < 0:"):
                source.line(f"{target} = None")
            with source.block("else:"):
                self._elements(field, target, label)
        else:
            self._elements(field, target, label)

    def _elements(self, field: Field, target: str, label: str) -> None:
        source = self._source
        size = element_size_min(field, self.version, flexible=self.flexible)
        with source.block(f"if not 0 <= n * {size} <= z - p:"):
            source.line(self._refuse(label))
        if self._is_request:
            source.line("x -= n")
            with source.block("if x < 0:"):
                source.line(f"too_many({self._owner + '.' + label!r}, {ELEMENTS_MAX})")
        if field.of is not None:
            self._structs(field.of, target)
        elif field.kind == "uuid":
            source.line("e = p + n * 16")
            source.line(f"{target} = [bytes(d[i:i + 16]) for i in range(p, e, 16)]")
            source.line("p = e")
        elif field.kind in wire.FORMATS:
            self._numbers(field.kind, target, size)
        else:
            items, item = source.fresh("a"), source.fresh("x")
            source.line(f"{target} = {items} = []")
            with source.block("for _ in range(n):"):
                self._blob(field, item, label, nullable=False)
                source.line(f"{items}.append({item})")

    def _numbers(self, kind: str, target: str, size: int) -> None:
        """Read an array of numbers by one call; most have only a few."""
        source = self._source
        few = source.bind(wire.UNPACKERS_OF_FEW[kind], "N")
        many = source.bind(wire.UNPACKERS[kind], "N")
        with source.block("if n == 0:"):
            source.line(f"{target} = []")
        with source.block("else:"):
            source.line(
                f"{target} = [*({few}[n] if n < {len(wire.UNPACKERS_OF_FEW[kind])} "
                f"else {many}[n])(d, p)]"
            )
            source.line(f"p += n * {size}")

    def _structs(self, cls: StructMeta, target: str) -> None:
        source = self._source
        items, name = source.fresh("a"), source.fresh("o")
        source.line(f"{target} = {items} = []")
        with source.block("for _ in range(n):"):
            source.line(f"{name} = new({source.bind(cls, 'C')})")
            self._struct(cls, name)
            self._flush()
            source.line(f"{items}.append({name})")

    # ------------------------------------------------------------ tagged fields

    def _tags(self, cls: StructMeta, name: str, tagged: dict[str, Field]) -> None:
        source = self._source
        self._add("B", "t")
        self._flush()
        with source.block("if t:"):
            if not tagged:
                source.line("p = skip_tags(d, p, z, t)")
                return
            if cls not in self._tag_readers:
                self._tag_readers[cls] = source.fresh("T")
                self._tag_reader(cls, tagged)
            source.line(f"p = {self._tag_readers[cls]}({name}, d, {self._view()}, p, z, t)")

    def _view(self) -> str:
        return "v" if reaches(self._cls, {"records", "bytes"}) else "d"

    def _tag_reader(self, cls: StructMeta, tagged: dict[str, Field]) -> None:
        """Write the function that reads a struct's tagged fields, and skips those unknown."""
        source = self._source
        with source.function(f"def {self._tag_readers[cls]}(o, d, v, p, z, t):"):
            if self._is_request:
                source.line(f"x = {ELEMENTS_MAX}")
            with source.block("if t > 127:"):
                source.line("t, p = more_varint(t, d, p)")
            with source.block("for _ in range(t):"):
                source.line("k, p = read_varint(d, p)")
                source.line("n, p = read_varint(d, p)")
                source.line("q = p + n")
                with source.block("if q > z:"):
                    source.line(self._refuse("tagged fields"))
                for attribute, field in tagged.items():
                    with source.block(f"if k == {field.tag}:"):
                        self._field(field, f"o.{attribute}", attribute)
                        self._flush()
                        with source.block("if p != q:"):
                            source.line(self._refuse(attribute))
                        source.line("continue")
                source.line("p = q")
            source.line("return p")
