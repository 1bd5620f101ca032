"""Replacing: what is not named goes back to its default."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.alter_configs import (
    AlterableConfig,
    AlterConfigsRequest,
    AlterConfigsResource,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
UNKNOWN_TOPIC, FORBIDDEN, INVALID_CONFIG, INVALID = 3, 31, 40, 42


def alter(running: Running, kind: int, name: str, version: int = 2, *, check=False, **configs):
    named = {key.replace("_", "."): value for key, value in configs.items()}
    listed = [AlterableConfig(name=key, value=value) for key, value in named.items()]
    asked = AlterConfigsResource(resource_type=kind, resource_name=name, configs=listed)
    request = AlterConfigsRequest(resources=[asked], validate_only=check)
    (response,) = running.wire().ask(request, version).responses
    assert (response.error_message is None) == (response.error_code == 0)
    return response.error_code


@pytest.mark.parametrize("version", range(3))
def test_what_is_not_named_goes_back_to_its_default(broker: Running, version: int):
    topic = broker.topic(flush_ms="5", retention_ms="6")
    assert alter(broker, TOPIC, topic, version, flush_ms="7") == 0
    assert broker.broker.parts.configs.changes(TOPIC, topic) == {"flush.ms": "7"}
    assert alter(broker, TOPIC, topic, version, check=True) == 0
    assert broker.broker.parts.configs.changes(TOPIC, topic) == {"flush.ms": "7"}
    assert alter(broker, TOPIC, topic, version) == 0
    assert broker.broker.parts.configs.changes(TOPIC, topic) == {}


@pytest.mark.parametrize(
    ("kind", "name", "configs", "expected"),
    [
        (TOPIC, "nope", {"flush_ms": "1"}, UNKNOWN_TOPIC),
        (TOPIC, None, {"flush_ms": "x"}, INVALID_CONFIG),
        (TOPIC, None, {"flush_ms": None}, INVALID),
        (BROKER, "1", {"node_id": "1"}, INVALID),
        (BROKER, "2", {"log_retention_ms": "1"}, INVALID),
        (LOGGER, "1", {"root": "INFO"}, INVALID),
        (METRICS, "s", {"interval_ms": "2000"}, 0),
        (GROUP, "g", {"consumer_session_timeout_ms": "46000"}, 0),
        (3, "x", {"a": "1"}, INVALID),
    ],
)
def test_errors_are_apache_kafkas(broker: Running, kind, name, configs, expected):
    assert alter(broker, kind, broker.topic() if name is None else name, **configs) == expected


def test_who_may_not_alter(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER_CONFIGS)):
        assert alter(broker, BROKER, "1", log_retention_ms="1") == FORBIDDEN
