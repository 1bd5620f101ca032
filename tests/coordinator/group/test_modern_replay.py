"""A record finds its group, makes it, or ends it, whatever kind it is of."""

from dataclasses import dataclass
from typing import Any

from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.modern_replay import replayers_of
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.state import GroupState


@dataclass(frozen=True)
class Key:
    group_id: str


class GroupKey(Key):
    pass


class OtherKey(Key):
    pass


def made() -> tuple[GroupState, list[Any], Any]:
    state, applied = GroupState(), []

    def note(group: ShareGroup, _: Any, value: Any) -> None:
        applied.append((group.group_id, value))

    return (
        state,
        applied,
        replayers_of(ShareGroup, state, dict.fromkeys((GroupKey, OtherKey), note), GroupKey),
    )


def test_any_record_makes_its_group_and_its_own_tombstone_ends_it():
    state, applied, replay = made()
    replay[OtherKey](0, OtherKey("g"), 1)
    replay[GroupKey](1, GroupKey("g"), 2)
    assert isinstance(state.groups["g"], ShareGroup)
    replay[OtherKey](2, OtherKey("g"), None)
    assert "g" in state.groups
    replay[GroupKey](3, GroupKey("g"), None)
    assert "g" not in state.groups
    assert applied == [("g", 1), ("g", 2), ("g", None), ("g", None)]


def test_a_tombstone_of_what_is_not_there_changes_nothing():
    state, applied, replay = made()
    other = state.groups["other"] = ConsumerGroup("other")
    for key in (GroupKey("absent"), GroupKey("other")):
        replay[GroupKey](0, key, None)
        replay[OtherKey](1, OtherKey(key.group_id), None)
    assert state.groups == {"other": other}
    assert not applied


def test_a_record_takes_the_place_of_a_group_of_another_kind():
    state, _, replay = made()
    state.groups["g"] = ConsumerGroup("g")
    replay[GroupKey](0, GroupKey("g"), 1)
    assert isinstance(state.groups["g"], ShareGroup)
