"""`logcore share`."""

from logcore.testing.topics import fresh_name
from tests.eventually import eventually


def test_where_share_groups_are(ask, ask_json, topic):
    def starts():
        return [(row["partition"], row["start"]) for row in ask_json("share", "offsets", group)]

    group = fresh_name("share")
    rows = ask_json("share", "reset", group, "-t", topic, "--to-earliest", "--dry-run")
    assert [row["after"] for row in rows] == [0, 0, 0]
    assert "no offsets" in ask("share", "offsets", group)
    ask("share", "reset", group, "-t", topic, "--to-earliest")
    eventually(lambda: starts() == [(0, 0), (1, 0), (2, 0)])
    assert group in ask("share", "list")
    rows = ask_json("share", "forget", group, topic, "--dry-run")
    assert [row["partition"] for row in rows] == [0, 1, 2]
    assert f"forgot {topic}" in ask("share", "forget", group, topic)
    eventually(lambda: starts() == [])
