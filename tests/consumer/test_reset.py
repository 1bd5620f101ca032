"""Where to read without a position."""

import pytest

from logcore.common.config import ConfigError
from logcore.consumer.reset import BEGINNING, END, ResetTo, parse_reset


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("earliest", BEGINNING),
        ("latest", END),
        ("none", None),
        ("by_duration:PT1H", ResetTo(0, 3_600_000)),
        ("by_duration:P1DT1M0.5S", ResetTo(0, 86_460_500)),
    ],
)
def test_places(text, place):
    assert parse_reset(text) == place


@pytest.mark.parametrize("text", ["", "newest", "by_duration", "by_duration:", "by_duration:P"])
def test_anything_else_is_refused_with_what_would_do(text):
    with pytest.raises(ConfigError, match=r"by_duration:PT24H"):
        parse_reset(text)


def test_a_duration_counts_back_from_now():
    assert (ResetTo(0, 500).at(2000), END.at(2000), BEGINNING.at(2000)) == (1500, -1, -2)
