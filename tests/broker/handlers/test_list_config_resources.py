"""Listing: by version, by type, and who may."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.list_config_resources import ListConfigResourcesRequest
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
FORBIDDEN, UNSUPPORTED_VERSION = 31, 35


def listed(running: Running, version: int, *types: int):
    fields = {"resource_types": list(types)} if version else {}
    response = running.wire().ask(ListConfigResourcesRequest(**fields), version)
    found = [(each.resource_type, each.resource_name) for each in response.config_resources]
    return response.error_code, found


@pytest.fixture(scope="module")
def settings(broker: Running):
    """A subscription and a group of which something is set."""
    resources = [
        AlterConfigsResource(
            resource_type=kind,
            resource_name=name,
            configs=[AlterableConfig(name=key, config_operation=0, value=value)],
        )
        for kind, name, key, value in (
            (METRICS, "sub", "interval.ms", "1000"),
            (GROUP, "g1", "consumer.session.timeout.ms", "50000"),
        )
    ]
    request = IncrementalAlterConfigsRequest(resources=resources)
    answer = broker.wire().ask(request, 1)
    assert [each.error_code for each in answer.responses] == [0, 0]


@pytest.mark.usefixtures("settings")
def test_version_0_lists_subscriptions(broker: Running):
    assert listed(broker, 0) == (0, [(METRICS, "sub")])


@pytest.mark.usefixtures("settings")
def test_version_1_lists_any_type(broker: Running):
    topic = broker.topic()
    error, found = listed(broker, 1)
    assert error == 0
    assert {(TOPIC, topic), (BROKER, "1"), (LOGGER, "1")} < set(found)
    assert {(METRICS, "sub"), (GROUP, "g1")} < set(found)
    assert listed(broker, 1, GROUP, METRICS) == (0, [(METRICS, "sub"), (GROUP, "g1")])


def test_a_type_that_has_no_settings(broker: Running):
    assert listed(broker, 1, TOPIC, 3) == (UNSUPPORTED_VERSION, [])


def test_who_may_not_list(broker: Running):
    with refusing(broker, on_cluster(Operation.DESCRIBE_CONFIGS)):
        assert listed(broker, 1) == (FORBIDDEN, [])
