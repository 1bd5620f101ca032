"""Settings of groups: taken from the tables, and where a group begins."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.share.settings import ShareSettings, duration_ms


def test_defaults_are_those_of_the_tables():
    settings = ShareSettings.of(Configs(BrokerConfig({})).group_values("group"))
    assert settings == (30_000, 5, 2_000, True, False, "latest")


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("PT1H", 3_600_000),
        ("P2D", 172_800_000),
        ("PT1.5S", 1_500),
        ("PT1M-2S", 58_000),
        ("p1dt2h3m4s", 93_784_000),
        ("-PT3S", -3_000),
    ],
)
def test_durations(text: str, milliseconds: int):
    assert duration_ms(text) == milliseconds


def test_no_duration():
    with pytest.raises(ValueError, match="no duration"):
        duration_ms("1 hour")


def test_where_a_group_begins():
    settings = ShareSettings.of(Configs(BrokerConfig({})).group_values("group"))
    assert settings.reset_timestamp(5_000) == -1
    assert settings._replace(reset="earliest").reset_timestamp(5_000) == -2
    ago = settings._replace(reset="by_duration:PT2S")
    assert ago.reset_timestamp(5_000) == 3_000
    assert ago.reset_timestamp(1_000) == 0
