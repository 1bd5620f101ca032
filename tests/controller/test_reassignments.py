"""Moving partitions, as far as one node means something by it."""

from dataclasses import replace

import pytest

from logcore.common.errors import (
    InvalidReplicaAssignmentError,
    NoReassignmentInProgressError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.image import TopicImage
from logcore.controller.reassignments import decide_reassignments, list_reassignments
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsTopics,
)
from tests.controller.building import image, topic

START = image([topic("t", 2)])


def outcome(name, number, replicas):
    wanted = ReassignablePartition(partition_index=number, replicas=replicas)
    asked = ReassignableTopic(name=name, partitions=[wanted])
    request = AlterPartitionReassignmentsRequest(topics=[asked])
    response = decide_reassignments(START, request)
    assert (response.error_code, response.error_message) == (0, None)
    [answered] = response.responses
    [result] = answered.partitions
    assert (answered.name, result.partition_index) == (name, number)
    assert bool(result.error_message) == bool(result.error_code)
    return result.error_code


@pytest.mark.parametrize(
    ("name", "number", "replicas", "error"),
    [
        ("t", 0, None, NoReassignmentInProgressError),
        ("nope", 0, None, UnknownTopicOrPartitionError),
        ("t", 2, [1], UnknownTopicOrPartitionError),
        ("t", -1, [1], UnknownTopicOrPartitionError),
        ("t", 0, [2], InvalidReplicaAssignmentError),
        ("t", 0, [1, 1], InvalidReplicaAssignmentError),
        ("t", 0, [], InvalidReplicaAssignmentError),
    ],
)
def test_a_move_that_is_refused(name, number, replicas, error):
    assert outcome(name, number, replicas) == error.code


def test_a_move_to_where_it_is():
    assert outcome("t", 0, [1]) == 0


def test_the_answer_repeats_whether_replicas_may_become_fewer():
    request = AlterPartitionReassignmentsRequest(allow_replication_factor_change=False)
    assert not decide_reassignments(START, request).allow_replication_factor_change


def test_no_move_is_under_way():
    assert list_reassignments(START, ListPartitionReassignmentsRequest(topics=None)).topics == []
    asked = [
        ListPartitionReassignmentsTopics(name="t", partition_indexes=[0, 9]),
        ListPartitionReassignmentsTopics(name="nope", partition_indexes=[0]),
    ]
    response = list_reassignments(START, ListPartitionReassignmentsRequest(topics=asked))
    assert (response.error_code, response.topics) == (0, [])


def test_a_move_that_the_metadata_knows_of_is_listed():
    still, moving = topic("t", 2).partitions
    moving = replace(moving, replicas=(1, 2), adding_replicas=(2,))
    begin = image([TopicImage("t", topic("t").topic_id, (still, moving))])
    response = list_reassignments(begin, ListPartitionReassignmentsRequest(topics=None))
    [listed] = response.topics
    assert [each.partition_index for each in listed.partitions] == [1]
    assert listed.partitions[0].adding_replicas == [2]
    asked = ListPartitionReassignmentsTopics(name="t", partition_indexes=[-1, 2])
    request = ListPartitionReassignmentsRequest(topics=[asked])
    assert list_reassignments(begin, request).topics == []
