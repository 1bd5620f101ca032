"""Members as values."""

from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import NOTHING_OWNED, OwnedTasks


def test_a_member_is_there_when_it_is_stable_in_the_targets_epoch():
    member = StreamsMember(member_id="m", epoch=3)
    assert member.has_reached(3)
    assert not member.has_reached(4)
    waiting = member.moved(3, MemberState.UNRELEASED, NOTHING_OWNED, NOTHING_OWNED)
    assert not waiting.has_reached(3)
    assert waiting.previous_epoch == 3


def test_since_when_a_task_is_its_own():
    member = StreamsMember(
        member_id="m", assigned=OwnedTasks({"a": {0: 4}}), revoking=OwnedTasks({"a": {1: 2}})
    )
    assert [member.assigned_at("a", each) for each in range(3)] == [4, 2, None]
    assert member.assigned_at("b", 0) is None
