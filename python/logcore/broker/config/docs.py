"""What each key means, and whether it has an effect here.

Invariant: imported only by who asks for documentation: it reads a text, and starting must be quick.
Neighbours: `docs.txt` holds the sentences; `no_effect` knows what is accepted and left at that;
DescribeConfigs and `docs/reference/config.md` show the result.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from logcore.broker.config.broker_keys import KAFKA_BROKER
from logcore.broker.config.given_keys import definition
from logcore.broker.config.no_effect import reason
from logcore.broker.config.refusals import REFUSED
from logcore.broker.config.resources import (
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
)
from logcore.broker.config.tables.own import DEFAULTS
from logcore.common.config import to_text

_SECTIONS: Final = {
    "broker": BROKER_RESOURCE,
    "client-metrics": CLIENT_METRICS_RESOURCE,
    "group": GROUP_RESOURCE,
    "topic": TOPIC_RESOURCE,
}


def read_sections(text: str) -> dict[str, dict[str, str]]:
    """Read sections of `key: sentence`; a line that is indented goes on with the one before.

    Example:
        >>> read_sections('''# a comment
        ... [topic]
        ... a.b: What it is,
        ...     and more.
        ... ''')
        {'topic': {'a.b': 'What it is, and more.'}}
    """
    sections: dict[str, dict[str, str]] = {}
    table: dict[str, str] = {}
    for line in text.replace("\n    ", " ").splitlines():
        if line.startswith("["):
            table = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _, sentence = line.partition(": ")
            table[name] = sentence
    return sections


@cache
def sentences() -> Mapping[int, Mapping[str, str]]:
    """Return type of resource -> key -> meaning."""
    text = files("logcore.broker.config").joinpath("docs.txt").read_text(encoding="utf-8")
    return {_SECTIONS[name]: table for name, table in read_sections(text).items()}


def documentation(resource_type: int, name: str) -> str | None:
    """Return what a key means, and whether it has an effect; None for what is not a key."""
    key = definition(name) if resource_type == BROKER_RESOURCE else None
    shown = key.name if key else name
    sentence = sentences().get(resource_type, {}).get(shown)
    if sentence is None:
        return None
    parts = [sentence]
    if resource_type == BROKER_RESOURCE and shown in DEFAULTS:
        kafka = to_text(KAFKA_BROKER[shown].default)
        parts.append(f"(Apache Kafka's default: {'none' if kafka is None else kafka}.)")
    parts.append(effect(shown))
    return " ".join(part for part in parts if part)


def effect(name: str) -> str:
    """Say that a key has no effect and why, or that it is refused; empty if it acts."""
    if name in REFUSED:
        return "Refused here unless it is left as it is."
    why = reason(name)
    return f"Accepted, has no effect: {why}." if why is not None else ""
