"""Under which subject a schema is registered: by topic, by record, or by both.

Invariant: a strategy is a function of the topic, whether of the key, and the record's full name.
Neighbours: `writing` asks these; `registry.config` has the key ``subject.name.strategy``.
Source: Confluent's `io.confluent.kafka.serializers.subject`, for names and results.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from logcore.common.config import ConfigError
from logcore.common.errors import UnfitValueError
from logcore.serialization.registry.config import STRATEGY

Strategy: TypeAlias = Callable[[str, bool, str | None], str]
"""Makes a subject of a topic, whether of the key, and the record's full name, if it has one."""

JAVA_PACKAGE: Final = "io.confluent.kafka.serializers.subject."


def topic_name(topic: str, is_key: bool, record: str | None = None) -> str:  # noqa: ARG001
    """Return the subject of a topic's keys or values: one schema, with its versions.

    Example:
        >>> topic_name("orders", False)
        'orders-value'
    """
    return f"{topic}-{'key' if is_key else 'value'}"


def record_name(topic: str, is_key: bool, record: str | None) -> str:
    """Return the subject of a record, the same in every topic.

    Raises:
        UnfitValueError: If the schema is of no record.
    """
    if record is None:
        what = "key" if is_key else "value"
        message = (
            f"the {what}'s schema has no name to make a subject of: name it, or choose "
            f"{STRATEGY}=TopicNameStrategy"
        )
        raise UnfitValueError(message, topic=topic)
    return record


def topic_record_name(topic: str, is_key: bool, record: str | None) -> str:
    """Return the subject of a record in one topic.

    Raises:
        UnfitValueError: If the schema is of no record.
    """
    return f"{topic}-{record_name(topic, is_key, record)}"


STRATEGIES: Final[dict[str, Strategy]] = {
    "TopicNameStrategy": topic_name,
    "RecordNameStrategy": record_name,
    "TopicRecordNameStrategy": topic_record_name,
}


def strategy_of(named: str | Strategy) -> Strategy:
    """Return a strategy: by Confluent's name, with or without its package, or a function itself.

    Raises:
        ConfigError: If there is none of that name.
    """
    if callable(named):
        return named
    found = STRATEGIES.get(named.removeprefix(JAVA_PACKAGE))
    if found is None:
        known = ", ".join(STRATEGIES)
        message = f"{STRATEGY}: there is no {named}: there are {known}, or give a function"
        raise ConfigError(message, key=STRATEGY, value=named)
    return found
