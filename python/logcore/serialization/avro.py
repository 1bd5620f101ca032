"""Avro with a schema registry: records by schema, read as their reader's schema has them.

Invariant: what is written fits its schema, and bytes that do not are errors: no value is cut, no
byte left over. fastavro is imported when the first of these is made.
Neighbours: `writing` chooses the schema and its id; `avro_fit` and `avro_bounds` stand guard before
fastavro, `avro_branches` says into which branches; `framing` is what stands before the data.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from logcore.common.errors import MalformedDataError, SchemaError, UnfitValueError
from logcore.common.types import override
from logcore.serialization import avro_bounds, avro_defaults
from logcore.serialization.avro_branches import branches_of
from logcore.serialization.avro_fit import fit_of
from logcore.serialization.avro_schema import Type, definition, parse
from logcore.serialization.extras import extra
from logcore.serialization.framing import framed, head
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import AVRO, Schema, schema_from
from logcore.serialization.serializer import Deserializer, Serializer
from logcore.serialization.writing import SerdeSettings, Writing, referenced, schema_by

FAILURES: Final = (
    ValueError, TypeError, LookupError, EOFError, ArithmeticError, AttributeError, RecursionError,
)  # fmt: skip
"""What fastavro raises on data, values and schemas that do not go together."""


class Avro:
    """An Avro schema, ready to write and read with.

    Args:
        schema: The schema.
        registry: Where what it refers to is; None if it refers to nothing.
        topic: For messages.

    Raises:
        SchemaError: If it is none.
        SchemaRegistryError: If what it refers to cannot be had.
    """

    def __init__(
        self, schema: Schema, registry: SchemaRegistry | None = None, topic: str | None = None
    ) -> None:
        if schema.type != AVRO:
            message = f"the schema is one of {schema.type}, and not of Avro"
            raise SchemaError(message, topic=topic)
        named: dict[str, Type] = {}
        if registry is not None:
            for each in referenced(registry, schema).values():
                parse(each.schema.text, named, topic)
        self.root = parse(schema.text, named, topic)
        self.fit = fit_of(self.root)
        self.risks = avro_bounds.risks_of(self.root)
        self._topic = topic
        self._named: dict[str, Any] = {}
        try:
            parse_schema = extra("fastavro", "avro").parse_schema
            told = definition(self.root, has_defaults=False)
            self.parsed = _sealed(parse_schema(told, self._named), self._named)
        except (*FAILURES, _schema_errors()) as error:
            raise SchemaError(f"no Avro schema: {error}", topic=topic) from error
        self.branches = branches_of(self.root, avro_defaults.speller(self._named))

    @property
    def name(self) -> str | None:
        """The full name of the record, if it has one."""
        return self.root.name

    def put_defaults(self, of: Callable[[Any, Type], Any]) -> None:
        """Have fastavro know the defaults of fields.

        Args:
            of: Makes what fastavro gets of a default's value, and its type.

        Raises:
            SchemaError: If a default does not fit its field.
        """
        try:
            avro_defaults.put_defaults(self.root, self._named, of)
        except FAILURES as error:
            raise SchemaError(f"no Avro schema: {error}", topic=self._topic) from error

    def written_default(self, value: Any, each: Type) -> Any:  # noqa: ANN401 - of any type
        """Return a default of a type in the schema as fastavro writes it."""
        branches = branches_of(each, avro_defaults.speller(self._named))
        return value if branches is None else branches(value)


def _sealed(parsed: Any, named: dict[str, Any]) -> Any:  # noqa: ANN401 - fastavro's
    """Return a schema that fastavro takes as it is; it would parse some for each value again."""
    for each in parsed if isinstance(parsed, list) else [parsed]:
        if isinstance(each, dict):
            each |= {"__fastavro_parsed": True, "__named_schemas": named}
    return parsed


def _schema_errors() -> type[Exception]:
    found: type[Exception] = extra("fastavro.schema", "avro").SchemaParseException
    return found


class AvroSerializer(Serializer[Any]):
    """Writes values by an Avro schema, after the schema's id in a registry.

    A record is a dict. Of a union's branches the first is taken that keeps the whole value, for an
    int a whole number before others; ``("shop.Cash", {...})`` names the branch where two records
    look alike. Logical types take what Python has for them:
    `datetime`, `Decimal`, `UUID`.

    Args:
        registry: The registry.
        schema: The schema, as JSON or as Python has it; none where ``use.latest.version`` or
            ``use.schema.id`` says which.
        is_key: Whether keys are written.
        to_dict: Makes what the schema has of a program's object.
        config: Settings by their dotted names, such as ``auto.register.schemas``.
        **settings: The same settings, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, or refused.
        SchemaError: If the schema is none.
        MissingPackageError: If fastavro is not installed.

    Example:
        >>> schema = {"type": "record", "name": "shop.Order", "fields": [
        ...     {"name": "table", "type": "int"}, {"name": "what", "type": ["null", "string"]}]}
        >>> serializer = AvroSerializer(SchemaRegistry("localhost:8081"), schema)
    """

    may_block: ClassVar[bool] = True

    def __init__(
        self,
        registry: SchemaRegistry,
        schema: str | Mapping[str, Any] | list[Any] | Schema | None = None,
        *,
        is_key: bool = False,
        to_dict: Callable[[Any], Any] | None = None,
        config: Mapping[str, Any] | None = None,
        **settings: Any,  # noqa: ANN401 - settings are of many types
    ) -> None:
        self._fastavro = extra("fastavro", "avro")
        self._writing = Writing(registry, SerdeSettings(config, settings), is_key=is_key)
        self._to_dict = to_dict
        self._known: dict[Schema, Avro] = {}
        self._own = None if schema is None else schema_from(schema, AVRO)
        self._record = None if self._own is None else self._avro(self._own, None).name

    @override
    def serialize(self, topic: str, value: Any) -> bytes | None:  # noqa: ANN401 - the program's
        """Return a value as Avro, after its schema's id; None stays None.

        Raises:
            UnfitValueError: If the value does not fit the schema; it says where.
            SchemaRegistryError: If the registry refuses the schema, or is away.
        """
        if value is None:
            return None
        made = value if self._to_dict is None else self._to_dict(value)
        number, schema = self._writing.choose(topic, self._record, self._own)
        return head(number) + self.written(self._avro(schema, topic), made, topic)

    def schema_for(self, topic: str) -> Type:
        """Return the schema that a topic is written with.

        Raises:
            SchemaRegistryError: If the registry refuses it, or is away.
        """
        return self._avro(self._writing.choose(topic, self._record, self._own)[1], topic).root

    def _avro(self, schema: Schema, topic: str | None) -> Avro:
        found = self._known.get(schema)
        if found is None:
            found = Avro(schema, self._writing.registry, topic)
            found.put_defaults(found.written_default)
            self._known[schema] = found
        return found

    def written(self, avro: Avro, value: Any, topic: str) -> bytes:  # noqa: ANN401 - the program's
        """Return a value as Avro alone.

        Raises:
            UnfitValueError: If it does not fit the schema.
        """
        problem = avro.fit(value, 0)
        if problem is not None:
            message = f"the value does not fit its Avro schema: {avro.root.shown}{problem}"
            raise UnfitValueError(message, topic=topic)
        sink = io.BytesIO()
        try:
            told = value if avro.branches is None else avro.branches(value)
            self._fastavro.schemaless_writer(sink, avro.parsed, told)
        except FAILURES as error:
            message = f"the value does not fit its Avro schema: {error}"
            raise UnfitValueError(message, topic=topic) from error
        return sink.getvalue()


@dataclass(frozen=True, slots=True)
class _Source:
    """What some data was written by.

    Attributes:
        avro: Its schema.
        reader: fastavro's schema to read it as; None if that is the same.
        lacks_fields: Whether it may lack fields whose defaults are made for each record.
    """

    avro: Avro
    reader: Any
    lacks_fields: bool


def _source(avro: Avro, reader: Avro | None) -> _Source:
    if reader is None or definition(reader.root) == definition(avro.root):
        return _Source(avro, None, lacks_fields=False)
    return _Source(avro, reader.parsed, avro_defaults.may_lack(avro.root, reader.root))


class AvroDeserializer(Deserializer[Any]):
    """Reads what was written by an Avro schema in a registry.

    Args:
        registry: The registry.
        reader_schema: The schema to read as: fields that it lacks are left out, fields that only it
            has get their defaults. None reads as it was written.
        from_dict: Makes a program's object of what was read.
        names_branches: Whether a record of a union with several comes as ``("shop.Cash", {...})``.

    Raises:
        SchemaError: If the reader's schema is none.
        MissingPackageError: If fastavro is not installed.
    """

    may_block: ClassVar[bool] = True

    def __init__(
        self,
        registry: SchemaRegistry,
        reader_schema: str | Mapping[str, Any] | list[Any] | Schema | None = None,
        *,
        from_dict: Callable[[Any], Any] | None = None,
        names_branches: bool = False,
    ) -> None:
        self._fastavro = extra("fastavro", "avro")
        self._unresolved: type[Exception] = extra("fastavro.read", "avro").SchemaResolutionError
        self._registry = registry
        self._from_dict = from_dict
        self._options = {
            "return_record_name": names_branches,
            "return_record_name_override": names_branches,
        }
        self._known: dict[int | str, _Source] = {}
        self._reader = None if reader_schema is None else self._made(reader_schema)

    def _made(self, given: str | Mapping[str, Any] | list[Any] | Schema) -> Avro:
        reader = Avro(schema_from(given, AVRO), self._registry)
        reader.put_defaults(
            lambda value, each: avro_defaults.Fresh(value, each, self._options).made_or_self()
        )
        return reader

    @override
    def deserialize(self, topic: str, data: bytes | None) -> Any:  # noqa: ANN401 - the program's
        """Return what some Avro says, after its schema's id; None stays None.

        Raises:
            MalformedDataError: If the bytes are no frame, or no data of the schema.
            SchemaError: If the schema is not of Avro, or the reader's cannot read it.
            SchemaRegistryError: If the registry does not know the schema, or is away.
        """
        if data is None:
            return None
        frame = framed(data, topic)
        source = self._known.get(frame.id)
        if source is None:
            schema = schema_by(self._registry, frame.id)
            source = _source(Avro(schema, self._registry, topic), self._reader)
            self._known[frame.id] = source
        value = self.read(source, data, frame.start, topic)
        return value if self._from_dict is None else self._from_dict(value)

    def read(self, source: "_Source", data: bytes, start: int, topic: str) -> Any:  # noqa: ANN401
        """Return what some Avro says from a place on.

        Raises:
            MalformedDataError: If it is no data of the schema.
            SchemaError: If the reader's schema cannot read it.
        """
        avro = source.avro
        if avro.risks.are_in(data):
            avro_bounds.check(avro.root, data, start, topic)
        stream = io.BytesIO(data)
        stream.seek(start)
        try:
            value = self._fastavro.schemaless_reader(
                stream, avro.parsed, source.reader, **self._options
            )
        except self._unresolved as error:
            message = f"the reader's schema cannot read what was written: {error}"
            raise SchemaError(message, topic=topic) from error
        except FAILURES as error:
            message = f"no data of the Avro schema {avro.root.shown}: {error!r}"
            raise MalformedDataError(message, topic=topic) from error
        left = len(data) - stream.tell()
        if left:
            message = f"{left} bytes are left over after {avro.root.shown}: another schema's data?"
            raise MalformedDataError(message, topic=topic)
        return avro_defaults.filled(value) if source.lacks_fields else value
