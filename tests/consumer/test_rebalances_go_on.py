"""Listeners that raise, take long or are cut off: partitions come and go all the same."""

import asyncio
import contextlib
from typing import Any

import pytest

from logcore.common.errors import ClientClosedError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.listener import RebalanceListener
from logcore.testing.local_broker import LocalBroker
from tests.consumer.filling import add, filled
from tests.contestants import Cluster

pytestmark = pytest.mark.asyncio
PATIENCE_S = 20.0
PROTOCOLS: dict[str, dict[str, Any]] = {
    "consumer": {"group_protocol": "consumer"},
    "range": {"partition_assignment_strategy": "range"},
    "cooperative": {"partition_assignment_strategy": "cooperative-sticky"},
}


@pytest.fixture(scope="module")
def broker():
    settings: dict[str, Any] = {
        "group_consumer_heartbeat_interval_ms": 50, "group_consumer_min_heartbeat_interval_ms": 50,
        "group_initial_rebalance_delay_ms": 0, "group_min_session_timeout_ms": 100,
    }  # fmt: skip
    with LocalBroker(**settings) as running:
        yield running


@pytest.fixture
def ours(broker):
    broker.faults.clear()
    yield Cluster(broker.bootstrap_servers, "logcore")
    broker.faults.clear()


@pytest.fixture(params=list(PROTOCOLS))
def group(request, ours):
    """A group of each kind, as settings."""
    return {"group_id": ours.group(), **PROTOCOLS[request.param]}


def reading(ours, group, **settings):
    told = {"auto_offset_reset": "earliest", "retry_backoff_ms": 5, "heartbeat_interval_ms": 50}
    return AsyncConsumer(bootstrap_servers=ours.bootstrap, **{**told, **group, **settings})


class Noting(RebalanceListener):
    """Notes what it is told, and what is done by then; raises or waits where it is asked to."""

    def __init__(self, raises=(), waits_s=None):
        self.notes = []
        self.raises = list(raises)
        self.waits_s = waits_s or {}

    async def _note(self, change, partitions):
        self.notes.append(change)
        await asyncio.sleep(self.waits_s.get(change, 0))
        self.notes.append(f"{change}.")
        if change in self.raises:
            self.raises.remove(change)
            raise ValueError(f"{change} {len(partitions)}")

    async def on_assigned(self, partitions):
        await self._note("assigned", partitions)

    async def on_revoked(self, partitions):
        await self._note("revoked", partitions)

    async def on_lost(self, partitions):
        await self._note("lost", partitions)


class Reading:
    """Consumers that are polled until something is so."""

    def __init__(self, *consumers, wait_s=None):
        self.consumers = consumers
        self.wait_s = wait_s
        self.values = []
        self.errors = []

    async def _poll(self, consumer):
        """Poll once; for so long at most that the poll may be cancelled."""
        try:
            async with asyncio.timeout(self.wait_s):
                self.values += [record.value for record in await consumer.poll(0.05)]
        except TimeoutError:
            pass
        except ValueError as error:
            self.errors.append(str(error))

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                for consumer in self.consumers:
                    await self._poll(consumer)


def have(count, *consumers):
    return lambda: all(len(consumer.assignment()) == count for consumer in consumers)


async def test_a_listener_that_raises_changes_nothing_but_who_polls_is_told(ours, group):
    topic = await asyncio.to_thread(filled, ours, 2, 10)
    noting = Noting(["assigned", "revoked"])
    async with reading(ours, group) as one, reading(ours, group) as two:
        one.subscribe(topic, noting)
        alone = Reading(one)
        await alone.until(lambda: len(alone.values) == 10)
        assert alone.errors == ["assigned 2"]
        two.subscribe(topic)
        both = Reading(one, two)
        await both.until(lambda: have(1, one, two)() and both.errors)
        assert len(both.errors) == 1
        assert both.errors[0].startswith("revoked")
        await asyncio.to_thread(add, ours, topic, 2, 10)
        await both.until(lambda: len(both.values) >= 10)
        await one.commit()
        assert len(both.values) == 10, "all was committed before it moved"


async def test_what_is_lost_is_given_up_though_the_listener_raises(ours, group):
    topic, noting = await asyncio.to_thread(filled, ours, 2, 10), Noting(["lost"])
    settings = {"max_poll_interval_ms": 400, "enable_auto_commit": False}
    async with reading(ours, group, **settings) as consumer:
        consumer.subscribe(topic, noting)
        reads = Reading(consumer)
        await reads.until(lambda: len(reads.values) == 10)
        await asyncio.sleep(0.8)
        await reads.until(lambda: len(reads.values) == 20)
        assert reads.errors == ["lost 2"]
        assert [note for note in noting.notes if note[-1] != "."] == [
            "assigned",
            "lost",
            "assigned",
        ]
        await consumer.commit()


async def test_who_is_cancelled_while_a_listener_is_at_work_finds_it_done_later(ours, group):
    topic = await asyncio.to_thread(filled, ours, 2, 10)
    noting = Noting(["assigned"], {"assigned": 0.3})
    settings = {} if "group_protocol" in group else {"session_timeout_ms": 500}
    async with reading(ours, group, **settings) as consumer:
        consumer.subscribe(topic, noting)
        reads = Reading(consumer, wait_s=0.02)
        await reads.until(lambda: reads.values)
        assert noting.notes == ["assigned", "assigned."], "once, and to its end"
        assert reads.errors == ["assigned 2"]
        await reads.until(lambda: len(reads.values) == 10)
        await asyncio.sleep(1)
        await consumer.commit()  # it is a member still


async def test_who_is_cancelled_while_offsets_are_committed_loses_nothing(broker, ours, group):
    topic = await asyncio.to_thread(filled, ours, 2, 10)
    async with reading(ours, group) as one, reading(ours, group) as two:
        one.subscribe(topic)
        alone = Reading(one)
        await alone.until(lambda: len(alone.values) == 10)
        broker.faults.delay("OffsetCommit", 300, times=3)
        two.subscribe(topic)
        both = Reading(one, two, wait_s=0.03)
        await both.until(have(1, one, two))
        broker.faults.clear()
        await asyncio.to_thread(add, ours, topic, 2, 10)
        await both.until(lambda: len(both.values) >= 10)
        assert len(both.values) == 10, "nothing twice, and nothing left out"


async def test_a_listener_may_wait_for_the_consumer(ours, group):
    topic, found = await asyncio.to_thread(filled, ours, 1, 10), []

    class Asking(RebalanceListener):
        async def on_assigned(self, partitions):
            found.append(await consumer.position(partitions[0]))
            found.extend(await consumer.poll(5, 1))

    async with reading(ours, group) as consumer:
        consumer.subscribe(topic, Asking())
        reads = Reading(consumer)
        await reads.until(lambda: len(reads.values) == 9)
        assert (found[0], found[1].value) == (0, b"0")


@pytest.mark.parametrize("end", ["close", "unsubscribe"])
async def test_a_listener_may_end_the_consumer(ours, group, end):
    topic = await asyncio.to_thread(filled, ours, 1, 10)

    class Ending(RebalanceListener):
        async def on_assigned(self, partitions):
            assert len(partitions) == 1
            await getattr(consumer, end)()

    async with asyncio.timeout(10), reading(ours, group) as consumer:
        consumer.subscribe(topic, Ending())
        if end == "close":
            with pytest.raises(ClientClosedError):
                await Reading(consumer).until(lambda: False)
        else:
            await Reading(consumer).until(lambda: consumer.upkeep._membership is None)


async def test_closing_waits_for_what_a_cancelled_poll_began(ours, group):
    topic = await asyncio.to_thread(filled, ours, 1, 10)
    noting = Noting(["assigned"], {"assigned": 0.3})
    consumer = reading(ours, group)
    consumer.subscribe(topic, noting)
    reads = Reading(consumer, wait_s=0.05)
    await reads.until(lambda: noting.notes)
    with pytest.raises(ValueError, match="assigned 1"):  # nobody else has heard of it
        await consumer.close()
    assert noting.notes == ["assigned", "assigned.", "revoked", "revoked."]


async def test_who_closes_does_not_wait_for_ever(ours, group):
    topic, noting = await asyncio.to_thread(filled, ours, 1, 10), Noting((), {"assigned": 1000})
    consumer = reading(ours, group)
    consumer.subscribe(topic, noting)
    await Reading(consumer, wait_s=0.05).until(lambda: noting.notes)
    step = consumer.upkeep._stepping
    await consumer.close(0.2)
    with contextlib.suppress(asyncio.CancelledError):
        await step
    assert (step.cancelled(), noting.notes) == (True, ["assigned"])


async def test_a_group_is_left_though_the_listener_raises(ours, group):
    topic = await asyncio.to_thread(filled, ours, 1, 10)
    consumer = reading(ours, group)
    consumer.subscribe(topic, Noting(["revoked"]))
    reads = Reading(consumer)
    await reads.until(lambda: len(reads.values) == 10)
    with pytest.raises(ValueError, match="revoked 1"):
        await consumer.close()
    async with reading(ours, group) as other:
        other.subscribe(topic)
        await asyncio.to_thread(add, ours, topic, 1, 3)
        then = Reading(other)
        async with asyncio.timeout(5):
            await then.until(lambda: len(then.values) == 3)


async def test_two_tasks_that_poll_hear_of_an_error_once(ours, group):
    topic = await asyncio.to_thread(filled, ours, 1, 10)
    noting = Noting(["assigned"], {"assigned": 0.1})
    async with reading(ours, group) as consumer:
        consumer.subscribe(topic, noting)
        reads, others = Reading(consumer), Reading(consumer)
        both = lambda: len(reads.values) + len(others.values) == 10  # noqa: E731 - short
        await asyncio.gather(reads.until(both), others.until(both))
        assert reads.errors + others.errors == ["assigned 1"]
