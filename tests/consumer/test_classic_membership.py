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
    with LocalBroker(group_initial_rebalance_delay_ms=0) as running:
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


async def test_more_partitions_are_assigned_when_the_leader_sees_them(broker, members):
    broker.create_topic("grows", partitions=1)
    member = members("growing", **{"metadata.max.age.ms": 100})
    member.subscribe("grows")
    await until(lambda: len(member.holder.places) == 1, member)
    from logcore.admin.admin import Admin  # noqa: PLC0415 - one test needs it

    with Admin(broker.bootstrap_servers) as admin:
        await asyncio.to_thread(admin.topics.add_partitions, {"grows": 3})
    await until(lambda: len(member.holder.places) == 3, member)
