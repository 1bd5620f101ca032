"""What a schema registry speaks of: schemas, where they are registered, how they may change.

Invariant: values; equal ones are equal. Text is kept as the registry has it.
Neighbours: `answers` makes these of JSON; `registry` takes and gives them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

AVRO = "AVRO"
JSON = "JSON"
PROTOBUF = "PROTOBUF"
LATEST = "latest"


class Compatibility(StrEnum):
    """How the schemas of a subject may change, by who must be able to read what others wrote."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"


class Mode(StrEnum):
    """What a registry lets its clients do."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"
    IMPORT = "IMPORT"
    FORWARD = "FORWARD"


@dataclass(frozen=True, slots=True)
class SchemaReference:
    """A schema that another needs.

    Attributes:
        name: What the other calls it: an Avro type, an import of Protobuf, a ``$ref`` of JSON.
        subject: Where it is registered.
        version: Which of the subject's.
    """

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema.

    Attributes:
        text: The schema itself: JSON for Avro and JSON Schema; for Protobuf a ``.proto`` file, or a
            ``FileDescriptorProto`` in base64.
        type: ``AVRO``, ``JSON`` or ``PROTOBUF``.
        references: What it needs of others.

    Example:
        >>> Schema('"string"').body()
        {'schema': '"string"'}
    """

    text: str
    type: str = AVRO
    references: tuple[SchemaReference, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return it as a request has it."""
        told: dict[str, Any] = {"schema": self.text}
        if self.type != AVRO:
            told["schemaType"] = self.type
        if self.references:
            told["references"] = [
                {"name": each.name, "subject": each.subject, "version": each.version}
                for each in self.references
            ]
        return told


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """A schema, and where it is.

    Attributes:
        subject: The subject.
        version: Which of the subject's it is, from 1.
        id: Its number in the registry.
        schema: The schema.
        guid: Its number in every registry, where this one tells.
    """

    subject: str
    version: int
    id: int
    schema: Schema
    guid: str | None = None


@dataclass(frozen=True, slots=True)
class SubjectVersion:
    """One version of a subject."""

    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class CompatibilityResult:
    """Whether a schema may come next.

    Attributes:
        is_compatible: Whether it may.
        messages: Why not, where the registry tells.
    """

    is_compatible: bool
    messages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.is_compatible


@dataclass(frozen=True, slots=True)
class SubjectConfig:
    """Settings of a subject, or of all without their own; None is not set.

    Attributes:
        compatibility: How its schemas may change.
        normalize: Whether schemas are brought into one form before they are compared.
        alias: Another subject that is meant by this one.
        compatibility_group: Of the schema's metadata, the property that tells groups apart.
    """

    compatibility: str | None = None
    normalize: bool | None = None
    alias: str | None = None
    compatibility_group: str | None = None

    def body(self) -> dict[str, Any]:
        """Return it as a request has it."""
        told = {
            "compatibility": self.compatibility,
            "normalize": self.normalize,
            "alias": self.alias,
            "compatibilityGroup": self.compatibility_group,
        }
        return {name: value for name, value in told.items() if value is not None}


def context_of(subject: str | None) -> str:
    """Return the context that a subject is in; the empty one is everybody's.

    Example:
        >>> context_of(":.staging:orders-value"), context_of("orders-value")
        ('.staging', '')
    """
    if subject is None or not subject.startswith(":."):
        return ""
    context = subject[1:].partition(":")[0]
    return "" if context == "." else context


def schema_from(given: str | Mapping[str, Any] | list[Any] | Schema, kind: str) -> Schema:
    """Return a schema that is JSON: from JSON as text, or as Python has it.

    Args:
        given: The schema; one that is made already is returned as it is.
        kind: What it is one of, such as `AVRO`.

    Example:
        >>> schema_from({"type": "array", "items": "string"}, AVRO).text
        '{"type":"array","items":"string"}'
    """
    if isinstance(given, Schema):
        return given
    text = given if isinstance(given, str) else json.dumps(given, separators=(",", ":"))
    return Schema(text, kind)
