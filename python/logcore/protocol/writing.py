"""Writes the source of a writer: an object in, the buffers of one version of a message out.

The text it makes packs adjacent fixed fields, lengths and short arrays of numbers by one call each,
and appends them to one bytearray. Records above `INLINE_BYTES_MAX` are not copied: the bytearray is
put into the list of buffers, the records after it, and a new one is begun.
In that text `b` is the bytearray, `w` the list; a length or count is one byte where it fits.
Invariant: a value that a version cannot carry is an error, unless its field says ignorable and the
version lacks it.
Neighbours: `reading` is the way back; `source` holds the lines; `wire` what they call.
"""

import struct
from typing import Any, Final, NamedTuple

from logcore.protocol import wire
from logcore.protocol.field import Field, StructMeta
from logcore.protocol.source import Source, exists, may_be_null, reaches

CAUGHT: Final = (struct.error, AttributeError, TypeError, UnicodeEncodeError)
INLINE_BYTES_MAX: Final = 2048


class Item(NamedTuple):
    """What a run is made of: a fixed value, or a count with an array of numbers behind it.

    Attributes:
        letter: The format of the value, or of the count.
        value: The expression of the value, or of the count.
        is_compact: Whether the count is a varint.
        element: The format of the array's numbers; empty for a fixed value.
        array: The name of the array.
    """

    letter: str
    value: str
    is_compact: bool = False
    element: str = ""
    array: str = ""


class WriterSource:
    """The source of the writer of one version of a message.

    Attributes:
        version: The version.
        flexible: Whether lengths are compact and fields may be tagged.
    """

    def __init__(self, cls: StructMeta, version: int) -> None:
        self.version = version
        self.flexible = version >= cls.FLEXIBLE
        self._cls = cls
        self._has_records = reaches(cls, {"records"})
        self._source = Source()
        self._run: list[Item] = []
        self._tag_writers: dict[StructMeta, str] = {}
        namespace = self._source.namespace
        namespace.update({name: getattr(wire, name) for name in wire.CALLED_BY_WRITERS})
        namespace.update(caught=CAUGHT)

    def compile(self) -> Any:  # noqa: ANN401 - a function, typed by the caller
        """Write the writer and compile it."""
        source = self._source
        title = f"{self._cls.__name__} version {self.version}"
        with source.block("def write(o, prefix):"), source.block("try:"):
            source.line("b = bytearray(prefix)")
            if self._has_records:
                source.line("w = []")
            self._struct(self._cls, "o")
            self._flush()
            if self._has_records:
                source.line("w.append(b)")
                source.line("return w")
            else:
                source.line("return [b]")
        with source.block("    except caught as error:"):
            source.line(
                f"    raise unencodable({self._cls.__name__!r}, {self.version}, error) from error"
            )
        return source.compile("write", title)

    # ------------------------------------------------------------ runs

    def _flush(self, varint: str = "", write_varint: str = "varint") -> None:
        """Pack what is pending, and a last varint, by one call where counts fit a byte."""
        run, self._run = self._run, []
        source = self._source
        counts = [item.value for item in run if item.is_compact] + [varint] * bool(varint)
        if not counts:
            self._pack(run)
            return
        with source.block(f"if {' and '.join(f'{count} < 128' for count in counts)}:"):
            self._pack(run + [Item("B", varint)] * bool(varint))
        with source.block("else:"):
            pending: list[Item] = []
            for item in run:
                if not item.is_compact:
                    pending.append(item)
                    continue
                self._pack(pending)
                source.line(f"b += varint({item.value})")
                pending = [Item("", "", element=item.element, array=item.array)]
            self._pack(pending)
            if varint:
                source.line(f"b += {write_varint}({varint})")

    def _pack(self, run: list[Item]) -> None:
        """Append the items of a run by one call; counts in it fit their letters."""
        if not run:
            return
        source = self._source
        parts = [""]
        values, arrays = [], []
        for item in run:
            parts[-1] += item.letter
            values += [item.value] * bool(item.value)
            if item.element:
                parts += [item.element, ""]
                values.append("*" + item.array)
                arrays.append(f"len({item.array})")
        joined = ", ".join(values)
        if arrays:
            packers = source.bind_once(tuple(parts), lambda: wire.Packers(tuple(parts)), "P")
            source.line(f"b += {packers}[{', '.join(arrays)}]({joined})")
        elif parts == ["B"]:
            source.line(f"b.append({joined})")
        else:
            form = ">" + parts[0]
            pack = source.bind_once(form, lambda: struct.Struct(form).pack, "P")
            source.line(f"b += {pack}({joined})")

    # ------------------------------------------------------------ structs and their fields

    def _struct(self, cls: StructMeta, name: str) -> None:
        """Write the fields of the struct called `name`."""
        tagged: dict[str, Field] = {}
        for attribute, field in cls.FIELDS.items():
            expression = f"{name}.{attribute}"
            if not exists(field, self.version):
                if not field.ignorable:
                    with self._source.block(f"if {self._is_set(field, expression)}:"):
                        label = f"{cls.__name__}.{attribute}"
                        self._source.line(f"lacking({label!r}, {self.version})")
            elif field.tag is None:
                self._field(field, expression)
            else:
                tagged[attribute] = field
        if self.flexible:
            self._tags(cls, name, tagged)

    def _is_set(self, field: Field, expression: str) -> str:
        """Return the condition that a field is not its default."""
        if field.default is None:
            return f"{expression} is not None"
        if field.default == ():
            return f"{expression} is None or {expression}" if field.nullable else expression
        if field.default is field.of and field.of is not None:
            shared = self._source.bind(field.of.frozen_default(), "D")
            return f"{expression} is not {shared} and {expression} != {shared}"
        return f"{expression} != {field.default!r}"

    def _field(self, field: Field, expression: str) -> None:
        if field.is_array:
            self._array(field, expression)
        elif field.of is not None:
            self._nested(field, field.of, expression)
        elif field.kind in wire.FORMATS:
            self._run.append(Item(wire.FORMATS[field.kind], expression))
        elif field.kind == "records":
            self._records(field, expression)
        else:
            self._blob(field.kind, expression, nullable=may_be_null(field, self.version))

    def _nested(self, field: Field, cls: StructMeta, expression: str) -> None:
        source = self._source
        name = source.fresh("o")
        source.line(f"{name} = {expression}")
        if not may_be_null(field, self.version):
            self._struct(cls, name)
            return
        self._flush()
        with source.block(f"if {name} is None:"):
            # A tagged struct is null by a varint 0, any other by a byte -1; present is 1 in both.
            source.line(f"b.append({255 if field.tag is None else 0})")
        with source.block("else:"):
            self._run.append(Item("B", "1"))
            self._struct(cls, name)
            self._flush()

    # ------------------------------------------------------------ strings, bytes, records

    def _blob(self, kind: str, expression: str, *, nullable: bool) -> None:
        """Write a string or bytes behind its length."""
        source = self._source
        blob, length = source.fresh("s"), source.fresh("n")
        null = 0 if self.flexible else -1
        encode = ".encode()" if kind == "string" else ""
        plus = " + 1" if self.flexible else ""
        if nullable:
            source.line(f"{blob} = {expression}")
            with source.block(f"if {blob} is None:"):
                source.line(f"{blob} = b''")
                source.line(f"{length} = {null}")
            with source.block("else:"):
                if encode:
                    source.line(f"{blob} = {blob}{encode}")
                source.line(f"{length} = len({blob}){plus}")
        else:
            source.line(f"{blob} = {expression}{encode}")
            source.line(f"{length} = len({blob}){plus}")
        self._length(kind, length)
        source.line(f"b += {blob}")

    def _length(self, kind: str, length: str) -> None:
        """Write a length or count at the end of what is pending."""
        if self.flexible:
            self._flush(length, "string_varint" if kind == "string" else "varint")
        else:
            self._run.append(Item("h" if kind == "string" else "i", length))
            self._flush()

    def _records(self, field: Field, expression: str) -> None:
        """Write records behind their length: a buffer, or several, copied only if small."""
        source = self._source
        blob, length = source.fresh("r"), source.fresh("n")
        source.line(f"{blob} = {expression}")
        with source.block(f"if {blob} is None:"):
            if may_be_null(field, self.version):
                source.line(f"{length} = {0 if self.flexible else -1}")
                source.line(f"{blob} = b''")
            else:
                source.line("raise TypeError('records are null')")
        plus = " + 1" if self.flexible else ""
        with source.block(f"elif type({blob}) is list:"):
            source.line(f"{length} = sum(map(len, {blob})){plus}")
        with source.block("else:"):
            source.line(f"{length} = len({blob}){plus}")
        self._length("records", length)
        with source.block(f"if {length} > {INLINE_BYTES_MAX}:"):
            source.line("w.append(b)")
            source.line("b = bytearray()")
            with source.block(f"if type({blob}) is list:"):
                source.line(f"w += {blob}")
            with source.block("else:"):
                source.line(f"w.append({blob})")
        with source.block(f"elif type({blob}) is list:"):
            source.line(f"for x in {blob}: b += x")
        with source.block("else:"):
            source.line(f"b += {blob}")

    # ------------------------------------------------------------ arrays

    def _array(self, field: Field, expression: str) -> None:
        source = self._source
        items, count = source.fresh("a"), source.fresh("n")
        plus = " + 1" if self.flexible else ""
        source.line(f"{items} = {expression}")
        if may_be_null(field, self.version):
            with source.block(f"if {items} is None:"):
                source.line(f"{items} = ()")
                source.line(f"{count} = {0 if self.flexible else -1}")
            with source.block("else:"):
                source.line(f"{count} = len({items}){plus}")
        else:
            source.line(f"{count} = len({items}){plus}")
        if field.of is None and field.kind in wire.UNPACKERS:
            letter = wire.FORMATS[field.kind]
            self._run.append(
                Item("B" if self.flexible else "i", count, self.flexible, letter, items)
            )
        else:
            self._length("array", count)
            self._elements(field, items)

    def _elements(self, field: Field, items: str) -> None:
        source = self._source
        item = source.fresh("o")
        with source.block(f"for {item} in {items}:"):
            if field.of is not None:
                self._struct(field.of, item)
            elif field.kind == "uuid":
                self._run.append(Item("16s", item))
            else:
                self._blob(field.kind, item, nullable=False)
            self._flush()

    # ------------------------------------------------------------ tagged fields

    def _tags(self, cls: StructMeta, name: str, tagged: dict[str, Field]) -> None:
        """Write a struct's tagged section: those fields that are not their default."""
        if not tagged:
            self._run.append(Item("B", "0"))
            return
        if cls not in self._tag_writers:
            self._tag_writers[cls] = self._source.fresh("T")
            self._tag_writer(cls, tagged)
        self._flush()
        conditions = " or ".join(
            f"({self._is_set(field, f'{name}.{attribute}')})" for attribute, field in tagged.items()
        )
        with self._source.block(f"if {conditions}:"):
            self._source.line(f"b += {self._tag_writers[cls]}({name})")
        with self._source.block("else:"):
            self._source.line("b.append(0)")

    def _tag_writer(self, cls: StructMeta, tagged: dict[str, Field]) -> None:
        """Write the function that returns a struct's tagged section, each field behind its size."""
        source = self._source
        outer, self._run = self._run, []
        with source.function(f"def {self._tag_writers[cls]}(o):"):
            source.line("c = bytearray()")
            source.line("t = 0")
            for attribute, field in sorted(tagged.items(), key=lambda each: each[1].tag or 0):
                with source.block(f"if {self._is_set(field, f'o.{attribute}')}:"):
                    source.line("t += 1")
                    source.line("b = bytearray()")
                    self._field(field, f"o.{attribute}")
                    self._flush()
                    source.line(f"c += varint({field.tag}) + varint(len(b)) + b")
            source.line("return varint(t) + c")
        self._run = outer
