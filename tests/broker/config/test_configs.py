"""`Configs`: what holds, from defaults, synonyms and changes."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs, topic_defaults

TOPIC, BROKER, METRICS, GROUP = 2, 4, 16, 32


@pytest.mark.parametrize(
    ("settings", "retention_ms"),
    [
        ({}, 604_800_000),
        ({"log.retention.hours": "1"}, 3_600_000),
        ({"log.retention.hours": "1", "log.retention.minutes": "2"}, 120_000),
        ({"log.retention.minutes": "2", "log.retention.ms": "3"}, 3),
        ({"log.retention.hours": "-1"}, -1),
        ({"log.retention.ms": "-1"}, -1),
    ],
)
def test_a_topics_retention_comes_from_the_first_synonym_that_is_set(settings, retention_ms):
    assert topic_defaults(BrokerConfig(settings))["retention.ms"] == retention_ms


def test_other_synonyms():
    config = BrokerConfig(
        {"log.roll.hours": "2", "log.flush.scheduler.interval.ms": "9", "message.max.bytes": "8"}
    )
    values = topic_defaults(config)
    assert values["segment.ms"] == 7_200_000
    assert values["flush.ms"] == 9
    assert values["max.message.bytes"] == 8
    assert values["segment.jitter.ms"] == 0


def test_a_topic_has_what_was_set_of_it_and_the_rest():
    configs = Configs(BrokerConfig())
    assert configs.topic_values("t") is configs.topic_defaults
    configs.apply({(TOPIC, "t"): {"retention.ms": " 5 ", "cleanup.policy": "compact, delete"}})
    assert configs.topic_values("t")["retention.ms"] == 5
    assert configs.topic("t")["cleanup.policy"] == "compact,delete"
    assert configs.topic("t")["segment.bytes"] == "1073741824"
    assert "internal.segment.bytes" not in configs.topic("t")
    assert configs.changes(TOPIC, "t")["retention.ms"] == " 5 "
    assert configs.topic_values("other") is configs.topic_defaults
    configs.apply({}, [(TOPIC, "t")])
    assert configs.topic_values("t")["retention.ms"] == 604_800_000


def test_a_brokers_own_change_is_stronger_than_that_of_all():
    configs = Configs(BrokerConfig({"node.id": "3", "log.retention.hours": "1"}))
    configs.apply(
        {
            (BROKER, ""): {"log.retention.ms": "10", "message.max.bytes": "20"},
            (BROKER, "3"): {"log.retention.ms": "30"},
            (BROKER, "4"): {"message.max.bytes": "40"},
        }
    )
    assert configs.broker()["log.retention.ms"] == 30
    assert configs.broker().message_max_bytes == 20
    assert configs.topic_values("t")["retention.ms"] == 30
    configs.apply({}, [(BROKER, ""), (BROKER, "3")])
    assert configs.topic_values("t")["retention.ms"] == 3_600_000


def test_a_stored_value_that_is_not_allowed_is_left_out(caplog):
    configs = Configs(BrokerConfig())
    configs.apply(
        {
            (BROKER, ""): {"log.retention.ms": "x", "zork": "1", "message.max.bytes": "7"},
            (TOPIC, "t"): {"flush.ms": "x", "retention.ms": "5"},
        }
    )
    assert configs.broker().message_max_bytes == 7
    assert configs.topic_values("t")["retention.ms"] == 5
    assert len(caplog.records) == 3


def test_groups_and_subscriptions():
    configs = Configs(BrokerConfig({"group.consumer.session.timeout.ms": "50000"}))
    assert configs.group("g")["consumer.session.timeout.ms"] == "50000"
    configs.apply(
        {(GROUP, "g"): {"consumer.session.timeout.ms": "60000"}, (METRICS, "s"): {"a": "b"}}
    )
    assert configs.group_values("g")["consumer.session.timeout.ms"] == 60_000
    assert configs.group_values("h")["consumer.session.timeout.ms"] == 50_000
    assert configs.client_metrics("s") == {"a": "b"}
    assert configs.client_metrics("none") == {}


def test_subscribers_are_told_what_changed_once_it_holds():
    configs = Configs(BrokerConfig())
    told = []
    configs.subscribe(lambda changed: told.append((changed, configs.topic("t")["flush.ms"])))
    configs.apply({(TOPIC, "t"): {"flush.ms": "5"}}, [(TOPIC, "t")])
    configs.apply({(TOPIC, "t"): {"flush.ms": "5"}}, [])
    assert told == [(frozenset({(TOPIC, "t")}), "5")]
