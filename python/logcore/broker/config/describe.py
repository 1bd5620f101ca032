"""What DescribeConfigs tells: every setting of a resource, its value, and where that comes from.

Invariant: a password is never told; the first synonym of an entry is where its value comes from.
Neighbours: `configs` knows what holds; `handlers.describe_configs` and CreateTopics send entries;
`docs` is imported by who asks for documentation.
Source: Apache Kafka 4.3.1, `ConfigHelper`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from logcore.broker.config.broker_config import SYNONYMS_OF
from logcore.broker.config.broker_keys import BROKER, CLIENT_METRICS, GROUP, TOPIC
from logcore.broker.config.configs import Configs
from logcore.broker.config.given_keys import base_name, definition
from logcore.broker.config.resources import BROKER_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE
from logcore.broker.config.tables.group import GROUP_SYNONYMS
from logcore.broker.config.tables.topic import TOPIC_SYNONYMS
from logcore.common.config import ConfigKey, Update, Value, to_text


class Source(IntEnum):
    """Where a value comes from, numbered as on the wire."""

    DYNAMIC_TOPIC = 1
    DYNAMIC_BROKER = 2
    DYNAMIC_DEFAULT_BROKER = 3
    STATIC_BROKER = 4
    DEFAULT = 5
    DYNAMIC_BROKER_LOGGER = 6
    CLIENT_METRICS = 7
    GROUP = 8


@dataclass(frozen=True, slots=True)
class Synonym:
    """A place that a value may come from, and what it says."""

    name: str
    value: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """One setting.

    Attributes:
        name: The key.
        value: Its value as text; None if there is none, or if it must not be told.
        source: Where the value comes from.
        synonyms: All places that say something, the one that counts first.
        config_type: The type, numbered as on the wire; 0 for unknown.
        read_only: Whether it cannot be changed.
        is_sensitive: Whether the value must not be told.
    """

    name: str
    value: str | None
    source: Source
    synonyms: tuple[Synonym, ...] = ()
    config_type: int = 0
    read_only: bool = False
    is_sensitive: bool = False


def topic_entries(
    configs: Configs, changes: Mapping[str, str], values: Mapping[str, Value]
) -> list[ConfigEntry]:
    """Describe a topic, existing or not.

    Args:
        configs: What holds of the broker.
        changes: What is set of the topic.
        values: What holds of it.
    """
    entries = []
    for key in TOPIC.values():
        if key.internal and key.name not in changes:
            continue
        synonyms = []
        shown = to_text(values[key.name])
        if key.name in changes:
            synonyms.append(Synonym(key.name, shown, Source.DYNAMIC_TOPIC))
        if key.name in TOPIC_SYNONYMS:
            synonyms += broker_synonyms(configs, TOPIC_SYNONYMS[key.name][0][0])
        entries.append(_entry(key, shown, synonyms))
    return entries


def describe_topic(configs: Configs, topic: str) -> list[ConfigEntry]:
    """Describe a topic."""
    changes = configs.changes(TOPIC_RESOURCE, topic)
    return topic_entries(configs, changes, configs.topic_values(topic))


def describe_group(configs: Configs, group_id: str) -> list[ConfigEntry]:
    """Describe a group, existing or not."""
    changes = configs.changes(GROUP_RESOURCE, group_id)
    values = configs.group_values(group_id)
    entries = []
    for key in GROUP.values():
        shown = to_text(values[key.name])
        synonyms = [Synonym(key.name, shown, Source.GROUP)] if key.name in changes else []
        if key.name in GROUP_SYNONYMS:
            synonyms += broker_synonyms(configs, GROUP_SYNONYMS[key.name])
        else:
            synonyms.append(Synonym(key.name, to_text(key.default), Source.DEFAULT))
        entries.append(_entry(key, shown, synonyms))
    return entries


def describe_client_metrics(configs: Configs, subscription: str) -> list[ConfigEntry]:
    """Describe a subscription to metrics of clients, existing or not."""
    changes = configs.client_metrics(subscription)
    entries = []
    for key in CLIENT_METRICS.values():
        shown = to_text(key.parse(changes[key.name]) if key.name in changes else key.default)
        is_set = key.name in changes
        synonyms = [Synonym(key.name, shown, Source.CLIENT_METRICS)] if is_set else []
        entries.append(_entry(key, shown, synonyms))
    return entries


def describe_broker(configs: Configs) -> list[ConfigEntry]:
    """Describe this broker: every key, and what was given for single listeners."""
    values = configs.broker()
    given = values.static.keys() | configs.changes(BROKER_RESOURCE, configs.node_name).keys()
    given |= configs.changes(BROKER_RESOURCE, "").keys()
    names = [name for name in values if name in given or not BROKER[name].internal]
    return [_broker_entry(name, values[name], broker_synonyms(configs, name)) for name in names]


def describe_broker_defaults(configs: Configs) -> list[ConfigEntry]:
    """Describe what was set of all brokers while they ran; nothing else holds for all."""
    entries = []
    for name, text in configs.changes(BROKER_RESOURCE, "").items():
        key = definition(name)
        value = key.parse(text) if key else text
        synonyms = broker_synonyms(configs, name)
        kept = [each for each in synonyms if each.source is Source.DYNAMIC_DEFAULT_BROKER]
        entries.append(_broker_entry(name, value, kept))
    return entries


def broker_synonyms(configs: Configs, name: str) -> list[Synonym]:
    """Return where a value of the broker may come from, the one that counts first.

    Synonyms in other units follow their key, never come before it.
    """
    base = base_name(name)
    names = SYNONYMS_OF.get(name, (name,)) if base == name else (name, base)
    if name == "log.flush.interval.ms":
        names = (name, "log.flush.scheduler.interval.ms")
    places: Iterable[tuple[Source, Mapping[str, str]]] = (
        (Source.DYNAMIC_BROKER, configs.changes(BROKER_RESOURCE, configs.node_name)),
        (Source.DYNAMIC_DEFAULT_BROKER, configs.changes(BROKER_RESOURCE, "")),
        (Source.STATIC_BROKER, configs.broker().static),
        (Source.DEFAULT, _DEFAULTS),
    )
    key = definition(name)
    is_hidden = key is None or key.is_sensitive
    found = [
        Synonym(each, None if is_hidden else said[each], source)
        for source, said in places
        for each in names
        if each in said
    ]
    first = next((i for i, each in enumerate(found) if each.name == name), len(found))
    return found[first:]


_DEFAULTS = {
    name: text
    for name, text in ((key.name, to_text(key.default)) for key in BROKER.values())
    if text is not None and not BROKER[name].internal
}


def _broker_entry(name: str, value: Value, synonyms: list[Synonym]) -> ConfigEntry:
    key = definition(name)
    assert key is not None, f"{name} was accepted although it is unknown"
    entry = _entry(key, to_text(value), synonyms)
    is_fixed = name not in BROKER or key.update is Update.READ_ONLY
    return ConfigEntry(
        name,
        entry.value,
        entry.source,
        entry.synonyms,
        entry.config_type,
        read_only=is_fixed,
        is_sensitive=entry.is_sensitive,
    )


def _entry(key: ConfigKey, shown: str | None, synonyms: list[Synonym]) -> ConfigEntry:
    source = synonyms[0].source if synonyms else Source.DEFAULT
    return ConfigEntry(
        key.name,
        None if key.is_sensitive else shown,
        source,
        tuple(synonyms),
        int(key.type),
        is_sensitive=key.is_sensitive,
    )
