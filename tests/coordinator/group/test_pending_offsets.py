"""Pending offsets: listed both ways, and nothing stays behind."""

from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.pending_offsets import PendingOffsets

ONE, TWO = CommittedOffset(1), CommittedOffset(2)


def filled() -> PendingOffsets:
    pending = PendingOffsets()
    pending.put(7, "g", "t", 0, ONE)
    pending.put(7, "g", "t", 1, ONE)
    pending.put(8, "g", "t", 0, TWO)
    pending.put(8, "h", "u", 0, TWO)
    return pending


def test_where_offsets_are_pending():
    pending = filled()
    assert pending.has("g", "t", 0)
    assert not pending.has("g", "t", 2)
    assert not pending.has("z", "t", 0)
    assert pending.has_group("h")
    assert not pending.has_group("z")
    assert sorted(pending.of_group("g")) == [("t", 0), ("t", 1)]
    assert pending.groups_with("t") == ["g"]


def test_the_later_of_a_producers_two_counts():
    pending = filled()
    pending.put(7, "g", "t", 0, TWO)
    assert pending.take(7)["g", "t", 0] == TWO


def test_what_is_taken_is_gone():
    pending = filled()
    assert pending.take(7) == {("g", "t", 0): ONE, ("g", "t", 1): ONE}
    assert pending.take(7) == {}
    assert pending.has("g", "t", 0), "of the other producer"
    assert not pending.has("g", "t", 1)
    pending.take(8)
    assert not pending.has_group("g")
    assert vars(pending) == {"_by_producer": {}, "_by_group": {}}


def test_what_is_dropped_is_gone_for_every_producer():
    pending = filled()
    pending.drop("g", "t", 0)
    pending.drop("g", "t", 0)
    assert pending.take(7) == {("g", "t", 1): ONE}
    assert pending.take(8) == {("h", "u", 0): TWO}
    assert vars(pending) == {"_by_producer": {}, "_by_group": {}}
