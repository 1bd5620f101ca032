"""Having records prepared by threads, where a deserializer may wait for something.

Invariant: no such deserializer is called on the event loop. Whoever waits may be cancelled: what is
being prepared is held for whoever asks next, and dropped only with its partition.
Neighbours: `async_consumer` has records held here before it hands them out; `preparing` has the
hooks.
"""

import asyncio
from collections import deque

from logcore.consumer.handing_out import HandingOut
from logcore.consumer.preparing import Preparing
from logcore.consumer.subscription import PartitionState
from logcore.record import ConsumerRecord


class Elsewhere:
    """Prepares records of one consumer in threads.

    Args:
        hand: Hands records out.
        hooks: What is done to them before.
    """

    def __init__(self, hand: HandingOut, hooks: Preparing) -> None:
        self._hand = hand
        self._hooks = hooks
        self._at_work: dict[PartitionState, asyncio.Task[None]] = {}

    async def hold(self, state: PartitionState, count: int) -> None:
        """Have the next records of a partition prepared, as many as one call of the user's takes.

        Raises:
            CorruptMessageError: If the first of them is damaged.
        """
        while (task := self._at_work.get(state)) is not None:
            await asyncio.shield(task)
        if state.held:
            return
        records = self._hand.take(state, count)
        state.unprepared = records  # where the partition stands meanwhile
        task = asyncio.get_running_loop().create_task(self._prepare(state, records))
        self._at_work[state] = task
        await asyncio.shield(task)

    async def _prepare(self, state: PartitionState, records: list[ConsumerRecord]) -> None:
        version, loop = state.version, asyncio.get_running_loop()
        try:
            prepared = await loop.run_in_executor(None, self._hooks.deserialized, records)
            if state.version == version:
                state.held, state.unprepared = deque(self._hooks.intercepted(prepared)), []
        except BaseException:
            state.void()
            raise
        finally:
            del self._at_work[state]
