"""A member's steps towards its target, case by case, and at random."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import FencedMemberEpochError
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.consumer_reconcile import Target, step
from logcore.coordinator.group.modern_member import MemberState

T1, T2 = b"1" * 16, b"2" * 16
STABLE, UNREVOKED, UNRELEASED = MemberState.STABLE, MemberState.UNREVOKED, MemberState.UNRELEASED


def member(state=STABLE, epoch=10, previous=9, assigned=None, revoking=None) -> ConsumerMember:
    """Make a member; partitions as ``{T1: {partition: epoch}}``."""
    return ConsumerMember(
        member_id="m",
        epoch=epoch,
        previous_epoch=previous,
        state=state,
        assigned=assigned or {},
        revoking=revoking or {},
    )


def target(epoch=11, topics=(T1, T2), **assignment) -> Target:
    """Make a target: ``t1=[0, 1]``."""
    ids = {"t1": T1, "t2": T2}
    return Target(epoch, {ids[k]: frozenset(v) for k, v in assignment.items()}, frozenset(topics))


def move(before, goal, owned=(), reported=None, *, new=False):
    """Take a step; `owned` are partitions of T1 that others own."""
    mine = {(t, p) for part in (before.assigned, before.revoking) for t in part for p in part[t]}
    others = {(T1, partition) for partition in owned}
    return step(
        before,
        goal,
        lambda topic_id, partition: (topic_id, partition) in mine | others,
        reported,
        has_new_subscription=new,
    )


def test_a_stable_member_at_its_target_stays():
    before = member(epoch=11, assigned={T1: {1: 10}})
    assert move(before, target(t1=[1])) is before


def test_a_stable_member_goes_on_to_a_target_that_is_the_same():
    after = move(member(assigned={T1: {1: 10}}), target(t1=[1]))
    assert after == member(STABLE, 11, 10, {T1: {1: 10}})


def test_what_is_free_is_assigned_with_the_target_s_epoch():
    after = move(member(assigned={T1: {1: 10}}), target(t1=[1, 2], t2=[0]))
    assert after == member(STABLE, 11, 10, {T1: {1: 10, 2: 11}, T2: {0: 11}})


def test_what_another_owns_is_waited_for():
    after = move(member(assigned={T1: {1: 10}}), target(t1=[1, 2, 3]), owned=[3])
    assert after == member(UNRELEASED, 11, 10, {T1: {1: 10, 2: 11}})


def test_nothing_but_what_another_owns_is_waited_for_in_the_new_epoch():
    after = move(member(assigned={T1: {1: 10}}), target(t1=[1, 3]), owned=[3])
    assert after == member(UNRELEASED, 11, 10, {T1: {1: 10}})


def test_what_is_lost_is_revoked_in_the_old_epoch_before_anything_is_assigned():
    after = move(member(assigned={T1: {1: 9, 2: 10}}), target(t1=[2, 3]))
    assert after == member(UNREVOKED, 10, 10, {T1: {2: 10}}, {T1: {1: 9}})


def test_what_is_lost_but_not_reported_any_more_is_revoked_at_once():
    after = move(member(assigned={T1: {1: 10, 2: 10}}), target(t1=[2, 3]), reported={T1: {2}})
    assert after == member(STABLE, 11, 10, {T1: {2: 10, 3: 11}})


@pytest.mark.parametrize("reported", [None, {T1: {1}}, {T1: {1, 2}}])
def test_an_unrevoked_member_stays_until_it_has_revoked(reported):
    before = member(UNREVOKED, assigned={T1: {2: 10}}, revoking={T1: {1: 10}})
    assert move(before, target(t1=[2]), reported=reported) is before


@pytest.mark.parametrize("reported", [{}, {T1: {2}}, {T2: {1}}])
def test_an_unrevoked_member_goes_on_once_it_has_revoked(reported):
    before = member(UNREVOKED, assigned={T1: {2: 10}}, revoking={T1: {1: 10}})
    after = move(before, target(t1=[2, 3]), reported=reported)
    assert after == member(STABLE, 11, 10, {T1: {2: 10, 3: 11}})


def test_an_unrevoked_member_gets_more_to_revoke():
    before = member(UNREVOKED, assigned={T1: {2: 10, 3: 10}}, revoking={T1: {1: 10}})
    after = move(before, target(12, t1=[3]), reported={T1: {2, 3}})
    assert after == member(UNREVOKED, 10, 10, {T1: {3: 10}}, {T1: {2: 10}})


def test_a_partition_that_comes_back_while_it_is_revoked_is_assigned_anew():
    before = member(UNREVOKED, assigned={T1: {2: 10}}, revoking={T1: {1: 10}})
    after = move(before, target(12, t1=[1, 2]), reported={T1: {2}})
    assert after == member(STABLE, 12, 10, {T1: {1: 12, 2: 10}})


def test_an_unreleased_member_gets_what_has_become_free():
    before = member(UNRELEASED, 11, 10, {T1: {1: 10}})
    assert move(before, target(t1=[1, 3]), owned=[3]).state is UNRELEASED
    after = move(before, target(t1=[1, 3]))
    assert after == member(STABLE, 11, 11, {T1: {1: 10, 3: 11}})


def test_an_unreleased_member_gets_some_and_waits_on():
    before = member(UNRELEASED, 11, 10, {T1: {1: 10}})
    after = move(before, target(t1=[1, 2, 3]), owned=[3])
    assert after == member(UNRELEASED, 11, 11, {T1: {1: 10, 2: 11}})


def test_an_unreleased_member_may_have_to_revoke_for_a_newer_target():
    before = member(UNRELEASED, 11, 10, {T1: {1: 10, 2: 11}})
    after = move(before, target(12, t1=[2]), owned=[3])
    assert after == member(UNREVOKED, 11, 11, {T1: {2: 11}}, {T1: {1: 10}})


def test_a_target_of_a_topic_no_longer_subscribed_to_is_not_assigned():
    after = move(member(assigned={T1: {1: 10}}), target(topics=[T1], t1=[1], t2=[0]))
    assert after == member(STABLE, 11, 10, {T1: {1: 10}})


def test_a_topic_no_longer_subscribed_to_is_revoked_though_the_target_has_it():
    goal = target(topics=[T1], t1=[1], t2=[0])
    after = move(member(assigned={T1: {1: 10}, T2: {0: 10}}), goal)
    assert after == member(UNREVOKED, 10, 10, {T1: {1: 10}}, {T2: {0: 10}})


def test_a_new_subscription_takes_topics_away_before_there_is_a_new_target():
    before = member(epoch=11, assigned={T1: {1: 10}, T2: {0: 10}})
    goal = target(topics=[T1], t1=[1], t2=[0])
    assert move(before, goal) is before
    after = move(before, goal, new=True)
    assert after == member(UNREVOKED, 11, 11, {T1: {1: 10}}, {T2: {0: 10}})


def test_a_new_subscription_that_loses_what_was_given_up_already_shrinks_the_rest():
    before = member(epoch=11, assigned={T1: {1: 10}, T2: {0: 10}})
    after = move(before, target(topics=[T1], t1=[1]), reported={T1: {1}}, new=True)
    assert after == member(STABLE, 11, 11, {T1: {1: 10}})


def test_a_new_subscription_to_the_same_topics_changes_nothing():
    before = member(epoch=11, assigned={T1: {1: 10}})
    assert move(before, target(topics=[T1], t1=[1]), new=True) is before


def test_a_new_subscription_adds_to_what_is_being_revoked():
    before = member(UNREVOKED, assigned={T1: {2: 10}, T2: {0: 10}}, revoking={T1: {1: 10}})
    after = move(before, target(topics=[T1], t1=[2]), new=True)
    assert after == member(UNREVOKED, 10, 10, {T1: {2: 10}}, {T1: {1: 10}, T2: {0: 10}})


def test_a_state_of_a_later_release_has_to_start_over():
    before = member(MemberState.UNKNOWN, assigned={T1: {1: 10}})
    for reported in (None, {T1: {1}}):
        with pytest.raises(FencedMemberEpochError):
            move(before, target(t1=[1]), reported=reported)
    after = move(before, target(t1=[1, 2]), reported={})
    assert (after.state, after.epoch) == (STABLE, 11)
    assert after.assigned == {T1: {1: 10, 2: 11}}


PARTITIONS = st.frozensets(st.integers(0, 5))


@given(PARTITIONS, PARTITIONS, PARTITIONS, st.booleans())
def test_from_anywhere_a_member_gets_to_its_target_in_few_steps(start, goal, others, reports):
    """It never has what others own, and each step keeps or confirms what it owned."""
    others -= start
    now = member(assigned={T1: dict.fromkeys(start, 10)} if start else {})
    end = target(11, t1=goal)
    held = set(start)
    for _ in range(4):
        reported = {T1: frozenset(held)} if reports or now.revoking else None
        after = move(now, end, others, reported)
        have = set(after.assigned.get(T1, ()))
        assert not have & others
        assert have <= goal | start
        assert after.epoch in (10, 11)
        assert set(after.revoking.get(T1, ())) <= held
        if after.epoch == 10:
            assert have <= held
        held = have  # the client does what it is told
        now = after
    assert set(now.assigned.get(T1, ())) == goal - others
    assert now.epoch == 11
    assert now.state is (UNRELEASED if goal & others else STABLE)
    # With nothing new, nothing changes but that the epoch it is in has been heard of.
    again = move(now, end, others, {T1: frozenset(held)})
    assert again == replace(now, previous_epoch=again.previous_epoch)
