"""Commits while a group divides its partitions anew: done where they may be, told where not."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from logcore.client.positions import GroupFacts, OffsetAndMetadata, TopicPartition
from logcore.common.config import ConfigError
from logcore.common.errors import (
    ClientTimeoutError,
    CommitFailedError,
    CoordinatorLoadInProgressError,
    FencedMemberEpochError,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    StaleMemberEpochError,
    UnknownMemberIdError,
)
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.committing import Commits, may_pass
from logcore.testing.local_broker import LocalBroker
from tests.contestants import Cluster

SAID = GroupFacts("g", 4, "me")


@pytest.fixture(scope="module")
def broker():
    with LocalBroker(group_initial_rebalance_delay_ms=0) as running:
        running.create_topic("t", partitions=4)
        yield running


def member(where: Any, topic: str, group: str, **settings: Any) -> AsyncConsumer:
    bootstrap = where.bootstrap if isinstance(where, Cluster) else where.bootstrap_servers
    told: dict[str, Any] = {
        "partition_assignment_strategy": "cooperative-sticky", "heartbeat_interval_ms": 50,
        "retry_backoff_ms": 5, "enable_auto_commit": False,
    }  # fmt: skip
    return AsyncConsumer(topic, bootstrap_servers=bootstrap, group_id=group, **{**told, **settings})


async def until_assigned(*counts: tuple[AsyncConsumer, int]) -> None:
    async with asyncio.timeout(30):
        while any(len(consumer.assignment()) != count for consumer, count in counts):
            for consumer, _ in counts:
                await consumer.poll(0.02)


@pytest.mark.parametrize(
    ("error", "now", "expected"),
    [
        (RebalanceInProgressError, SAID, True),
        (StaleMemberEpochError, SAID, True),
        (IllegalGenerationError, SAID, False),
        (IllegalGenerationError, SAID._replace(generation=5), True),
        (IllegalGenerationError, SAID._replace(generation=-1), False),
        (RebalanceInProgressError, SAID._replace(member_id="another"), False),
        (UnknownMemberIdError, SAID._replace(generation=5), False),
        (FencedMemberEpochError, SAID._replace(generation=5), False),
    ],
)
def test_what_may_pass(error, now, expected):
    assert may_pass(error(), SAID, now) is expected


@pytest.mark.asyncio
async def test_a_commit_does_not_wait_for_members_that_are_to_join(cluster):
    """The third member makes the others join again, and the second one does not poll."""
    topic, group = await asyncio.to_thread(cluster.topic, 4), cluster.group()
    async with member(cluster, topic, group) as first, member(cluster, topic, group) as second:
        await until_assigned((first, 2), (second, 2))
        async with member(cluster, topic, group) as third:
            await third.poll(0.02)
            membership = first.upkeep._membership
            async with asyncio.timeout(30):
                while membership._joining is None:  # type: ignore[union-attr]  # a classic one
                    await first.poll(0.02)
            place = first.assignment()[0]
            async with asyncio.timeout(20):
                await first.commit({place: 7})
            assert membership._joining is not None, "it still waits"  # type: ignore[union-attr]
            assert (await first.committed(place))[place] == OffsetAndMetadata(7)
            async with asyncio.timeout(30):
                while sorted(len(each.assignment()) for each in (first, second, third)) != [
                    1,
                    1,
                    2,
                ]:
                    for each in (first, second, third):
                        await each.poll(0.02)


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [RebalanceInProgressError, StaleMemberEpochError])
async def test_what_is_between_two_generations_is_waited_out(broker, error):
    settings = {"default_api_timeout_ms": 1000}
    async with member(broker, "t", f"between-{error.code}", **settings) as consumer:
        await until_assigned((consumer, 4))
        broker.faults.fail("OffsetCommit", error, times=3)
        await consumer.commit({("t", 0): 3})
        assert (await consumer.committed(("t", 0)))[consumer.assignment()[0]].offset == 3
        broker.faults.fail("OffsetCommit", error)
        with pytest.raises(CommitFailedError):
            await consumer.commit({("t", 99): 3})
        broker.faults.fail("OffsetCommit", error, times=None)
        with pytest.raises(ClientTimeoutError, match="divides its partitions anew"):
            await consumer.commit({("t", 0): 4})
        broker.faults.clear()


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [UnknownMemberIdError, IllegalGenerationError])
async def test_a_member_that_is_gone_is_told(broker, error):
    async with member(broker, "t", f"gone-{error.code}") as consumer:
        await until_assigned((consumer, 4))
        broker.faults.fail("OffsetCommit", error)
        with pytest.raises(CommitFailedError, match=r"max\.poll\.interval\.ms"):
            await consumer.commit({("t", 0): 3})
    async with AsyncConsumer(
        bootstrap_servers=broker.bootstrap_servers, group_id=f"no-member-{error.code}"
    ) as other:
        other.assign([("t", 0)])
        broker.faults.fail("OffsetCommit", RebalanceInProgressError)
        with pytest.raises(CommitFailedError):
            await other.commit({("t", 0): 3})


@pytest.mark.asyncio
async def test_an_older_commit_is_not_tried_again_after_the_last_one(broker):
    settings = {"enable_auto_commit": True, "auto_commit_interval_ms": 0}
    async with member(broker, "t", "older", retry_backoff_ms=200, **settings) as consumer:
        await until_assigned((consumer, 4))
        for place in consumer.assignment():
            consumer.seek(place, 3)
        broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError)
        struck = broker.faults.struck_count
        async with asyncio.timeout(20):
            while broker.faults.struck_count == struck:
                await consumer.poll(0.01)
        for place in consumer.assignment():
            consumer.seek(place, 5)
    async with member(broker, "t", "older") as other:
        await asyncio.sleep(0.5)
        assert (await other.committed(("t", 0)))[("t", 0)].offset == 5  # type: ignore[index]


@pytest.mark.asyncio
async def test_commits_that_nobody_waits_for_are_done_in_their_order(cluster):
    topic, group = await asyncio.to_thread(cluster.topic, 1), cluster.group()
    place = TopicPartition(topic, 0)
    async with AsyncConsumer(bootstrap_servers=cluster.bootstrap, group_id=group) as consumer:
        consumer.assign([place])
        tasks = [consumer.commit_async({place: at}) for at in range(1, 50)]
        await consumer.commit({place: 50})
        await asyncio.gather(*tasks)
        assert (await consumer.committed(place))[place].offset == 50
        consumer.commit_async({place: 60})  # closing waits for it
    async with AsyncConsumer(bootstrap_servers=cluster.bootstrap, group_id=group) as consumer:
        assert (await consumer.committed(place))[place].offset == 60


@pytest.mark.asyncio
async def test_a_commit_whose_place_was_taken_is_not_tried_again(broker):
    one, two = TopicPartition("t", 0), TopicPartition("t", 1)
    told: list[dict[TopicPartition, OffsetAndMetadata]] = []
    settings: dict[str, Any] = {"retry_backoff_ms": 100, "group_id": "overtaken"}
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers, **settings) as consumer:
        consumer.assign([one, two])
        await consumer.commit({one: 1})
        assert consumer.upkeep.commits is not None
        consumer.upkeep.commits.on_commit = told.append
        broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError)
        older = consumer.commit_async({one: 5, two: 6})
        await asyncio.sleep(0.05)
        await consumer.commit({one: 9})
        await older
        committed = await consumer.committed(one, two)
        assert {place: at.offset for place, at in committed.items()} == {one: 9, two: 6}
    assert told == [{one: OffsetAndMetadata(9)}, {two: OffsetAndMetadata(6)}]


@pytest.mark.asyncio
async def test_a_commit_whose_place_was_taken_is_as_good_as_the_newer_one(broker):
    place = TopicPartition("t", 2)
    settings: dict[str, Any] = {"retry_backoff_ms": 100, "group_id": "as-good"}
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers, **settings) as consumer:
        consumer.assign([place])
        broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError)
        broker.faults.fail("OffsetCommit", GroupAuthorizationFailedError)
        older = consumer.commit_async({place: 5})
        await asyncio.sleep(0.05)
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.commit({place: 9})
        with pytest.raises(GroupAuthorizationFailedError):
            await older


@pytest.mark.asyncio
async def test_a_commit_is_given_up_with_what_took_its_place(broker):
    place = TopicPartition("t", 3)
    settings: dict[str, Any] = {"retry_backoff_ms": 50, "group_id": "given-up"}
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers, **settings) as consumer:
        consumer.assign([place])
        await consumer.committed(place)
        commits = consumer.upkeep.commits
        assert commits is not None
        broker.faults.fail("OffsetCommit", CoordinatorLoadInProgressError)
        older = consumer.commit_async({place: 5})
        await asyncio.sleep(0.02)
        commits.commit_soon({place: 9}, is_member=False)
        commits.stop()  # before it has begun
        with pytest.raises(ClientTimeoutError, match="given up"):
            await older


@pytest.mark.asyncio
async def test_a_commit_that_nobody_waits_for_and_fails_is_logged(broker, caplog):
    group: dict[str, Any] = {"group_id": "refused"}
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers, **group) as consumer:
        consumer.assign([("t", 0)])
        broker.faults.fail("OffsetCommit", GroupAuthorizationFailedError)
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.commit_async({("t", 0): 5})
    assert "offsets were not committed" in caplog.text
    async with AsyncConsumer(bootstrap_servers=broker.bootstrap_servers) as consumer:
        with pytest.raises(ConfigError, match="group"):
            consumer.commit_async({("t", 0): 5})


class Sending:
    """Commits over a store that is asked by hand."""

    def __init__(self, facts: GroupFacts = SAID, owned: Any = ()) -> None:
        self.facts, self.owned = facts, owned
        self.sent: list[tuple[int, dict[TopicPartition, int]]] = []
        self.answers: list[Exception | float] = []
        loop = asyncio.get_running_loop()
        backoff = SimpleNamespace(wait_ms=lambda _: 20)
        cluster: Any = SimpleNamespace(loop=loop, backoff=backoff, is_closed=False)
        store: Any = self
        self.commits = Commits(cluster, store, lambda: self.facts, lambda: self.owned, 10)

    async def commit(self, left: Any, facts: GroupFacts, _timeout_s: float) -> None:
        while offsets := left():
            at = {place: each.offset for place, each in offsets.items()}
            self.sent.append((facts.generation, at))
            answer = self.answers.pop(0) if self.answers else 0.001
            if isinstance(answer, Exception):
                await asyncio.sleep(0.001)
                raise answer
            await asyncio.sleep(abs(answer))
            if answer >= 0:
                return


P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


@pytest.mark.asyncio
async def test_what_is_not_owned_any_more_is_not_tried_again():
    sending = Sending(owned=[P0])
    sending.answers = [RebalanceInProgressError()]
    task = sending.commits.commit_async({P0: 5}, is_member=True)
    await asyncio.sleep(0.01)
    sending.owned, sending.facts = [], SAID._replace(generation=5)
    with pytest.raises(CommitFailedError):
        await task
    assert sending.sent == [(4, {P0: 5})]


@pytest.mark.asyncio
async def test_nothing_is_committed_before_there_is_something():
    sending = Sending(SAID._replace(generation=-1))
    await sending.commits.commit({}, is_member=True)
    with pytest.raises(CommitFailedError):
        await sending.commits.commit({P0: 1}, is_member=True)
    assert sending.sent == []


@pytest.mark.asyncio
async def test_an_overtaken_commit_is_done_with_the_first_that_is():
    sending = Sending()
    sending.answers = [-0.05, 0.08, GroupAuthorizationFailedError()]
    first, second = (sending.commits.commit_async({P0: at}, is_member=False) for at in (1, 2))
    await asyncio.sleep(0.06)
    third = sending.commits.commit_async({P0: 3}, is_member=False)
    done = await asyncio.gather(first, second, third, return_exceptions=True)
    assert [type(each) for each in done] == [type(None), type(None), GroupAuthorizationFailedError]


@pytest.mark.asyncio
async def test_an_overtaken_commit_whose_follower_is_given_up_is_not_known():
    sending = Sending()
    sending.answers = [-0.02, 5.0]
    older = sending.commits.commit_async({P0: 1}, is_member=False)
    await asyncio.sleep(0.01)
    newer = sending.commits.commit_async({P0: 2, P1: 2}, is_member=False)
    await asyncio.sleep(0.03)
    newer.cancel()
    with pytest.raises(ClientTimeoutError, match="given up"):
        await older
