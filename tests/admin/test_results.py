"""Results: a value or an error by what it is about, and nothing unseen."""

import pytest

from logcore.admin.results import PartialFailureError, Results, collect, error_of, nothing
from logcore.common.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError
from logcore.protocol.messages.create_partitions import CreatePartitionsTopicResult

GONE = UnknownTopicOrPartitionError("gone")


def test_looking_up_what_failed_raises() -> None:
    results = Results({"a": 1}, {"b": GONE})
    assert results["a"] == 1
    with pytest.raises(UnknownTopicOrPartitionError):
        _ = results["b"]
    with pytest.raises(KeyError):
        _ = results["c"]
    assert list(results) == ["a", "b"]
    assert len(results) == 2


def test_raising_for_errors() -> None:
    good = Results({"a": 1})
    assert good.raise_for_errors() is good
    with pytest.raises(UnknownTopicOrPartitionError, match="gone"):
        Results({}, {"b": GONE}).raise_for_errors()
    with pytest.raises(PartialFailureError, match="b: gone") as caught:
        Results({"a": 1}, {"b": GONE}).raise_for_errors()
    assert caught.value.errors == {"b": GONE}


def test_merging() -> None:
    merged = Results({"a": 1}).merged(Results({"c": 2}, {"b": GONE}))
    assert merged.succeeded == {"a": 1, "c": 2}
    assert merged.errors == {"b": GONE}


def test_collecting_the_elements_of_a_response() -> None:
    answers = [
        CreatePartitionsTopicResult(name="a"),
        CreatePartitionsTopicResult(name="b", error_code=36, error_message="it is there"),
        CreatePartitionsTopicResult(name="c", error_code=3),
    ]
    results = collect(answers, lambda answer: answer.name, nothing)
    assert results.succeeded == {"a": None}
    assert isinstance(results.errors["b"], TopicAlreadyExistsError)
    assert str(results.errors["b"]) == "it is there"
    assert "UNKNOWN_TOPIC_OR_PARTITION" in str(results.errors["c"])


def test_an_error_says_what_it_is_about() -> None:
    told = str(error_of(3, None, "topic x"))
    assert told.startswith("topic x: ")
    assert told.endswith("[UNKNOWN_TOPIC_OR_PARTITION]")
