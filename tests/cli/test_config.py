"""`logcore config`."""

from tests.eventually import eventually


def test_setting_showing_and_unsetting(ask, ask_json, topic):
    def of_the_topic():
        # Apache Kafka counts what it sets for all brokers as set.
        rows = ask_json("config", "get", resource)
        return [row for row in rows if row["source"] == "dynamic topic"]

    resource = f"topic:{topic}"
    ask("config", "set", resource, "retention.ms=5000", "--dry-run")
    assert of_the_topic() == []
    assert f"changed {resource}" in ask("config", "set", resource, "retention.ms=5000")
    row = {"key": "retention.ms", "value": "5000", "source": "dynamic topic"}
    eventually(lambda: of_the_topic() == [row])
    assert len(ask_json("config", "get", resource, "--all")) > 20
    (row,) = ask_json("config", "get", resource, "segment.ms", "--doc")
    assert row["meaning"]
    ask("config", "unset", resource, "retention.ms")
    eventually(lambda: of_the_topic() == [])


def test_lists(ask, ask_json, topic):
    def policy():
        (row,) = ask_json("config", "get", f"topic:{topic}", "cleanup.policy")
        return row["value"]

    assert "would change" in ask(
        "config", "append", f"topic:{topic}", "cleanup.policy=compact", "--dry-run"
    )
    ask("config", "append", f"topic:{topic}", "cleanup.policy=compact")
    eventually(lambda: policy() == "delete,compact")
    ask("config", "subtract", f"topic:{topic}", "cleanup.policy=delete")
    eventually(lambda: policy() == "compact")


def test_what_has_settings(ask, ask_json, topic):
    ask("config", "set", "client-metrics:mine", "interval.ms=1000")
    rows = ask_json("config", "list")
    assert {"kind": "topic", "name": topic} in rows
    assert {"kind": "broker", "name": "1"} in rows
    mine = {"kind": "client-metrics", "name": "mine"}
    eventually(lambda: mine in ask_json("config", "list", "client-metrics"))
    assert {row["kind"] for row in ask_json("config", "list", "topic")} == {"topic"}


def test_nothing_is_set(logcore, our_cluster):
    told = logcore("config", "get", "group:nobodys", "-b", our_cluster).output
    assert told == "nothing is set; --all shows defaults\n"


def test_keys_that_are_not_there(logcore, cluster, topic):
    where = ("config", "get", f"topic:{topic}", "retention.ms", "retention.msec", "-b", cluster)
    for output, shown in (("text", "KEY "), ("json", '{"key": "retention.ms"')):
        result = logcore(*where, "-o", output, code=1)
        told = f"topic:{topic} has no retention.msec (did you mean retention.ms?)\n"
        assert result.stderr == told
        assert result.stdout.startswith(shown)
    result = logcore("config", "get", f"topic:{topic}", "zzz", "-b", cluster, code=1)
    assert (result.stdout, result.stderr) == ("", f"topic:{topic} has no zzz\n")


def test_of_brokers_and_groups(ask, ask_json):
    (row,) = ask_json("config", "get", "broker:1", "node.id")
    assert row["value"] == "1"
    ask("config", "set", "group:readers", "consumer.session.timeout.ms=46000")
    row = {"key": "consumer.session.timeout.ms", "value": "46000", "source": "group"}
    eventually(lambda: row in ask_json("config", "get", "group:readers"))


def test_what_is_refused(ask, topic):
    assert "KIND:NAME" in ask("config", "get", "orders", code=2)
    assert "number" in ask("config", "get", "broker:one", code=2)
    assert "KEY=VALUE" in ask("config", "set", f"topic:{topic}", "retention.ms", code=2)
    told = ask("config", "set", f"topic:{topic}", "retention.ms=soon", code=1)
    assert "retention.ms" in told
