"""What a registry speaks of, as requests have it."""

from logcore.serialization.registry.schema import (
    AVRO,
    PROTOBUF,
    CompatibilityResult,
    Schema,
    SchemaReference,
    SubjectConfig,
    context_of,
    schema_from,
)


def test_a_schema_as_a_request_has_it():
    needed = (SchemaReference("money.proto", "money", 2),)
    assert Schema('"int"').body() == {"schema": '"int"'}
    assert Schema('syntax = "proto3";', PROTOBUF, needed).body() == {
        "schema": 'syntax = "proto3";',
        "schemaType": "PROTOBUF",
        "references": [{"name": "money.proto", "subject": "money", "version": 2}],
    }


def test_equal_schemas_are_one_key():
    assert len({Schema('"int"'), Schema('"int"'), Schema('"int"', PROTOBUF)}) == 2


def test_settings_that_are_not_set_are_not_told():
    assert SubjectConfig("FULL", normalize=False).body() == {
        "compatibility": "FULL",
        "normalize": False,
    }


def test_contexts_of_subjects():
    assert [context_of(name) for name in (None, "a", ":.:a", ":.b:c", ":.b:")] == [
        "", "", "", ".b", ".b",
    ]  # fmt: skip


def test_a_result_is_true_if_compatible():
    assert CompatibilityResult(is_compatible=True)
    assert not CompatibilityResult(is_compatible=False, messages=("no",))


def test_a_schema_that_is_json_comes_as_text_or_as_python_has_it():
    made = schema_from({"type": "array", "items": "string"}, AVRO)
    assert made == Schema('{"type":"array","items":"string"}', AVRO)
    assert schema_from(made, AVRO) is made
    assert schema_from(made.text, AVRO) == made
