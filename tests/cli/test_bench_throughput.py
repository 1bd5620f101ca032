"""`logcore bench produce` and `consume`."""

import json

import pytest

from logcore.cli.bench_throughput import BY, steps
from tests.eventually import eventually


@pytest.mark.parametrize("by", BY)
def test_what_is_produced_is_there(logcore_json, cluster, topic, by):
    (told,) = logcore_json(
        "bench", "produce", topic, "-n", 7001, "-s", 20, "--by", by, "-b", cluster
    )
    assert (told["records"], told["bytes"], told["by"]) == (7001, 140_020, by)
    assert told["records_per_s"] > 0
    (read,) = logcore_json("bench", "consume", topic, "--by", by, "-b", cluster)
    assert (read["records"], read["bytes"]) == (7001, 140_020)


def test_a_throw_away_topic_with_everything_told(logcore_json, cluster, ask_json):
    def left():
        names = [row["name"] for row in ask_json("topic", "list")]
        return [name for name in names if name.startswith("logcore-bench")]

    options = ("-p", 2, "--acks", "1", "-z", "zstd", "-n", 10)
    (told,) = logcore_json("bench", "produce", *options, "-b", cluster)
    assert (told["acks"], told["compression"]) == ("1", "zstd")
    (read,) = logcore_json("bench", "consume", *options, "-b", cluster)
    assert read["records"] == 10
    eventually(lambda: not left())


def test_less_may_be_read_than_there_is(logcore_json, logcore, cluster, topic):
    logcore("bench", "produce", topic, "-n", 10, "-b", cluster)
    (read,) = logcore_json("bench", "consume", topic, "-n", 4, "-b", cluster)
    assert read["records"] == 4


def test_what_cannot_be_measured_is_said(logcore, cluster, topic):
    assert "no records" in logcore("bench", "consume", topic, "-b", cluster, code=1).output
    nowhere = ("-b", "127.0.0.1:1", "-X", "default.api.timeout.ms=200")
    told = logcore("bench", "produce", "-n", 1, *nowhere, code=1).output
    assert "no broker can be reached" in told


def test_text_is_the_same_as_json(logcore, cluster):
    shown = logcore("bench", "produce", "-n", 5, "-b", cluster).stdout
    told = logcore("bench", "produce", "-n", 5, "-b", cluster, "-o", "json").stdout
    assert {line.partition(":")[0] for line in shown.splitlines()} == set(json.loads(told))


def test_steps():
    assert list(steps(0, 5)) == []
    assert list(steps(10, 5)) == [5, 5]
