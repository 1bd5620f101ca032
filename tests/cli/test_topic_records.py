"""`logcore topic offsets` and `truncate`."""

import pytest


@pytest.fixture
def filled(logcore, cluster, topic):
    """A topic with three records of the years 2001 to 2003, in partition 1."""
    lines = "".join(
        f'{{"value": "v", "timestamp": {(year - 1970) * 31_556_952_000}}}\n'
        for year in (2001, 2003, 2002)
    )
    logcore("config", "set", f"topic:{topic}", "retention.ms=-1", "-b", cluster)
    logcore("produce", topic, "--json", "-p", 1, "-b", cluster, stdin=lines)
    return topic


def test_where_records_begin_and_end(ask, ask_json, filled):
    rows = ask_json("topic", "offsets", filled)
    assert [(row["start"], row["end"]) for row in rows] == [(0, 0), (0, 3), (0, 0)]
    (row,) = ask_json("topic", "offsets", f"{filled}:1", "--time", "2002-06-01", "--newest")
    assert (row["at_time"], row["newest"]) == (1, 1)
    assert row["newest_timestamp"].startswith("2003-")
    (row,) = ask_json("topic", "offsets", f"{filled}:1", "--time", "2004-01-02")
    assert (row["at_time"], row["at_time_timestamp"]) == (None, None)
    assert "START" in ask("topic", "offsets", filled)
    assert "no partition 7" in ask("topic", "offsets", f"{filled}:7", code=2)


def test_truncating(ask, ask_json, filled):
    rows = ask_json("topic", "truncate", filled, "--dry-run", "-p", 1)
    assert rows == [{"partition": 1, "start": 0, "start_after": 3}]
    assert "Delete records" in ask("topic", "truncate", filled, stdin="n\n", code=1)
    assert ask_json("topic", "truncate", filled, "-y", "-p", 1, "--before", 2) == [
        {"partition": 1, "start": 2}
    ]
    assert [row["start"] for row in ask_json("topic", "truncate", filled, "-y")] == [0, 3, 0]
    told = ask("topic", "truncate", filled, "-y", "-p", 1, "--before", 9, code=1)
    assert "OFFSET_OUT_OF_RANGE" in told
    assert "no partition 9" in ask("topic", "truncate", filled, "-y", "-p", 9, code=2)
