"""AlterClientQuotas over the wire; the rules are tested case by case in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    EntityData,
    OpData,
    RequestEntryData,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import NAMES, Running

INVALID, FORBIDDEN = 42, 31


def entry(entity: list[tuple[str, str | None]], key: str, value: float | None) -> RequestEntryData:
    return RequestEntryData(
        entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
        ops=[OpData(key=key, value=value or 0.0, remove=value is None)],
    )


def ask(broker: Running, *entries: RequestEntryData, version: int = 1, **rest):
    request = AlterClientQuotasRequest(entries=list(entries), **rest)
    return broker.wire().ask(request, version).entries


def stored(broker: Running):
    return broker.call(lambda: broker.broker.parts.controller.image.client_quotas)


@pytest.mark.parametrize("version", [0, 1])
def test_in_every_version(broker: Running, version: int):
    user = f"user-{next(NAMES)}"
    whose = [("user", user), ("client-id", None)]
    [answer] = ask(broker, entry(whose, "consumer_byte_rate", 77.0), version=version)
    assert (answer.error_code, answer.error_message) == (0, None)
    assert {(part.entity_type, part.entity_name) for part in answer.entity} == set(whose)
    assert stored(broker)[tuple(sorted(whose))] == {"consumer_byte_rate": 77.0}
    ask(broker, entry(whose, "consumer_byte_rate", None), version=version)
    assert tuple(sorted(whose)) not in stored(broker)


def test_a_check_changes_nothing_and_each_entity_stands_alone(broker: Running):
    before = dict(stored(broker))
    good = entry([("user", "checked")], "producer_byte_rate", 5.0)
    bad = entry([("user", "")], "producer_byte_rate", 5.0)
    answers = ask(broker, good, bad, validate_only=True)
    assert [answer.error_code for answer in answers] == [0, INVALID]
    assert dict(stored(broker)) == before


def test_names_of_addresses_are_looked_up(broker: Running):
    key = "connection_creation_rate"
    answers = ask(
        broker,
        entry([("ip", "localhost")], key, 10_000.0),
        entry([("ip", "no such host")], key, 10_000.0),
        entry([("ip", "192.0.2.1")], key, 10_000.0),
    )
    assert [answer.error_code for answer in answers] == [0, INVALID, 0]
    assert "no such host is not a valid IP" in answers[1].error_message
    ask(broker, *(entry([("ip", name)], key, None) for name in ("localhost", "192.0.2.1")))


def test_only_who_may_alter_the_clusters_settings(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER_CONFIGS)):
        [answer] = ask(broker, entry([("user", "u")], "producer_byte_rate", 5.0))
    assert answer.error_code == FORBIDDEN
    assert (("user", "u"),) not in stored(broker)
