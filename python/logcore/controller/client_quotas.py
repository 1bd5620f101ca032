"""Quotas of clients in the metadata: what may be set of whom, and what was.

An entity is a user, a client id, both, or an address; the name None stands for all those without
a quota of their own. Invariant: what is in the image passed `decide_alterations`, so limits are
numbers above 0 of keys that the entity knows; an entity without limits is absent.
Neighbours: `replay` applies records; `controller` has them made durable; `broker.quotas` enforces.
Source: Apache Kafka 4.3.1, `ClientQuotaControlManager`, `ClientQuotasImage` and `QuotaConfig`.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from logcore.common.errors import InvalidRequestError, KafkaError, UnsupportedVersionError
from logcore.protocol.internal.metadata import ClientQuotaRecord, EntityData

USER: Final = "user"
CLIENT_ID: Final = "client-id"
IP: Final = "ip"
TYPES: Final = (CLIENT_ID, IP, USER)

PRODUCER_BYTE_RATE: Final = "producer_byte_rate"
CONSUMER_BYTE_RATE: Final = "consumer_byte_rate"
REQUEST_PERCENTAGE: Final = "request_percentage"
CONTROLLER_MUTATION_RATE: Final = "controller_mutation_rate"
CONNECTION_CREATION_RATE: Final = "connection_creation_rate"

_LONG_MAX: Final = float(2**63 - 1)
_INT_MAX: Final = float(2**31 - 1)
_DOUBLE: Final = math.inf
_OF_CLIENTS: Final[Mapping[str, float]] = {
    PRODUCER_BYTE_RATE: _LONG_MAX,
    CONSUMER_BYTE_RATE: _LONG_MAX,
    REQUEST_PERCENTAGE: _DOUBLE,
    CONTROLLER_MUTATION_RATE: _DOUBLE,
}
_OF_ADDRESSES: Final[Mapping[str, float]] = {CONNECTION_CREATION_RATE: _INT_MAX}
"""The highest value of each key; one that is finite takes whole numbers only."""

_EXACT: Final = 0
_DEFAULT: Final = 1
_ANY: Final = 2

Entity: TypeAlias = tuple[tuple[str, str | None], ...]
"""Type and name of each part, in the order of the types."""

Quotas: TypeAlias = Mapping[Entity, Mapping[str, float]]
"""What is set, by entity and key."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """A change of one entity's quotas.

    Attributes:
        entity: Whose.
        values: The new value of each key; None takes it away. A key may come twice, in error.
    """

    entity: Entity
    values: Sequence[tuple[str, float | None]]


def entity_of(parts: Iterable[tuple[str, str | None]]) -> Entity:
    """Return an entity by its parts; of parts of one type, the last one counts, as in Kafka."""
    return tuple(sorted(dict(parts).items()))


def decide_alterations(
    quotas: Quotas, alterations: Sequence[Alteration], unresolved: Collection[str] = ()
) -> tuple[list[ClientQuotaRecord], dict[Entity, KafkaError | None]]:
    """Decide changes; each entity stands or falls alone.

    Args:
        quotas: What is set now.
        alterations: What is to change.
        unresolved: Names that were given for addresses and are none.

    Returns:
        The records, and what became of each entity: None if it was changed.
    """
    times = Counter(alteration.entity for alteration in alterations)
    records: list[ClientQuotaRecord] = []
    outcomes: dict[Entity, KafkaError | None] = {}
    for alteration in alterations:
        entity = alteration.entity
        try:
            if times[entity] > 1:
                raise InvalidRequestError(f"{described(entity)} appears more than once")
            records += _decide(quotas.get(entity, {}), alteration, unresolved)
        except KafkaError as error:
            outcomes[entity] = error
        else:
            outcomes[entity] = None
    return records, outcomes


def refuse_alterations(
    outcomes: dict[Entity, KafkaError | None], error: KafkaError
) -> dict[Entity, KafkaError | None]:
    """Return what became of alterations, if those that were decided cannot be made."""
    return {entity: own or error for entity, own in outcomes.items()}


def described(entity: Entity) -> str:
    """Return an entity for a message."""
    named = (f"{kind} {'<default>' if name is None else name!r}" for kind, name in entity)
    return ", ".join(named)


def _decide(
    current: Mapping[str, float], alteration: Alteration, unresolved: Collection[str]
) -> list[ClientQuotaRecord]:
    entity = alteration.entity
    highest = _keys_of(entity, unresolved)
    keys = [key for key, _ in alteration.values]
    if len(set(keys)) < len(keys):
        raise InvalidRequestError(f"a key appears more than once for {described(entity)}")
    records = []
    for key, value in alteration.values:
        if value is not None:
            _check_value(highest, key, value)
        if current.get(key) != value:
            records.append(_record(entity, key, value))
    return records


def _keys_of(entity: Entity, unresolved: Collection[str]) -> Mapping[str, float]:
    """Return the keys that an entity knows."""
    if not entity:
        raise InvalidRequestError("Invalid empty client quota entity")
    for kind, name in entity:
        if kind not in TYPES:
            raise InvalidRequestError(f"Unhandled client quota entity type: {kind}")
        if name == "":
            raise InvalidRequestError(f"Empty {kind} not supported")
    named = dict(entity)
    if IP not in named:
        return _OF_CLIENTS
    if len(named) > 1:
        raise InvalidRequestError("an ip cannot be combined with a user or client-id")
    if named[IP] in unresolved:
        raise InvalidRequestError(f"{named[IP]} is not a valid IP or resolvable host.")
    return _OF_ADDRESSES


def _check_value(highest: Mapping[str, float], key: str, value: float) -> None:
    limit = highest.get(key)
    if limit is None:
        raise InvalidRequestError(f"Invalid configuration key {key}")
    if not value > 0:  # so that it catches what is not a number, too
        raise InvalidRequestError(f"Quota {key} must be greater than 0")
    if value > limit:
        raise InvalidRequestError(f"Proposed value for {key} is too large")
    if limit is not _DOUBLE and value != int(value):
        raise InvalidRequestError(f"{key} cannot be a fractional value.")


def _record(entity: Entity, key: str, value: float | None) -> ClientQuotaRecord:
    return ClientQuotaRecord(
        entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
        key=key,
        value=0.0 if value is None else value,
        remove=value is None,
    )


# ---------------------------------------------------------------- to and from records


def replayed(
    record: ClientQuotaRecord, changed: dict[Entity, dict[str, float]], old: Quotas
) -> None:
    """Apply a record to what changed since an image."""
    entity = entity_of((part.entity_type, part.entity_name) for part in record.entity)
    values = changed.get(entity)
    if values is None:
        values = changed[entity] = dict(old.get(entity, {}))
    if record.remove:
        values.pop(record.key, None)
    else:
        values[record.key] = record.value


def records_of_quotas(quotas: Quotas) -> Iterator[ClientQuotaRecord]:
    """Yield the records that make all quotas."""
    for entity, values in quotas.items():
        for key, value in values.items():
            yield _record(entity, key, value)


# ---------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True)
class Component:
    """One condition of a question.

    Attributes:
        entity_type: Of which type of part it is.
        match_type: 0 for the part of this name, 1 for the default, 2 for any.
        match: The name.
    """

    entity_type: str
    match_type: int
    match: str | None


def matching(quotas: Quotas, components: Sequence[Component], *, is_strict: bool) -> Quotas:
    """Return the quotas of entities that meet all conditions.

    Args:
        quotas: All of them.
        components: The conditions.
        is_strict: Whether an entity may have no part of a type that is not asked for.

    Raises:
        InvalidRequestError: If a condition makes no sense.
        UnsupportedVersionError: If there are no entities of a type.
    """
    seen: set[str] = set()
    for component in components:
        _check_component(component, seen)
        seen.add(component.entity_type)
    if IP in seen and len(seen) > 1:
        raise InvalidRequestError(
            "Invalid entity filter component combination. IP filter component should not be used "
            "with user or clientId filter component."
        )
    return {
        entity: values
        for entity, values in quotas.items()
        if _meets(dict(entity), components) and not (is_strict and len(entity) != len(components))
    }


def _check_component(component: Component, seen: Collection[str]) -> None:
    kind = component.entity_type
    if not kind:
        raise InvalidRequestError("Invalid empty entity type.")
    if kind in seen:
        raise InvalidRequestError(f"Entity type {kind} cannot appear more than once in the filter.")
    if kind not in TYPES:
        raise UnsupportedVersionError(f"Unsupported entity type {kind}")
    if component.match_type not in {_EXACT, _DEFAULT, _ANY}:
        raise InvalidRequestError(f"Unknown match type {component.match_type}")
    if (component.match_type == _EXACT) != (component.match is not None):
        what = "no name" if component.match is None else "a name"
        raise InvalidRequestError(f"match type {component.match_type} of {kind} with {what}")


def _meets(named: Mapping[str, str | None], components: Sequence[Component]) -> bool:
    return all(
        component.entity_type in named
        and (component.match_type == _ANY or named[component.entity_type] == component.match)
        for component in components
    )
