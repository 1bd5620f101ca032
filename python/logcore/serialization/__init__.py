"""Between a program's values and the bytes of keys and values: serializers and deserializers.

This module is the room's list. What it names is imported on first use: Avro, Protobuf and JSON
Schema need packages that most programs do without.
Invariant: nothing here knows a client or a broker; a serializer is told the topic, and no more.
Neighbours: `logcore.producer` and `logcore.consumer` call these; the command line uses them, too.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logcore.serialization.auto import RegistryDeserializer as RegistryDeserializer
    from logcore.serialization.avro import AvroDeserializer as AvroDeserializer
    from logcore.serialization.avro import AvroSerializer as AvroSerializer
    from logcore.serialization.fixed_width import BooleanDeserializer as BooleanDeserializer
    from logcore.serialization.fixed_width import BooleanSerializer as BooleanSerializer
    from logcore.serialization.fixed_width import DoubleDeserializer as DoubleDeserializer
    from logcore.serialization.fixed_width import DoubleSerializer as DoubleSerializer
    from logcore.serialization.fixed_width import FloatDeserializer as FloatDeserializer
    from logcore.serialization.fixed_width import FloatSerializer as FloatSerializer
    from logcore.serialization.fixed_width import IntegerDeserializer as IntegerDeserializer
    from logcore.serialization.fixed_width import IntegerSerializer as IntegerSerializer
    from logcore.serialization.fixed_width import LongDeserializer as LongDeserializer
    from logcore.serialization.fixed_width import LongSerializer as LongSerializer
    from logcore.serialization.fixed_width import ShortDeserializer as ShortDeserializer
    from logcore.serialization.fixed_width import ShortSerializer as ShortSerializer
    from logcore.serialization.json_schema import JsonSchemaDeserializer as JsonSchemaDeserializer
    from logcore.serialization.json_schema import JsonSchemaSerializer as JsonSchemaSerializer
    from logcore.serialization.json_values import JsonDeserializer as JsonDeserializer
    from logcore.serialization.json_values import JsonSerializer as JsonSerializer
    from logcore.serialization.protobuf import ProtobufDeserializer as ProtobufDeserializer
    from logcore.serialization.protobuf import ProtobufSerializer as ProtobufSerializer
    from logcore.serialization.protobuf_dicts import (
        ProtobufDictSerializer as ProtobufDictSerializer,
    )
    from logcore.serialization.registry.async_registry import (
        AsyncSchemaRegistry as AsyncSchemaRegistry,
    )
    from logcore.serialization.registry.registry import SchemaRegistry as SchemaRegistry
    from logcore.serialization.registry.schema import Compatibility as Compatibility
    from logcore.serialization.registry.schema import Schema as Schema
    from logcore.serialization.registry.schema import SchemaReference as SchemaReference
    from logcore.serialization.serializer import Deserializer as Deserializer
    from logcore.serialization.serializer import Serializer as Serializer
    from logcore.serialization.text import BytesDeserializer as BytesDeserializer
    from logcore.serialization.text import BytesSerializer as BytesSerializer
    from logcore.serialization.text import StringDeserializer as StringDeserializer
    from logcore.serialization.text import StringSerializer as StringSerializer
    from logcore.serialization.text import UUIDDeserializer as UUIDDeserializer
    from logcore.serialization.text import UUIDSerializer as UUIDSerializer
    from logcore.serialization.text import VoidDeserializer as VoidDeserializer
    from logcore.serialization.text import VoidSerializer as VoidSerializer

_EXPORTS: Final = {
    "AsyncSchemaRegistry": "logcore.serialization.registry.async_registry",
    "ProtobufDictSerializer": "logcore.serialization.protobuf_dicts",
    "RegistryDeserializer": "logcore.serialization.auto",
    "SchemaRegistry": "logcore.serialization.registry.registry",
    **dict.fromkeys(
        ("Compatibility", "Schema", "SchemaReference"), "logcore.serialization.registry.schema"
    ),
    **dict.fromkeys(("Deserializer", "Serializer"), "logcore.serialization.serializer"),
    **{
        f"{kind}{what}": f"logcore.serialization.{module}"
        for module, kinds in {
            "avro": ("Avro",),
            "fixed_width": ("Boolean", "Double", "Float", "Integer", "Long", "Short"),
            "json_schema": ("JsonSchema",),
            "json_values": ("Json",),
            "protobuf": ("Protobuf",),
            "text": ("Bytes", "String", "UUID", "Void"),
        }.items()
        for kind in kinds
        for what in ("Deserializer", "Serializer")
    },
}
"""Public name -> the module that defines it."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name on first use, and keep it."""
        import importlib  # noqa: PLC0415 - on first use only

        if name not in _EXPORTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_EXPORTS[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
