"""Topics' settings for the logs: which the engine gets at start, and that it gets changes too.

Invariant: after a change was announced, the logs that it concerns have it.
Neighbours: `configs` announces; `logcore.log.manager` applies. The engine leaves alone what it does
not know.
"""

from collections.abc import Mapping
from typing import Protocol

from logcore.broker.config.configs import Configs, texts, topic_defaults
from logcore.broker.config.resources import BROKER_RESOURCE, TOPIC_RESOURCE, ResourceKey

_INTERNAL_SEGMENT_BYTES = "internal.segment.bytes"


class Logs(Protocol):
    """What takes settings of logs."""

    def set_settings(self, settings: Mapping[str, str]) -> None:
        """Replace what all logs have in common."""

    def set_topic_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        """Replace what differs for a topic."""


def common_settings(configs: Configs) -> dict[str, str]:
    """Return what all logs have in common."""
    config = configs.broker()
    settings = dict(texts(topic_defaults(config)))
    settings["producer.id.expiration.ms"] = str(config["producer.id.expiration.ms"])
    return settings


def topic_settings(configs: Configs, topic: str) -> dict[str, str]:
    """Return what differs for a topic; nothing where nothing was set of it."""
    changes = configs.changes(TOPIC_RESOURCE, topic)
    values = configs.topic(topic)
    settings = {name: values[name] for name in changes if name in values}
    if _INTERNAL_SEGMENT_BYTES in settings:
        settings["segment.bytes"] = settings.pop(_INTERNAL_SEGMENT_BYTES)
    return settings


def keep_applied(configs: Configs, logs: Logs) -> None:
    """Hand every later change on to the logs."""

    def apply(changed: frozenset[ResourceKey]) -> None:
        if any(kind == BROKER_RESOURCE for kind, _ in changed):
            logs.set_settings(common_settings(configs))
        for kind, name in changed:
            if kind == TOPIC_RESOURCE:
                logs.set_topic_settings(name, topic_settings(configs, name))

    configs.subscribe(apply)
