"""Settings of groups are within their bounds, or the broker does not start."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.config.group_bounds import KINDS, bounds_of, within_bounds
from logcore.broker.config.rules import Rules
from logcore.common.config import ConfigError
from logcore.common.errors import KafkaError


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heartbeat.interval.ms", "4999"),
        ("heartbeat.interval.ms", "15001"),
        ("session.timeout.ms", "44999"),
        ("session.timeout.ms", "60001"),
        ("assignment.interval.ms", "15001"),
        ("min.session.timeout.ms", "60001"),
        ("max.heartbeat.interval.ms", "4999"),
    ],
)
def test_refused(kind, name, value):
    with pytest.raises(ConfigError, match="must be greater than or equal to"):
        BrokerConfig({f"group.{kind}.{name}": value})


def test_a_session_outlasts_its_heartbeat():
    settings = {
        "group.streams.heartbeat.interval.ms": "15000",
        "group.streams.min.session.timeout.ms": "1",
        "group.streams.session.timeout.ms": "15000",
    }
    with pytest.raises(ConfigError, match=r"heartbeat.interval.ms must be less than"):
        BrokerConfig(settings)
    BrokerConfig(settings | {"group.streams.session.timeout.ms": "15001"})


def test_standbys():
    with pytest.raises(ConfigError, match=r"max.standby.replicas \(2\) must be greater"):
        BrokerConfig({"group.streams.num.standby.replicas": "3"})
    BrokerConfig(
        {"group.streams.num.standby.replicas": "3", "group.streams.max.standby.replicas": "3"}
    )


def test_changes_are_asked_the_same():
    rules = Rules(Configs(BrokerConfig({})))
    rules.check(4, "", {"group.streams.assignment.interval.ms": "15000"})
    with pytest.raises(KafkaError, match="must be greater than or equal to"):
        rules.check(4, "", {"group.streams.assignment.interval.ms": "15001"})


def test_bounds():
    assert bounds_of("share.session.timeout.ms") == (
        "group.share.min.session.timeout.ms",
        "group.share.max.session.timeout.ms",
    )
    assert bounds_of("streams.num.standby.replicas")[1] == "group.streams.max.standby.replicas"


def test_what_was_set_before_bounds_became_narrower(caplog):
    broker = BrokerConfig({"group.streams.max.standby.replicas": "1"})
    configs = Configs(broker)
    kept = {"streams.session.timeout.ms": "50000"}
    configs.apply({
        (32, "g"): {"streams.num.standby.replicas": "2", "streams.session.timeout.ms": "1"},
        (32, "h"): kept,
    })  # fmt: skip
    values = configs.group_values("g")
    assert values["streams.num.standby.replicas"] == 1
    assert values["streams.session.timeout.ms"] == 45_000
    assert len(caplog.records) == 2
    assert configs.group_values("h")["streams.session.timeout.ms"] == 50_000
    assert within_bounds(values, broker) is values
