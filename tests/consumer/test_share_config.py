"""The keys of a share consumer are Kafka's, with Kafka's defaults, and no others."""

import pytest

from logcore.common.config import ConfigError
from logcore.consumer.share_config import SHARE_CONSUMER_CONFIG, ShareConsumerSettings


def settings(**told):
    made = ShareConsumerSettings(SHARE_CONSUMER_CONFIG, {"group.id": "g"} | told)
    made.check()
    return made


def test_defaults():
    made = settings()
    assert (made.group_id, made.is_explicit, made.is_record_limit) == ("g", False, False)
    assert made.integer("max.poll.records") == 500


def test_modes():
    assert settings(share_acknowledgement_mode="explicit").is_explicit
    assert settings(share_acquire_mode="record_limit").is_record_limit
    assert settings(share_acquire_mode="RECORD_LIMIT").is_record_limit
    with pytest.raises(ConfigError, match="implicit, explicit"):
        settings(share_acknowledgement_mode="maybe")
    with pytest.raises(ConfigError, match="record_limit"):
        settings(share_acquire_mode="fast")


@pytest.mark.parametrize("group", [None, ""])
def test_a_group_is_needed(group):
    with pytest.raises(ConfigError, match=r"needs a group\.id"):
        settings(**{"group.id": group})


@pytest.mark.parametrize(
    "key",
    [
        "auto.offset.reset", "enable.auto.commit", "group.instance.id", "isolation.level",
        "partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms",
        "group.protocol", "group.remote.assignor",
    ],
)  # fmt: skip
def test_what_only_other_consumers_have_is_refused(key):
    with pytest.raises(ConfigError, match="Unknown share consumer config"):
        settings(**{key: "1"})
