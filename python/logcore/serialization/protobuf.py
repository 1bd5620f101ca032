"""Protobuf with a schema registry.

Invariant: the indexes in a frame lead to the message that was written, in the schema whose id
stands before them. protobuf is imported when the first of these is made.
Neighbours: `protobuf_schema` knows schemas and messages; `writing` chooses the schema and its id;
`framing` is what stands in front of the data.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from logcore.common.errors import MalformedDataError, SchemaError, UnfitValueError
from logcore.common.types import override
from logcore.serialization.extras import extra
from logcore.serialization.framing import framed, head, packed_indexes, unpacked_indexes
from logcore.serialization.protobuf_schema import EXTRA, Protobuf, is_known, text_of, way_to
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import PROTOBUF, Schema, SchemaReference
from logcore.serialization.serializer import Deserializer, Serializer
from logcore.serialization.writing import SerdeSettings, Writing, schema_by


class ProtobufSerializer(Serializer[Any]):
    """Writes messages of Protobuf, after their schema's id in a registry.

    A message's file is registered as its description in base64, and before it the files that it
    imports, each under a subject that is called as the import is; Google's own need none.

    Args:
        registry: The registry.
        message_class: The generated class of what is written; None takes any message.
        is_key: Whether keys are written.
        config: Settings by their dotted names, such as ``auto.register.schemas``.
        **settings: The same settings, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, or refused.
        MissingPackageError: If protobuf is not installed.

    Example:
        >>> from google.protobuf.timestamp_pb2 import Timestamp
        >>> serializer = ProtobufSerializer(SchemaRegistry("localhost:8081"), Timestamp)
    """

    may_block: ClassVar[bool] = True

    def __init__(
        self,
        registry: SchemaRegistry,
        message_class: type[Any] | None = None,
        *,
        is_key: bool = False,
        config: Mapping[str, Any] | None = None,
        **settings: Any,  # noqa: ANN401 - settings are of many types
    ) -> None:
        self._message: type[Any] = extra("google.protobuf.message", EXTRA).Message
        self._encode_error: type[Exception] = extra("google.protobuf.message", EXTRA).EncodeError
        self._settings = SerdeSettings(config, settings)
        self._writing = Writing(registry, self._settings, is_key=is_key)
        self._class = message_class
        self._own: dict[str, Schema] = {}
        self._heads: dict[tuple[str, str, int, Schema], bytes] = {}

    @override
    def serialize(self, topic: str, value: Any) -> bytes | None:  # noqa: ANN401 - a message
        """Return a message's bytes, after its schema's id; None stays None.

        Raises:
            UnfitValueError: If it is no message, of another class, or lacks what is required.
            SchemaRegistryError: If the registry refuses the schema, or is away.
        """
        if value is None:
            return None
        if not isinstance(value, self._class or self._message):
            wanted = "a message" if self._class is None else self._class.__name__
            message = f"a {type(value).__name__} is not {wanted} of Protobuf"
            raise UnfitValueError(message, topic=topic)
        descriptor: Any = value.DESCRIPTOR
        name = descriptor.full_name
        own = self._schema_of(descriptor.file, topic) if self._is_own else None
        number, schema = self._writing.choose(topic, name, own)
        begin = self._heads.get((topic, name, number, schema))
        if begin is None:
            if schema is own:
                way = way_to(descriptor)
            else:
                way = Protobuf(schema, self._writing.registry, topic).indexes_of(name, topic)
            begin = head(number) + packed_indexes(way)
            self._heads[topic, name, number, schema] = begin
        try:
            data: bytes = value.SerializeToString()
        except (self._encode_error, ValueError) as error:
            raise UnfitValueError(f"{name} cannot be written: {error}", topic=topic) from error
        return begin + data

    @property
    def _is_own(self) -> bool:
        """Whether a message is written by its own file's schema."""
        return not self._settings.uses_latest and self._settings.schema_id < 0

    def _schema_of(self, file: Any, topic: str) -> Schema:  # noqa: ANN401 - of a package
        """Return the schema of a message's file, after the files that it imports were seen to."""
        known = self._own.get(file.name)
        if known is None:
            imports = [each for each in file.dependencies if not is_known(each.name)]
            references = tuple(self._reference(each, topic) for each in imports)
            known = self._own[file.name] = Schema(text_of(file), PROTOBUF, references)
        return known

    def _reference(self, file: Any, topic: str) -> SchemaReference:  # noqa: ANN401 - of a package
        registry, normalize = self._writing.registry, self._settings.normalizes
        schema = self._schema_of(file, topic)
        if self._settings.registers:
            registry.register(file.name, schema, normalize=normalize)
        found = registry.lookup(file.name, schema, normalize=normalize)
        return SchemaReference(file.name, found.subject, found.version)


class ProtobufDeserializer(Deserializer[Any]):
    """Reads messages of Protobuf by their schema in a registry.

    Args:
        registry: The registry.
        message_class: The generated class of what is read; None makes a class of the schema, with
            the same fields, but of another type than generated ones.

    Raises:
        MissingPackageError: If protobuf is not installed.
    """

    may_block: ClassVar[bool] = True

    def __init__(self, registry: SchemaRegistry, message_class: type[Any] | None = None) -> None:
        self._decode_error: type[Exception] = extra("google.protobuf.message", EXTRA).DecodeError
        self._registry = registry
        self._class = message_class
        self._known: dict[int | str, Protobuf] = {}
        self._classes: dict[tuple[int | str, tuple[int, ...]], Any] = {}

    @override
    def deserialize(self, topic: str, data: bytes | None) -> Any:  # noqa: ANN401 - a message
        """Return the message that some bytes are, after its schema's id; None stays None.

        Raises:
            MalformedDataError: If the bytes are no frame, or no message of the schema.
            SchemaError: If the schema is not of Protobuf, or has another message than is asked for.
            SchemaRegistryError: If the registry does not know the schema, or is away.
        """
        if data is None:
            return None
        frame = framed(data, topic)
        way, start = unpacked_indexes(data, frame.start, topic)
        kind = self._classes.get((frame.id, way))
        if kind is None:
            kind = self._classes[frame.id, way] = self._class_for(frame.id, way, topic)
        message = kind()
        try:
            message.ParseFromString(data[start:])
        except self._decode_error as error:
            name = kind.DESCRIPTOR.full_name
            raise MalformedDataError(f"no data of {name}: {error}", topic=topic) from error
        return message

    def _class_for(self, number: int | str, way: tuple[int, ...], topic: str) -> Any:  # noqa: ANN401
        schema = self._known.get(number)
        if schema is None:
            found = schema_by(self._registry, number)
            schema = self._known[number] = Protobuf(found, self._registry, topic)
        descriptor = schema.message(way, topic)
        if self._class is None:
            return schema.message_class(descriptor)
        wanted = self._class.DESCRIPTOR.full_name
        if descriptor.full_name != wanted:
            message = f"what was written is a {descriptor.full_name}, and not a {wanted}"
            raise SchemaError(message, topic=topic)
        return self._class
