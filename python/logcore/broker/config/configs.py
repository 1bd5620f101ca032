"""`Configs`: which settings hold now, for the broker, each topic, group and metrics subscription.

What was changed while the cluster ran comes from the metadata; `apply` takes each new state of it.
What nothing was set for comes from the broker's keys, through their synonyms: a topic's
`retention.ms` from `log.retention.ms`, or `log.retention.minutes`, or `log.retention.hours`.
Invariant: what is returned never changes; a change makes a new mapping. Whoever subscribed is told
after the change holds.
Neighbours: `broker.server` feeds the metadata in; `describe` tells where each value comes from;
`rules` refuses changes beforehand; `log_settings` hands topics' values to the logs.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.broker_keys import GROUP, TOPIC
from logcore.broker.config.group_bounds import within_bounds
from logcore.broker.config.resources import (
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
    ResourceKey,
)
from logcore.broker.config.tables.group import GROUP_SYNONYMS
from logcore.broker.config.tables.topic import TOPIC_SYNONYMS
from logcore.common.config import ConfigDef, ConfigError, Value, to_text

logger = logging.getLogger(__name__)

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Configs:
    """The settings that hold now.

    Args:
        config: What the broker was started with; changes of the broker's keys are laid on it.

    Attributes:
        topic_defaults: What holds for topics of which nothing is set.
        group_defaults: What holds for groups of which nothing is set.
    """

    topic_defaults: MappingProxyType[str, Value]
    group_defaults: MappingProxyType[str, Value]

    def __init__(self, config: BrokerConfig) -> None:
        self._config = config
        self._changes: Mapping[ResourceKey, Mapping[str, str]] = {}
        self._topics: dict[str, Mapping[str, Value]] = {}
        self._groups: dict[str, Mapping[str, Value]] = {}
        self._subscribers: list[Callable[[frozenset[ResourceKey]], None]] = []
        self.topic_defaults = topic_defaults(config)
        self.group_defaults = group_defaults(config)

    @property
    def node_name(self) -> str:
        """The name of this broker as a resource."""
        return str(self._config["node.id"])

    def broker(self) -> BrokerConfig:
        """Return the settings of this broker."""
        return self._config

    def changes(self, resource_type: int, name: str) -> Mapping[str, str]:
        """Return what was set of a resource while the cluster ran."""
        return self._changes.get((resource_type, name), _NOTHING)

    def topic_values(self, topic: str) -> Mapping[str, Value]:
        """Return the settings of a topic, in their types."""
        found = self._topics.get(topic)
        if found is None:
            changes = self.changes(TOPIC_RESOURCE, topic)
            found = _overlaid(TOPIC, self.topic_defaults, changes) if changes else None
            found = self._topics[topic] = found or self.topic_defaults
        return found

    def topic(self, topic: str) -> Mapping[str, str]:
        """Return the settings of a topic as text; those without a value are left out."""
        return texts(self.topic_values(topic))

    def group_values(self, group_id: str) -> Mapping[str, Value]:
        """Return the settings of a group, in their types."""
        changes = self.changes(GROUP_RESOURCE, group_id)
        if not changes:
            return self.group_defaults
        found = self._groups.get(group_id)
        if found is None:
            overlaid = _overlaid(GROUP, self.group_defaults, changes)
            found = self._groups[group_id] = within_bounds(overlaid, self._config)
        return found

    def group(self, group_id: str) -> Mapping[str, str]:
        """Return the settings of a group as text."""
        return texts(self.group_values(group_id))

    def client_metrics(self, subscription: str) -> Mapping[str, str]:
        """Return what is set of a subscription to metrics of clients."""
        return self.changes(CLIENT_METRICS_RESOURCE, subscription)

    def subscribe(self, callback: Callable[[frozenset[ResourceKey]], None]) -> None:
        """Call back after each change, with the resources that changed."""
        self._subscribers.append(callback)

    def apply(
        self,
        changes: Mapping[ResourceKey, Mapping[str, str]],
        changed: Collection[ResourceKey] | None = None,
    ) -> None:
        """Take a new state of what was set while the cluster ran.

        Args:
            changes: Everything that is set, by resource.
            changed: The resources that differ from the last state; None for any of them.
        """
        due = frozenset(changes.keys() | self._changes.keys() if changed is None else changed)
        self._changes = changes
        if any(kind == BROKER_RESOURCE and name in ("", self.node_name) for kind, name in due):
            self._apply_to_broker()
        for kind, name in due:
            if kind == TOPIC_RESOURCE:
                self._topics.pop(name, None)
            elif kind == GROUP_RESOURCE:
                self._groups.pop(name, None)
        if due:
            for callback in self._subscribers:
                callback(due)

    def _apply_to_broker(self) -> None:
        changes: dict[str, str] = {}
        for name in ("", self.node_name):
            for key, text in self.changes(BROKER_RESOURCE, name).items():
                try:
                    self._config.with_changes({key: text})
                except ConfigError as error:
                    logger.warning("a stored setting of the broker has no effect: %s", error)
                else:
                    changes.pop(key, None)  # the broker's own comes last, and so wins
                    changes[key] = text
        self._config.overlay(changes)
        self.topic_defaults = topic_defaults(self._config)
        self.group_defaults = group_defaults(self._config)
        self._topics.clear()
        self._groups.clear()


def texts(values: Mapping[str, Value]) -> Mapping[str, str]:
    """Return values as text, those that are None left out."""
    shown = {name: to_text(value) for name, value in values.items()}
    return {name: text for name, text in shown.items() if text is not None}


def topic_defaults(config: Mapping[str, Value]) -> MappingProxyType[str, Value]:
    """Return what holds for topics of which nothing is set."""
    values = {name: key.default for name, key in TOPIC.items()}
    values |= {name: _from_synonyms(name, config) for name in TOPIC_SYNONYMS}
    return MappingProxyType(values)


def _from_synonyms(topic_key: str, config: Mapping[str, Value]) -> Value:
    for name, factor in TOPIC_SYNONYMS[topic_key]:
        value = config[name]
        if value is None:
            continue
        if factor == 1 or not isinstance(value, int):
            return value
        return value * factor if value >= 0 else -1
    return TOPIC[topic_key].default


def group_defaults(config: Mapping[str, Value]) -> MappingProxyType[str, Value]:
    """Return what holds for groups of which nothing is set."""
    values = {name: key.default for name, key in GROUP.items()}
    values |= {name: config[synonym] for name, synonym in GROUP_SYNONYMS.items()}
    return MappingProxyType(values)


def _overlaid(
    table: ConfigDef, defaults: Mapping[str, Value], changes: Mapping[str, str]
) -> Mapping[str, Value]:
    values = dict(defaults)
    for name, text in changes.items():
        try:
            values[name] = table.parse(name, text)
        except ConfigError as error:
            logger.warning("a stored setting of a %s has no effect: %s", table.subject, error)
    return MappingProxyType(values)
