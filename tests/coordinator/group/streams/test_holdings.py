"""Which process has which task."""

from dataclasses import replace

from logcore.coordinator.group.streams.holdings import Holdings, active_of, copies_of
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import OwnedTasks

MEMBER = StreamsMember(
    member_id="m",
    process_id="p",
    assigned=OwnedTasks({"a": {0: 1}}, {"a": frozenset({1})}),
    revoking=OwnedTasks({"a": {2: 1}}, {}, {"a": frozenset({3})}),
)


def test_what_is_to_be_given_up_is_held():
    assert [each.partition for each in active_of(MEMBER)] == [0, 2]
    assert [each.partition for each in copies_of(MEMBER)] == [1, 3]
    holdings = Holdings()
    holdings.add(MEMBER)
    assert [holdings.active_process("a", each) for each in range(4)] == ["p", None, "p", None]
    assert [holdings.has_copy("p", "a", each) for each in range(4)] == [False, True, False, True]
    assert not holdings.has_copy("q", "a", 1)
    holdings.remove(MEMBER)
    assert holdings.active_process("a", 0) is None
    assert not holdings.has_copy("p", "a", 1)


def test_an_earlier_holders_end_takes_nothing_away():
    holdings = Holdings()
    other = replace(MEMBER, member_id="n", process_id="q")
    holdings.add(MEMBER)
    holdings.add(other)
    holdings.remove(MEMBER)
    assert holdings.active_process("a", 0) == "q"
    assert holdings.has_copy("q", "a", 1)
    assert not holdings.has_copy("p", "a", 1)


def test_two_threads_of_one_process():
    holdings = Holdings()
    holdings.add(MEMBER)
    holdings.add(replace(MEMBER, member_id="n"))
    holdings.remove(MEMBER)
    assert holdings.has_copy("p", "a", 1)
    holdings.remove(MEMBER)
    holdings.remove(MEMBER)
    assert not holdings.has_copy("p", "a", 1)
