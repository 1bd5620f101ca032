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


@pytest.mark.parametrize(("name", "changes", "message"), REFUSED)
def test_refused(name, changes, message):
    with pytest.raises(InvalidRequestError, match=message):
        check_broker(Configs(BrokerConfig()), name, changes)
