"""`logcore acl`."""

import pytest

from logcore.testing.topics import fresh_name
from tests.eventually import eventually


@pytest.fixture
def cluster(guarded):
    """The address of a broker that has rules: ours, then Apache Kafka's."""
    return guarded.bootstrap


def test_rules(ask, ask_json):
    name, bob = fresh_name(), fresh_name("User:bob")
    matching = ("--resource", "topic", "--name", name, "--match")

    def count(*which):
        return len(ask_json("acl", "list", *which))

    assert ask("acl", "list", *matching) == "there are no such rules\n"
    add = ("acl", "add", "User:alice", "read", "describe", "--resource", "topic")
    assert len(ask_json(*add, "--name", name[:-1], "--prefixed", "--dry-run")) == 2
    assert count(*matching) == 0
    rows = ask_json(*add, "--name", name[:-1], "--prefixed")
    assert {row["operation"] for row in rows} == {"read", "describe"}
    ask("acl", "add", bob, "alter", "--resource", "cluster", "--deny", "--host", "10.0.0.1")
    eventually(lambda: count("--principal", bob) == 1)
    (row,) = ask_json("acl", "list", "--principal", bob)
    assert (row["permission"], row["name"], row["host"]) == ("deny", "kafka-cluster", "10.0.0.1")
    eventually(lambda: count(*matching) == 2)
    assert len(ask_json("acl", "delete", *matching, "--dry-run")) == 2
    assert "Delete 2 rules?" in ask("acl", "delete", *matching, stdin="n\n", code=1)
    assert len(ask_json("acl", "delete", *matching, "-y")) == 2
    eventually(lambda: count(*matching) == 0)
    assert len(ask_json("acl", "delete", "--principal", bob, "-y")) == 1


def test_what_is_refused(ask):
    told = ask("acl", "add", "User:alice", "read", "--resource", "topic", code=2)
    assert "--name" in told
    told = ask("acl", "add", "alice", "read", "--resource", "topic", "--name", "t", code=1)
    assert "alice" in told
