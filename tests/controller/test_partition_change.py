"""What a change makes of a partition: epochs rise, what is left out stays."""

from dataclasses import replace

from logcore.controller.image import PartitionImage
from logcore.controller.partition_change import UNASSIGNED_DIRECTORY, changed_partition
from logcore.protocol.internal.metadata import PartitionChangeRecord
from tests.controller.building import topic_id

BEFORE = PartitionImage(
    0, (1, 2), (1, 2), 1, leader_epoch=5, partition_epoch=9, directories=(b"a" * 16, b"b" * 16)
)


def after(**fields):
    return changed_partition(
        BEFORE, PartitionChangeRecord(partition_id=0, topic_id=topic_id(1), **fields)
    )


def test_any_change_starts_a_partition_epoch():
    assert after(isr=[1]) == replace(BEFORE, isr=(1,), partition_epoch=10)


def test_a_leader_starts_a_leader_epoch_be_it_the_same_one():
    assert after(leader=2) == replace(BEFORE, leader=2, leader_epoch=6, partition_epoch=10)
    assert after(leader=1).leader_epoch == 6
    assert after(leader=-1).leader == -1


def test_new_replicas_keep_known_directories():
    moved = after(replicas=[2, 3], adding_replicas=[3], removing_replicas=[1])
    assert moved.directories == (b"b" * 16, UNASSIGNED_DIRECTORY)
    assert moved.is_reassigning
    assert moved.adding_replicas == (3,)


def test_directories_that_are_named_win():
    assert after(replicas=[2], directories=[b"c" * 16]).directories == (b"c" * 16,)


def test_what_is_empty_is_not_what_is_left_out():
    recovering = replace(BEFORE, eligible_leader_replicas=(2,), last_known_elr=(1,))
    record = PartitionChangeRecord(
        partition_id=0, topic_id=topic_id(1), eligible_leader_replicas=[], leader_recovery_state=1
    )
    changed = changed_partition(recovering, record)
    assert changed.eligible_leader_replicas == ()
    assert changed.last_known_elr == (1,)
    assert changed.leader_recovery_state == 1
