"""Lanes: worker threads for what may block, in order for what must stay in order.

Invariant: work with equal keys runs one after the other in the order it was given; results come
back on the loop's thread. Work that touches no disk wait does not belong here: a hop costs more
than a small append.
Neighbours: `handlers.produce` sends appends that wait for an fsync or are large.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from logcore.common.deferred import Deferred

SLOW_LANE: Final = "slow"
"""A lane for what may take its time: looking up names, reading telemetry."""

T = TypeVar("T")


class Lanes:
    """A few threads, each of which does its work in order.

    Args:
        loop: The loop on whose thread results arrive.
        count: How many threads.
        reserved: Keys that have a lane to themselves, so that what takes long under one of them
            keeps nobody else waiting. A thread begins with its first work.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, count: int = 2, reserved: Iterable[Hashable] = ()
    ) -> None:
        self._loop = loop
        self._lanes = [
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"logcore-lane-{number}")
            for number in range(count)
        ]
        self._reserved = {
            key: ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"logcore-{key}")
            for key in (SLOW_LANE, *reserved)
        }

    def run(self, key: Hashable, work: Callable[[], T]) -> Deferred[T]:
        """Do some work in the lane of a key."""
        result: Deferred[T] = Deferred()

        def do() -> None:
            try:
                value = work()
            except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the value
                self._loop.call_soon_threadsafe(result.fail, error)
            else:
                self._loop.call_soon_threadsafe(result.complete, value)

        lane = self._reserved.get(key) or self._lanes[hash(key) % len(self._lanes)]
        lane.submit(do)
        return result

    def close(self) -> None:
        """Finish what was given, and end the threads."""
        for lane in (*self._lanes, *self._reserved.values()):
            lane.shutdown(wait=True)
