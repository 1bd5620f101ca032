"""The coordinator's settings come from Kafka's keys."""

from logcore.broker.config.broker_config import BrokerConfig
from logcore.coordinator.group.settings import GroupSettings


def test_every_key_is_kafkas():
    config = BrokerConfig({"log.dirs": "data"})
    assert GroupSettings.of(config) == GroupSettings()
    own = {"group_new_member_join_timeout_ms"}  # not a setting of Kafka's, but a constant
    for name in GroupSettings.__dataclass_fields__.keys() - own:
        assert name.replace("_", ".") in config, name


def test_what_is_given_replaces_the_default():
    settings = GroupSettings.of(
        {"group.max.size": 3, "group.consumer.assignors": ["range"], "unknown": 1}
    )
    assert settings.group_max_size == 3
    assert settings.group_consumer_assignors == ("range",)
    assert GroupSettings(offsets_retention_minutes=2).offsets_retention_ms == 120_000
