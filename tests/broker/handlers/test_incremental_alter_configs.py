"""Changing: every operation, type of resource and error, and that changes take effect."""

import logging

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.running import Running, running_broker

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)
UNKNOWN_TOPIC, INVALID_TOPIC, FORBIDDEN, INVALID_CONFIG, INVALID = 3, 17, 29, 40, 42


def resource(kind: int, name: str, *changes):
    return AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[
            AlterableConfig(name=key, config_operation=operation, value=value)
            for key, operation, value in changes
        ],
    )


def alter(running: Running, *resources, version: int = 1, validate_only: bool = False):
    request = IncrementalAlterConfigsRequest(resources=list(resources), validate_only=validate_only)
    return running.wire().ask(request, version).responses


def code(running: Running, kind: int, name: str, *changes):
    (response,) = alter(running, resource(kind, name, *changes))
    assert (response.error_message is None) == (response.error_code == 0)
    return response.error_code


def value(running: Running, topic: str, key: str):
    return running.broker.parts.configs.topic(topic)[key]


@pytest.mark.parametrize("version", range(2))
def test_in_every_version(broker: Running, version: int):
    topic = broker.topic()
    change = resource(TOPIC, topic, ("retention.ms", SET, "5"))
    (response,) = alter(broker, change, version=version)
    assert (response.error_code, response.resource_type, response.resource_name) == (
        0, TOPIC, topic,
    )  # fmt: skip
    assert value(broker, topic, "retention.ms") == "5"


def test_lists_grow_and_shrink(broker: Running):
    topic = broker.topic()
    assert code(broker, TOPIC, topic, ("cleanup.policy", APPEND, "compact")) == 0
    assert value(broker, topic, "cleanup.policy") == "delete,compact"
    assert code(broker, TOPIC, topic, ("cleanup.policy", SUBTRACT, "delete")) == 0
    assert value(broker, topic, "cleanup.policy") == "compact"
    assert code(broker, TOPIC, topic, ("cleanup.policy", DELETE, None)) == 0
    assert value(broker, topic, "cleanup.policy") == "delete"


def test_each_resource_stands_or_falls_by_itself(broker: Running):
    topic = broker.topic()
    good = resource(TOPIC, topic, ("flush.ms", SET, "7"))
    bad = resource(TOPIC, "nope", ("flush.ms", SET, "7"))
    assert [each.error_code for each in alter(broker, bad, good)] == [UNKNOWN_TOPIC, 0]
    both = resource(TOPIC, topic, ("flush.ms", SET, "8"), ("retention.ms", SET, "x"))
    assert [each.error_code for each in alter(broker, both)] == [INVALID_CONFIG]
    assert value(broker, topic, "flush.ms") == "7"


def test_only_to_be_validated(broker: Running):
    topic = broker.topic(flush_ms="7")
    change = resource(TOPIC, topic, ("flush.ms", SET, "8"))
    assert alter(broker, change, validate_only=True)[0].error_code == 0
    assert value(broker, topic, "flush.ms") == "7"


@pytest.mark.parametrize(
    ("kind", "name", "change", "expected"),
    [
        (TOPIC, None, ("retention.mss", SET, "1"), INVALID_CONFIG),
        (TOPIC, None, ("zork", DELETE, None), 0),
        (TOPIC, None, ("retention.ms", APPEND, "1"), INVALID_CONFIG),
        (TOPIC, None, ("retention.ms", SET, None), INVALID),
        (TOPIC, None, ("retention.ms", 9, "1"), INVALID),
        (TOPIC, "", ("retention.ms", SET, "1"), INVALID),
        (TOPIC, "a/b", ("retention.ms", SET, "1"), INVALID_TOPIC),
        (BROKER, "1", ("node.id", SET, "3"), INVALID),
        (BROKER, "2", ("log.retention.ms", SET, "3"), INVALID),
        (BROKER, "", ("listeners", SET, "PLAINTEXT://:1"), INVALID),
        (METRICS, "s", ("interval.ms", SET, "1"), INVALID),
        (METRICS, "s", ("match", SET, "x"), INVALID_CONFIG),
        (GROUP, "g", ("consumer.session.timeout.ms", SET, "1"), INVALID_CONFIG),
        (GROUP, "", ("consumer.session.timeout.ms", SET, "50000"), INVALID),
        (LOGGER, "1", ("no.such", SET, "INFO"), INVALID_CONFIG),
        (LOGGER, "1", ("root", DELETE, None), INVALID),
        (LOGGER, "2", ("root", SET, "INFO"), INVALID),
        (3, "x", ("a", SET, "1"), INVALID),
    ],
)
def test_errors_are_apache_kafkas(broker: Running, kind, name, change, expected):
    assert code(broker, kind, broker.topic() if name is None else name, change) == expected


def test_what_is_named_twice(broker: Running):
    topic = broker.topic()
    twice = ("flush.ms", SET, "1"), ("flush.ms", SET, "2")
    assert code(broker, TOPIC, topic, *twice) == INVALID
    same = [resource(TOPIC, topic, each) for each in twice]
    assert [each.error_code for each in alter(broker, *same)] == [INVALID, INVALID]


def test_a_loggers_level(broker: Running):
    logger = logging.getLogger("logcore.tests.altered")
    assert code(broker, LOGGER, "1", (logger.name, SET, "error")) == 0
    assert logger.level == logging.ERROR
    assert code(broker, LOGGER, "1", (logger.name, DELETE, None)) == 0
    assert logger.level == logging.NOTSET


def test_who_may_not_alter(broker: Running):
    topic = broker.topic()
    with refusing(broker, on_topic(Operation.ALTER_CONFIGS, topic)):
        assert code(broker, TOPIC, topic, ("flush.ms", SET, "1")) == FORBIDDEN


def test_a_limit_of_connections_holds_at_once(tmp_path):
    with running_broker(tmp_path) as running, running.wire() as first:
        assert code(running, BROKER, "1", ("max.connections.per.ip", SET, "2")) == 0
        answer = first.ask(IncrementalAlterConfigsRequest(resources=[]), 1)
        assert answer.responses == []
        refused = running.wire()
        with pytest.raises((ConnectionError, EOFError)):
            refused.ask(IncrementalAlterConfigsRequest(resources=[]), 1)


def test_changes_of_a_broker_reach_topics_and_outlast_it(tmp_path):
    with running_broker(tmp_path) as running:
        topic = running.topic()
        assert code(running, BROKER, "", ("log.retention.ms", SET, "77")) == 0
        assert value(running, topic, "retention.ms") == "77"
        assert code(running, BROKER, "1", ("log.retention.ms", SET, "78")) == 0
        assert code(running, TOPIC, topic, ("flush.ms", SET, "5")) == 0
    with running_broker(tmp_path) as running:
        assert value(running, topic, "retention.ms") == "78"
        assert value(running, topic, "flush.ms") == "5"
        assert running.broker.config["log.retention.ms"] == 78
