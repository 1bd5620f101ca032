"""`logcore log dump` and `tail`."""

import subprocess
import sys

from logcore import Log


def test_dump_shows_each_batch(logcore_json, logcore, few):
    batches = logcore_json("log", "dump", few)
    assert [(b["base_offset"], b["last_offset"], b["count"]) for b in batches] == [
        (0, 2, 3), (3, 4, 2), (5, 5, 1),
    ]  # fmt: skip
    assert sum(b["size_bytes"] for b in batches) == (few / f"{0:020}.log").stat().st_size
    lines = logcore("log", "dump", few).stdout.splitlines()
    assert lines[0].startswith("offsets 0..2  records: 3  size_bytes: ")
    assert "max_timestamp: 1970-01-01T00:00:03.000Z" in lines[0]


def test_dump_of_records_shows_everything_in_them(logcore_json, logcore, few):
    records = logcore_json("log", "dump", few, "--records")
    assert records[0] == {"offset": 0, "timestamp": 1000, "key": "x", "value": "a"}
    assert records[4] == {"offset": 4, "timestamp": 5000, "key": None, "value": None}
    assert records[5] == {
        "offset": 5, "timestamp": 6000, "key": "y", "value_base64": "/wA=",
        "headers": [{"name": "trace", "value": "7"}, {"name": "flag", "value": None}],
    }  # fmt: skip
    shown = logcore("log", "dump", few, "--records").stdout.splitlines()
    assert shown[1] == "1\t1970-01-01T00:00:02.000Z\t-\tb"
    assert shown[5] == "5\t1970-01-01T00:00:06.000Z\ty\t\\xff\\x00\ttrace=7\tflag=-"


def test_dump_from_an_offset_up_to_a_limit(logcore_json, few):
    records = logcore_json("log", "dump", few, "--records", "--from", 2, "-n", 2)
    assert [record["offset"] for record in records] == [2, 3]
    assert len(logcore_json("log", "dump", few, "-n", 1)) == 1


def test_dump_from_past_the_end_is_refused(logcore, few):
    assert "99" in logcore("log", "dump", few, "--records", "--from", 99, code=1).stderr


def test_tail_shows_the_last_records(logcore_json, few):
    assert [r["offset"] for r in logcore_json("log", "tail", few, "-n", 2)] == [4, 5]
    assert [r["offset"] for r in logcore_json("log", "tail", few)] == [0, 1, 2, 3, 4, 5]
    assert logcore_json("log", "tail", few, "-n", 0) == []


def test_tail_works_beside_the_writer_and_follows_it(few):
    code = "from logcore.cli.main import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "log",
        "tail",
        str(few),
        "-n",
        "1",
        "-f",
        "--timeout",
        "5",
    ]
    with Log(few) as writer:
        tail = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert tail.stdout
        assert tail.stdout.readline().startswith("5\t")
        writer.append(b"news")
        assert tail.stdout.readline().endswith("\tnews\n")
        tail.terminate()
        tail.communicate()
