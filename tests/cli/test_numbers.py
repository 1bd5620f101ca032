"""Numbers that the protocol has room for."""

import click
import pytest

from logcore.cli.numbers import COUNT, OFFSET, Number


@pytest.mark.parametrize("value", ["3", 3, "7", " 5 "])
def test_those_that_are_taken(value):
    assert Number(3, 7).convert(value, None, None) == int(value)


@pytest.mark.parametrize("value", ["2", "8", "-1", "", "four", "4.0", "1" * 5000])
def test_those_that_are_not(value):
    with pytest.raises(click.BadParameter, match="write a number from 3 to 7"):
        Number(3, 7).convert(value, None, None)


def test_limits():
    assert OFFSET.convert(str(2**63 - 1), None, None) == 2**63 - 1
    with pytest.raises(click.BadParameter):
        COUNT.convert("99999999999", None, None)
