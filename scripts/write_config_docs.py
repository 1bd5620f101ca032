"""Writes docs/reference/config.md: every configuration key, its type, default and meaning.

Derived from the tables of keys, so that the document cannot say anything else; a test compares.

    python scripts/write_config_docs.py docs/reference/config.md
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from logcore.broker.config.broker_keys import KAFKA_BROKER
from logcore.broker.config.docs import effect, sentences
from logcore.broker.config.no_effect import reason
from logcore.broker.config.refusals import REFUSED
from logcore.broker.config.resources import (
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TABLES,
    TOPIC_RESOURCE,
)
from logcore.broker.config.tables.own import DEFAULTS
from logcore.broker.config.tables.topic import TOPIC_SYNONYMS
from logcore.common.config import ConfigKey, Type, to_text

HEAD = """# Configuration

The keys are Apache Kafka 4.3.1's: its names, types, ranges and, but for {ours} of them, defaults. A
`server.properties` works as it is. The stronger source wins, from the top:

1. The command line: `--set num.partitions=4`; `--listen` and `--data-dir` are short for two keys.
2. The environment: `LOGCORE_NUM_PARTITIONS=4`, or `KAFKA_NUM_PARTITIONS=4` as for Apache Kafka's
   images. One underscore is a dot, two are an underscore, three a dash.
3. The file, `--config FILE`: Java's properties, or TOML if its name ends in `.toml`; there
   `[log]` and `retention.ms = 5` make `log.retention.ms`.
4. The defaults below.

A key that is not listed is an error that names the nearest one. What belongs to one listener is
written `listener.name.<listener>.<key>`. Settings that logcore could only pretend to keep are
refused: an authorizer, SASL listeners, remote storage, classes of Java that would judge requests.

This page is written by `scripts/write_config_docs.py` from the tables of keys
(`python/logcore/broker/config/`), from which DescribeConfigs answers too. *Changes* says where a
key can be changed while the broker runs: for the cluster, for one broker, or not at all.

## Keys of the broker that act

| key | type | default | allowed | changes | meaning |
|---|---|---|---|---|---|
"""

TOPICS = """
## Keys of a topic

Set when a topic is created or while it exists; what is not set comes from the broker's key.

| key | type | default | allowed | broker's key | meaning |
|---|---|---|---|---|---|
"""

GROUPS = """
## Keys of a group

| key | type | default | allowed | meaning |
|---|---|---|---|---|
"""

METRICS = """
## Keys of a subscription to metrics of clients

| key | type | default | meaning |
|---|---|---|---|
"""

IDLE = """
## Keys that are accepted without effect

They are read and checked, so that a file for Apache Kafka needs no change.

"""


def code(text: str | None) -> str:
    """Return a value for a cell."""
    return f"`{text}`" if text else ""


def default_of(key: ConfigKey) -> str:
    """Return the default of a key, with Apache Kafka's where that is another."""
    shown = code(to_text(key.default)) or "none"
    if key.name in DEFAULTS and key.name in KAFKA_BROKER:
        kafka = code(to_text(KAFKA_BROKER[key.name].default)) or "none"
        shown += f" (Apache Kafka: {kafka})"
    return shown


def allowed(key: ConfigKey) -> str:
    """Return what is allowed beyond the type."""
    if key.type is Type.BOOLEAN or key.check is None:
        return ""
    return code(str(key.check))


def line(*cells: str) -> str:
    """Return a row."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def shown(resource_type: int) -> list[ConfigKey]:
    """Return the keys of a table that users see."""
    return [key for _, key in sorted(TABLES[resource_type].items()) if not key.internal]


def meaning(resource_type: int, key: ConfigKey) -> str:
    """Return the sentence of a key, and why it has no effect if so."""
    return f"{sentences()[resource_type][key.name]} {effect(key.name)}".strip()


def is_active(key: ConfigKey) -> bool:
    """Whether a key acts, or is refused."""
    return reason(key.name) is None or key.name in REFUSED


def idle(keys: Iterable[ConfigKey]) -> str:
    """Return the keys without effect, by reason."""
    by_reason: dict[str, list[str]] = {}
    for key in keys:
        why = reason(key.name)
        if why is not None and not is_active(key):
            by_reason.setdefault(why, []).append(key.name)
    return "".join(
        f"- {why[0].upper()}{why[1:]}: {', '.join(code(name) for name in names)}.\n"
        for why, names in sorted(by_reason.items())
    )


def document() -> str:
    """Return the whole page."""
    page = HEAD.format(ours=len(DEFAULTS))
    for key in shown(BROKER_RESOURCE):
        if is_active(key):
            cells = (code(key.name), key.type.name.lower(), default_of(key), allowed(key))
            page += line(*cells, key.update.value, meaning(BROKER_RESOURCE, key))
    page += TOPICS
    for key in shown(TOPIC_RESOURCE):
        synonyms = ", ".join(code(name) for name, _ in TOPIC_SYNONYMS.get(key.name, ()))
        cells = (code(key.name), key.type.name.lower(), default_of(key), allowed(key))
        page += line(*cells, synonyms, meaning(TOPIC_RESOURCE, key))
    page += GROUPS
    for key in shown(GROUP_RESOURCE):
        cells = (code(key.name), key.type.name.lower(), default_of(key), allowed(key))
        page += line(*cells, meaning(GROUP_RESOURCE, key))
    page += METRICS
    for key in shown(CLIENT_METRICS_RESOURCE):
        kind, default = key.type.name.lower(), default_of(key)
        page += line(code(key.name), kind, default, meaning(CLIENT_METRICS_RESOURCE, key))
    return page + IDLE + idle(shown(BROKER_RESOURCE))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
