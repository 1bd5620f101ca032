"""Protobuf of dicts: messages of a schema that nobody generated classes for.

Invariant: as for `protobuf`; a field that the message lacks is an error, never left out.
Neighbours: `protobuf` takes messages of generated classes; the command line writes with this.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from logcore.common.errors import SchemaError, UnfitValueError
from logcore.common.types import override
from logcore.serialization.extras import extra
from logcore.serialization.framing import head, packed_indexes
from logcore.serialization.protobuf_schema import EXTRA, Protobuf, way_to
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import PROTOBUF, Schema
from logcore.serialization.serializer import Serializer
from logcore.serialization.writing import SerdeSettings, Writing


class ProtobufDictSerializer(Serializer[Mapping[str, Any]]):
    """Writes dicts as messages of Protobuf, after their schema's id in a registry.

    A dict has what Protobuf's own JSON has: names as in the file or in camel case, bytes in base64,
    enums by name, times as text.

    Args:
        registry: The registry.
        schema: The ``.proto`` file's text; none where ``use.latest.version`` or ``use.schema.id``
            says which.
        message: The full name of the message; None is the first of the file.
        is_key: Whether keys are written.
        config: Settings by their dotted names, such as ``auto.register.schemas``.
        **settings: The same settings, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, or refused.
        SchemaError: If the schema is none.
        MissingPackageError: If protobuf is not installed.

    Example:
        >>> text = 'syntax = "proto3"; message Order { int32 table = 1; }'
        >>> serializer = ProtobufDictSerializer(SchemaRegistry("localhost:8081"), text)
    """

    may_block: ClassVar[bool] = True

    def __init__(
        self,
        registry: SchemaRegistry,
        schema: str | Schema | None = None,
        message: str | None = None,
        *,
        is_key: bool = False,
        config: Mapping[str, Any] | None = None,
        **settings: Any,  # noqa: ANN401 - settings are of many types
    ) -> None:
        self._json_format = extra("google.protobuf.json_format", EXTRA)
        self._encode_error: type[Exception] = extra("google.protobuf.message", EXTRA).EncodeError
        self._writing = Writing(registry, SerdeSettings(config, settings), is_key=is_key)
        self._own = Schema(schema, PROTOBUF) if isinstance(schema, str) else schema
        self._message = message
        self._known: dict[Schema, tuple[Any, bytes]] = {}
        self._name = message
        if self._own is not None:
            self._name = self._class_of(self._own, None)[0].DESCRIPTOR.full_name

    @override
    def serialize(self, topic: str, value: Mapping[str, Any] | None) -> bytes | None:
        """Return a dict's message, after its schema's id; None stays None.

        Raises:
            UnfitValueError: If the dict does not fit the message.
            SchemaRegistryError: If the registry refuses the schema, or is away.
        """
        if value is None:
            return None
        number, schema = self._writing.choose(topic, self._name, self._own)
        kind, way = self._class_of(schema, topic)
        name = kind.DESCRIPTOR.full_name
        # Google's own messages are text, numbers and lists in JSON; all others are objects.
        given: object = value
        if not isinstance(given, Mapping) and not name.startswith("google.protobuf."):
            problem = f"the value does not fit {name}: give a dict"
            raise UnfitValueError(problem, topic=topic)
        message = kind()
        try:
            self._json_format.ParseDict(value, message)
            data: bytes = message.SerializeToString()
        except (
            self._json_format.ParseError, self._encode_error, ValueError, TypeError,
            AttributeError, RecursionError,
        ) as error:  # fmt: skip
            problem = f"the value does not fit {name}: {error}"
            raise UnfitValueError(problem, topic=topic) from error
        return head(number) + way + data

    def _class_of(self, schema: Schema, topic: str | None) -> tuple[Any, bytes]:
        """Return the message's class in a schema, and the way to it."""
        known = self._known.get(schema)
        if known is None:
            made = Protobuf(schema, self._writing.registry, topic)
            if self._message is None:
                descriptor = next(iter(made.file.message_types_by_name.values()), None)
            else:
                way = made.indexes_of(self._message, topic or "")
                descriptor = made.message(way, topic or "")
            if descriptor is None:
                raise SchemaError("the Protobuf schema has no message", topic=topic)
            found = made.message_class(descriptor), packed_indexes(way_to(descriptor))
            known = self._known[schema] = found
        return known
