"""The peer itself: Apicurio Registry starts here, and a newer Java is found where there is one."""

import urllib.request

import pytest

from tests.peers.apicurio import server


@pytest.mark.peer
def test_it_answers_as_confluents_registry(apicurio_registry):
    with urllib.request.urlopen(f"{apicurio_registry.url}/schemas/types", timeout=10) as answer:
        assert b"AVRO" in answer.read()


def test_a_java_that_is_too_old_is_passed_over(tmp_path, monkeypatch):
    old, new = tmp_path / "old", tmp_path / "new"
    for home, version in ((old, 17), (new, 25)):
        (home / "bin").mkdir(parents=True)
        java = home / "bin" / "java"
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}.0.1\"' >&2\n")
        java.chmod(0o755)
    monkeypatch.setattr(server, "javas", lambda: [h / "bin" / "java" for h in (old, new)])
    assert server.new_java.__wrapped__() == new / "bin" / "java"
    monkeypatch.setattr(server, "javas", lambda: [old / "bin" / "java", tmp_path / "none"])
    assert server.new_java.__wrapped__() is None
