"""The settings of a schema registry's client and of its serializers, under Confluent's names.

Invariant: a key that stands here does something; one that does not is an error that names the
nearest. Values are of their key's type, and allowed.
Neighbours: `registry` and `transport` go by `REGISTRY_CONFIG`, the serializers by `SERDE_CONFIG`.
Source: Confluent's `SchemaRegistryClientConfig` and `AbstractKafkaSchemaSerDeConfig`, for names and
defaults.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from logcore.common.config import (
    BOOLEAN,
    HIGH,
    INT,
    LIST,
    LONG,
    LOW,
    PASSWORD,
    STRING,
    ConfigDef,
    ConfigError,
    ConfigKey,
    Value,
    text_of,
)
from logcore.common.config_values import NATURAL, POSITIVE, OneOf, Range

URL: Final = "schema.registry.url"
TLS: Final = "schema.registry.ssl."
STRATEGY: Final = "subject.name.strategy"

REGISTRY_CONFIG: Final = ConfigDef(
    "schema registry",
    (
        ConfigKey(URL, LIST, None, None, HIGH),
        ConfigKey("basic.auth.credentials.source", STRING, None, OneOf(("URL", "USER_INFO"))),
        ConfigKey("basic.auth.user.info", PASSWORD, None, None),
        ConfigKey("bearer.auth.credentials.source", STRING, None, OneOf(("STATIC_TOKEN",))),
        ConfigKey("bearer.auth.token", PASSWORD, None, None),
        ConfigKey("bearer.auth.logical.cluster", STRING, None, None, LOW),
        ConfigKey("bearer.auth.identity.pool.id", STRING, None, None, LOW),
        ConfigKey(f"{TLS}truststore.location", STRING, None, None),
        ConfigKey(f"{TLS}keystore.location", STRING, None, None),
        ConfigKey(f"{TLS}key.password", PASSWORD, None, None),
        ConfigKey(f"{TLS}endpoint.identification.algorithm", STRING, "https", None, LOW),
        ConfigKey("http.connect.timeout.ms", INT, 60_000, POSITIVE),
        ConfigKey("http.read.timeout.ms", INT, 60_000, POSITIVE),
        ConfigKey("max.retries", INT, 3, NATURAL),
        ConfigKey("retries.wait.ms", INT, 1000, NATURAL, LOW),
        ConfigKey("retries.max.wait.ms", INT, 20_000, NATURAL, LOW),
        ConfigKey("latest.cache.ttl.sec", LONG, -1, Range(-1)),
        ConfigKey("latest.cache.size", INT, 1000, POSITIVE, LOW),
    ),
)
"""Those of the client."""

SERDE_CONFIG: Final = ConfigDef(
    "serializer",
    (
        ConfigKey("auto.register.schemas", BOOLEAN, default=True),
        ConfigKey("normalize.schemas", BOOLEAN, default=False),
        ConfigKey("use.latest.version", BOOLEAN, default=False),
        ConfigKey("use.schema.id", INT, -1, Range(-1)),
        ConfigKey(STRATEGY, STRING, "TopicNameStrategy", None),
        ConfigKey("json.fail.invalid.schema", BOOLEAN, default=True),
    ),
)
"""Those of serializers and deserializers."""

T = TypeVar("T")


class Read:
    """What a table's keys are set to.

    Args:
        definition: The table.
        given: Values by dotted name, or by the same name with underscores.

    Raises:
        ConfigError: If a key is unknown or given twice, or a value is refused.

    Example:
        >>> Read(REGISTRY_CONFIG, {"max_retries": 1})("max.retries", int)
        1
    """

    def __init__(self, definition: ConfigDef, given: Mapping[str, Any]) -> None:
        self.definition = definition
        self._given: dict[str, Value] = {}
        for name, value in given.items():
            key = definition.key(name if name in definition else name.replace("_", "."))
            if key.name in self._given:
                raise ConfigError(f"{key.name} is given twice", key=key.name)
            if value is not None:
                self._given[key.name] = key.parse(_text(key.name, value))

    def __contains__(self, name: str) -> bool:
        """Whether a key was given, rather than left to its default."""
        return name in self._given

    def __call__(self, name: str, kind: type[T]) -> T:
        """Return the value of a key that has one."""
        value = self._given.get(name, self.definition[name].default)
        assert isinstance(value, kind), name
        return value

    def optional(self, name: str) -> str | None:
        """Return the text of a key, if it has any."""
        value = self._given.get(name, self.definition[name].default)
        assert value is None or isinstance(value, str), name
        return value or None


def _text(name: str, value: object) -> str:
    try:
        return text_of(list(value) if isinstance(value, tuple) else value)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}", key=name) from None
