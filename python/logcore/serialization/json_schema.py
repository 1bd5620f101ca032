"""JSON with a schema of a registry.

Invariant: what is written, and what was read, fits its schema, unless ``json.fail.invalid.schema``
is off; nothing is ever fetched from where a ``$ref`` points, but from the registry. jsonschema is
imported when the first of these is made.
Neighbours: `writing` chooses the schema and its id; `json_values` is JSON without a schema.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urljoin

from logcore.common.errors import MalformedDataError, SchemaError, UnfitValueError
from logcore.common.types import override
from logcore.serialization.extras import extra
from logcore.serialization.framing import framed, head
from logcore.serialization.json_values import dumped, loaded
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import JSON, Schema, schema_from
from logcore.serialization.serializer import Deserializer, Serializer
from logcore.serialization.writing import SerdeSettings, Writing, referenced, schema_by

EXTRA: Final = "jsonschema"
DIALECT: Final = "Draft7Validator"
"""For schemas that do not say by which they are meant, as in Confluent's own."""


class JsonSchema:
    """A JSON Schema, ready to check values with.

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
        if schema.type != JSON:
            message = f"the schema is one of {schema.type}, and not of JSON"
            raise SchemaError(message, topic=topic)
        jsonschema = extra(EXTRA, EXTRA)
        needed = {} if registry is None else referenced(registry, schema)
        try:
            told = json.loads(schema.text)
            kind = jsonschema.validators.validator_for(told, getattr(jsonschema, DIALECT))
            kind.check_schema(told)
            base = told.get("$id", "") if isinstance(told, dict) else ""
            texts = {name: json.loads(each.schema.text) for name, each in needed.items()}
            self._validator = kind(told, registry=_resources(texts, base))
        except (ValueError, TypeError, RecursionError, jsonschema.SchemaError) as error:
            reason = getattr(error, "message", None) or error
            raise SchemaError(f"no JSON Schema: {reason}", topic=topic) from None
        self._best: Callable[[Any], Any] = jsonschema.exceptions.best_match
        title = told.get("title") if isinstance(told, dict) else None
        self.name: str | None = title if isinstance(title, str) else None

    def problem(self, value: object) -> str | None:
        """Return where and why a value does not fit; None if it does.

        Raises:
            SchemaError: If the schema refers to what is not among its references.
        """
        try:
            error = self._best(self._validator.iter_errors(value))
        except RecursionError:
            return "it is nested too deep, or its schema refers to itself without an end"
        except extra("referencing.exceptions", EXTRA).Unresolvable as lost:
            message = f"the JSON Schema refers to {lost.ref}, which is not among its references"
            raise SchemaError(message) from None
        if error is None:
            return None
        text = str(error.message)
        return f"{error.json_path}: {text if len(text) < SHORT else f'{text[:SHORT]}...'}"


SHORT: Final = 300


def _resources(texts: Mapping[str, Any], base: str) -> Any:  # noqa: ANN401 - of a package
    """Return what a schema refers to, by name, by that name from the schema's place, and by id."""
    referencing = extra("referencing", EXTRA)
    draft7 = extra("referencing.jsonschema", EXTRA).DRAFT7
    made = referencing.Registry()
    for name, told in texts.items():
        resource = referencing.Resource.from_contents(told, default_specification=draft7)
        own = told.get("$id") if isinstance(told, dict) else None
        places = {name, urljoin(base, name), *([own] if isinstance(own, str) else [])}
        made = made.with_resources((place, resource) for place in sorted(places))
    return made


class JsonSchemaSerializer(Serializer[Any]):
    """Writes JSON that fits a schema, after the schema's id in a registry.

    Args:
        registry: The registry.
        schema: The schema, as JSON or as Python has it; none where ``use.latest.version`` or
            ``use.schema.id`` says which. Its ``title`` is what subjects by record are called after.
        is_key: Whether keys are written.
        to_dict: Makes what JSON has of a program's object.
        config: Settings by their dotted names, such as ``auto.register.schemas``.
        **settings: The same settings, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, or refused.
        SchemaError: If the schema is none.
        MissingPackageError: If jsonschema is not installed.

    Example:
        >>> from logcore.serialization import SchemaRegistry
        >>> schema = {"title": "Order", "properties": {"table": {"type": "integer"}}}
        >>> serializer = JsonSchemaSerializer(SchemaRegistry("localhost:8081"), schema)
    """

    may_block: ClassVar[bool] = True

    def __init__(
        self,
        registry: SchemaRegistry,
        schema: str | Mapping[str, Any] | Schema | None = None,
        *,
        is_key: bool = False,
        to_dict: Callable[[Any], Any] | None = None,
        config: Mapping[str, Any] | None = None,
        **settings: Any,  # noqa: ANN401 - settings are of many types
    ) -> None:
        extra(EXTRA, EXTRA)
        self._settings = SerdeSettings(config, settings)
        self._writing = Writing(registry, self._settings, is_key=is_key)
        self._to_dict = to_dict
        self._known: dict[Schema, JsonSchema] = {}
        self._own = None if schema is None else schema_from(schema, JSON)
        self._title = None if self._own is None else self._checker(self._own, None).name

    @override
    def serialize(self, topic: str, value: Any) -> bytes | None:  # noqa: ANN401 - the program's
        """Return a value as JSON, after its schema's id; None stays None.

        Raises:
            UnfitValueError: If the value does not fit the schema, or JSON has none such.
            SchemaRegistryError: If the registry refuses the schema, or is away.
        """
        if value is None:
            return None
        made = value if self._to_dict is None else self._to_dict(value)
        number, schema = self._writing.choose(topic, self._title, self._own)
        if self._settings.validates:
            problem = self._checker(schema, topic).problem(made)
            if problem is not None:
                message = f"the value does not fit its JSON Schema: {problem}"
                raise UnfitValueError(message, topic=topic)
        return head(number) + dumped(made, topic)

    def _checker(self, schema: Schema, topic: str | None) -> JsonSchema:
        found = self._known.get(schema)
        if found is None:
            found = self._known[schema] = JsonSchema(schema, self._writing.registry, topic)
        return found


class JsonSchemaDeserializer(Deserializer[Any]):
    """Reads JSON that was written with a schema in a registry.

    Args:
        registry: The registry.
        from_dict: Makes a program's object of what was read.
        config: Settings by their dotted names: ``json.fail.invalid.schema``.
        **settings: The same settings, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, or refused.
        MissingPackageError: If jsonschema is not installed.
    """

    may_block: ClassVar[bool] = True

    def __init__(
        self,
        registry: SchemaRegistry,
        *,
        from_dict: Callable[[Any], Any] | None = None,
        config: Mapping[str, Any] | None = None,
        **settings: Any,  # noqa: ANN401 - settings are of many types
    ) -> None:
        extra(EXTRA, EXTRA)
        self._validates = SerdeSettings(config, settings).validates
        self._registry = registry
        self._from_dict = from_dict
        self._known: dict[int | str, JsonSchema] = {}

    @override
    def deserialize(self, topic: str, data: bytes | None) -> Any:  # noqa: ANN401 - what JSON has
        """Return what some JSON says, after its schema's id; None stays None.

        Raises:
            MalformedDataError: If the bytes are no frame, no JSON, or do not fit the schema.
            SchemaError: If the schema is not one of JSON.
            SchemaRegistryError: If the registry does not know the schema, or is away.
        """
        if data is None:
            return None
        frame = framed(data, topic)
        if self._validates and frame.id not in self._known:
            schema = schema_by(self._registry, frame.id)
            self._known[frame.id] = JsonSchema(schema, self._registry, topic)
        value = loaded(data[frame.start :], topic)
        problem = self._known[frame.id].problem(value) if self._validates else None
        if problem is not None:
            message = f"the data does not fit its JSON Schema: {problem}"
            raise MalformedDataError(message, topic=topic)
        return value if self._from_dict is None else self._from_dict(value)
