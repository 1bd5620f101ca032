"""Adding partitions, case by case."""

import pytest

from logcore.common.errors import (
    InvalidPartitionsError,
    InvalidReplicaAssignmentError,
    InvalidRequestError,
    PolicyViolationError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.image import PartitionImage
from logcore.controller.partitions import decide_partitions
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from tests.controller.building import DIRECTORY, image, replayed, topic

START = image([topic("t", 2), topic("u", 1, number=2)])


def asked(name, count, assignments=None):
    return CreatePartitionsTopic(
        name=name,
        count=count,
        assignments=None
        if assignments is None
        else [CreatePartitionsAssignment(broker_ids=brokers) for brokers in assignments],
    )


def decide(*topics, validate_only=False):
    request = CreatePartitionsRequest(topics=list(topics), validate_only=validate_only)
    return decide_partitions(START, request)


def test_partitions_are_added_after_those_that_are_there():
    records, response = decide(asked("t", 4))
    assert (response.results[0].error_code, response.results[0].error_message) == (0, None)
    partitions = replayed(records, START).topics_by_name["t"].partitions
    assert partitions[:2] == START.topics_by_name["t"].partitions
    assert partitions[2:] == tuple(
        PartitionImage(number, (1,), (1,), 1, directories=(DIRECTORY,)) for number in (2, 3)
    )


def test_partitions_go_where_they_are_assigned():
    records, _ = decide(asked("t", 3, [[1]]))
    assert [record.replicas for record in records] == [[1]]


def test_a_request_that_is_only_checked_makes_no_records():
    records, response = decide(asked("t", 4), validate_only=True)
    assert records == []
    assert response.results[0].error_code == 0


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (asked("nope", 2), UnknownTopicOrPartitionError),
        (asked("t", 2), InvalidPartitionsError),
        (asked("t", 1), InvalidPartitionsError),
        (asked("t", 0), InvalidPartitionsError),
        (asked("t", -1), InvalidPartitionsError),
        (asked("t", 10_003), PolicyViolationError),
        (asked("t", 3, []), InvalidReplicaAssignmentError),
        (asked("t", 3, [[1], [1]]), InvalidReplicaAssignmentError),
        (asked("t", 3, [[2]]), InvalidReplicaAssignmentError),
        (asked("t", 3, [[]]), InvalidReplicaAssignmentError),
        (asked("t", 3, [[1, 1]]), InvalidReplicaAssignmentError),
    ],
)
def test_what_is_refused_leaves_the_others_alone(wanted, error):
    records, response = decide(wanted, asked("u", 2))
    refused, added = response.results
    assert refused.error_code == error.code
    assert refused.error_message
    assert added.error_code == 0
    assert len(records) == 1


def test_the_topics_of_a_request_share_its_limit():
    records, response = decide(asked("t", 6000), asked("u", 6000))
    assert [each.error_code for each in response.results] == [0, PolicyViolationError.code]
    assert len(records) == 5998


def test_a_topic_named_twice_is_refused_once():
    records, response = decide(asked("t", 3), asked("t", 4))
    [result] = response.results
    assert result.error_code == InvalidRequestError.code
    assert records == []
