"""Describing: every setting of each type of resource, and what cannot be described."""

import logging

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
)
from tests.broker.handlers.refusing import on_cluster, on_topic, refusing
from tests.broker.running import Running

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
UNKNOWN_TOPIC, INVALID_TOPIC, TOPIC_FORBIDDEN, FORBIDDEN, INVALID = 3, 17, 29, 31, 42


def describe(running: Running, kind: int, name: str, version: int = 4, keys=None, **rest):
    asked = DescribeConfigsResource(resource_type=kind, resource_name=name, configuration_keys=keys)
    request = DescribeConfigsRequest(resources=[asked], **rest)
    (result,) = running.wire().ask(request, version).results
    assert (result.resource_type, result.resource_name) == (kind, name)
    return result


def configs(result):
    assert result.error_code == 0, result
    return {each.name: each for each in result.configs}


@pytest.mark.parametrize("version", range(1, 5))
def test_a_topic_in_every_version(broker: Running, version: int):
    topic = broker.topic(retention_ms="5000")
    found = configs(describe(broker, TOPIC, topic, version, include_synonyms=True))
    assert len(found) == 33
    retention = found["retention.ms"]
    assert (retention.value, retention.config_source, retention.read_only) == ("5000", 1, False)
    assert [each.name for each in retention.synonyms] == ["retention.ms"]
    assert retention.config_type == (5 if version >= 3 else 0)


def test_only_what_is_asked_for(broker: Running):
    found = configs(describe(broker, BROKER, "1", keys=["node.id", "zork"]))
    assert found.keys() == {"node.id"}
    assert found["node.id"].synonyms == []
    assert found["node.id"].documentation is None
    assert len(configs(describe(broker, BROKER, "1", keys=[]))) > 300


def test_documentation(broker: Running):
    told = {"include_documentation": True}
    assert "unique" in configs(describe(broker, BROKER, "1", **told))["node.id"].documentation
    topic = configs(describe(broker, TOPIC, broker.topic(), **told))
    assert all(each.documentation for each in topic.values())


def test_a_broker_without_a_name_has_what_was_set_of_all(broker: Running):
    assert configs(describe(broker, BROKER, "")) == {}


def test_levels_of_loggers(broker: Running):
    logging.getLogger("logcore.tests.described").setLevel(logging.DEBUG)
    found = configs(describe(broker, LOGGER, "1"))
    assert found["logcore.tests.described"].value == "DEBUG"
    assert found["root"].config_source == 6


def test_groups_and_subscriptions_need_not_exist(broker: Running):
    assert len(configs(describe(broker, GROUP, "anything"))) == 17
    assert len(configs(describe(broker, METRICS, "anything"))) == 3


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        (TOPIC, "nope", UNKNOWN_TOPIC),
        (TOPIC, "a/b", INVALID_TOPIC),
        (BROKER, "2", INVALID),
        (BROKER, "x", INVALID),
        (LOGGER, "", INVALID),
        (METRICS, "", INVALID),
        (GROUP, "", INVALID),
        (3, "x", INVALID),
    ],
)
def test_what_cannot_be_described(broker: Running, kind: int, name: str, code: int):
    result = describe(broker, kind, name)
    assert (result.error_code, result.configs) == (code, [])
    assert result.error_message


def test_who_may_not_describe(broker: Running):
    topic = broker.topic()
    operation = Operation.DESCRIBE_CONFIGS
    with refusing(broker, on_topic(operation, topic), on_cluster(operation)):
        assert describe(broker, TOPIC, topic).error_code == TOPIC_FORBIDDEN
        assert describe(broker, BROKER, "1").error_code == FORBIDDEN
        assert describe(broker, GROUP, "g").error_code == 0
