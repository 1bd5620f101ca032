"""The state of a shard: groups by id, replayed by the class of a record's key."""

import pytest

from logcore.common.errors import GroupIdNotFoundError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.state import GroupState, GroupType
from logcore.coordinator.result import CoordinatorRecord


def test_a_record_goes_to_the_replayer_of_its_key():
    seen = []
    state = GroupState()
    state.register({str: lambda *record: seen.append(("text", *record))})
    state.register({int: lambda *record: seen.append(("number", *record))})
    state.replay(4, CoordinatorRecord("key", "value"))
    state.replay(5, CoordinatorRecord(6, None))
    assert seen == [("text", 4, "key", "value"), ("number", 5, 6, None)]


def test_a_kind_of_record_has_one_replayer():
    state = GroupState()
    state.register({str: print})
    with pytest.raises(AssertionError):
        state.register({str: print})


def test_a_group_is_found_by_its_id():
    state = GroupState()
    group = state.groups["g"] = ClassicGroup("g", 0)
    assert state.group("g") is group
    with pytest.raises(GroupIdNotFoundError, match="Group h not found"):
        state.group("h")


def test_types_are_spelled_as_on_the_wire():
    assert [str(each) for each in GroupType] == ["classic", "consumer", "share", "streams"]
