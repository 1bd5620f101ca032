"""What clients are asked to do, and the load that all of them get.

Invariant: acks=all, idempotent, linger 5 ms, no compression, for all; a driver returns when what it
sent is acknowledged, or as much was read as it was asked for.
Neighbours: the module of each client has a `Driver`, with a method for each way of sending and
reading that the client has, named as in `__main__.WORK`; `one` measures them.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from time import perf_counter_ns, sleep
from typing import Any, Final

TICK_S: Final = 0.001
BATCH: Final = 10_000
"""How many records a call takes that takes many."""
FETCH_BYTES: Final = 8 * 1024 * 1024
"""How much all consumers ask for at a time (`max.partition.fetch.bytes`)."""


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
