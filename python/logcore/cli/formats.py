"""The formats that keys and values are in: what `consume` shows of them.

Invariant: without a format bytes stay bytes; with one, what cannot be read is an error that names
the record. What is shown as text or by a format of kcat's is the same JSON as with ``-o json``.
Neighbours: `format_writing` is the way in, for `produce`; `logcore.serialization` reads.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

import click

from logcore.cli.connecting import ClusterOptions
from logcore.cli.settings_usage import settings_of_options
from logcore.cli.typed import Typed
from logcore.common.errors import LogcoreError
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.record import ConsumerRecord
    from logcore.serialization import SchemaRegistry

F = TypeVar("F", bound=Callable[..., Any])
Read = Callable[[str, bytes | None], Any]
"""Takes a topic and bytes, and returns what JSON has."""

PLAIN: Final = ("string", "json", "integer", "long", "short", "float", "double", "boolean", "uuid")
REGISTERED: Final = {
    "avro": "AVRO",
    "protobuf": "PROTOBUF",
    "json-schema": "JSON",
    "registry": None,
}
"""Those whose schema is in a registry -> its type; None takes any."""
BYTES: Final = "bytes"
REGISTRY_VARIABLE: Final = "LOGCORE_SCHEMA_REGISTRY"
REGISTRY_KEYS: Final = ("schema.registry.", "basic.auth.", "bearer.auth.")
QUICK: Final = {"max.retries": 1, "http.connect.timeout.ms": 10_000, "http.read.timeout.ms": 10_000}
"""Somebody waits: a registry that is not there is said sooner than to a program."""


@dataclass(frozen=True, slots=True)
class Formats:
    """What keys and values are in.

    Attributes:
        key: The format of keys.
        value: The format of values.
        registry: Where the schema registry is.
        key_schema: The file with the schema to write keys with.
        value_schema: The file with the schema to write values with.
        settings: Settings of the registry and of its serializers, by Confluent's keys.
        of_file: Those of them that a file has.
    """

    key: str
    value: str
    registry: str | None
    key_schema: str | None = None
    value_schema: str | None = None
    settings: dict[str, str] | None = None
    of_file: frozenset[str] = frozenset()

    @property
    def are_plain(self) -> bool:
        """Whether keys and values are bytes."""
        return self.key == self.value == BYTES

    def apart(self, cluster: ClusterOptions) -> "tuple[Formats, ClusterOptions]":
        """Return these with the registry's settings, and the cluster without them."""
        if not cluster.settings:
            return self, cluster
        from logcore.serialization.registry import config  # noqa: PLC0415 - with settings only

        tables = (config.REGISTRY_CONFIG, config.SERDE_CONFIG)
        own = {
            key: value
            for key, value in cluster.settings.items()
            if key.startswith(REGISTRY_KEYS) or any(key in table for table in tables)
        }
        left = {key: value for key, value in cluster.settings.items() if key not in own}
        of_registry = replace(self, settings=own, of_file=cluster.of_file)
        return of_registry, replace(cluster, settings=left)

    def client(self) -> "SchemaRegistry":
        """Return a client of the registry.

        Raises:
            click.UsageError: If nobody said where it is, or an option said what is no setting.
        """
        from logcore.serialization.registry import config  # noqa: PLC0415 - with a registry only
        from logcore.serialization.registry.registry import SchemaRegistry  # noqa: PLC0415

        told = {k: v for k, v in (self.settings or {}).items() if k not in config.SERDE_CONFIG}
        if self.registry is None and config.URL not in told:
            message = f"say where the schema registry is: --registry URL, or {REGISTRY_VARIABLE}"
            raise click.UsageError(message)
        with settings_of_options(self.of_file.__contains__):
            return SchemaRegistry(self.registry, config=QUICK | told)


def format_options(command: F) -> F:
    """Give a command ``--value-format``, ``--key-format`` and ``--registry``, as `formats`."""
    return _options(command, writes=False)


def writing_options(command: F) -> F:
    """Give a command the same, and ``--value-schema`` and ``--key-schema``."""
    return _options(command, writes=True)


class FormatParameter(Typed):
    """The name of a format; for Protobuf perhaps with a message behind it."""

    name = "format"

    def __init__(self, *, writes: bool) -> None:
        self.known = [
            BYTES,
            *PLAIN,
            *(name for name in REGISTERED if not writes or REGISTERED[name]),
        ]
        self.writes = writes

    @override
    def read(self, text: str) -> str:
        """Check a name."""
        name, _, message = text.partition(":")
        if name not in self.known or (message and not (self.writes and name == "protobuf")):
            raise ValueError(f"{text} is no format: there are {', '.join(self.known)}")
        return text


def _options(command: F, *, writes: bool) -> F:
    def made(context: click.Context, _: click.Parameter, value: str) -> Formats:
        names = ("key_format", "registry", *(("key_schema", "value_schema") if writes else ()))
        told = {name: context.params.pop(name) for name in names}
        return Formats(told.pop("key_format"), value, **told)

    kind = FormatParameter(writes=writes)
    told = {"protobuf": "protobuf[:MESSAGE]"} if writes else {}
    listed = ", ".join(told.get(name, name) for name in kind.known)
    schema = click.Path(exists=True, dir_okay=False)
    added = [
        click.option(
            "--value-format", "formats", type=kind, default=BYTES, callback=made, metavar="FORMAT",
            help=f"What values are in: {listed}.",
        ),
        click.option(
            "--key-format", type=kind, default=BYTES, is_eager=True, metavar="FORMAT",
            help="What keys are in.",
        ),
        click.option(
            "--registry", envvar=REGISTRY_VARIABLE, is_eager=True, metavar="URL",
            help=f"The schema registry.  [env: {REGISTRY_VARIABLE}]",
        ),
    ]  # fmt: skip
    if writes:
        added += [
            click.option(
                "--value-schema", type=schema, is_eager=True, metavar="FILE",
                help="The schema of values; default: the latest in the registry.",
            ),
            click.option(
                "--key-schema", type=schema, is_eager=True, metavar="FILE",
                help="The schema of keys; default: the latest in the registry.",
            ),
        ]  # fmt: skip
    for option in reversed(added):
        command = option(command)
    return command


class Shown(NamedTuple):
    """A record whose key and value were read: what shows a `ConsumerRecord` shows this.

    Attributes:
        told: Of key and value, those that were read, as JSON has them.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: "tuple[tuple[str, bytes | None], ...]"
    told: dict[str, Any]


class Reading:
    """Reads the keys and values of records.

    Args:
        formats: What they are in.
    """

    def __init__(self, formats: Formats) -> None:
        names = {"key": formats.key, "value": formats.value}
        self._registry = formats.client() if set(names.values()) & set(REGISTERED) else None
        self._readers = {
            which: reader_of(name, self._registry) for which, name in names.items() if name != BYTES
        }

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        if self._registry is not None:
            self._registry.close()

    def of(self, records: "Iterable[ConsumerRecord]") -> "Iterator[ConsumerRecord]":
        """Yield records as what shows them takes them.

        Raises:
            click.ClickException: If one cannot be read.
        """
        for record in records:
            told = {which: self._read(record, which) for which in self._readers}
            data = {"key": record.key, "value": record.value}
            data |= {which: shown_text(value) for which, value in told.items()}
            shown = Shown(
                record.topic, record.partition, record.offset, record.timestamp,
                data["key"], data["value"], tuple(record.headers), told,
            )  # fmt: skip
            yield cast("ConsumerRecord", shown)

    def _read(self, record: "ConsumerRecord", which: str) -> Any:  # noqa: ANN401 - JSON
        try:
            return printable(self._readers[which](record.topic, getattr(record, which)))
        except LogcoreError as error:
            place = f"{record.topic}-{record.partition} at offset {record.offset}"
            hint = f"go on after it with -p {record.partition} --offset {record.offset + 1}"
            message = f"{place}: the {which} cannot be read: {error} ({hint})"
            raise click.ClickException(message) from error


def reader_of(name: str, registry: "SchemaRegistry | None") -> Read:
    """Return what reads a format as JSON."""
    if name in REGISTERED:
        from logcore.serialization.auto import RegistryDeserializer  # noqa: PLC0415 - where needed

        assert registry is not None, "a format with schemas has a registry"
        return RegistryDeserializer(registry, only=REGISTERED[name]).to_json
    from logcore import serialization  # noqa: PLC0415 - where needed
    from logcore.serialization import avro_json  # noqa: PLC0415 - where needed

    reader = getattr(serialization, f"{class_name(name)}Deserializer")()
    return lambda topic, data: avro_json.to_json(reader.deserialize(topic, data))


def class_name(name: str) -> str:
    """Return what the classes of a plain format begin with."""
    return "UUID" if name == "uuid" else name.capitalize()


def printable(value: Any) -> Any:  # noqa: ANN401 - JSON
    r"""Return JSON without halves of characters, which JSON may have and no output takes.

    Example:
        >>> printable({"a": ["\ud800!"]})
        {'a': ['\\ud800!']}
    """
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {printable(name): printable(part) for name, part in value.items()}
        case list():
            return [printable(part) for part in value]
        case _:
            return value


def shown_text(value: Any) -> bytes | None:  # noqa: ANN401 - JSON
    """Return what was read as text: text as it is, other things as JSON, nothing as nothing."""
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    import json  # noqa: PLC0415 - where something is read

    return json.dumps(value, ensure_ascii=False).encode()
