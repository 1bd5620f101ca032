"""Reads a ``.proto`` file, as registries keep them, into the description that Protobuf works with.

What data is read and written by is here: messages, enums, fields, oneofs, maps, groups, extensions
and the options that change bytes or names. Services, other options and reserved numbers are passed
over: data does not depend on them.
Invariant: what is no proto2 or proto3 is a `SchemaError` that names the line. Of messages inside a
message, those of maps come last, for so Confluent's frames count them.
Neighbours: `proto_tokens` takes the text apart; `protobuf_schema` builds with what is made here.
Source: Protocol Buffers' language specification for proto2 and proto3.
"""

from typing import Any, Final

from logcore.common.errors import SchemaError
from logcore.serialization.extras import extra
from logcore.serialization.proto_tokens import FlawError, Reading

SCALARS: Final = {
    "double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "fixed64": 6, "fixed32": 7,
    "bool": 8, "string": 9, "bytes": 12, "uint32": 13, "sfixed32": 15, "sfixed64": 16,
    "sint32": 17, "sint64": 18,
}  # fmt: skip
"""Word -> its number in FieldDescriptorProto.Type."""
GROUP: Final = 10
MESSAGE: Final = 11
STRING: Final = 9
BYTES: Final = 12
LABELS: Final = {"optional": 1, "required": 2, "repeated": 3}
NUMBER_MAX: Final = 2**29 - 1


def parse(source: str, name: str, topic: str | None = None) -> Any:  # noqa: ANN401 - of a package
    """Read a file.

    Args:
        source: The file's text.
        name: What it is called by those that import it.
        topic: For messages.

    Returns:
        A ``FileDescriptorProto``.

    Raises:
        SchemaError: If it is no file of proto2 or proto3.
        MissingPackageError: If protobuf is not installed.
    """
    try:
        return _Parser(source).file(name)
    except FlawError as error:
        raise SchemaError(f"no .proto file: {error}", topic=topic) from None
    except RecursionError:
        raise SchemaError("no .proto file: it is nested too deep", topic=topic) from None


class _Parser(Reading):
    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._made = extra("google.protobuf.descriptor_pb2", "protobuf")
        self._is_proto3 = False

    # ------------------------------------------------------------ the file

    def file(self, name: str) -> Any:  # noqa: ANN401 - of a package
        made = self._made.FileDescriptorProto(name=name)
        if self.next.text == "edition":
            raise FlawError("it is of an edition, and only proto2 and proto3 are read here")
        if self.found("syntax"):
            self.expect("=")
            syntax = self.text().decode(errors="replace")
            if syntax not in ("proto2", "proto3"):
                raise FlawError(f"there is no syntax {syntax!r}")
            self._is_proto3 = syntax == "proto3"
            self.expect(";")
        made.syntax = "proto3" if self._is_proto3 else "proto2"
        while self.next.kind != "end":
            self._at_top(made)
        return made

    def _at_top(self, made: Any) -> None:  # noqa: ANN401 - of a package
        if self.found("import"):
            self._import(made)
        elif self.found("package"):
            made.package = self.take("name")
            self.expect(";")
        elif self.found("message"):
            self._message(made.message_type.add())
        elif self.found("enum"):
            self._enum(made.enum_type.add())
        elif self.found("extend"):
            self._extend(made.extension, made.message_type)
        elif self.found("service"):
            self.word()
            self.expect("{")
            self.pass_over("{")
        elif self.found("option"):
            self.statement()
        elif not self.found(";"):
            raise self.flaw("a message, an enum or an import")

    def _import(self, made: Any) -> None:  # noqa: ANN401 - of a package
        if self.found("public"):
            made.public_dependency.append(len(made.dependency))
        elif self.found("weak"):
            made.weak_dependency.append(len(made.dependency))
        made.dependency.append(self.text().decode(errors="replace"))
        self.expect(";")

    # ------------------------------------------------------------ messages

    def _message(self, made: Any) -> None:  # noqa: ANN401 - of a package
        made.name = self.word()
        self.expect("{")
        self._body(made)

    def _body(self, made: Any) -> None:  # noqa: ANN401 - of a package
        """Read what is in a message, up to its closing brace."""
        maps: list[Any] = []
        while not self.found("}"):
            self._member(made, maps)
        optional = [field for field in made.field if field.proto3_optional]
        for field in optional:
            field.oneof_index = len(made.oneof_decl)
            made.oneof_decl.add(name=_free(f"_{field.name}", made))
        made.nested_type.extend(maps)

    def _member(self, made: Any, maps: list[Any]) -> None:  # noqa: ANN401 - of a package
        opens = self.peek(2) == "{"
        if opens and self.found("message"):
            self._message(made.nested_type.add())
        elif opens and self.found("enum"):
            self._enum(made.enum_type.add())
        elif opens and self.found("extend"):
            self._extend(made.extension, made.nested_type)
        elif opens and self.found("oneof"):
            self._oneof(made)
        elif self.peek(1) == "<" and self.found("map"):
            maps.append(self._map(made.field.add()))
        elif self.next.text == "option":
            self._option(made.options, "map_entry")
        elif self.next.text == "extensions" and self.kind_after() == "number":
            self.skip()
            self._extensions(made)
        elif self.next.text == "reserved" and self.kind_after() in RESERVABLE:
            self.statement()
        elif not self.found(";"):
            self._field(made.field.add(), made.nested_type)

    def _option(self, options: Any, known: str) -> None:  # noqa: ANN401 - of a package
        """Read an option, and keep it if it is the one that matters here and is true."""
        self.expect("option")
        if self.peek(0) == known and self.peek(1) == "=" and self.peek(2) == "true":
            setattr(options, known, True)
        self.statement()

    def _extensions(self, made: Any) -> None:  # noqa: ANN401 - of a package
        while True:
            first = last = self.integer()
            if self.found("to"):
                last = NUMBER_MAX if self.found("max") else self.integer()
            made.extension_range.add(start=first, end=last + 1)
            if not self.found(","):
                break
        self.statement()

    def _extend(self, fields: Any, groups: Any) -> None:  # noqa: ANN401 - of a package
        extendee = self.take("name")
        self.expect("{")
        while not self.found("}"):
            if not self.found(";"):
                made = fields.add(extendee=extendee)
                self._field(made, groups)

    def _oneof(self, made: Any) -> None:  # noqa: ANN401 - of a package
        index = len(made.oneof_decl)
        made.oneof_decl.add(name=self.word())
        self.expect("{")
        while not self.found("}"):
            if self.next.text == "option":
                self.statement()
            elif not self.found(";"):
                field = made.field.add()
                self._typed(field, made.nested_type)
                field.label = LABELS["optional"]
                field.oneof_index = index

    # ------------------------------------------------------------ fields

    def _field(self, made: Any, groups: Any) -> None:  # noqa: ANN401 - of a package
        label = self.next.text
        if label in LABELS and self.kind_after() == "name":
            self.skip()
            made.label = LABELS[label]
            # An extension has presence anyway, and belongs to no message of this file.
            made.proto3_optional = self._is_proto3 and label == "optional" and not made.extendee
        else:
            made.label = LABELS["optional"]
        self._typed(made, groups)
        if not made.proto3_optional:
            made.ClearField("proto3_optional")

    def _typed(self, made: Any, groups: Any) -> None:  # noqa: ANN401 - of a package
        """Read a field from its type on."""
        kind = self.take("name")
        name = self.word()
        made.name = name
        self.expect("=")
        made.number = self._field_number()
        if kind in SCALARS:
            made.type = SCALARS[kind]
        elif kind == "group" and self.next.text in ("{", "["):
            made.type, made.type_name, made.name = GROUP, name, name.lower()
        else:
            made.type_name = kind
        if self.found("["):
            self._field_options(made)
        if made.type == GROUP and made.type_name == name:
            self.expect("{")
            group = groups.add(name=name)
            self._body(group)
        else:
            self.expect(";")

    def _field_number(self) -> int:
        number = self.integer()
        if not 0 < number <= NUMBER_MAX:
            self.back()
            raise self.flaw(f"a number from 1 to {NUMBER_MAX}")
        return number

    def _field_options(self, made: Any) -> None:  # noqa: ANN401 - of a package
        while True:
            name = self._option_name()
            self.expect("=")
            if name == "default":
                made.default_value = self._default(made.type)
            elif name == "json_name":
                made.json_name = self.text().decode(errors="replace")
            elif name == "packed":
                made.options.packed = self.take("name") == "true"
            else:
                self._value()
            if not self.found(","):
                break
        self.expect("]")

    def _option_name(self) -> str:
        name = ""
        while self.next.text != "=":
            if self.found("("):
                self.pass_over("(")
                name += "()"
            else:
                name += self.take("name")
        return name

    def _value(self) -> None:
        """Go past an option's value."""
        if self.found("{"):
            self.pass_over("{")
        elif self.next.kind == "text":
            self.text()
        else:
            self.found("-") or self.found("+")
            self.skip()

    def _default(self, kind: int) -> str:
        """Return a default as a description has it."""
        if self.next.kind == "text":
            data = self.text()
            if kind != BYTES:
                return data.decode(errors="replace")
            return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\{b:03o}" for b in data)  # noqa: PLR2004 - what ASCII can show, without the backslash
        sign = "-" if self.found("-") else ""
        is_number = self.next.kind == "number"
        if is_number and (self.next.text.isdigit() or self.next.text[:2] in ("0x", "0X")):
            return f"{sign}{self.integer()}"
        return f"{sign}{self.skip().text}"

    def _map(self, made: Any) -> Any:  # noqa: ANN401 - of a package
        """Read a map, and return the message that its entries are."""
        self.expect("<")
        key = self.take("name")
        self.expect(",")
        value = self.take("name")
        self.expect(">")
        made.name = self.word()
        self.expect("=")
        made.number = self._field_number()
        made.label = LABELS["repeated"]
        if self.found("["):
            self._field_options(made)
        self.expect(";")
        words = made.name.split("_")
        entry = self._made.DescriptorProto(
            name="".join(w[:1].upper() + w[1:] for w in words) + "Entry"
        )
        entry.options.map_entry = True
        made.type, made.type_name = MESSAGE, entry.name
        for number, (name, kind) in enumerate((("key", key), ("value", value)), start=1):
            field = entry.field.add(name=name, number=number, label=LABELS["optional"])
            if kind in SCALARS:
                field.type = SCALARS[kind]
            else:
                field.type_name = kind
        return entry

    # ------------------------------------------------------------ enums

    def _enum(self, made: Any) -> None:  # noqa: ANN401 - of a package
        made.name = self.word()
        self.expect("{")
        while not self.found("}"):
            if self.next.text == "option" and self.peek(1) != "=":
                self._option(made.options, "allow_alias")
            elif self.next.text == "reserved" and self.peek(1) != "=":
                self.statement()
            elif not self.found(";"):
                value = made.value.add(name=self.word())
                self.expect("=")
                value.number = self.integer()
                if self.found("["):
                    self.pass_over("[")
                self.expect(";")


RESERVABLE: Final = ("number", "text")


def _free(name: str, message: Any) -> str:  # noqa: ANN401 - of a package
    """Return a name that nothing in a message has."""
    taken = {each.name for each in (*message.field, *message.oneof_decl)}
    while name in taken:
        name = f"X{name}"
    return name
