"""Membership in a group of the new kind, through the errors that a coordinator may answer with."""

from typing import Any

import pytest
import pytest_asyncio

from logcore.common.errors import (
    ConnectionLostError,
    CoordinatorLoadInProgressError,
    FencedMemberEpochError,
    GroupAuthorizationFailedError,
    NotCoordinatorError,
    UnknownMemberIdError,
    UnsupportedAssignorError,
)
from logcore.consumer.modern_membership import ModernMembership
from logcore.testing.local_broker import LocalBroker
from tests.consumer.memberships import Stepped, until

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def broker():
    settings: dict[str, Any] = {
        "group_consumer_heartbeat_interval_ms": 50, "group_consumer_min_heartbeat_interval_ms": 50,
    }  # fmt: skip
    with LocalBroker(**settings) as running:
        running.create_topic("t", partitions=4)
        yield running


@pytest_asyncio.fixture
async def members(broker):
    broker.faults.clear()
    made = []

    def make(group, **settings):
        made.append(Stepped(ModernMembership, broker.bootstrap_servers, group, **settings))
        return made[-1]

    yield make
    broker.faults.clear()
    for member in made:
        await member.close()


async def test_joining_goes_on_through_what_passes(broker, members):
    member = members("passing")
    broker.faults.fail("ConsumerGroupHeartbeat", CoordinatorLoadInProgressError, times=2)
    broker.faults.fail("ConsumerGroupHeartbeat", NotCoordinatorError)
    broker.faults.drop("ConsumerGroupHeartbeat")
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    assert member.member.facts.generation > 0


async def test_what_does_not_pass_is_raised_by_the_step(broker, members):
    member = members("refused")
    broker.faults.fail("ConsumerGroupHeartbeat", GroupAuthorizationFailedError)
    member.subscribe("t")
    with pytest.raises(GroupAuthorizationFailedError, match="group refused"):
        await until(lambda: False, member)
    other = members("odd", **{"group.remote.assignor": "by the moon"})
    other.subscribe("t")
    with pytest.raises(UnsupportedAssignorError):
        await until(lambda: False, other)


@pytest.mark.parametrize("error", [UnknownMemberIdError, FencedMemberEpochError])
async def test_a_member_that_was_fenced_loses_everything_and_joins_again(broker, members, error):
    member = members(f"fenced-{error.code}")
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    broker.faults.fail("ConsumerGroupHeartbeat", error)
    await until(lambda: len(member.holder.changes) == 3, member)
    assert [change for change, _ in member.holder.changes] == ["assigned", "lost", "assigned"]


async def test_only_what_moves_is_given_up_and_it_comes_back(members):
    one, two = members("sharing"), members("sharing")
    one.subscribe("t")
    await until(lambda: len(one.holder.places) == 4, one)
    two.subscribe("t")
    await until(lambda: len(one.holder.places) == len(two.holder.places) == 2, one, two)
    assert (one.holder.changes[1][0], len(one.holder.changes[1][1])) == ("revoked", 2)
    await two.member.leave()
    await until(lambda: len(one.holder.places) == 4, one)


async def test_an_assignment_whose_answer_was_lost_is_asked_for_again(members, monkeypatch):
    """The broker says it once; who says everything again is told again (a full heartbeat)."""
    one, two = members("losing"), members("losing")
    one.subscribe("t")
    await until(lambda: len(one.holder.places) == 4, one)
    coordinator, lost = one.member._coordinator, list[Any]()
    ask = coordinator.ask

    async def losing(request, **rest):
        answer = await ask(request, **rest)
        if answer.assignment is not None and not lost:
            lost.append(answer)
            raise ConnectionLostError("by the test")
        return answer

    monkeypatch.setattr(coordinator, "ask", losing)
    two.subscribe("t")
    await until(lambda: len(one.holder.places) == len(two.holder.places) == 2, one, two)
    assert len(lost) == 1


async def test_what_the_group_says_while_a_listener_is_told_is_not_forgotten(members, monkeypatch):
    member = members("overtaken")
    receive = member.holder.receive

    async def overtaken(places):
        await receive(places)
        member.member._target = []

    monkeypatch.setattr(member.holder, "receive", overtaken)
    member.subscribe("t")
    await until(lambda: len(member.holder.changes) == 2, member)
    assert [change for change, _ in member.holder.changes] == ["assigned", "revoked"]
    assert member.holder.places == []
