"""Which schema a serializer writes with, and what is told of it in the registry.

Invariant: an id that stands in front of data is one that the registry gave, for the schema that the
data was written with. What was settled for a topic and a schema is settled once.
Neighbours: the serializers of the three formats ask; `subjects` names the subject.
Source: Confluent's `AbstractKafkaSchemaSerDeConfig`, for what the settings do.
"""

from collections.abc import Mapping
from typing import Any, Final

from logcore.common.config import ConfigError
from logcore.common.errors import SchemaError
from logcore.serialization.registry.config import SERDE_CONFIG, STRATEGY, Read
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import RegisteredSchema, Schema
from logcore.serialization.subjects import strategy_of

AUTO: Final = "auto.register.schemas"
LATEST: Final = "use.latest.version"
BY_ID: Final = "use.schema.id"


class SerdeSettings:
    """The settings of a serializer or deserializer.

    Args:
        config: Settings by their dotted names.
        settings: The same, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, refused, or contradicts another.
    """

    def __init__(self, config: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> None:
        given = dict(config or {}) | dict(settings)
        own = [given.pop(name) for name in (STRATEGY, STRATEGY.replace(".", "_")) if name in given]
        read = Read(SERDE_CONFIG, given)
        self.strategy = strategy_of(own[-1] if own else read(STRATEGY, str))
        self.normalizes = read("normalize.schemas", bool)
        self.schema_id = read(BY_ID, int)
        self.uses_latest = read(LATEST, bool)
        self.validates = read("json.fail.invalid.schema", bool)
        is_settled = self.uses_latest or self.schema_id >= 0
        if AUTO in read and read(AUTO, bool) and is_settled:
            name = LATEST if self.uses_latest else BY_ID
            message = f"{AUTO} and {name} are given: what is to be written with?"
            raise ConfigError(message, key=name)
        if self.uses_latest and self.schema_id >= 0:
            raise ConfigError(f"{LATEST} and {BY_ID} are given: choose", key=LATEST)
        self.registers = read(AUTO, bool) and not is_settled


class Writing:
    """Finds the id and the schema to write with.

    Args:
        registry: Where schemas are registered.
        settings: How to choose.
        is_key: Whether keys are written.
    """

    def __init__(self, registry: SchemaRegistry, settings: SerdeSettings, *, is_key: bool) -> None:
        self.registry = registry
        self.settings = settings
        self.is_key = is_key
        self._settled: dict[tuple[str, Schema | None], tuple[int, Schema]] = {}

    def subject(self, topic: str, record: str | None) -> str:
        """Return the subject for a topic and a record's name."""
        return self.settings.strategy(topic, self.is_key, record)

    def choose(self, topic: str, record: str | None, own: Schema | None) -> tuple[int, Schema]:
        """Return the id to write in front of data, and the schema to write the data with.

        Args:
            topic: Where the record goes.
            record: The full name of the record, if it has one.
            own: The schema that the serializer was given or knows; None if it has none.

        Raises:
            SchemaRegistryError: If the registry does not have it, does not take it, or is away.
            SchemaError: If there is no schema to write with.
        """
        if self.settings.uses_latest:
            found = self.registry.latest(self.subject(topic, record))
            return found.id, found.schema
        subject = "" if self.settings.schema_id >= 0 else self.subject(topic, record)
        settled = self._settled.get((subject, own))
        if settled is None:
            settled = self._settled[subject, own] = self._ask(subject, own, topic)
        return settled

    def _ask(self, subject: str, own: Schema | None, topic: str) -> tuple[int, Schema]:
        if self.settings.schema_id >= 0:
            return self.settings.schema_id, self.registry.schema(self.settings.schema_id)
        if own is None:
            message = f"give a schema to write with, or {LATEST}=true, or {BY_ID}"
            raise SchemaError(message, topic=topic)
        normalizes = self.settings.normalizes
        if self.settings.registers:
            return self.registry.register(subject, own, normalize=normalizes), own
        return self.registry.lookup(subject, own, normalize=normalizes).id, own


def referenced(registry: SchemaRegistry, schema: Schema) -> dict[str, RegisteredSchema]:
    """Return what a schema needs of others, and what these need, by the names they are called.

    Invariant of the result: what something needs stands before it.

    Raises:
        SchemaRegistryError: If the registry does not have one of them, or is away.
    """
    found: dict[str, RegisteredSchema] = {}
    asked: set[tuple[str, str, int]] = set()

    def gather(needing: Schema) -> None:
        for reference in needing.references:
            key = (reference.name, reference.subject, reference.version)
            if key not in asked:
                asked.add(key)
                needed = registry.version(reference.subject, reference.version, deleted=True)
                gather(needed.schema)
                found.setdefault(reference.name, needed)

    gather(schema)
    return found


def schema_by(registry: SchemaRegistry, number: int | str) -> Schema:
    """Return the schema of an id, or of a GUID.

    Raises:
        SchemaRegistryError: If the registry does not know it, or is away.
    """
    if isinstance(number, int):
        return registry.schema(number)
    return registry.schema_by_guid(number)
