"""Which brokers hold a new partition."""

import pytest

from logcore.common.errors import InvalidReplicaAssignmentError, InvalidReplicationFactorError
from logcore.controller.partition_change import UNASSIGNED_DIRECTORY
from logcore.controller.placement import check_assignment, new_partition, place
from tests.controller.building import DIRECTORY, broker, image

THREE = image(brokers=[broker(number) for number in (1, 2, 3)])


def test_leaders_take_turns_and_replicas_are_others():
    assert place(THREE, 0, 4, 2) == [[1, 2], [2, 1], [3, 1], [1, 2]]
    assert place(THREE, 2, 1, 1) == [[3]]


def test_every_replica_is_another_broker():
    assert [sorted(replicas) for replicas in place(THREE, 0, 3, 3)] == [[1, 2, 3]] * 3


def test_fenced_brokers_lead_nothing_and_hold_what_others_cannot():
    with_fenced = image(brokers=[broker(1), broker(2, is_fenced=True)])
    assert place(with_fenced, 0, 2, 1) == [[1], [1]]
    assert place(with_fenced, 0, 1, 2) == [[1, 2]]


def test_there_must_be_as_many_brokers_as_replicas():
    with pytest.raises(InvalidReplicationFactorError, match="only 3 broker"):
        place(THREE, 0, 1, 4)
    with pytest.raises(InvalidReplicationFactorError, match="fenced"):
        place(image(brokers=[broker(is_fenced=True)]), 0, 1, 1)


@pytest.mark.parametrize(
    ("replicas", "factor", "reason"),
    [
        ([], None, "no broker"),
        ([4], None, "broker 4"),
        ([1, 1], None, "more than once"),
        ([1], 2, "1 brokers, others to 2"),
    ],
)
def test_an_assignment_that_will_not_do(replicas, factor, reason):
    with pytest.raises(InvalidReplicaAssignmentError, match=reason):
        check_assignment(THREE, replicas, factor)


def test_an_assignment_that_will_do():
    check_assignment(THREE, [2, 1], 2)
    check_assignment(THREE, [3], None)


def test_a_new_partition_begins_with_those_in_sync_that_may_lead():
    mixed = image(
        brokers=[
            broker(1, is_fenced=True),
            broker(2, log_dirs=()),
            broker(3, in_controlled_shutdown=True),
        ]
    )
    made = new_partition(mixed, 5, [1, 2, 3])
    assert (made.partition_id, made.replicas, made.isr, made.leader) == (5, (1, 2, 3), (2,), 2)
    assert (made.leader_epoch, made.partition_epoch) == (0, 0)
    assert made.directories == (DIRECTORY, UNASSIGNED_DIRECTORY, DIRECTORY)
    with pytest.raises(InvalidReplicaAssignmentError, match="fenced or shutting down"):
        new_partition(mixed, 5, [1, 3])
