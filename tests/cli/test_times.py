"""Times and periods as the command line writes them."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from logcore.cli.times import Moment, Period, timestamp_ms


def test_moments():
    read = Moment().convert
    assert read("2026-01-31T12:00:00Z", None, None) == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert read("2026-01-31", None, None) == datetime(2026, 1, 31, tzinfo=UTC)
    before = datetime.now(UTC)
    assert before <= read("2h", None, None) + timedelta(hours=2) <= datetime.now(UTC)
    with pytest.raises(click.BadParameter, match="2h"):
        read("yesterday", None, None)


def test_periods():
    read = Period().convert
    assert read("90m", None, None) == timedelta(minutes=90)
    assert read("1w", None, None) == timedelta(days=7)
    for wrong in ("0s", "-1s", "5", "5y", "", "9" * 30 + "w"):
        with pytest.raises(click.BadParameter, match="90m"):
            read(wrong, None, None)


def test_timestamps():
    assert timestamp_ms(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1000
    assert timestamp_ms(datetime(1, 1, 1, tzinfo=UTC)) == 0


def test_before_all_time():
    with pytest.raises(click.BadParameter):
        Moment().convert("9999999w", None, None)
