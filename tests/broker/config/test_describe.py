"""Entries: values, and where they come from, as Apache Kafka 4.3.1 was seen to answer."""

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.config.describe import (
    Source,
    broker_synonyms,
    describe_broker,
    describe_broker_defaults,
    describe_client_metrics,
    describe_group,
    describe_topic,
)

TOPIC, BROKER, METRICS, GROUP = 2, 4, 16, 32

SETTINGS = {
    "node.id": "1",
    "log.retention.hours": "48",
    "log.roll.ms": "100000000",
    "ssl.key.password": "secret",
    "listener.name.plaintext.max.connections": "77",
}


def described(entries):
    return {each.name: each for each in entries}


def synonyms(entry):
    return [(each.name, each.value, int(each.source)) for each in entry.synonyms]


def changed(changes, settings=SETTINGS):
    configs = Configs(BrokerConfig(settings))
    configs.apply(changes)
    return configs


def test_a_topics_value_and_all_that_it_hides():
    configs = changed(
        {(TOPIC, "t"): {"retention.ms": " 6000"}, (BROKER, "1"): {"log.retention.ms": "123456"}}
    )
    entries = described(describe_topic(configs, "t"))
    assert len(entries) == 33
    retention = entries["retention.ms"]
    assert (retention.value, retention.source) == ("6000", Source.DYNAMIC_TOPIC)
    assert synonyms(retention) == [
        ("retention.ms", "6000", 1),
        ("log.retention.ms", "123456", 2),
        ("log.retention.hours", "48", 4),
        ("log.retention.hours", "168", 5),
    ]
    assert entries["segment.ms"].source is Source.STATIC_BROKER
    assert entries["remote.storage.enable"].synonyms == ()
    assert entries["remote.storage.enable"].source is Source.DEFAULT
    assert not any(entry.read_only for entry in entries.values())


def test_the_flush_interval_falls_back_on_the_schedulers():
    entries = described(describe_topic(changed({}, {}), "t"))
    flush = entries["flush.ms"]
    assert flush.value == "9223372036854775807"
    assert synonyms(flush) == []


def test_a_brokers_entries():
    configs = changed({(BROKER, ""): {"log.flush.interval.messages": "1000"}})
    entries = described(describe_broker(configs))
    assert entries["log.flush.interval.messages"].source is Source.DYNAMIC_DEFAULT_BROKER
    assert entries["node.id"].read_only
    assert not entries["num.io.threads"].read_only
    assert entries["ssl.key.password"].value is None
    assert entries["ssl.key.password"].is_sensitive
    assert synonyms(entries["ssl.key.password"]) == [("ssl.key.password", None, 4)]
    assert entries["log.cleaner.io.max.bytes.per.second"].value == "1.7976931348623157E308"
    assert "leader.replication.throttled.rate" not in entries
    assert "controller.performance.sample.period.ms" not in entries
    own = entries["listener.name.plaintext.max.connections"]
    assert own.read_only
    assert synonyms(own) == [
        ("listener.name.plaintext.max.connections", "77", 4),
        ("max.connections", "2147483647", 5),
    ]


def test_internal_keys_are_shown_where_they_are_set():
    configs = changed({(BROKER, "1"): {"leader.replication.throttled.rate": "1000"}})
    entry = described(describe_broker(configs))["leader.replication.throttled.rate"]
    assert synonyms(entry) == [("leader.replication.throttled.rate", "1000", 2)]


def test_the_lesser_synonym_does_not_come_first():
    names = [each.name for each in broker_synonyms(changed({}), "log.retention.hours")]
    assert names == ["log.retention.hours", "log.retention.hours"]
    names = [each.name for each in broker_synonyms(changed({}), "log.retention.ms")]
    assert names == []


def test_all_brokers_have_only_what_was_set_of_them():
    configs = changed({(BROKER, ""): {"max.connections": "900"}, (BROKER, "1"): {}})
    (entry,) = describe_broker_defaults(configs)
    assert (entry.name, entry.value, entry.source) == (
        "max.connections", "900", Source.DYNAMIC_DEFAULT_BROKER,
    )  # fmt: skip
    assert synonyms(entry) == [("max.connections", "900", 3)]


def test_a_groups_entries():
    configs = changed({(GROUP, "g"): {"share.auto.offset.reset": "earliest"}})
    entries = described(describe_group(configs, "g"))
    assert synonyms(entries["share.auto.offset.reset"]) == [
        ("share.auto.offset.reset", "earliest", 8),
        ("share.auto.offset.reset", "latest", 5),
    ]
    assert synonyms(entries["consumer.session.timeout.ms"]) == [
        ("group.consumer.session.timeout.ms", "45000", 5)
    ]


def test_a_subscriptions_entries():
    configs = changed({(METRICS, "s"): {"interval.ms": "1000"}})
    entries = described(describe_client_metrics(configs, "s"))
    assert entries.keys() == {"interval.ms", "match", "metrics"}
    assert entries["interval.ms"].source is Source.CLIENT_METRICS
    assert (entries["match"].value, entries["match"].source) == ("", Source.DEFAULT)
