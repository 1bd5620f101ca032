"""What a registry lets happen, asked of a real one."""

import pytest

from logcore.common import errors
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import Compatibility, Mode, SubjectConfig
from tests.serialization.lying_registry import LyingRegistry, said
from tests.serialization.registry.test_registry import ONE, OTHER, TWO


@pytest.mark.peer
def test_compatibility(registry, topic):
    registry.register(topic, ONE)
    assert registry.set_config(Compatibility.FULL, subject=topic).compatibility == "FULL"
    assert registry.config(topic).compatibility == "FULL"
    assert registry.check(topic, TWO)
    assert not registry.check(topic, OTHER)
    assert not registry.check(topic, OTHER, 1)
    with pytest.raises(errors.IncompatibleSchemaError, match="compatibility"):
        registry.register(topic, OTHER)
    registry.delete_config(topic)
    assert registry.register(topic, OTHER) > 0
    with pytest.raises(errors.SchemaRegistryError, match="SIDEWARD"):
        registry.set_config("SIDEWARD", subject=topic)


def test_settings_of_modes():
    script = [said({"mode": "IMPORT"})]
    with LyingRegistry(script) as server, SchemaRegistry(server.url) as registry:
        assert registry.set_mode(Mode.IMPORT, subject="s", force=True) == "IMPORT"
        registry.delete_mode("s")
    assert [each.line for each in server.asked] == [
        "PUT /mode/s?force=true HTTP/1.1", "DELETE /mode/s HTTP/1.1"
    ]  # fmt: skip


def test_settings_of_all():
    script = [said({"compatibility": "NONE", "normalize": True})]
    with LyingRegistry(script) as server, SchemaRegistry(server.url) as registry:
        assert registry.set_config("NONE", normalize=True) == SubjectConfig("NONE", normalize=True)
    (asked,) = server.asked
    assert asked.line == "PUT /config HTTP/1.1"
    assert asked.body == b'{"compatibility": "NONE", "normalize": true}'


def test_why_a_schema_is_not_compatible():
    script = [said({"is_compatible": False, "messages": ["reader lacks a"]})]
    with LyingRegistry(script) as server, SchemaRegistry(server.url) as registry:
        found = registry.check("s", ONE, None)
    assert found.messages == ("reader lacks a",)
    assert server.asked[0].line == ("POST /compatibility/subjects/s/versions?verbose=true HTTP/1.1")
