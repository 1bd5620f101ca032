"""Topics' settings for the logs."""

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.config.log_settings import common_settings, keep_applied, topic_settings

TOPIC, BROKER = 2, 4


class Told:
    def __init__(self):
        self.common, self.topics = [], {}

    def set_settings(self, settings):
        self.common.append(settings)

    def set_topic_settings(self, topic, settings):
        self.topics[topic] = settings


def test_what_all_logs_have_in_common():
    configs = Configs(BrokerConfig({"log.retention.hours": "1", "producer.id.expiration.ms": "9"}))
    settings = common_settings(configs)
    assert settings["retention.ms"] == "3600000"
    assert settings["producer.id.expiration.ms"] == "9"
    assert "internal.segment.bytes" not in settings


def test_what_differs_for_a_topic():
    configs = Configs(BrokerConfig())
    assert topic_settings(configs, "t") == {}
    configs.apply({(TOPIC, "t"): {"cleanup.policy": " compact", "internal.segment.bytes": "500"}})
    assert topic_settings(configs, "t") == {"cleanup.policy": "compact", "segment.bytes": "500"}


def test_later_changes_are_handed_on():
    configs, told = Configs(BrokerConfig()), Told()
    keep_applied(configs, told)
    configs.apply({(TOPIC, "t"): {"flush.ms": "5"}}, [(TOPIC, "t")])
    assert told.topics == {"t": {"flush.ms": "5"}}
    assert told.common == []
    configs.apply({(BROKER, ""): {"log.flush.interval.ms": "7"}}, [(BROKER, ""), (TOPIC, "t")])
    assert told.topics == {"t": {}}
    assert told.common[0]["flush.ms"] == "7"
