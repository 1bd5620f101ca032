"""What answers mean, and whose fault a refusal is."""

import json

import pytest

from logcore.common import errors
from logcore.serialization.registry import answers
from logcore.serialization.registry.schema import Schema, SchemaReference

URL = "http://127.0.0.1:8081/x"


def answer(value, status=200, kind="application/json", **more):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return answers.Answer(status, kind, data, URL, **more)


@pytest.mark.parametrize(
    ("status", "code", "kind", "advice"),
    [
        (404, 40401, errors.SubjectNotFoundError, ""),
        (404, 40402, errors.VersionNotFoundError, ""),
        (404, 40403, errors.SchemaNotFoundError, "another registry"),
        (409, 409, errors.IncompatibleSchemaError, "compatibility"),
        (409, 40901, errors.IncompatibleSchemaError, "compatibility"),
        (409, 40407, errors.SchemaRegistryError, "without permanent=True"),
        (422, 42201, errors.InvalidSchemaError, ""),
        (422, 42203, errors.SchemaRegistryError, ""),
        (422, 42206, errors.SchemaInUseError, "refers"),
        (401, 40101, errors.SchemaRegistryAuthError, "basic.auth.user.info"),
        (403, 40301, errors.SchemaRegistryAuthError, "bearer.auth.token"),
        (500, 50001, errors.SchemaRegistryBusyError, ""),
        (429, 42901, errors.SchemaRegistryBusyError, ""),
    ],
)
def test_a_refusal_has_the_class_of_its_code(status, code, kind, advice):
    with pytest.raises(kind, match="for a reason") as caught:
        answers.value_of(answer({"error_code": code, "message": "for a reason"}, status))
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.error_code, error.url) == (status, code, URL)
    assert advice in str(error)
    assert error.retriable is (kind is errors.SchemaRegistryBusyError)


@pytest.mark.parametrize(
    "nonsense",
    [
        answer(b"<html>", kind="text/html"),
        answer(b"", 404),
        answer({"detail": "no such resource"}, 404),
        answer([], 404),
        answer(b"[" * 100_000),
        answer(b"", 302, location="elsewhere"),
    ],
)
def test_what_no_registry_answers(nonsense):
    with pytest.raises(errors.SchemaRegistryAnswerError, match=r"is it a schema|elsewhere"):
        answers.value_of(nonsense)


def test_who_is_not_known_without_a_word():
    with pytest.raises(errors.SchemaRegistryAuthError, match="not known"):
        answers.value_of(answer(b"", 401))


def test_an_endless_message_is_cut():
    error = answers.error_of(answer({"error_code": 40401, "message": "x" * 10**6}, 404))
    assert len(str(error)) < 2 * answers.MESSAGE_CHARS


def test_nothing_is_nothing():
    assert answers.value_of(answer(b"", 204)) is None


def test_schemas():
    told = {"schema": "text", "schemaType": "JSON", "subject": "s", "version": 2, "id": 7}
    told["references"] = [{"name": "n", "subject": "o", "version": 1}]
    schema = Schema("text", "JSON", (SchemaReference("n", "o", 1),))
    assert answers.schema_of(told, URL) == schema
    found = answers.registered_of(told | {"guid": "g"}, URL)
    assert (found.subject, found.version, found.id, found.guid) == ("s", 2, 7, "g")
    assert answers.schema_of({"schema": "text", "references": None}, URL) == Schema("text")


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, {"schema": 7}, {"schema": "x", "references": {}},
        {"schema": "x", "references": [{}]}, {"schema": "x", "references": [7]},
        {"schema": "x", "subject": "s", "version": "1", "id": 1},
        {"schema": "x", "subject": "s", "version": True, "id": 1},
        {"schema": "x", "subject": "s", "version": 1},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_key_error(value):
    with pytest.raises(errors.SchemaRegistryAnswerError):
        answers.registered_of(value, URL)


def test_settings_are_called_differently_when_they_were_just_set():
    assert answers.config_of({"compatibilityLevel": "FULL"}, URL).compatibility == "FULL"
    assert answers.config_of({"compatibility": "NONE", "normalize": True}, URL).normalize is True
    with pytest.raises(errors.SchemaRegistryAnswerError):
        answers.config_of([], URL)


def test_members_and_lists():
    assert answers.member({"a": True}, "a", bool, URL) is True
    assert answers.items([1, 2], int, URL) == (1, 2)
    with pytest.raises(errors.SchemaRegistryAnswerError, match="without a"):
        answers.member({"a": 1}, "a", bool, URL)
    with pytest.raises(errors.SchemaRegistryAnswerError, match="list of int"):
        answers.items([1, "2"], int, URL)
