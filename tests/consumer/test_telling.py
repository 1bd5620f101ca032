"""Telling a listener: what it raises is kept, and calls from within it are known."""

import asyncio

import pytest

from logcore.client.positions import TopicPartition
from logcore.consumer.listener import RebalanceListener
from logcore.consumer.telling import Telling

pytestmark = pytest.mark.asyncio
P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


class Raising(RebalanceListener):
    def on_assigned(self, partitions):
        raise ValueError(partitions)

    async def on_revoked(self, partitions):
        raise asyncio.CancelledError(partitions)


def telling(listener: RebalanceListener) -> Telling:
    made = Telling()
    made.listener = listener
    return made


async def test_what_a_listener_raises_is_raised_once_and_in_order():
    tells = telling(Raising())
    tells.raise_first()
    await tells.tell("assigned", {P1, P0})
    await tells.tell("lost", [P1])
    assert tells.has_raised
    with pytest.raises(ValueError, match=r"partition=0.*partition=1"):
        tells.raise_first()
    with pytest.raises(asyncio.CancelledError):  # its own: nobody has cancelled who tells it
        tells.raise_first()
    tells.raise_first()
    assert not tells.has_raised


async def test_who_is_cancelled_while_it_tells_is():
    class Waiting(RebalanceListener):
        async def on_assigned(self, partitions):
            await asyncio.Event().wait()
            raise AssertionError(partitions)

    tells = telling(Waiting())
    task = asyncio.create_task(tells.tell("assigned", [P0]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not tells.has_raised


async def test_calls_from_within_a_listener_are_known_as_long_as_it_runs():
    seen, go_on = list[bool](), asyncio.Event()

    async def later():
        seen.append(tells.is_here)
        await go_on.wait()
        seen.append(tells.is_here)

    class Looking(RebalanceListener):
        async def on_assigned(self, partitions):
            seen.append(tells.is_here and partitions == [P0])
            self.task = asyncio.create_task(later())
            await asyncio.sleep(0.01)
            seen.append(tells.is_here)

    listener = Looking()
    tells = telling(listener)
    told = asyncio.create_task(tells.tell("assigned", [P0]))
    await asyncio.sleep(0.001)
    assert not tells.is_here, "another task is not within it"
    await told
    go_on.set()
    await listener.task
    assert seen == [True, True, True, False]


async def test_a_listener_may_be_called_by_another_thread():
    seen = []

    class Looking(RebalanceListener):
        def on_assigned(self, partitions):
            seen.append((tells.is_here, partitions))

    async def elsewhere(method):
        await asyncio.get_running_loop().run_in_executor(None, method)

    tells = telling(Looking())
    tells.call_elsewhere = elsewhere
    await tells.tell("assigned", [P0])
    assert (seen, tells.is_here) == ([(True, [P0])], False)
