"""What a member is."""

import pytest

from logcore.coordinator.group.consumer_member import (
    ClassicMetadata,
    ConsumerMember,
    has_same_partitions,
    partitions_of,
)
from logcore.coordinator.group.modern_member import MemberState

T1, T2 = b"1" * 16, b"2" * 16


def test_a_member_is_at_its_target_when_it_is_stable_there():
    member = ConsumerMember(member_id="m", epoch=5)
    assert member.has_reached(5)
    assert not member.has_reached(6)
    waiting = ConsumerMember(member_id="m", epoch=5, state=MemberState.UNRELEASED)
    assert not waiting.has_reached(5)


def test_the_epoch_of_each_partition_is_known_while_it_is_owned():
    member = ConsumerMember(member_id="m", assigned={T1: {0: 3}}, revoking={T2: {1: 2}})
    assert [member.assigned_at(*each) for each in ((T1, 0), (T2, 1), (T1, 1), (T2, 0))] == [
        3,
        2,
        None,
        None,
    ]


def test_partitions_are_compared_and_told_without_epochs():
    assert has_same_partitions({T1: {0: 1}}, {T1: {0: 2}})
    assert not has_same_partitions({T1: {0: 1}}, {T1: {1: 1}})
    assert not has_same_partitions({T1: {0: 1}}, {})
    assert partitions_of({T1: {2: 1, 0: 5}}) == {T1: [0, 2]}


def test_a_classic_member_speaks_what_it_likes_best():
    classic = ClassicMetadata(1000, (("range", b"r"), ("sticky", b"s")))
    assert (classic.protocol_name, classic.subscription) == ("range", b"r")


def test_members_do_not_change():
    with pytest.raises(AttributeError):
        ConsumerMember(member_id="m").epoch = 3  # type: ignore[misc]
