"""`logcore bench`: the group."""

import pytest

from logcore.cli.bench import MODULES


@pytest.mark.parametrize("name", MODULES)
def test_each_measurement_has_help_and_json(logcore, name):
    assert name in logcore("bench", "--help").stdout
    shown = logcore("bench", name, "--help").stdout
    for option in ("--output", "--size", "--partitions", "--acks", "--compression", "--bootstrap"):
        assert option in shown
