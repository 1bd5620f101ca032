"""Steps of a member towards its target: revoke first, then take what is free."""

from dataclasses import replace

import pytest

from logcore.common.errors import FencedMemberEpochError
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.streams.holdings import Holdings
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.reconcile import Target, difference, set_difference, step
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, OwnedTasks, Tasks
from tests.coordinator.group.streams.streaming import tasks

STABLE, UNREVOKED, UNRELEASED = (
    MemberState.STABLE,
    MemberState.UNREVOKED,
    MemberState.UNRELEASED,
)
MEMBER = StreamsMember(
    member_id="m", process_id="p", epoch=3, assigned=OwnedTasks({"a": {0: 2, 1: 3}})
)
OWNED = tasks(a=[0, 1])


def held_by(*members):
    holdings = Holdings()
    for each in members:
        holdings.add(each)
    return holdings


def test_who_is_there_stays():
    target = Target(3, OWNED)
    assert step(MEMBER, target, held_by(MEMBER), None) is MEMBER


def test_what_is_free_is_taken_in_the_targets_epoch():
    after = step(MEMBER, Target(4, tasks(a=[0, 1, 2], b=[0])), held_by(MEMBER), None)
    assert (after.state, after.epoch, after.previous_epoch) == (STABLE, 4, 3)
    assert after.assigned.active == {"a": {0: 2, 1: 3, 2: 4}, "b": {0: 4}}


def test_what_is_held_elsewhere_is_waited_for():
    other = StreamsMember(member_id="n", process_id="q", assigned=OwnedTasks({"a": {2: 1}}))
    target = Target(4, tasks(a=[0, 1, 2, 3]))
    after = step(MEMBER, target, held_by(MEMBER, other), None)
    assert (after.state, after.epoch) == (UNRELEASED, 4)
    assert after.assigned.active == {"a": {0: 2, 1: 3, 3: 4}}
    assert step(after, target, held_by(after, other), None) == replace(after, previous_epoch=4)
    done = step(after, target, held_by(after), None)
    assert (done.state, done.assigned.active["a"][2]) == (STABLE, 4)


def test_what_is_lost_is_revoked_first():
    target = Target(4, tasks(a=[1], b=[0]))
    after = step(MEMBER, target, held_by(MEMBER), OWNED)
    assert (after.state, after.epoch) == (UNREVOKED, 3)
    assert after.assigned.active == {"a": {1: 3}}
    assert after.revoking.active == {"a": {0: 2}}
    held = held_by(after)
    assert step(after, target, held, None) is after
    assert step(after, target, held, OWNED) is after
    done = step(after, target, held, tasks(a=[1]))
    assert (done.state, done.epoch, done.revoking.is_empty) == (STABLE, 4, True)
    assert done.assigned.active == {"a": {1: 3}, "b": {0: 4}}


def test_what_was_given_up_already_needs_no_revocation():
    after = step(MEMBER, Target(4, tasks(a=[1])), held_by(MEMBER), tasks(a=[1]))
    assert (after.state, after.epoch) == (STABLE, 4)


def test_a_target_that_moves_on_while_tasks_are_revoked():
    revoking = step(MEMBER, Target(4, tasks(a=[1])), held_by(MEMBER), OWNED)
    after = step(revoking, Target(6, NOTHING_TO_RUN), held_by(revoking), tasks(a=[1]))
    assert (after.state, after.epoch) == (UNREVOKED, 4)
    assert after.revoking.active == {"a": {1: 3}}


def test_a_copy_waits_for_its_own_process_alone():
    target = Target(4, Tasks(OWNED.active, {"s": frozenset({0, 1})}))
    here = StreamsMember(member_id="n", process_id="p", assigned=OwnedTasks({"s": {0: 1}}))
    there = StreamsMember(member_id="o", process_id="q", assigned=OwnedTasks({"s": {1: 1}}))
    after = step(MEMBER, target, held_by(MEMBER, here, there), None)
    assert (after.state, after.assigned.standby) == (UNRELEASED, {"s": frozenset({1})})


def test_an_active_task_waits_for_its_process_copy():
    other = StreamsMember(
        member_id="n", process_id="p", assigned=OwnedTasks({}, {"s": frozenset({0})})
    )
    target = Target(4, tasks(a=[0, 1], s=[0]))
    assert step(MEMBER, target, held_by(MEMBER, other), None).state is UNRELEASED
    elsewhere = replace(other, process_id="q")
    assert step(MEMBER, target, held_by(MEMBER, elsewhere), None).state is STABLE


def test_a_copy_that_is_lost_is_revoked():
    member = StreamsMember(
        member_id="m", process_id="p", assigned=OwnedTasks({}, {"s": frozenset({0, 1})})
    )
    reported = Tasks({}, {"s": frozenset({0, 1})})
    target = Target(1, Tasks({}, {"s": frozenset({1})}))
    after = step(member, target, held_by(member), reported)
    assert (after.state, after.revoking.standby) == (UNREVOKED, {"s": frozenset({0})})


def test_a_state_of_a_later_release_is_begun_anew():
    member = replace(MEMBER, state=MemberState.UNKNOWN)
    for reported in (None, OWNED):
        with pytest.raises(FencedMemberEpochError, match="unknown state"):
            step(member, Target(4, OWNED), held_by(member), reported)
    after = step(member, Target(4, OWNED), held_by(member), NOTHING_TO_RUN)
    assert (after.state, after.epoch) == (STABLE, 4)


def test_differences():
    made = difference({"a": {0: 1, 1: 1}}, {"a": frozenset({1, 2})}, 5, lambda *_: False)
    assert made == ({"a": {1: 1}}, {"a": {0: 1}}, {"a": {2: 5}}, False)
    copies = set_difference({"a": frozenset({0})}, {"b": frozenset({0})}, lambda *_: True)
    assert copies == ({}, {"a": frozenset({0})}, {}, True)
