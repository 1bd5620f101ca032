"""`logcore consume`."""

import itertools

import pytest

from logcore import Admin
from logcore.common.clock import SystemClock
from logcore.testing.topics import fresh_name
from tests.eventually import eventually


@pytest.fixture
def filled(logcore, cluster, topic):
    """A topic with three records in partition 0, and one in partition 2."""
    lines = '{"key": "k%d", "value": "v%d", "timestamp": %d}\n'
    now = SystemClock().now_ms()
    first = "".join(lines % (n, n, now - 3_600_000 * (3 - n)) for n in range(3))
    logcore("produce", topic, "--json", "-p", 0, "-b", cluster, stdin=first)
    logcore("produce", topic, "-p", 2, "-H", "trace=7", "-b", cluster, stdin="other\n")
    return topic


def values(rows):
    return [row["value"] for row in rows]


def test_from_the_beginning_to_the_end(ask, ask_json, filled):
    rows = ask_json("consume", filled)
    assert sorted(values(rows)) == ["other", "v0", "v1", "v2"]
    assert values(row for row in rows if row["partition"] == 0) == ["v0", "v1", "v2"]
    assert f"{filled}-2\t0\t" in ask("consume", filled)


def test_where_to_begin(ask_json, filled):
    assert values(ask_json("consume", filled, "-p", 0, "--offset", 1)) == ["v1", "v2"]
    assert values(ask_json("consume", filled, "-p", 0, "--last", 1)) == ["v2"]
    assert values(ask_json("consume", filled, "-p", 0, "--time", "150m")) == ["v1", "v2"]
    assert ask_json("consume", filled, "--offset", "end") == []


def test_an_offset_past_the_end(ask, ask_json, filled):
    assert values(ask_json("consume", filled, "--offset", 2)) == ["v2"]
    assert ask_json("consume", filled, "-p", 0, "--offset", 3) == []
    told = f"offset 500 is past the end of {filled}-0, which is 3"
    for how in ((), ("-f",), ("-f", "-p", 0)):
        assert told in ask("consume", filled, "--offset", 500, *how, code=1)
    told = f"offset 2 is past the end of {filled}-1, which is 0"
    assert told in ask("consume", filled, "--offset", 2, "-f", "-n", 1, code=1)
    rows = ask_json("consume", filled, "--offset", 2, "-f", "-p", 0, "-n", 1)
    assert values(rows) == ["v2"]


def test_where_to_begin_is_said_once(logcore):
    ways = (("--offset", "beginning"), ("--last", 1), ("--time", "1h"))
    for one, other in itertools.combinations(ways, 2):
        told = logcore("consume", "t", *one, *other, code=2).stderr
        assert "say once where to begin" in told
    for way in (*ways, ("-p", 0)):
        assert "leave out --" in logcore("consume", "t", "-g", "readers", *way, code=2).stderr


def test_where_to_end(ask, ask_json, filled):
    assert values(ask_json("consume", filled, "-p", 0, "--until", "90m")) == ["v0", "v1"]
    assert values(ask_json("consume", filled, "--time", "150m", "--until", "90m")) == ["v1"]
    assert "--until" in ask("consume", filled, "--until", "90m", "-f", code=2)


def test_what_is_shown(ask_json, ask, filled):
    assert values(ask_json("consume", filled, "-p", 0, "-n", 2)) == ["v0", "v1"]
    assert values(ask_json("consume", filled, "--grep", "v[12]")) == ["v1", "v2"]
    assert values(ask_json("consume", filled, "--key", "^k0$")) == ["v0"]
    assert values(ask_json("consume", filled, "-H", "trace")) == ["other"]
    assert values(ask_json("consume", filled, "-H", "trace=^7$")) == ["other"]
    assert ask_json("consume", filled, "-H", "trace=8") == []
    assert "--header" in ask("consume", filled, "-H", "trace=(", code=2)
    shown = ask("consume", filled, "-p", 2, "--format", r"%p:%o %s %h\n")
    assert shown == "2:0 other trace=7\n"


def test_in_a_group(ask_json, filled):
    group = fresh_name("group")
    assert len(ask_json("consume", filled, "-g", group, "-n", 4)) == 4

    def lags():
        return {row["lag"] for row in ask_json("group", "lag", group)}

    eventually(lambda: lags() == {0})


def test_what_produce_takes_back(logcore, cluster, ask, ask_json, filled):
    copy = fresh_name()
    ask("topic", "create", copy)
    lines = logcore("consume", filled, "-b", cluster, "-o", "json").stdout
    logcore("produce", copy, "--json", "-b", cluster, stdin=lines)
    old, new = ask_json("consume", filled), ask_json("consume", copy)
    assert [row["timestamp"] for row in new] == [row["timestamp"] for row in old]
    assert values(new) == values(old)


def test_a_topic_that_is_not_there_is_not_made(ask, cluster):
    name = fresh_name()
    assert f"{name}: " in ask("consume", name, code=1)
    with Admin(cluster) as admin:
        assert name not in admin.topics.list()


def test_what_is_refused(ask, filled):
    assert "partition 9" in ask("consume", filled, "-p", 9, code=2)
    assert "beginning" in ask("consume", filled, "--offset", "now", code=2)
    assert "means nothing" in ask("consume", filled, "--format", "%q", code=2)
    assert "--grep" in ask("consume", filled, "--grep", "(", code=2)
