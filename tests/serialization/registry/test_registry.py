"""The client against a real registry, and what it does not ask twice."""

import pytest

from logcore.common import errors
from logcore.common.clock import ManualScheduler
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import (
    JSON,
    PROTOBUF,
    Mode,
    Schema,
    SchemaReference,
    SubjectVersion,
)
from tests.serialization.lying_registry import LyingRegistry, said

ONE = Schema('{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}')
TWO = Schema(
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},'
    '{"name":"b","type":"string","default":""}]}'
)
OTHER = Schema('{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}')


@pytest.fixture
def server():
    with LyingRegistry() as running:
        yield running


@pytest.mark.peer
class TestAReal:
    def test_subjects_and_versions(self, registry, topic):
        first = registry.register(topic, ONE)
        assert registry.register(topic, TWO) != first
        assert registry.versions(topic) == (1, 2)
        assert registry.schema(first) == registry.schema(first, subject=topic) == ONE
        found = registry.version(topic, 1)
        assert (found.subject, found.version, found.id, found.schema) == (topic, 1, first, ONE)
        assert registry.latest(topic) == registry.version(topic) == registry.lookup(topic, TWO)
        assert SubjectVersion(topic, 1) in registry.versions_of(first)
        assert topic in registry.subjects()
        assert topic in registry.subjects(prefix=topic)  # Apicurio passes the prefix over

    @pytest.mark.parametrize(
        "name", ["with a/slash", "caf\N{LATIN SMALL LETTER E WITH ACUTE}?&%20"]
    )
    def test_names_of_any_letters(self, registry, topic, name):
        registry.register(f"{topic}-{name}", ONE)
        assert registry.versions(f"{topic}-{name}") == (1,)

    def test_deleting_softly_and_for_good(self, registry, topic):
        for schema in (ONE, TWO):
            registry.register(topic, schema)
        assert registry.delete_version(topic, 1) == 1
        assert registry.versions(topic) == (2,)
        assert registry.versions(topic, deleted=True) == (1, 2)
        with pytest.raises(errors.VersionNotFoundError):
            registry.version(topic, 1)
        assert registry.version(topic, 1, deleted=True).schema == ONE
        with pytest.raises(errors.SchemaRegistryError, match="without permanent=True"):
            registry.delete_version(topic, 2, permanent=True)
        registry.delete_subject(topic)
        assert topic not in registry.subjects()
        assert topic in registry.subjects(deleted=True)
        registry.delete_subject(topic, permanent=True)
        assert topic not in registry.subjects(deleted=True)

    def test_what_refers_to_what(self, registry, topic):
        registry.register(f"{topic}-needed", ONE)
        needed = SchemaReference("R", f"{topic}-needed", 1)
        text = '{"type":"record","name":"S","fields":[{"name":"r","type":"R"}]}'
        number = registry.register(topic, Schema(text, references=(needed,)))
        assert registry.schema(number).references == (needed,)
        assert registry.referenced_by(f"{topic}-needed") == (number,)
        with pytest.raises(errors.SchemaInUseError):
            registry.delete_subject(f"{topic}-needed")

    def test_other_types(self, registry, topic):
        proto = Schema('syntax = "proto3";\nmessage M { int32 a = 1; }\n', PROTOBUF)
        number = registry.register(f"{topic}-p", proto)
        assert registry.schema(number) == proto
        text = '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}'
        assert registry.schema(registry.register(f"{topic}-j", Schema(text, JSON))).type == JSON
        assert set(registry.schema_types()) == {"AVRO", "JSON", "PROTOBUF"}

    def test_contexts_and_modes(self, registry, topic):
        registry.register(f":.{topic}:orders", ONE)
        assert f":.{topic}:orders" in registry.subjects(prefix=":*:")
        assert registry.contexts()
        assert registry.mode() == registry.mode(topic) == Mode.READWRITE

    def test_what_is_not_there(self, registry, topic):
        with pytest.raises(errors.SubjectNotFoundError):
            registry.versions(topic)
        with pytest.raises(errors.SchemaNotFoundError, match="another registry") as caught:
            registry.schema(999_999)
        assert caught.value.error_code == 40403
        registry.register(topic, ONE)
        with pytest.raises(errors.VersionNotFoundError):
            registry.version(topic, 9)
        with pytest.raises(errors.SchemaNotFoundError):
            registry.lookup(topic, OTHER)
        with pytest.raises(errors.InvalidSchemaError):
            registry.register(topic, Schema("nonsense"))


def test_what_cannot_change_is_asked_once(server):
    server.script = [said({"schema": '"int"', "id": 7, "subject": "s", "version": 1})]
    with SchemaRegistry(server.url) as registry:
        for _ in range(3):
            assert registry.schema(7) == Schema('"int"')
            assert registry.register("s", ONE) == 7
            assert registry.lookup("s", ONE).id == 7
        assert len(server.asked) == 3
        registry.schema(7, subject=":.other:s")
        registry.schema(7, format="serialized")
        registry.register("s", ONE, normalize=True)
        assert len(server.asked) == 6
        registry.clear_caches()
        registry.schema(7)
        assert len(server.asked) == 7


def test_the_latest_version_is_asked_for_when_it_is_too_old(server):
    server.script = [said({"schema": '"int"', "id": 7, "subject": "s", "version": 1})]
    clock = ManualScheduler()
    with SchemaRegistry(server.url, clock=clock, latest_cache_ttl_sec=60) as registry:
        for asked, later_ms in ((1, 59_999), (1, 1), (2, 0)):
            registry.latest("s")
            assert len(server.asked) == asked
            clock.advance(later_ms)


def test_what_only_some_registries_have(server):
    server.script = [said({"schema": '"int"', "guid": "0-1"})]
    with SchemaRegistry(server.url) as registry:
        assert registry.schema_by_guid("0-1") == Schema('"int"')
    assert server.asked[0].line == "GET /schemas/guids/0-1 HTTP/1.1"


@pytest.mark.parametrize("answer", [{}, [], None, "7", ["1"], {"id": "7"}])
def test_an_answer_of_another_shape(server, answer):
    server.script = [said(answer)]
    with SchemaRegistry(server.url) as registry:
        for method, told in (
            (registry.register, ("s", ONE)), (registry.lookup, ("s", ONE)),
            (registry.schema, (1,)), (registry.delete_version, ("s", 1)),
            (registry.check, ("s", ONE)), (registry.mode, ()),
        ):  # fmt: skip
            with pytest.raises(errors.SchemaRegistryAnswerError):
                method(*told)


def test_passwords_are_not_shown():
    with SchemaRegistry("http://me:secret@localhost:8081,localhost:8082") as registry:
        assert repr(registry) == "SchemaRegistry(http://localhost:8081, http://localhost:8082)"
