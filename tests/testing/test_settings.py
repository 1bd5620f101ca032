"""What brokers for tests are told."""

from logcore.broker.config.broker_config import BrokerConfig
from logcore.testing.settings import DEFAULTS, settings_for


def test_a_test_has_the_last_word() -> None:
    told = settings_for("/d", "127.0.0.1:0", {"num_partitions": 7, "log.retention.ms": 5})
    assert told["num.partitions"] == "7"
    assert told["log.retention.ms"] == "5"
    assert told["log.dirs"] == "/d"
    key = next(iter(DEFAULTS))
    assert settings_for("/d", "127.0.0.1:0", {key: "9"})[key] == "9"


def test_the_broker_knows_all_of_them() -> None:
    config = BrokerConfig(settings_for("/d", "127.0.0.1:0", {}))
    assert config["offsets.topic.num.partitions"] == 4
