"""What clients are asked to do, and the load that all of them get.

Invariant: acks=all, idempotent, linger 5 ms, no compression, for all; a driver returns when what it
sent is acknowledged, or as much was read as it was asked for. What a client has no way for raises
NotImplementedError.
Neighbours: the modules of the clients are drivers; `one` measures them.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from time import perf_counter_ns, sleep
from typing import Any, Final, Protocol

TICK_S: Final = 0.001
BATCH: Final = 10_000
"""How many records a call takes that takes many."""


class Driver(Protocol):
    """What a client is asked to do; what it has no way for raises NotImplementedError."""

    def send(self, topic: str, value: bytes, count: int) -> None:
        """Send records one by one."""

    def send_bulk(self, topic: str, value: bytes, count: int) -> None:
        """Send many records by a call."""

    def send_columns(self, topic: str, value: bytes, count: int) -> None:
        """Send values that lie in one buffer."""

    def read(self, topic: str, count: int) -> int:
        """Read records one by one, looking at each value; return their bytes."""

    def read_batches(self, topic: str, count: int) -> int:
        """Read records by the list, looking at each value; return their bytes."""

    def read_columns(self, topic: str, count: int) -> int:
        """Read values as columns; return their bytes."""

    def latencies(self, topic: str, rate: int, count: int) -> list[int]:
        """Send at a rate and read at once; return nanoseconds from one to the other."""


def paced(rate: int, count: int, send: Callable[[bytes], object]) -> None:
    """Send the time, in time: what is late is not left out."""
    begin, sent = perf_counter_ns(), 0
    while sent < count:
        due = min(count, int((perf_counter_ns() - begin) * rate / 1e9) + 1)
        for _ in range(due - sent):
            send(perf_counter_ns().to_bytes(8, "big") + bytes(92))
        sent = due
        sleep(TICK_S)


def since(values: Iterator[bytes], count: int) -> list[int]:
    """Return how long ago each value was sent."""
    return [
        perf_counter_ns() - int.from_bytes(value[:8], "big")
        for value in itertools.islice(values, count)
    ]


async def paced_on_loop(rate: int, count: int, send: Callable[[bytes], Awaitable[object]]) -> None:
    """Send the time, in time: what is late is not left out."""
    begin, sent = perf_counter_ns(), 0
    while sent < count:
        due = min(count, int((perf_counter_ns() - begin) * rate / 1e9) + 1)
        for _ in range(due - sent):
            await send(perf_counter_ns().to_bytes(8, "big") + bytes(92))
        sent = due
        await asyncio.sleep(TICK_S)


async def latencies_on_loop(
    consumer: Any, rate: int, count: int, send: Callable[[bytes], Awaitable[object]]
) -> list[int]:
    """Send at a rate while reading; return how long each value took."""
    sending = asyncio.ensure_future(paced_on_loop(rate, count, send))
    found: list[int] = []
    async for record in consumer:
        found.append(perf_counter_ns() - int.from_bytes(record.value[:8], "big"))
        if len(found) == count:
            break
    await sending
    return found
