"""Which of the broker's keys change while it runs."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.broker_rules import check_broker
from logcore.broker.config.configs import Configs
from logcore.common.errors import InvalidRequestError

ALLOWED = [
    ("1", {"log.retention.ms": "5", "num.io.threads": "9"}),
    ("", {"max.connections": "9", "leader.replication.throttled.rate": "1"}),
]

REFUSED = [
    ("1", {"node.id": "3"}, "Cannot update these configs dynamically: node.id"),
    ("1", {"log.retention.hours": "3"}, "dynamically"),
    ("1", {"zork": "3"}, "Unknown broker config name"),
    ("1", {"log.retention.ms": "x"}, "type LONG"),
    ("1", {"ssl.keystore.location": "/x"}, "only per-listener"),
    ("", {"listeners": "PLAINTEXT://:1"}, "broker id must be specified: listeners"),
    ("", {"sasl.enabled.mechanisms": "PLAIN"}, "broker id must be specified"),
    ("1", {"listeners": "PLAINTEXT://:1"}, "only when it starts"),
    ("1", {"listener.name.a.max.connections": "5"}, "only when it starts"),
    ("1", {"config.providers": "file"}, "write them out"),
]


@pytest.mark.parametrize(("name", "changes"), ALLOWED)
def test_allowed(name, changes):
    check_broker(Configs(BrokerConfig()), name, changes)


def test_a_certificate_is_tried_before_it_is_taken(tmp_path):
    settings = {
        "listeners": "SECURE://:0",
        "listener.security.protocol.map": "SECURE:SSL",
    }
    configs = Configs(BrokerConfig(settings))
    changes = {
        "listener.name.secure.ssl.keystore.location": str(tmp_path / "none.pem"),
        "listener.name.secure.ssl.keystore.type": "PEM",
    }
    with pytest.raises(InvalidRequestError, match=r"none\.pem"):
        check_broker(configs, "1", changes)
    with pytest.raises(InvalidRequestError, match="broker id must be specified"):
        check_broker(configs, "", changes)


@pytest.mark.parametrize(("name", "changes", "message"), REFUSED)
def test_refused(name, changes, message):
    with pytest.raises(InvalidRequestError, match=message):
        check_broker(Configs(BrokerConfig()), name, changes)
