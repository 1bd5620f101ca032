"""Changes of settings: of topics, brokers, client metrics and groups.

Invariant: what is set of a resource passed `ConfigRules.check` as a whole, in one piece with the
change; a change of several keys is made in full or not at all.
Neighbours: the broker's config tables stand behind `ConfigRules`; `topics` checks new topics here.
Source: Apache Kafka 4.3.1, `ConfigurationControlManager`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from logcore.common.errors import (
    BrokerIdNotRegisteredError,
    InvalidConfigError,
    InvalidRequestError,
    KafkaError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.image import (
    RESOURCE_BROKER,
    RESOURCE_CLIENT_METRICS,
    RESOURCE_GROUP,
    RESOURCE_TOPIC,
    ConfigKey,
    MetadataImage,
)
from logcore.protocol.internal.metadata import ConfigRecord
from logcore.protocol.messages.create_topics import CreatableTopicConfigs


class ConfigRules(Protocol):
    """What the broker's tables know of settings."""

    def check(self, resource_type: int, resource_name: str, configs: Mapping[str, str]) -> None:
        """Check all that would be set of a resource.

        Raises:
            InvalidConfigError: If a key is unknown, or a value not allowed.
            InvalidRequestError: If the resource cannot have settings, or a key cannot be changed.
        """

    def is_list(self, resource_type: int, key: str) -> bool:
        """Return whether the values of a key are lists, to which one may append."""

    def default(self, resource_type: int, key: str) -> str | None:
        """Return what holds where nothing is set of a resource."""

    def topic_entries(self, configs: Mapping[str, str]) -> list[CreatableTopicConfigs]:
        """Return all settings of a topic that has these set, with where each comes from."""


class ConfigOperation(IntEnum):
    """What to do with a key, numbered as on the wire."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A change of one key.

    Attributes:
        key: The setting.
        operation: What to do with it.
        value: With what; None for a deletion.
    """

    key: str
    operation: ConfigOperation
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """Changes of one resource.

    Attributes:
        resource_type: Its type.
        resource_name: Its name.
        changes: What to change.
        is_replacement: Whether what is not named goes back to its default, as the old AlterConfigs
            has it.
    """

    resource_type: int
    resource_name: str
    changes: Sequence[KeyChange]
    is_replacement: bool = False

    @property
    def key(self) -> ConfigKey:
        """The resource."""
        return (self.resource_type, self.resource_name)


@dataclass(frozen=True, slots=True)
class ConfigOutcome:
    """What became of a change.

    Attributes:
        key: The resource.
        error: Why it was refused; None if it was not.
    """

    key: ConfigKey
    error: KafkaError | None = None


def decide_changes(
    image: MetadataImage, changes: Iterable[ConfigChange], rules: ConfigRules
) -> tuple[list[ConfigRecord], list[ConfigOutcome]]:
    """Decide changes of several resources; each stands or falls alone.

    Returns:
        The records, and an outcome per resource in the order of their first appearance.
    """
    listed = list(changes)
    count = Counter(change.key for change in listed)
    records: list[ConfigRecord] = []
    outcomes: dict[ConfigKey, ConfigOutcome] = {}
    for change in listed:
        try:
            if count[change.key] > 1:
                raise InvalidRequestError("each resource may appear only once")
            check_existence(image, change.key)
            records += _decide(image, change, rules)
        except KafkaError as error:
            outcomes[change.key] = ConfigOutcome(change.key, error)
        else:
            outcomes[change.key] = ConfigOutcome(change.key)
    return records, list(outcomes.values())


def refuse_outcomes(outcomes: list[ConfigOutcome], error: KafkaError) -> list[ConfigOutcome]:
    """Return what became of changes, if those that were decided cannot be made."""
    return [ConfigOutcome(outcome.key, outcome.error or error) for outcome in outcomes]


def check_existence(image: MetadataImage, key: ConfigKey) -> None:
    """Check that a resource can have settings.

    Raises:
        UnknownTopicOrPartitionError: If there is no such topic.
        BrokerIdNotRegisteredError: If there is no such broker.
        InvalidRequestError: If the name or the type makes no sense.
    """
    resource_type, name = key
    if resource_type == RESOURCE_TOPIC:
        if name not in image.topics_by_name:
            raise UnknownTopicOrPartitionError(f"there is no topic {name!r}")
    elif resource_type == RESOURCE_BROKER:
        _check_broker(image, name)
    elif resource_type in {RESOURCE_CLIENT_METRICS, RESOURCE_GROUP}:
        if not name:
            kind = "group" if resource_type == RESOURCE_GROUP else "client metrics subscription"
            raise InvalidRequestError(f"a {kind} must be named")
    else:
        raise InvalidRequestError(f"resources of type {resource_type} have no settings")


def _check_broker(image: MetadataImage, name: str) -> None:
    if not name:
        return
    try:
        broker_id = int(name)
    except ValueError:
        raise InvalidRequestError(f"{name!r} is not the number of a broker") from None
    if broker_id not in image.brokers:
        raise BrokerIdNotRegisteredError(f"there is no broker {broker_id}")


def _decide(image: MetadataImage, change: ConfigChange, rules: ConfigRules) -> list[ConfigRecord]:
    current = image.configs.get(change.key, {})
    changed = dict.fromkeys(current) if change.is_replacement else dict[str, str | None]()
    repeated = [
        key for key, times in Counter(each.key for each in change.changes).items() if times > 1
    ]
    if repeated:
        raise InvalidRequestError(f"settings are named more than once: {', '.join(repeated)}")
    for each in change.changes:
        changed[each.key] = _value_after(change.resource_type, each, current, rules)
    after = {key: value for key, value in {**current, **changed}.items() if value is not None}
    rules.check(*change.key, after)
    return [
        ConfigRecord(
            resource_type=change.resource_type,
            resource_name=change.resource_name,
            name=key,
            value=value,
        )
        for key, value in changed.items()
        if current.get(key) != value
        # A broker reads certificates anew when their location is set to what it was.
        or (change.resource_type == RESOURCE_BROKER and value is not None)
    ]


def _value_after(
    resource_type: int, change: KeyChange, current: Mapping[str, str], rules: ConfigRules
) -> str | None:
    """Return what a key is set to after a change; None if it is not set any more."""
    if change.operation is ConfigOperation.DELETE:
        return None
    if change.value is None:
        raise InvalidRequestError(f"{change.key} cannot be set to null")
    if change.operation is ConfigOperation.SET:
        return change.value
    if not rules.is_list(resource_type, change.key):
        verb = change.operation.name.lower()
        raise InvalidConfigError(f"cannot {verb}: the values of {change.key} are not lists")
    before = current.get(change.key)
    if before is None:
        before = rules.default(resource_type, change.key)
    return _list_after(change.operation, _items(before or ""), _items(change.value))


def _list_after(operation: ConfigOperation, before: list[str], items: list[str]) -> str:
    if operation is ConfigOperation.APPEND:
        return ",".join(dict.fromkeys(before + items))
    return ",".join(item for item in before if item not in items)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
