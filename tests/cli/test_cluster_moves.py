"""`logcore cluster elect`, `move`, `moves`, `stop-moving`, `move-dir`."""

from tests.eventually import eventually


def test_electing(ask, ask_json, topic):
    rows = ask_json("cluster", "elect", topic)
    assert [row["elected"] for row in rows] == [False] * 3
    assert len(ask_json("cluster", "elect", f"{topic}:1")) == 1
    assert "preferred leader" in ask("cluster", "elect")
    assert "preferred leader" in ask("cluster", "elect", "--dry-run")
    assert ask_json("cluster", "elect", topic, "--dry-run") == []


def test_moving(ask, ask_json, topic):
    rows = ask_json("cluster", "move", f"{topic}:0,2", "--to", "1,2", "--dry-run")
    assert rows == [
        {"topic": topic, "partition": number, "before": [1], "after": [1, 2]} for number in (0, 2)
    ]
    assert f"moving {topic}-0" in ask("cluster", "move", f"{topic}:0", "--to", "1")
    assert "nothing moves" in ask("cluster", "moves")
    assert f"{topic}-0: " in ask("cluster", "move", f"{topic}:0", "--to", "7", code=1)
    assert "numbers of brokers" in ask("cluster", "move", topic, "--to", "all", code=2)


def test_staying(ask, topic):
    assert "none of these moves" in ask("cluster", "stop-moving", topic, "--dry-run")
    assert f"{topic}-1: " in ask("cluster", "stop-moving", f"{topic}:1", code=1)


def test_directories(ask, ask_json, topic):
    (path,) = {row["path"] for row in ask_json("cluster", "dirs")}
    move = ("cluster", "move-dir", f"{topic}:0", "--broker", 1, "--to")
    row = {"name": f"{topic}-0", "before": path, "after": "/new"}
    eventually(lambda: ask_json(*move, "/new", "--dry-run") == [row])
    assert "LOG_DIR_NOT_FOUND" in ask(*move, "/new", code=1)
    assert "moving" in ask(*move, path)
