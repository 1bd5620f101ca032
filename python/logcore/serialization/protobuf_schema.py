"""A Protobuf schema of a registry, made into classes of messages, and classes made into schemas.

Registries keep a file as ``.proto`` text or as its description in base64; both are read. What a
file imports is among the schema's references, under the name that the import has, but for Google's
own files, which come with protobuf's packages.
Invariant: each schema has a pool of descriptors of its own, so that versions of a message never
meet.
Neighbours: `protobuf` reads and writes with these; `proto_text` reads text.
Source: Confluent's documentation of its Protobuf serializers, for references, indexes, base64.
"""

import base64
import binascii
import importlib
from types import ModuleType
from typing import Any, Final

from logcore.common.errors import MalformedDataError, SchemaError, UnfitValueError
from logcore.serialization import proto_text
from logcore.serialization.extras import extra
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import PROTOBUF, Schema
from logcore.serialization.writing import referenced

EXTRA: Final = "protobuf"
OWN_NAME: Final = "(the schema)"
"""What a file is called in its pool, as registries do not keep its name."""
GOOGLES: Final = "google/"
KNOWN: Final = ("google/protobuf/", "google/type/", "confluent/")
"""Where the files are that registries know by themselves."""
CONFLUENTS: Final = {
    "confluent/meta.proto": 'syntax = "proto3"; package confluent;',
    "confluent/type/decimal.proto": (
        'syntax = "proto3"; package confluent.type; '
        "message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }"
    ),
}
"""Files that schemas import without a reference; the first has nothing but options."""


def is_known(name: str) -> bool:
    """Whether an import needs no reference.

    Example:
        >>> is_known("google/protobuf/timestamp.proto"), is_known("money.proto")
        (True, False)
    """
    return name.startswith(KNOWN)


def description_of(schema: Schema, name: str, topic: str | None) -> Any:  # noqa: ANN401 - of a package
    """Return the description of a schema's file.

    Raises:
        SchemaError: If it is none.
    """
    if schema.type != PROTOBUF:
        message = f"the schema is one of {schema.type}, and not of Protobuf"
        raise SchemaError(message, topic=topic)
    described = _described(schema.text)
    if described is None:
        return proto_text.parse(schema.text, name, topic)
    described.name = name
    return described


def _described(text: str) -> Any:  # noqa: ANN401 - of a package
    """Return the description that some base64 is; None if it is none."""
    if ";" in text:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        return extra("google.protobuf.descriptor_pb2", EXTRA).FileDescriptorProto.FromString(data)
    except extra("google.protobuf.message", EXTRA).DecodeError:
        return None


class Protobuf:
    """A Protobuf schema, ready to read and write with.

    Args:
        schema: The schema.
        registry: Where what it imports is; None if it imports nothing but Google's files.
        topic: For messages.

    Raises:
        SchemaError: If it is none, or imports what is not there.
        SchemaRegistryError: If what it refers to cannot be had.
    """

    def __init__(
        self, schema: Schema, registry: SchemaRegistry | None = None, topic: str | None = None
    ) -> None:
        self._topic = topic
        self._pool = extra("google.protobuf.descriptor_pool", EXTRA).DescriptorPool()
        self._added: set[str] = set()
        needed = {} if registry is None else referenced(registry, schema)
        files = {name: description_of(each.schema, name, topic) for name, each in needed.items()}
        own = description_of(schema, OWN_NAME, topic)
        try:
            self._add(own, files)
            self.file = self._pool.FindFileByName(OWN_NAME)
        except (TypeError, KeyError, ValueError, RecursionError) as error:
            raise SchemaError(f"no Protobuf schema: {error}", topic=topic) from None

    def _add(self, described: Any, files: dict[str, Any]) -> None:  # noqa: ANN401 - of a package
        """Add a file to the pool, after what it imports."""
        self._added.add(described.name)
        for name in described.dependency:
            if name in self._added:
                continue
            if name in files:
                self._add(files[name], files)
            elif name in CONFLUENTS:
                self._add(proto_text.parse(CONFLUENTS[name], name), files)
            else:
                self._add_googles(name)
        self._pool.Add(described)

    def _add_googles(self, name: str) -> None:
        """Add a file that comes with a package, after what it imports."""
        module = googles_module(name)
        if module is None:
            hint = ": pip install googleapis-common-protos" if name.startswith(GOOGLES) else ""
            message = f"the schema imports {name}, which is not among its references{hint}"
            raise SchemaError(message, topic=self._topic)
        self._added.add(name)
        for each in module.DESCRIPTOR.dependencies:
            if each.name not in self._added:
                self._add_googles(each.name)
        self._pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)

    def message(self, indexes: tuple[int, ...], topic: str) -> Any:  # noqa: ANN401 - of a package
        """Return the descriptor of the message that a frame leads to.

        Raises:
            MalformedDataError: If it leads nowhere.
        """
        level = list(self.file.message_types_by_name.values())
        found: Any = None
        for index in indexes:
            if index >= len(level):
                message = f"the schema has no message at {list(indexes)}: another schema's data?"
                raise MalformedDataError(message, topic=topic)
            found = level[index]
            level = list(found.nested_types)
        return found

    def indexes_of(self, full_name: str, topic: str) -> tuple[int, ...]:
        """Return the way to a message.

        Raises:
            UnfitValueError: If the schema does not have it.
        """
        try:
            found = self._pool.FindMessageTypeByName(full_name)
        except KeyError:
            found = None
        if found is None or found.file.name != OWN_NAME:
            message = f"the schema to write with has no message {full_name}"
            raise UnfitValueError(message, topic=topic)
        return way_to(found)

    def message_class(self, descriptor: Any) -> Any:  # noqa: ANN401 - of a package
        """Return a class for a message of this schema."""
        return extra("google.protobuf.message_factory", EXTRA).GetMessageClass(descriptor)


def googles_module(name: str) -> ModuleType | None:
    """Return the module that has one of Google's files, if it is installed."""
    if not name.startswith(GOOGLES):
        return None
    try:
        return importlib.import_module(f"{name.removesuffix('.proto').replace('/', '.')}_pb2")
    except ImportError:
        return None


def way_to(descriptor: Any) -> tuple[int, ...]:  # noqa: ANN401 - of a package
    """Return the way to a message: its index in what it stands in, after the way to that."""
    parent = descriptor.containing_type
    before: tuple[int, ...] = ()
    if parent is None:
        level = descriptor.file.message_types_by_name.values()
    else:
        level, before = parent.nested_types, way_to(parent)
    names = [each.full_name for each in level]
    return (*before, names.index(descriptor.full_name))


def text_of(file: Any) -> str:  # noqa: ANN401 - of a package
    """Return a file's description as Confluent's clients register it, in base64."""
    return base64.b64encode(file.serialized_pb).decode()
