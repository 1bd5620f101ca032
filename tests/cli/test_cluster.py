"""`logcore cluster`."""

import threading

from logcore.testing.local_broker import LocalBroker
from tests.eventually import eventually


def test_what_there_is(ask, ask_json, topic):
    (cluster,) = ask_json("cluster", "describe")
    assert ask_json("cluster", "describe", "--fenced") == [cluster]
    assert cluster["brokers"][0]["node_id"] == 1
    assert "cluster_id: " in ask("cluster", "describe")
    (directory,) = ask_json("cluster", "dirs")
    assert directory["partitions"] >= 3
    assert directory["error"] is None
    found = {"topic": topic, "partition": 1, "log_bytes": 0, "lag": 0, "coming": False}
    where = {"broker": 1, "path": directory["path"]}
    eventually(lambda: ask_json("cluster", "dirs", "-t", f"{topic}:1") == [where | found])
    levels = {row["feature"]: row["level"] for row in ask_json("cluster", "features")}
    assert levels["group.version"] == 1


def test_waiting_for_it(ask, logcore):
    assert ask("cluster", "wait").startswith("reached cluster ")
    told = logcore("cluster", "wait", "--timeout", "1s", "-b", "127.0.0.1:1", code=1).output
    assert "could not reach the cluster in 1 s" in told


def test_waiting_while_it_starts(logcore_json):
    with LocalBroker() as broker:
        address = broker.bootstrap_servers
        broker.stop()
        starting = threading.Timer(0.2, broker.start)
        starting.start()
        (told,) = logcore_json("cluster", "wait", "-b", address)
        starting.join()
    assert told["outcome"] == "reached"


def test_what_it_speaks(ask, ask_json):
    rows = ask_json("cluster", "apis")
    assert {"api": "ApiVersions", "first": 0, "last": 4} in rows
    assert ask_json("cluster", "apis", 1) == rows
    assert "Fetch" in ask("cluster", "apis")


def test_a_feature(ask):
    told = ask("cluster", "feature", "group.version", 1, "--dry-run")
    assert told == "would set group.version to 1\n"
    assert "group.version" in ask("cluster", "feature", "group.version", 99, code=1)


def test_a_broker_that_is_gone(ask):
    assert "would unregister" in ask("cluster", "unregister", 99, "--dry-run")
    assert "must be down" in ask("cluster", "unregister", 99, stdin="n\n", code=1)
    told = ask("cluster", "unregister", 99, "-y", code=1)
    assert "99" in told
