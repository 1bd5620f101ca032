"""The table of states."""

from logcore.coordinator.group.classic_state import PREVIOUS, ClassicState


def test_each_state_can_be_reached_and_left():
    assert PREVIOUS.keys() == set(ClassicState)
    for state in ClassicState:
        assert PREVIOUS[state], f"{state} cannot be reached"
        assert state in PREVIOUS[ClassicState.DEAD]


def test_names_are_kafkas():
    assert [str(state) for state in ClassicState] == [
        "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead",
    ]  # fmt: skip
