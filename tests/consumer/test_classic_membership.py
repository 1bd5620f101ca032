"""Membership in a classic group, through the errors that a coordinator may answer with."""

import asyncio

import pytest
import pytest_asyncio

from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    FencedInstanceIdError,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    NotCoordinatorError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from logcore.consumer.classic_membership import ClassicMembership
from logcore.testing.local_broker import LocalBroker
from tests.consumer.memberships import Stepped, until

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def broker():
    with LocalBroker(
        group_initial_rebalance_delay_ms=0, group_min_session_timeout_ms=100
    ) as running:
        running.create_topic("t", partitions=4)
        yield running


@pytest_asyncio.fixture
async def members(broker):
    broker.faults.clear()
    made = []

    def make(group, **settings):
        made.append(Stepped(ClassicMembership, broker.bootstrap_servers, group, **settings))
        return made[-1]

    yield make
    broker.faults.clear()
    for member in made:
        await member.close()


async def test_joining_goes_on_through_what_passes(broker, members):
    member = members("passing")
    broker.faults.fail("JoinGroup", CoordinatorLoadInProgressError, times=2)
    broker.faults.fail("JoinGroup", NotCoordinatorError)
    broker.faults.drop("JoinGroup")
    broker.faults.fail("SyncGroup", RebalanceInProgressError)
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    assert member.member.facts.generation > 0


async def test_what_does_not_pass_is_raised_by_the_step(broker, members):
    member = members("refused")
    broker.faults.fail("JoinGroup", GroupAuthorizationFailedError, times=None)
    member.subscribe("t")
    with pytest.raises(GroupAuthorizationFailedError, match="group refused"):
        await until(lambda: False, member)


@pytest.mark.parametrize("error", [UnknownMemberIdError, IllegalGenerationError])
async def test_a_member_that_was_forgotten_loses_everything_and_joins_again(broker, members, error):
    # The broker has not really forgotten it, and waits for its old self for so long.
    member = members(f"forgotten-{error.code}", **{"max.poll.interval.ms": 1000})
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    broker.faults.fail("Heartbeat", error)
    await until(lambda: len(member.holder.changes) == 3, member)
    assert [change for change, _ in member.holder.changes] == ["assigned", "lost", "assigned"]


def has(member, count):
    return lambda: len(member.holder.places) == count


async def test_a_rebalance_gives_up_everything_first_unless_it_is_cooperative(members):
    for strategy, first_change in (("range", 4), ("cooperative-sticky", 2)):
        told = {"partition.assignment.strategy": strategy}
        one, two = members(strategy, **told), members(strategy, **told)
        one.subscribe("t")
        await until(has(one, 4), one)
        two.subscribe("t")
        await until(has(two, 2), one, two)
        await until(has(one, 2), one, two)
        change, places = one.holder.changes[1]
        assert (change, len(places)) == ("revoked", first_change)


async def test_a_fenced_static_member_is_told(broker, members):
    member = members("static", **{"group.instance.id": "one"})
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    broker.faults.fail("Heartbeat", FencedInstanceIdError)
    with pytest.raises(FencedInstanceIdError):
        await until(lambda: False, member)
    await until(has(member, 0), member)
    assert member.holder.changes[-1][0] == "lost"


async def test_more_partitions_are_assigned_when_the_leader_sees_them(broker, members):
    broker.create_topic("grows", partitions=1)
    member = members("growing", **{"metadata.max.age.ms": 100})
    member.subscribe("grows")
    await until(lambda: len(member.holder.places) == 1, member)
    from logcore.admin.admin import Admin  # noqa: PLC0415 - one test needs it

    with Admin(broker.bootstrap_servers) as admin:
        await asyncio.to_thread(admin.topics.add_partitions, {"grows": 3})
    await until(lambda: len(member.holder.places) == 3, member)


async def joined(member):
    """Begin to join, and wait until that is over; who should take what it gave does not poll."""
    await until(lambda: member.member._joining is not None, member)
    await until(member.member._joining.done)


SHORT = {"session.timeout.ms": 500}


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
async def test_a_member_stays_one_however_long_nobody_takes_what_it_was_given(
    broker, members, strategy
):
    member = members(f"slow-{strategy}", **SHORT, **{"partition.assignment.strategy": strategy})
    member.subscribe("t")
    await joined(member)
    await asyncio.sleep(1)
    await until(has(member, 4), member)
    broker.faults.fail("Heartbeat", RebalanceInProgressError)
    await until(lambda: member.member.is_due)
    await joined(member)
    await asyncio.sleep(1)
    await until(has(member, 4), member)
    assert "lost" not in [change for change, _ in member.holder.changes]
    assert member.member.facts.generation == 2


async def test_a_rebalance_is_heard_of_before_the_last_one_is_taken(broker, members):
    member = members("again")
    member.subscribe("t")
    await joined(member)
    broker.faults.fail("Heartbeat", RebalanceInProgressError)
    await until(lambda: member.member._wants_join)
    await until(lambda: len(member.holder.changes) == 3, member)
    assert [change for change, _ in member.holder.changes] == ["assigned", "revoked", "assigned"]
    assert member.member.facts.generation == 2


@pytest.mark.parametrize("error", [UnknownMemberIdError, IllegalGenerationError])
async def test_what_was_given_and_is_lost_already_is_not_taken(broker, members, error):
    member = members(f"dropped-{error.code}", **{"max.poll.interval.ms": 1000})
    member.subscribe("t")
    await joined(member)
    broker.faults.fail("Heartbeat", error)
    await until(lambda: member.member._joining is None)
    assert member.member.facts.generation == -1
    await until(has(member, 4), member)
    assert [change for change, _ in member.holder.changes] == ["assigned"]
    assert member.member.facts.generation > 1


async def test_who_does_not_poll_leaves_though_nothing_was_taken(members, caplog):
    member = members("never", **{"max.poll.interval.ms": 300})
    member.subscribe("t")
    await joined(member)
    await until(lambda: member.member._joining is None)
    assert "no poll for more than max.poll.interval.ms (300 ms)" in caplog.text
    await until(has(member, 4), member)


async def test_what_is_wanted_when_a_join_fails_is_done_after_it_was_told(broker, members):
    member = members("failing")
    broker.faults.fail("JoinGroup", GroupAuthorizationFailedError)
    member.subscribe("t")
    await until(lambda: member.member._joining is not None, member)
    broker.create_topic("more", partitions=1)
    member.subscribe("t", "more")
    with pytest.raises(GroupAuthorizationFailedError):
        await until(lambda: False, member)
    await until(has(member, 5), member)
