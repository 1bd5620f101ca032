"""Reads whatever was written with a schema registry, by what the schema is.

Invariant: the package for a format is imported when the first data of it comes.
Neighbours: `avro`, `protobuf` and `json_schema` read; the command line shows data with it.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from logcore.common.errors import SchemaError
from logcore.common.types import override
from logcore.serialization.framing import framed
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import AVRO, JSON, PROTOBUF
from logcore.serialization.serializer import Deserializer
from logcore.serialization.writing import schema_by


def _avro(registry: SchemaRegistry) -> Deserializer[Any]:
    from logcore.serialization.avro import AvroDeserializer  # noqa: PLC0415 - where it is needed

    return AvroDeserializer(registry)


def _protobuf(registry: SchemaRegistry) -> Deserializer[Any]:
    from logcore.serialization.protobuf import ProtobufDeserializer  # noqa: PLC0415 - as above

    return ProtobufDeserializer(registry)


def _json(registry: SchemaRegistry) -> Deserializer[Any]:
    from logcore.serialization.json_schema import JsonSchemaDeserializer  # noqa: PLC0415 - as above

    return JsonSchemaDeserializer(registry)


MAKERS: dict[str, Callable[[SchemaRegistry], Deserializer[Any]]] = {
    AVRO: _avro,
    JSON: _json,
    PROTOBUF: _protobuf,
}


class RegistryDeserializer(Deserializer[Any]):
    """Reads Avro, Protobuf or JSON, by the type of the schema whose id stands in front of the data.

    Args:
        registry: The registry.
        only: ``AVRO``, ``PROTOBUF`` or ``JSON``, if anything else should be an error.

    Example:
        >>> deserializer = RegistryDeserializer(SchemaRegistry("localhost:8081"), only="AVRO")
    """

    may_block: ClassVar[bool] = True

    def __init__(self, registry: SchemaRegistry, *, only: str | None = None) -> None:
        self._registry = registry
        self._only = only
        self._made: dict[str, Deserializer[Any]] = {}

    @override
    def deserialize(self, topic: str, data: bytes | None) -> Any:  # noqa: ANN401 - what there is
        """Return what some data says: a dict or another value, or a message; None stays None.

        Raises:
            MalformedDataError: If the bytes are no frame, or no data of the schema.
            SchemaError: If the schema is of another type than may be.
            SchemaRegistryError: If the registry does not know the schema, or is away.
            MissingPackageError: If the package for the format is not installed.
        """
        return None if data is None else self._reader(topic, data)[1].deserialize(topic, data)

    def to_json(self, topic: str, data: bytes | None) -> Any:  # noqa: ANN401 - JSON
        """Return what some data says as JSON has it; otherwise as `deserialize`."""
        if data is None:
            return None
        kind, reader = self._reader(topic, data)
        value = reader.deserialize(topic, data)
        if kind == AVRO:
            from logcore.serialization import avro_json  # noqa: PLC0415 - where it is needed

            return avro_json.to_json(value)
        if kind == PROTOBUF:
            from google.protobuf import json_format  # noqa: PLC0415 - where it is needed

            return json_format.MessageToDict(value, preserving_proto_field_name=True)
        return value

    def _reader(self, topic: str, data: bytes) -> tuple[str, Deserializer[Any]]:
        number = framed(data, topic).id
        kind = schema_by(self._registry, number).type
        if kind not in MAKERS or self._only not in (None, kind):
            wanted = self._only or " or ".join(MAKERS)
            message = f"the schema {number} is one of {kind}, and not of {wanted}"
            raise SchemaError(message, topic=topic)
        if kind not in self._made:
            self._made[kind] = MAKERS[kind](self._registry)
        return kind, self._made[kind]
