"""`BrokerConfig`: the settings of one broker, checked, and what was changed since it started.

A setting is read as `config.num_partitions`, `config["num.partitions"]`, or through the properties
that join several keys (`listeners`, `log_dirs`). Changes made while it runs lie on top (`overlay`),
so whoever reads a setting when it is needed sees the newest value.
Invariant: every value is of its key's type and allowed; what logcore cannot do was refused.
Neighbours: `sources` reads, `given_keys` and `refusals` check; `configs` lays changes on top.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from logcore.broker.config.broker_keys import BROKER
from logcore.broker.config.given_keys import (
    Given,
    base_name,
    check_known,
    definition,
    listener_prefix,
    may_differ,
)
from logcore.broker.config.listeners import PROTOCOLS, Endpoint, endpoints, protocol_map
from logcore.broker.config.refusals import check_values
from logcore.broker.config.sources import gather
from logcore.common.config import ConfigError, Value
from logcore.common.types import override

_BETWEEN_BROKERS: Final = "inter.broker.listener.name"
_PROTOCOL_BETWEEN_BROKERS: Final = "security.inter.broker.protocol"

SYNONYMS: Final = (
    ("log.roll.ms", "log.roll.hours"),
    ("log.roll.jitter.ms", "log.roll.jitter.hours"),
    ("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
    ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
)
"""Keys for the same thing in other units; the first that is set wins."""

SYNONYMS_OF: Final = {
    name: names
    for names in SYNONYMS
    for name in names
    if name != "log.flush.scheduler.interval.ms"  # only a default for the other
}


class BrokerConfig(Mapping[str, Any]):
    """The settings of one broker: a mapping of keys to values, of which each is an attribute too.

    Args:
        settings: Key -> text.

    Raises:
        ConfigError: If a key is unknown, or a value not allowed.

    Example:
        >>> config = BrokerConfig({"num.partitions": "4"})
        >>> config.num_partitions, config["log.retention.hours"]
        (4, 168)
    """

    __slots__ = ("_advertised", "_listeners", "_overlaid", "_values", "static", "warnings")

    static: dict[str, str]
    """What was given at the start: key -> text."""

    warnings: tuple[str, ...]
    """What a user should know of the settings, a sentence each."""

    def __init__(
        self, settings: Mapping[str, str | Given] | None = None, warnings: Iterable[str] = ()
    ) -> None:
        given = {
            name: value if isinstance(value, Given) else Given(value, "settings")
            for name, value in (settings or {}).items()
        }
        check_known(given)
        values = {name: key.default for name, key in BROKER.items()}
        for name, value in given.items():
            values[name] = _parsed(name, value)
        self.static = {name: value.text for name, value in given.items()}
        self.warnings = tuple(warnings)
        self._values: dict[str, Value] = values
        self._overlaid = values
        self._adopt_broker_id()
        check_values(values)
        self._listeners, self._advertised = self._read_listeners()

    @staticmethod
    def load(
        file: str | os.PathLike[str] | None = None,
        environment: Mapping[str, str] | None = None,
        settings: Iterable[str] = (),
        defaults: Mapping[str, str] | None = None,
    ) -> "BrokerConfig":
        """Read the settings from where a user left them.

        Args:
            file: TOML or `server.properties`.
            environment: Variables such as `LOGCORE_NUM_PARTITIONS`.
            settings: `KEY=VALUE`, as after `--set`; stronger than the rest.
            defaults: What holds where none of them says anything.

        Raises:
            ConfigError: If a key is unknown, or a value not allowed.
            OSError: If the file cannot be read.
        """
        return BrokerConfig(*gather(file, environment or {}, settings, defaults or {}))

    def _adopt_broker_id(self) -> None:
        """Take `broker.id` for `node.id` where only one is given; both must agree."""
        for name, other in (("node.id", "broker.id"), ("broker.id", "node.id")):
            if name in self.static and other not in self.static:
                self._values[other] = self._values[name]
                self.static[other] = self.static[name]
        if self._values["broker.id"] == BROKER["broker.id"].default:
            self._values["broker.id"] = self._values["node.id"]
        if self._values["node.id"] != self._values["broker.id"]:
            message = "node.id and broker.id must be the same number where both are given"
            raise ConfigError(message, key="node.id")

    def _read_listeners(self) -> tuple[tuple[Endpoint, ...], dict[str, Endpoint]]:
        mapped = protocol_map(str(self._values["listener.security.protocol.map"]))
        controllers = {name.upper() for name in self.names("controller.listener.names")}
        if "listener.security.protocol.map" not in self.static:
            mapped = dict.fromkeys(controllers, PROTOCOLS[0]) | mapped
        every = endpoints("listeners", self.names("listeners"), mapped)
        served = tuple(one for one in every if one.name not in controllers)
        if not served:
            raise ConfigError("listeners: none of them is for clients", key="listeners")
        self._check_between_brokers(served)
        named = endpoints("advertised.listeners", self.names("advertised.listeners"), mapped)
        advertised = {one.name: one for one in named if one.name not in controllers}
        for one in advertised.values():
            _check_advertised(one, served)
        return served, advertised

    def _check_between_brokers(self, served: tuple[Endpoint, ...]) -> None:
        """Check that brokers would find each other, though one alone asks nobody."""
        name = str(self._values[_BETWEEN_BROKERS] or "")
        problem = ""
        if name and all(name.upper() != one.name for one in served):
            problem = f"{name} is not among listeners"
        elif name and _PROTOCOL_BETWEEN_BROKERS in self.static:
            problem = f"set either this or {_PROTOCOL_BETWEEN_BROKERS}, not both"
        if problem:
            raise ConfigError(f"{_BETWEEN_BROKERS}: {problem}", key=_BETWEEN_BROKERS)

    @override
    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - of the key's type
        return self._overlaid[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._overlaid)

    @override
    def __len__(self) -> int:
        return len(self._overlaid)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of the key's type
        try:
            return self._overlaid[name.replace("_", ".")]
        except KeyError:
            raise AttributeError(f"no setting {name}") from None

    def names(self, name: str) -> tuple[str, ...]:
        """Return the value of a list; empty where nothing is set."""
        value = self._overlaid[name]
        return value if isinstance(value, tuple) else ()

    def of_listener(self, listener: str, name: str) -> Any:  # noqa: ANN401 - of the key's type
        """Return a setting of one listener: its own, or else what holds for all."""
        own = listener_prefix(listener) + name
        return self._overlaid[own] if own in self._overlaid else self._overlaid[name]

    @property
    def listeners(self) -> tuple[Endpoint, ...]:
        """The listeners for clients; the controller's are not opened, one node asks itself."""
        return self._listeners

    def advertised(self, listener: str) -> Endpoint | None:
        """Return what clients are told to connect to, if that was set: else it is derived."""
        return self._advertised.get(listener)

    @property
    def log_dirs(self) -> tuple[str, ...]:
        """The directories of logs."""
        return self.names("log.dirs") or self.names("log.dir")

    @property
    def metadata_dir(self) -> str:
        """The directory below which `__cluster_metadata-0` lies."""
        return str(self._overlaid["metadata.log.dir"] or self.log_dirs[0])

    def without_effect(self) -> list[tuple[str, str]]:
        """Return the keys that were given and are left at that, each with the reason."""
        from logcore.broker.config.no_effect import reason  # noqa: PLC0415 - when asked

        found = []
        for name in self.static:
            base = base_name(name)
            why = reason(base)
            if why is None and base != name and not may_differ(base):
                why = "only settings of TLS, logins and rates may differ between listeners"
            if why is not None:
                found.append((name, why))
        return found

    def with_changes(self, changes: Mapping[str, str]) -> dict[str, Value]:
        """Return all values as they would be with changes on top of what was given at the start.

        Raises:
            ConfigError: If a key is unknown, or a value not allowed.
        """
        values = dict(self._values)
        for name, text in changes.items():
            key = definition(name)
            if key is None:
                raise BROKER.unknown(name)
            for synonym in SYNONYMS_OF.get(name, ()):
                values[synonym] = BROKER[synonym].default
            values[name] = key.parse(text)
        return values

    def overlay(self, changes: Mapping[str, str]) -> None:
        """Lay changes on top of what the broker was started with, in place of earlier ones."""
        self._overlaid = self.with_changes(changes)


def _parsed(name: str, value: Given) -> Value:
    key = definition(name)
    assert key is not None, "unknown keys were refused"
    try:
        return key.parse(value.text)
    except ConfigError as error:
        error.args = (f"{value.origin}: {error}",)
        raise


def _check_advertised(endpoint: Endpoint, served: tuple[Endpoint, ...]) -> None:
    key = "advertised.listeners"
    if endpoint.host in ("0.0.0.0", "::"):  # noqa: S104 - refused
        message = f"{key}: clients cannot connect to {endpoint.host}; name an address of this host"
        raise ConfigError(message, key=key)
    if not endpoint.host:
        raise ConfigError(f"{key}: {endpoint.name} names no host", key=key)
    if all(endpoint.name != one.name for one in served):
        raise ConfigError(f"{key}: {endpoint.name} is not among listeners", key=key)
