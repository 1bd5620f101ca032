"""The exception tree: Kafka's codes, and the facts that exceptions of the embedded log keep."""

import copy
import errno
import json
import pickle
from pathlib import Path

import pytest

from logcore.common import errors
from logcore.common.errors import KafkaError, LogcoreError, error_for_code

GOLDEN = Path(__file__).parent.parent / "golden" / "kafka_errors.json"
CODES = json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("row", CODES, ids=lambda row: row["name"])
def test_each_code_has_the_class_that_kafka_4_3_1_describes(row):
    found = error_for_code(row["code"])
    assert found.code == row["code"]
    assert found.kafka_name == row["name"]
    assert found.retriable == row["retriable"]
    assert found.refresh_metadata == row["refresh_metadata"]
    assert getattr(errors, found.__name__) is found
    assert found.__doc__


def test_no_class_has_a_code_that_kafka_does_not_have():
    codes = {cls.code for cls in vars(errors).values() if is_kafka_error(cls)}
    assert codes == {row["code"] for row in CODES}


def is_kafka_error(value):
    return isinstance(value, type) and issubclass(value, KafkaError)


def test_a_class_is_named_after_its_code():
    assert error_for_code(56) is errors.KafkaStorageError
    assert error_for_code(-1) is errors.UnknownServerError
    assert error_for_code(17) is errors.InvalidTopicError
    assert error_for_code(48) is errors.InvalidTxnStateError


def test_success_is_no_error():
    with pytest.raises(ValueError, match="success"):
        error_for_code(0)


def test_a_code_newer_than_the_table_is_an_unknown_server_error():
    assert error_for_code(32_000) is errors.UnknownServerError


def test_a_second_class_for_a_code_is_refused():
    with pytest.raises(AssertionError, match="code 1 has two classes"):
        type("Twin", (KafkaError,), {}, code=1, kafka_name="OFFSET_OUT_OF_RANGE")


@pytest.mark.parametrize(
    ("cls", "parent", "code"),
    [
        (errors.LogPoisonedError, errors.KafkaStorageError, 56),
        (errors.LogDirectoryOfflineError, errors.KafkaStorageError, 56),
        (errors.LogIoError, errors.KafkaStorageError, 56),
        (errors.LogCorruptError, errors.CorruptMessageError, 2),
    ],
)
def test_an_error_of_the_log_answers_with_its_parents_code(cls, parent, code):
    assert issubclass(cls, parent)
    assert cls.code == code
    assert cls.retriable is parent.retriable


def test_an_invalid_argument_is_a_value_error_as_python_expects():
    with pytest.raises(ValueError, match="negative"):
        raise errors.InvalidArgumentError("negative offset")


def test_an_io_error_is_an_os_error_with_its_number_and_path():
    error = errors.LogIoError("pwrite: no space", errno=errno.ENOSPC, path="/logs/0.log")
    assert isinstance(error, OSError)
    assert (error.errno, error.filename, error.path) == (errno.ENOSPC, "/logs/0.log", "/logs/0.log")
    assert str(error) == "pwrite: no space"


WITH_FACTS = [
    errors.LogIoError("pwrite", errno=5, path="/x"),
    errors.OffsetOutOfRangeError("no", offset=9, start=0, end=5),
    errors.LogLockedError("held", path="/x", pid=7),
    errors.LogCorruptError("bad", path="/x", position=61),
    errors.LogDirectoryOfflineError("off", path="/x"),
    errors.UnsupportedFormatError("new", path="/x"),
    errors.InvalidRecordError("bad", record_errors=[(0, "no key")]),
    errors.InvalidTimestampError("old", record_errors=[(3, "too old")]),
    errors.SchemaRegistryError("no", status=404, error_code=40403, url="http://localhost:8081"),
    errors.SchemaRegistryUnreachableError("gone", attempts={"localhost:8081": "refused"}),
]


@pytest.mark.parametrize("error", WITH_FACTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copied", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_an_error_keeps_its_facts_across_processes(error, copied):
    twin = copied(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)
    assert vars(twin), "it has facts to keep"
    for name in ("errno", "filename"):
        assert getattr(twin, name, None) == getattr(error, name, None)


def test_every_error_has_the_one_root_and_can_be_raised_with_a_message_alone():
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    classes = [cls for cls in found if issubclass(cls, BaseException)]
    assert len(classes) > len(CODES)
    for cls in classes:
        assert issubclass(cls, LogcoreError)
        assert str(cls("what went wrong")) == "what went wrong"
