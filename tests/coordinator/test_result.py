"""Results, and what an append's failure becomes."""

import pytest

from logcore.common import errors
from logcore.coordinator.result import (
    NOTHING,
    CoordinatorRecord,
    CoordinatorResult,
    append_error,
    deciding,
)


@pytest.mark.parametrize(
    ("refused", "answered"),
    [
        (errors.NotEnoughReplicasError, errors.CoordinatorNotAvailableError),
        (errors.NotEnoughReplicasAfterAppendError, errors.CoordinatorNotAvailableError),
        (errors.UnknownTopicOrPartitionError, errors.CoordinatorNotAvailableError),
        (errors.RequestTimedOutError, errors.CoordinatorNotAvailableError),
        (errors.NotLeaderOrFollowerError, errors.NotCoordinatorError),
        (errors.KafkaStorageError, errors.NotCoordinatorError),
        (errors.LogPoisonedError, errors.NotCoordinatorError),
        (errors.MessageTooLargeError, errors.UnknownServerError),
        (errors.RecordListTooLargeError, errors.UnknownServerError),
        (errors.InvalidFetchSizeError, errors.UnknownServerError),
        (errors.PolicyViolationError, errors.PolicyViolationError),
    ],
)
def test_an_append_that_fails_tells_the_client_what_to_do(refused, answered):
    assert type(append_error(refused("why"))) is answered


def test_an_error_without_a_code_is_the_servers():
    assert append_error(ZeroDivisionError("oops")).code == -1


def test_another_response_leaves_the_decision_as_it_is():
    told: list[object] = []
    record = CoordinatorRecord("key", "value", 3)
    result = CoordinatorResult([record], 1, told.append).with_response("two")
    assert result.records == [record]
    assert result.response == "two"
    assert result.on_append == told.append


def test_nothing_is_nothing():
    assert not NOTHING.records
    assert NOTHING.response is None


def test_actions_wait_until_records_are_replayed():
    done: list[int] = []
    actions = [lambda: done.append(1), lambda: done.append(2)]
    result = deciding([CoordinatorRecord("key", "value")], "answer", actions)
    assert (result.response, done) == ("answer", [])
    assert result.on_append is not None
    result.on_append(errors.NotEnoughReplicasError())
    assert not done
    result.on_append(None)
    assert done == [1, 2]


def test_without_records_they_run_at_once():
    done: list[int] = []
    assert deciding([], "answer", [lambda: done.append(1)]).response == "answer"
    assert done == [1]
