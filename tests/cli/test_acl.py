"""`logcore acl`."""

import pytest

from logcore.testing.local_broker import LocalBroker

SETTINGS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}


@pytest.fixture(scope="module")
def cluster():
    """A broker that has rules."""
    with LocalBroker(**SETTINGS) as broker:
        yield broker.bootstrap_servers


def test_rules(ask, ask_json):
    assert ask("acl", "list") == "there are no such rules\n"
    add = ("acl", "add", "User:alice", "read", "describe", "--resource", "topic", "--name", "ord")
    assert len(ask_json(*add, "--prefixed", "--dry-run")) == 2
    assert ask_json("acl", "list") == []
    rows = ask_json(*add, "--prefixed")
    assert {row["operation"] for row in rows} == {"read", "describe"}
    ask("acl", "add", "User:bob", "alter", "--resource", "cluster", "--deny", "--host", "10.0.0.1")
    (row,) = ask_json("acl", "list", "--principal", "User:bob")
    assert (row["permission"], row["name"], row["host"]) == ("deny", "kafka-cluster", "10.0.0.1")
    matching = ("--resource", "topic", "--name", "orders", "--match")
    assert len(ask_json("acl", "list", *matching)) == 2
    assert len(ask_json("acl", "delete", *matching, "--dry-run")) == 2
    assert "Delete 2 rules?" in ask("acl", "delete", *matching, stdin="n\n", code=1)
    assert len(ask_json("acl", "delete", *matching, "-y")) == 2
    assert len(ask_json("acl", "list")) == 1


def test_what_is_refused(ask):
    told = ask("acl", "add", "User:alice", "read", "--resource", "topic", code=2)
    assert "--name" in told
    told = ask("acl", "add", "alice", "read", "--resource", "topic", "--name", "t", code=1)
    assert "alice" in told
