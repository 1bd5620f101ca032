"""`logcore doctor`."""

import pytest


@pytest.mark.usefixtures("topic")
def test_a_healthy_cluster(ask, ask_json):
    found = ask_json("doctor")
    assert {finding["severity"] for finding in found} <= {"ok", "warning"}
    said = " ".join(finding["sentence"] for finding in found)
    assert "can be reached" in said
    assert "tells clients to come to 127.0.0.1" in said
    assert "no transaction hangs" in said
    assert "ok" in ask("doctor")


def test_nobody_there(logcore):
    told = logcore("doctor", "-b", "127.0.0.1:1,no.such.name.invalid:9092", code=1).output
    assert "127.0.0.1:1 cannot be reached: Connection refused" in told
    assert "is not known" in told
    assert "is the broker running there?" in told
