"""What the measurements share."""

import click
import pytest

from logcore.cli.bench_topic import Load, as_for, rates, topic_of
from logcore.cli.connecting import ClusterOptions
from logcore.common.errors import UnknownTopicOrPartitionError
from tests.eventually import eventually

LOAD = Load(size=10, partitions=3, replication_factor=None, acks="1", compression="lz4")


def test_a_topic_is_there_for_the_measurement_only(cluster, ask_json):
    def names():
        return [row["name"] for row in ask_json("topic", "list")]

    def measure():
        with topic_of(ClusterOptions(cluster, {}), None, LOAD) as name:
            assert name in names()
            made.append(name)
            raise ZeroDivisionError

    made: list[str] = []
    with pytest.raises(ZeroDivisionError):
        measure()
    eventually(lambda: made[0] not in names())


def test_a_named_topic_is_left(cluster, topic, ask_json):
    with topic_of(ClusterOptions(cluster, {}), topic, LOAD) as name:
        assert name == topic
    assert topic in [row["name"] for row in ask_json("topic", "list")]
    with (
        pytest.raises(UnknownTopicOrPartitionError),
        topic_of(ClusterOptions(cluster, {}), "not-there", LOAD),
    ):
        pass


def test_values_are_the_same_in_every_run():
    assert LOAD.values() == LOAD.values()
    assert {len(value) for value in LOAD.values()} == {10}
    assert len(set(LOAD.values())) > 1
    assert sum(map(len, Load(1_000_000, 1, None, "1", "none").values())) <= 4_000_000


def test_settings_by_hand_have_the_last_word():
    told = LOAD.on(ClusterOptions("x:1", {"acks": "0"})).settings
    assert told == {"acks": "0", "compression.type": "lz4"}


def test_each_client_is_told_what_is_for_it():
    told = {"linger.ms": "0", "fetch.min.bytes": "9", "client.id": "me"}
    both = ClusterOptions("x:1", told)
    assert set(as_for("producer", both).settings) == {"linger.ms", "client.id"}
    assert set(as_for("consumer", both).settings) == {"fetch.min.bytes", "client.id"}
    assert set(as_for("admin", both).settings) == {"client.id"}


def test_a_value_that_one_of_them_refuses_is_refused_first():
    for kind in ("admin", "consumer", "producer"):
        with pytest.raises(click.UsageError, match="Invalid value 7 for configuration acks"):
            as_for(kind, ClusterOptions("x:1", {"acks": "7"}))


def test_a_setting_that_nobody_has_is_refused(logcore, cluster):
    told = logcore("bench", "produce", "-n", 1, "-b", cluster, "-X", "lingr.ms=1", code=2).output
    assert "did you mean linger.ms?" in told


def test_rates():
    told = rates(1000, 2_000_000, 0.5, 0.25)
    assert (told["records_per_s"], told["mb_per_s"], told["client_cpu_s"]) == (2000, 4.0, 0.25)
