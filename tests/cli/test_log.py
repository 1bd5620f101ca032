"""`logcore log`: the group."""

import pytest

from logcore.cli.log import MODULES


def test_help_lists_every_command(logcore):
    shown = logcore("log", "--help").stdout
    for name in MODULES:
        assert f"  {name} " in shown


@pytest.mark.parametrize("name", MODULES)
def test_each_command_has_help_and_json(logcore, name):
    assert "--output" in logcore("log", name, "--help").stdout
