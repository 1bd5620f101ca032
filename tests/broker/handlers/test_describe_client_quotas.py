"""DescribeClientQuotas over the wire; matching is tested case by case in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_client_quotas import (
    ComponentData,
    DescribeClientQuotasRequest,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.test_alter_client_quotas import ask as alter
from tests.broker.handlers.test_alter_client_quotas import entry
from tests.broker.running import Running

EXACT = 0


def ask(broker: Running, *components: ComponentData, version: int = 1, strict: bool = False):
    request = DescribeClientQuotasRequest(components=list(components), strict=strict)
    return broker.wire().ask(request, version)


@pytest.mark.parametrize("version", [0, 1])
def test_in_every_version(broker: Running, version: int):
    whose: list[tuple[str, str | None]] = [("user", "described"), ("client-id", None)]
    alter(broker, entry(whose, "request_percentage", 12.5))
    component = ComponentData(entity_type="user", match_type=EXACT, match="described")
    response = ask(broker, component, version=version)
    assert (response.error_code, response.error_message) == (0, "")
    [found] = response.entries
    assert {(part.entity_type, part.entity_name) for part in found.entity} == set(whose)
    assert [(value.key, value.value) for value in found.values] == [("request_percentage", 12.5)]
    assert ask(broker, component, version=version, strict=True).entries == []


def test_a_question_that_makes_no_sense(broker: Running):
    response = ask(broker, ComponentData(entity_type="user", match_type=9, match=None))
    assert (response.error_code, response.entries) == (42, None)
    response = ask(broker, ComponentData(entity_type="group", match_type=EXACT, match="g"))
    assert response.error_code == 35


def test_only_who_may_describe_the_clusters_settings(broker: Running):
    with refusing(broker, on_cluster(Operation.DESCRIBE_CONFIGS)):
        response = ask(broker)
    assert (response.error_code, response.entries) == (31, None)
