"""`logcore bench`: the group."""

import pytest

from logcore.cli.bench import MODULES
from tests.eventually import eventually


@pytest.mark.parametrize("name", MODULES)
def test_each_measurement_has_help_and_json(logcore, name):
    assert name in logcore("bench", "--help").stdout
    shown = logcore("bench", name, "--help").stdout
    for option in ("--output", "--size", "--partitions", "--acks", "--compression", "--bootstrap"):
        assert option in shown


@pytest.mark.peer
def test_apache_kafka_is_measured_as_well(logcore_json, kafka_broker):
    where = ("-b", kafka_broker.bootstrap)
    for by in ("record", "batch", "columns"):
        (told,) = logcore_json("bench", "produce", "-n", 3000, "--by", by, *where)
        (read,) = logcore_json("bench", "consume", "-n", 3000, "--by", by, *where)
        assert told["bytes"] == read["bytes"] == 300_000
    (late,) = logcore_json("bench", "latency", "-r", 200, "-t", 0.5, "--warm-up", 0.2, *where)
    assert late["records"] == 100

    def left():
        names = [row["name"] for row in logcore_json("topic", "list", *where)]
        return [name for name in names if name.startswith("logcore-bench")]

    eventually(lambda: not left())
