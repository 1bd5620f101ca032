"""`logcore config`."""


def test_setting_showing_and_unsetting(ask, ask_json, topic):
    resource = f"topic:{topic}"
    assert ask("config", "get", resource) == "nothing is set; --all shows defaults\n"
    ask("config", "set", resource, "retention.ms=5000", "--dry-run")
    assert ask_json("config", "get", resource) == []
    assert f"changed {resource}" in ask("config", "set", resource, "retention.ms=5000")
    (row,) = ask_json("config", "get", resource)
    assert row == {"key": "retention.ms", "value": "5000", "source": "dynamic topic"}
    assert len(ask_json("config", "get", resource, "--all")) > 20
    (row,) = ask_json("config", "get", resource, "segment.ms", "--doc")
    assert row["meaning"]
    ask("config", "unset", resource, "retention.ms")
    assert ask_json("config", "get", resource) == []


def test_of_brokers_and_groups(ask, ask_json):
    (row,) = ask_json("config", "get", "broker:1", "node.id")
    assert row["value"] == "1"
    ask("config", "set", "group:readers", "consumer.session.timeout.ms=46000")
    (row,) = ask_json("config", "get", "group:readers")
    assert row["value"] == "46000"


def test_what_is_refused(ask, topic):
    assert "KIND:NAME" in ask("config", "get", "orders", code=2)
    assert "number" in ask("config", "get", "broker:one", code=2)
    assert "KEY=VALUE" in ask("config", "set", f"topic:{topic}", "retention.ms", code=2)
    told = ask("config", "set", f"topic:{topic}", "retention.ms=soon", code=1)
    assert "retention.ms" in told
