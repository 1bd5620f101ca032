"""`logcore group`."""

import confluent_kafka
import pytest

from logcore import Admin
from logcore.testing.topics import fresh_name
from tests.eventually import eventually
from tests.streams_group import streams_member


@pytest.fixture
def reading(cluster, topic):
    """A group of one member that has read three of five records; its name and topic."""
    group = fresh_name("group")
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster})
    for number in range(5):
        producer.produce(topic, b"%d" % number, partition=0)
    assert producer.flush(10) == 0
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": cluster,
            "group.id": group,
            "client.id": "reader",
            "group.instance.id": "first",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    assert len(consumer.consume(5, timeout=20)) == 5
    consumer.commit(offsets=[confluent_kafka.TopicPartition(topic, 0, 3)], asynchronous=False)
    yield group, topic
    consumer.close()


def test_a_group_that_reads(ask, ask_json, reading):
    group, topic = reading
    listed = {"name": group, "kind": "classic", "state": "Stable"}
    eventually(lambda: listed in ask_json("group", "list"))
    assert group not in ask("group", "list", "--kind", "share")
    (row,) = ask_json("group", "describe", group)
    assert (row["client"], row["member"]) == ("reader", "first")
    assert row["assignment"] == [f"{topic}-{number}" for number in range(3)]

    def lags():
        return [
            (row["committed"], row["end"], row["lag"])
            for row in ask_json("group", "lag", group)
            if row["partition"] == 0
        ]

    eventually(lambda: lags() == [(3, 5, 2)])
    assert "LAG" in ask("group", "lag", group)
    assert "NON_EMPTY_GROUP" in ask("group", "delete", group, code=1)
    assert ask_json("group", "kick", group, "first", "--dry-run") == [
        {"name": "first", "outcome": "would remove"}
    ]
    assert "removed first" in ask("group", "kick", group, "first")


def test_resetting_and_forgetting(ask, ask_json, topic):
    def read():
        return [row["partition"] for row in ask_json("group", "lag", group)]

    group = fresh_name("group")
    rows = ask_json("group", "reset", group, "-t", topic, "--to-earliest", "--dry-run")
    assert [row["after"] for row in rows] == [0, 0, 0]
    assert "no offsets" in ask("group", "lag", group)
    ask("group", "reset", group, "-t", f"{topic}:0,2", "--to-latest")
    eventually(lambda: read() == [0, 2])
    assert ask_json("group", "forget", group, "-t", f"{topic}:2", "--dry-run") == [
        {"name": f"{topic}-2", "outcome": "would forget"}
    ]
    ask("group", "forget", group, "-t", f"{topic}:2")
    eventually(lambda: read() == [0])
    (row,) = ask_json("group", "reset", group, "--to-offset", 0, "--dry-run")
    assert row["after"] == 0
    (row,) = ask_json("group", "reset", group, "--shift-by", 5)
    assert (row["before"], row["after"]) == (0, 0)
    assert f"would delete {group}" in ask("group", "delete", group, "--dry-run")
    assert f"deleted {group}" in ask("group", "delete", group)


def test_a_streams_group(ask, ask_json, cluster, topic):
    group = fresh_name("group")
    with Admin(cluster) as admin, streams_member(admin, group, topic) as member:
        (row,) = ask_json("group", "topology", group)
        assert (row["subtopology"], row["sources"]) == ("0", [topic])

        def tasks():
            (row,) = ask_json("group", "describe", group)
            return (row["member"], row["kind"], row["assignment"])

        eventually(lambda: tasks() == (member, "streams", ["0_0", "0_1", "0_2"]))
        assert group in ask("group", "list", "--kind", "streams")
    eventually(lambda: f"deleted {group}" in ask("group", "delete", group))


def test_offsets_are_kept_and_brought_back(ask, ask_json, logcore, cluster, topic, tmp_path):
    group = fresh_name("group")
    ask("produce", topic, "-p", 1, stdin="a\nb\nc\n")
    ask("group", "reset", group, "-t", topic, "--to-offset", 2)

    def committed():
        return [row["committed"] for row in ask_json("group", "lag", group)]

    eventually(lambda: committed() == [0, 2, 0])
    kept = tmp_path / "offsets"
    kept.write_text(logcore("group", "lag", group, "-b", cluster, "-o", "json").stdout)
    ask("group", "reset", group, "--to-latest")
    eventually(lambda: committed() == [0, 3, 0])
    rows = ask_json("group", "reset", group, "--from", kept, "-t", f"{topic}:0,1", "--dry-run")
    assert [(row["before"], row["after"]) for row in rows] == [(0, 0), (3, 2)]
    ask("group", "reset", group, "--from", kept)
    eventually(lambda: committed() == [0, 2, 0])
    kept.write_text("topic,0,1\n")
    assert "line 1" in ask("group", "reset", group, "--from", kept, code=2)


def test_the_lag_of_many(ask, ask_json, topic):
    groups = sorted(fresh_name("group") for _ in range(2))
    for group in groups:
        ask("group", "reset", group, "-t", f"{topic}:0", "--to-latest")

    def found(*arguments):
        return [row["group"] for row in ask_json("group", "lag", *arguments)]

    eventually(lambda: found(*groups) == groups)
    eventually(lambda: set(groups) <= set(found("--all")))
    assert "--all" in ask("group", "lag", code=2)
    assert "--all" in ask("group", "lag", "--all", groups[0], code=2)


def test_filters_that_match_nothing(ask):
    for one in (("--state", "Nowhere"), ("--kind", "streams", "--state", "Nowhere")):
        assert ask("group", "list", *one) == "no group is so\n"


def test_what_is_refused(ask, topic):
    group = fresh_name("group")
    assert "'streams'" in ask("group", "list", "--kind", "foo", code=2)
    assert "--to-earliest" in ask("group", "reset", group, "-t", topic, code=2)
    two = ("--to-earliest", "--to-latest")
    assert "once" in ask("group", "reset", group, "-t", topic, *two, code=2)
    assert "--topic" in ask("group", "reset", group, "--to-latest", code=2)
    assert "partition 9" in ask("group", "reset", group, "-t", f"{topic}:9", "--to-latest", code=2)
    assert "TOPIC:0" in ask("group", "reset", group, "-t", f"{topic}:x", "--to-latest", code=2)
    assert "to shift" in ask("group", "reset", group, "-t", topic, "--shift-by", 1, code=2)
    assert "--topic" in ask("group", "forget", group, code=2)
    assert group in ask("group", "describe", group, code=1)
