"""`logcore txn`."""

import confluent_kafka
import pytest

from logcore.testing.topics import fresh_name
from tests.eventually import eventually


@pytest.fixture
def hanging(cluster, topic):
    """An open transaction: its id and its topic."""
    name = fresh_name("transaction")
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster, "transactional.id": name})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"x", partition=1)
    producer.flush(10)
    yield name, topic
    producer.purge()


def test_an_open_transaction(ask, ask_json, hanging):
    name, topic = hanging

    def states():
        return [row["state"] for row in ask_json("txn", "list") if row["name"] == name]

    eventually(lambda: states() == ["Ongoing"])
    long = ask_json("txn", "list", "--longer-than", "1h")  # those of other tests that are over
    assert name not in [row["name"] for row in long]
    (row,) = ask_json("txn", "list", "--match", f"{name}$")
    assert row["name"] == name
    (row,) = ask_json("txn", "describe", name)
    assert row["partitions"] == [f"{topic}-1"]
    assert row["started"].endswith("Z")
    (row,) = ask_json("txn", "producers", topic)
    assert (row["partition"], row["transaction_start"]) == (1, 0)
    assert "no transaction hangs" in ask("txn", "hanging", topic, "--open-for", "1s")
    (row,) = ask_json("txn", "abort", topic, 1, 0, "--dry-run")
    assert row["producer_id"] >= 0
    assert "begins there" in ask("txn", "abort", topic, 1, 7, "--dry-run")
    assert "Abort" in ask("txn", "abort", topic, 1, 0, stdin="n\n", code=1)
    told = ask("txn", "abort", topic, 1, 0, "-y")
    assert told == f"aborted what begins at {topic}-1:0\n"

    def starts():
        return [row["transaction_start"] for row in ask_json("txn", "producers", topic)]

    eventually(lambda: starts() == [None])


def test_fencing(ask, hanging):
    name, _ = hanging
    assert f"would fence {name}" in ask("txn", "fence", name, "--dry-run")
    assert f"fenced {name}" in ask("txn", "fence", name)


def test_what_is_not_there(ask, topic):
    assert "no open transaction" in ask("txn", "abort", topic, 0, 7, "-y", code=1)
    for filtered in (("--match", "nowhere"), ("--state", "Dead")):
        assert ask("txn", "list", *filtered) == "no transaction is so\n"
    assert "nobody" in ask("txn", "producers", topic)
    assert ask("txn", "describe", fresh_name("transaction"), code=1)
