"""`ConfigRules`: whether a resource may be set to something, asked before anything is written.

Invariant: a change that passed can be applied; a refusal has Apache Kafka's error:
INVALID_CONFIG for a topic or group, INVALID_REQUEST for a broker or a metrics subscription.
Neighbours: `logcore.controller.configuration` asks; `broker_rules` knows the broker's own.
Source: Apache Kafka 4.3.1, `ControllerConfigurationValidator`, `LogConfig`, `GroupConfig` and
`ClientMetricsConfigs` for what goes with what.
"""

import re
from collections.abc import Mapping
from typing import Final

from logcore.broker.config.broker_rules import check_broker
from logcore.broker.config.configs import Configs
from logcore.broker.config.group_bounds import bounds_of
from logcore.broker.config.resources import (
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TABLES,
    TOPIC_RESOURCE,
)
from logcore.broker.config.tables.topic import TOPIC_SYNONYMS
from logcore.common.config import LIST, ConfigError, Value, to_text
from logcore.common.errors import InvalidRequestError
from logcore.protocol.messages.create_topics import CreatableTopicConfigs

_METRICS_INTERVAL_MS: Final = (100, 3_600_000)
_METRICS_MATCH: Final = (
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
)


class Rules:
    """Checks changes against the tables and against the broker's own settings.

    Args:
        configs: What holds now.
    """

    def __init__(self, configs: Configs) -> None:
        self._configs = configs

    def check(self, resource_type: int, resource_name: str, configs: Mapping[str, str]) -> None:
        """Check all that would be set of a resource.

        Raises:
            InvalidConfigError: If a key is unknown, or a value not allowed.
            InvalidRequestError: If it is a broker or metrics subscription, and so refused.
        """
        if resource_type == TOPIC_RESOURCE:
            self._check_topic(configs)
        elif resource_type == GROUP_RESOURCE:
            self._check_group(configs)
        elif resource_type == CLIENT_METRICS_RESOURCE:
            _check_client_metrics(configs)
        else:
            check_broker(self._configs, resource_name, configs)

    def is_list(self, resource_type: int, key: str) -> bool:
        """Return whether the values of a key are lists, to which one may append."""
        table = TABLES.get(resource_type)
        return table is not None and key in table and table[key].type is LIST

    def default(self, resource_type: int, key: str) -> str | None:
        """Return what holds where nothing is set of a resource."""
        if resource_type == TOPIC_RESOURCE:
            synonyms = TOPIC_SYNONYMS.get(key)
            if synonyms:
                return to_text(self._configs.broker()[synonyms[0][0]])
        elif resource_type == BROKER_RESOURCE:
            return to_text(self._configs.broker().get(key))
        table = TABLES.get(resource_type)
        return to_text(table[key].default) if table is not None and key in table else None

    def topic_entries(self, configs: Mapping[str, str]) -> list[CreatableTopicConfigs]:
        """Return all settings of a topic that has these set, with where each comes from."""
        from logcore.broker.config.describe import topic_entries  # noqa: PLC0415 - when asked

        values = self._configs.topic_defaults | TABLES[TOPIC_RESOURCE].parse_all(configs)
        return [
            CreatableTopicConfigs(
                name=entry.name,
                value=configs.get(entry.name, entry.value),
                read_only=entry.read_only,
                config_source=int(entry.source),
                is_sensitive=entry.is_sensitive,
            )
            for entry in topic_entries(self._configs, configs, values)
        ]

    def _check_topic(self, configs: Mapping[str, str]) -> None:
        table = TABLES[TOPIC_RESOURCE]

        values = self._configs.topic_defaults | table.parse_all(configs)
        low, high = values["min.compaction.lag.ms"], values["max.compaction.lag.ms"]
        if _number(low) > _number(high):
            message = (
                f"conflict topic config setting min.compaction.lag.ms ({low}) > "
                f"max.compaction.lag.ms ({high})"
            )
            raise ConfigError(message, key="min.compaction.lag.ms", value=str(low))
        if values["remote.storage.enable"]:
            message = "remote.storage.enable: there is no remote storage; leave it at false"
            raise ConfigError(message, key="remote.storage.enable", value="true")

    def _check_group(self, configs: Mapping[str, str]) -> None:
        values = self._configs.group_defaults | TABLES[GROUP_RESOURCE].parse_all(configs)
        broker = self._configs.broker()
        for name in configs:
            low_key, high_key = bounds_of(name)
            low, high = broker.get(low_key), broker.get(high_key)
            if low is not None and _number(values[name]) < low:
                raise _out_of_bounds(name, "greater", low_key, low)
            if high is not None and _number(values[name]) > high:
                raise _out_of_bounds(name, "less", high_key, high)
        for kind in ("consumer", "share", "streams"):
            heartbeat, session = f"{kind}.heartbeat.interval.ms", f"{kind}.session.timeout.ms"
            if _number(values[session]) <= _number(values[heartbeat]):
                raise ConfigError(f"{session} must be greater than {heartbeat}", key=session)


def _number(value: Value) -> float:
    assert isinstance(value, int | float), "a key that is compared is a number"
    return value


def _out_of_bounds(name: str, than: str, bound: str, limit: int) -> ConfigError:
    return ConfigError(f"{name} must be {than} than or equal to {bound} ({limit})", key=name)


def _check_client_metrics(configs: Mapping[str, str]) -> None:
    table = TABLES[CLIENT_METRICS_RESOURCE]
    for name in configs:
        if name not in table:
            raise InvalidRequestError(f"Unknown client metrics configuration: {name}")
    values = table.parse_all(configs)
    interval_ms = values.get("interval.ms", _METRICS_INTERVAL_MS[0])
    low, high = _METRICS_INTERVAL_MS
    if not low <= _number(interval_ms) <= high:
        raise InvalidRequestError(
            f"Invalid value {interval_ms} for interval.ms, "
            f"interval must be between {low} and {high} (1 hour)"
        )
    patterns = values.get("match")
    for pattern in patterns if isinstance(patterns, tuple) else ():
        _check_match(pattern)


def _check_match(pattern: str) -> None:
    name, equals, expression = pattern.partition("=")
    if not equals or name.strip() not in _METRICS_MATCH or "=" in expression:
        raise ConfigError(f"Illegal client matching pattern: {pattern}", key="match")
    try:
        re.compile(expression.strip())
    except re.error:
        raise ConfigError(f"Illegal client matching pattern: {pattern}", key="match") from None
