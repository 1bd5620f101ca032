"""States of members, by number."""

import pytest

from logcore.coordinator.group.modern_member import MemberState


def test_states_are_numbered_as_in_records():
    assert [MemberState.of(number) for number in (0, 1, 2)] == list(MemberState)[:3]
    assert [state.name for state in MemberState][:3] == ["STABLE", "UNREVOKED", "UNRELEASED"]


@pytest.mark.parametrize("number", [-1, 3, 9, 127])
def test_a_state_of_a_later_release_is_not_known(number):
    assert MemberState.of(number) is MemberState.UNKNOWN
