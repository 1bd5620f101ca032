"""Rules: what of topics, groups and metrics subscriptions is refused, with which error."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.config.rules import Rules
from logcore.common.errors import InvalidConfigError, InvalidRequestError

TOPIC, BROKER, METRICS, GROUP = 2, 4, 16, 32


@pytest.fixture
def rules():
    return Rules(Configs(BrokerConfig({"log.cleaner.min.compaction.lag.ms": "50"})))


ALLOWED = [
    (TOPIC, {}),
    (TOPIC, {"cleanup.policy": "", "retention.ms": "-1"}),
    (GROUP, {"consumer.session.timeout.ms": "60000", "share.auto.offset.reset": "earliest"}),
    (
        METRICS,
        {"interval.ms": "100", "match": "client_id=a.*,client_source_port=9", "metrics": "*"},
    ),
    (BROKER, {"log.retention.ms": "5"}),
]

REFUSED = [
    (TOPIC, {"retention.mss": "1"}, InvalidConfigError, "retention.ms?"),
    (TOPIC, {"retention.ms": "x"}, InvalidConfigError, "type LONG"),
    (TOPIC, {"max.compaction.lag.ms": "10"}, InvalidConfigError, r"lag.ms \(50\) > "),
    (TOPIC, {"remote.storage.enable": "true"}, InvalidConfigError, "no remote storage"),
    (GROUP, {"x": "1"}, InvalidConfigError, "Unknown group config name: x"),
    (GROUP, {"consumer.session.timeout.ms": "5"}, InvalidConfigError, "greater than or equal"),
    (GROUP, {"share.record.lock.duration.ms": "600000"}, InvalidConfigError, "less than or equal"),
    (GROUP, {"streams.num.standby.replicas": "3"}, InvalidConfigError, "less .*max.standby"),
    (METRICS, {"x": "1"}, InvalidRequestError, "Unknown client metrics"),
    (METRICS, {"interval.ms": "99"}, InvalidRequestError, "between 100 and 3600000"),
    (METRICS, {"interval.ms": "x"}, InvalidConfigError, "type INT"),
    (METRICS, {"match": "zork=1"}, InvalidConfigError, "zork=1"),
    (METRICS, {"match": "client_id=["}, InvalidConfigError, "pattern"),
    (METRICS, {"match": "client_id"}, InvalidConfigError, "pattern"),
    (BROKER, {"node.id": "5"}, InvalidRequestError, "dynamically"),
]


@pytest.mark.parametrize(("kind", "configs"), ALLOWED)
def test_allowed(rules, kind, configs):
    rules.check(kind, "1", configs)


@pytest.mark.parametrize(("kind", "configs", "error", "message"), REFUSED)
def test_refused(rules, kind, configs, error, message):
    with pytest.raises(error, match=message):
        rules.check(kind, "1", configs)


def test_a_session_outlasts_its_heartbeat():
    broker = {"group.consumer.min.session.timeout.ms": "1000"}
    rules = Rules(Configs(BrokerConfig(broker)))
    with pytest.raises(InvalidConfigError, match=r"must be greater than consumer\.heartbeat"):
        rules.check(GROUP, "g", {"consumer.session.timeout.ms": "5000"})


def test_lists_and_defaults(rules):
    assert rules.is_list(TOPIC, "cleanup.policy")
    assert not rules.is_list(TOPIC, "retention.ms")
    assert not rules.is_list(TOPIC, "zork")
    assert not rules.is_list(99, "cleanup.policy")
    assert rules.default(TOPIC, "cleanup.policy") == "delete"
    assert rules.default(TOPIC, "leader.replication.throttled.replicas") == ""
    assert rules.default(BROKER, "log.cleaner.min.compaction.lag.ms") == "50"
    assert rules.default(METRICS, "match") == ""
    assert rules.default(GROUP, "zork") is None


def test_what_a_new_topic_will_have(rules):
    entries = {each.name: each for each in rules.topic_entries({"retention.ms": "5"})}
    assert (entries["retention.ms"].value, entries["retention.ms"].config_source) == ("5", 1)
    lag = entries["min.compaction.lag.ms"]
    assert (lag.value, lag.config_source) == ("50", 4)
    assert entries["segment.bytes"].config_source == 5
    assert "internal.segment.bytes" not in entries
