"""Writes the keys and values that `produce` is given in the formats that they shall have.

Invariant: what is given as text is JSON for every format but `string` and `uuid`; a record in JSON
is taken as it is. What does not fit is an error before anything of that record is sent.
Neighbours: `formats` has the options and the way back; `logcore.serialization` writes.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logcore.cli.formats import BYTES, REGISTERED, Formats, class_name
from logcore.cli.settings_usage import settings_of_options
from logcore.common.errors import LogcoreError

if TYPE_CHECKING:
    from logcore.cli.entries import Entry
    from logcore.serialization import SchemaRegistry

Write = Callable[[str, Any], bytes | None]
"""Takes a topic and what JSON has, and returns bytes."""
TEXTS: Final = ("string", "uuid")


class Writing:
    """Writes keys and values of records for one topic.

    Args:
        formats: What they shall be in.
        topic: Where they go.
    """

    def __init__(self, formats: Formats, topic: str) -> None:
        self._topic = topic
        self._count = 0
        names = {"key": formats.key, "value": formats.value}
        kinds = {name.partition(":")[0] for name in names.values()}
        self._registry = formats.client() if kinds & set(REGISTERED) else None
        self._names = {which: name for which, name in names.items() if name != BYTES}
        with settings_of_options(formats.of_file.__contains__):
            self._writers = {
                which: writer_of(formats, which, self._registry) for which in self._names
            }

    def __enter__(self) -> "Writing":
        return self

    def __exit__(self, *_: object) -> None:
        if self._registry is not None:
            self._registry.close()

    def entry(self, entry: "Entry", line: bytes | None) -> "Entry":
        """Return a record with key and value as bytes of their formats.

        Args:
            entry: The record as it was read.
            line: The line that it was read from, if that was a record in JSON.

        Raises:
            click.ClickException: If one does not fit its format.
        """
        self._count += 1
        told = {} if line is None else json.loads(line)
        made: dict[str, Any] = {}
        for which, write in self._writers.items():
            data = getattr(entry, which)
            if data is None or f"{which}_base64" in told:
                continue
            try:
                given = told[which] if which in told else self._given(which, data)
                made[which] = write(self._topic, given)
            except (LogcoreError, ValueError) as error:
                message = f"record {self._count}, its {which}: {error}: those before it are sent"
                raise click.ClickException(message) from error
        return entry._replace(**made)

    def _given(self, which: str, data: bytes) -> Any:  # noqa: ANN401 - JSON
        if self._names[which] in TEXTS:
            return data.decode()
        try:
            return json.loads(data)
        except ValueError:
            shown = data[:80].decode(errors="backslashreplace")
            message = f"the {which} is no JSON, as {self._names[which]} needs it: {shown}"
            raise ValueError(message) from None


def writer_of(formats: Formats, which: str, registry: "SchemaRegistry | None") -> Write:
    """Return what writes the keys, or the values."""
    name, _, message = getattr(formats, which).partition(":")
    if name not in REGISTERED:
        return plain_writer(name)
    path = getattr(formats, f"{which}_schema")
    text = None if path is None else Path(path).read_text("utf-8")
    assert registry is not None, "a format with schemas has a registry"
    settings = serde_settings(formats, has_schema=text is not None)
    is_key = which == "key"
    if name == "avro":
        return avro_writer(registry, text, settings, is_key=is_key)
    if name == "protobuf":
        from logcore.serialization.protobuf_dicts import ProtobufDictSerializer  # noqa: PLC0415

        return ProtobufDictSerializer(
            registry, text, message or None, is_key=is_key, config=settings
        ).serialize
    from logcore.serialization.json_schema import JsonSchemaSerializer  # noqa: PLC0415

    return JsonSchemaSerializer(registry, text, is_key=is_key, config=settings).serialize


def plain_writer(name: str) -> Write:
    """Return what writes a format that needs no schema."""
    from logcore import serialization  # noqa: PLC0415 - where needed

    write: Write = getattr(serialization, f"{class_name(name)}Serializer")().serialize
    if name != "uuid":
        return write
    import uuid  # noqa: PLC0415 - where needed

    return lambda topic, given: write(topic, uuid.UUID(given))


def avro_writer(
    registry: "SchemaRegistry", text: str | None, settings: dict[str, Any], *, is_key: bool
) -> Write:
    """Return what writes JSON as Avro."""
    from logcore.serialization.avro import AvroSerializer  # noqa: PLC0415 - where needed
    from logcore.serialization.avro_json import from_json  # noqa: PLC0415 - where needed

    serializer = AvroSerializer(registry, text, is_key=is_key, config=settings)

    def write(topic: str, given: Any) -> bytes | None:  # noqa: ANN401 - JSON
        return serializer.serialize(topic, from_json(given, serializer.schema_for(topic)))

    return write


def serde_settings(formats: Formats, *, has_schema: bool) -> dict[str, Any]:
    """Return the settings of a serializer; without a schema, the latest is written with.

    Raises:
        click.UsageError: If there is neither a schema nor a setting that says which.
    """
    from logcore.serialization.registry.config import SERDE_CONFIG  # noqa: PLC0415 - where needed

    told: dict[str, Any] = {k: v for k, v in (formats.settings or {}).items() if k in SERDE_CONFIG}
    if not has_schema and "use.schema.id" not in told:
        if told.get("use.latest.version", "true").lower() != "true":
            raise click.UsageError("give a schema to write with, or use.latest.version=true")
        told["use.latest.version"] = "true"
    return told
