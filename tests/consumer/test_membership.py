"""Membership in a group of either kind: late, silent and leaving members."""

from typing import Any

import pytest
import pytest_asyncio

from logcore.consumer.classic_membership import ClassicMembership
from logcore.consumer.modern_membership import ModernMembership
from logcore.testing.local_broker import LocalBroker
from tests.consumer.memberships import Stepped, until

pytestmark = pytest.mark.asyncio
KINDS = [ClassicMembership, ModernMembership]


@pytest.fixture(scope="module")
def broker():
    settings: dict[str, Any] = {
        "group_consumer_heartbeat_interval_ms": 50, "group_consumer_min_heartbeat_interval_ms": 50,
        "group_initial_rebalance_delay_ms": 0,
    }  # fmt: skip
    with LocalBroker(**settings) as running:
        running.create_topic("t", partitions=4)
        yield running


@pytest_asyncio.fixture(params=KINDS, ids=["classic", "modern"])
async def members(request, broker):
    made = []

    def make(group, **settings):
        name = f"{group}-{request.param.__name__}"
        made.append(Stepped(request.param, broker.bootstrap_servers, name, **settings))
        return made[-1]

    yield make
    for member in made:
        await member.close()


async def test_who_polls_too_late_leaves_and_joins_again(members, caplog):
    member = members("late", **{"max.poll.interval.ms": 1000})
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    member.member.polled -= 1000
    await until(lambda: member.member.is_due or len(member.holder.changes) == 3)
    await until(lambda: len(member.holder.changes) == 3, member)
    assert [change for change, _ in member.holder.changes] == ["assigned", "lost", "assigned"]
    assert "no poll for more than max.poll.interval.ms (1000 ms)" in caplog.text


async def test_a_static_member_keeps_its_place_and_another_does_not(members):
    static = members("staying", **{"group.instance.id": "me"})
    static.subscribe("t")
    await until(lambda: len(static.holder.places) == 4, static)
    await static.member.leave()
    other = members("staying", **{"group.instance.id": "me"})
    other.subscribe("t")
    await until(lambda: len(other.holder.places) == 4, other)
    assert other.member.facts.instance_id == "me"


async def test_leaving_a_group_that_is_not_there_is_no_error(broker, members):
    member = members("gone")
    member.subscribe("t")
    await until(lambda: len(member.holder.places) == 4, member)
    struck = broker.faults.struck_count
    broker.faults.drop("LeaveGroup", times=None)
    broker.faults.drop("ConsumerGroupHeartbeat", times=None)
    await member.member.leave()
    assert broker.faults.struck_count > struck
    broker.faults.clear()
