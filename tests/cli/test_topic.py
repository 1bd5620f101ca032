"""`logcore topic`."""

from logcore.testing.topics import fresh_name
from tests.eventually import eventually


def test_making_listing_describing_deleting(ask, ask_json):
    name = fresh_name()
    assert f"created {name}" in ask("topic", "create", name, "-p", 2, "-s", "retention.ms=5")
    row = {"name": name, "partitions": 2, "replicas": 1}
    eventually(lambda: row in ask_json("topic", "list"))
    assert "PARTITIONS" in ask("topic", "list")
    rows = ask_json("topic", "describe", name)
    assert [(row["partition"], row["leader"]) for row in rows] == [(0, 1), (1, 1)]
    assert f"deleted {name}" in ask("topic", "delete", name, "-y")
    eventually(lambda: name not in ask("topic", "list"))


def test_what_failed_is_told_and_the_rest_is_done(ask):
    old, new = fresh_name(), fresh_name()
    ask("topic", "create", old)
    told = ask("topic", "create", old, new, code=1)
    assert f"created {new}" in told
    assert f"{old}: Topic '{old}' already exists." in told
    ask("topic", "create", old, "--if-not-exists")
    assert "UNKNOWN_TOPIC" in ask("topic", "describe", fresh_name(), code=1)


def test_dry_runs_do_nothing(ask, ask_json, topic):
    name = fresh_name()
    assert f"would create {name}" in ask("topic", "create", name, "--dry-run")
    assert f"would delete {topic}" in ask("topic", "delete", topic, "--dry-run")
    assert f"would grow {topic}" in ask("topic", "grow", topic, 9, "--dry-run")
    names = [row["name"] for row in ask_json("topic", "list")]
    assert name not in names
    assert topic in names
    assert len(ask_json("topic", "describe", topic)) == 3


def test_deleting_asks_first(ask, topic):
    assert "with all records" in ask("topic", "delete", topic, stdin="n\n", code=1)
    assert topic in ask("topic", "list")


def test_growing(ask, ask_json, topic):
    ask("topic", "grow", topic, 5)
    eventually(lambda: len(ask_json("topic", "describe", topic)) == 5)


def test_some_of_them(ask, ask_json, topic):
    names = [row["name"] for row in ask_json("topic", "list", f"^{topic}$")]
    assert names == [topic]
    assert ask("topic", "list", "no such topic") == "no topic matches\n"
    assert "no such (" in ask("topic", "list", "no such (", code=2)
    assert ask_json("topic", "describe", topic, "--under-replicated") == []
    assert "no partition is so" in ask("topic", "describe", topic, "--unavailable")
