"""Settings come from the broker's keys."""

from logcore.broker.config.broker_config import BrokerConfig
from logcore.coordinator.share.settings import ShareSettings


def test_every_setting_is_a_key_of_the_broker_with_its_default():
    config = BrokerConfig({"log.dirs": "/nowhere"})
    assert ShareSettings.of(config) == ShareSettings()


def test_given_ones_are_taken():
    given = {"share.coordinator.write.timeout.ms": 7, "other.key": 1}
    assert ShareSettings.of(given).share_coordinator_write_timeout_ms == 7
