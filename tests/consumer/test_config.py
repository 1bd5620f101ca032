"""The keys of a consumer, and what contradicts what."""

import pytest

from logcore.common.config import ConfigError
from logcore.consumer.config import CONSUMER_CONFIG, ConsumerSettings


def settings(**given):
    made = ConsumerSettings(CONSUMER_CONFIG, given)
    made.check()
    return made


def test_defaults_are_kafkas():
    made = settings(group_id="g")
    assert made.text("auto.offset.reset") == "latest"
    assert made.texts("partition.assignment.strategy") == ("range", "cooperative-sticky")
    assert (made.commits_itself, made.is_committed_only) == (True, False)


def test_without_a_group_nothing_is_committed():
    assert not settings().commits_itself
    with pytest.raises(ConfigError, match=r"group\.id"):
        settings(enable_auto_commit=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"group_id": ""}, "must not be empty"),
        ({"heartbeat_interval_ms": 50_000}, r"lower than session\.timeout\.ms"),
        ({"auto_offset_reset": "newest"}, "by_duration"),
        ({"isolation_level": "committed"}, "read_committed"),
        ({"partition_assignment_strategy": "uniform"}, "uniform"),
        ({"group_protocol": "modern"}, "classic"),
    ],
)
def test_refusals_say_what_would_do(given, said):
    with pytest.raises(ConfigError, match=said):
        settings(**given)
