"""`logcore share consume`."""

import pytest

from logcore.testing.topics import fresh_name
from tests.eventually import eventually


@pytest.fixture
def group(ask, ask_json):
    """A share group that begins at the beginning; returns its name."""
    name = fresh_name("share")
    told = ["share.auto.offset.reset=earliest", "share.assignment.interval.ms=0"]
    ask("config", "set", f"group:{name}", *told)
    key = "share.auto.offset.reset"
    eventually(lambda: ask_json("config", "get", f"group:{name}", key)[0]["value"] == "earliest")
    return name


@pytest.fixture
def filled(logcore, cluster, topic):
    """A topic with six records in one partition."""
    lines = "".join(f"job {number}\n" for number in range(6))
    logcore("produce", topic, "-p", 0, "-b", cluster, stdin=lines)
    return topic


def values(rows):
    return [(row["value"], row["delivery_count"]) for row in rows]


def test_records_are_shown_and_accepted(ask_json, group, filled):
    rows = ask_json("share", "consume", group, filled, "-n", 4)
    assert values(rows) == [(f"job {number}", 1) for number in range(4)]
    rows = ask_json("share", "consume", group, filled, "-n", 2)
    assert values(rows) == [("job 4", 1), ("job 5", 1)], "no more were acquired than shown"


def test_records_are_given_back_or_refused(ask, ask_json, group, filled):
    ask("share", "consume", group, filled, "-n", 3, "--as", "release")
    shown = ask("share", "consume", group, filled, "-n", 1, "--as", "reject")
    assert "\tjob 0\tdelivery 2\n" in shown
    rows = ask_json("share", "consume", group, filled, "-n", 5)
    assert values(rows) == [
        ("job 1", 2), ("job 2", 2), ("job 3", 1), ("job 4", 1), ("job 5", 1)
    ]  # fmt: skip


def test_it_ends_when_it_is_quiet(ask, group, filled):
    shown = ask("share", "consume", group, filled, "--format", r"%o %s\n", "--idle", "3")
    assert shown == "".join(f"{number} job {number}\n" for number in range(6))


def test_what_is_refused(ask, group, filled):
    assert "nowhere-at-all" in ask("share", "consume", group, "nowhere-at-all", code=1)
    assert "--as" in ask("share", "consume", group, filled, "--as", "eat", code=2)
    assert "means nothing" in ask("share", "consume", group, filled, "--format", "%q", code=2)
