"""How fast records go in when each append waits until they are on the disk.

Invariant: all contestants of a contest promise the same: per batch, each append returns after an
fsync that covered it; in groups, threads may share one.
Neighbours: `test_append_bench` does not wait; `peers` says how each store is made durable.
"""

import threading
from contextlib import nullcontext
from functools import partial
from time import perf_counter

import pytest

from benches.peers import (
    STORES,
    Lmdb,
    LogcoreGroup,
    LogcorePreallocated,
    Peer,
    PythonFile,
    RawFile,
    RocksDb,
    Sqlite,
)
from benches.rounds import (
    REPLAY,
    Contest,
    Measured,
    each,
    fresh_directory,
    label,
    payloads,
    report_to,
)

SUBJECT = "append, durable"
GROUPS: tuple[type[Peer], ...] = (LogcoreGroup, PythonFile, Sqlite, Lmdb, RocksDb, RawFile)


def appends(peer_class: type[Peer], size_bytes: int, batch: int, calls: int) -> Measured:
    values = payloads(50_000, size_bytes)
    with fresh_directory() as directory:
        peer = peer_class(directory, durable=True)
        peer.append_batch(values[:1])
        start = perf_counter()
        for call in range(calls):
            first = call * batch % len(values)
            if batch == 1:
                peer.append(values[first])
            else:
                peer.append_batch(values[first : first + batch])
        seconds = perf_counter() - start
        peer.close()
        return Measured(seconds, calls * batch, peer.size_bytes())


def threads(peer_class: type[Peer], count: int, calls: int) -> Measured:
    values = payloads(50_000, 100)
    with fresh_directory() as directory:
        peer = peer_class(directory, durable=True)
        peer.append(values[0])
        lock = nullcontext() if peer.group_commit else threading.Lock()
        barrier = threading.Barrier(count)
        starts: list[float] = []

        def append() -> None:
            barrier.wait()
            starts.append(perf_counter())
            for value in values[:calls]:
                with lock:
                    peer.append(value)

        workers = [threading.Thread(target=append) for _ in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = perf_counter() - min(starts)
        peer.close()
        return Measured(seconds, count * calls, peer.size_bytes())


def contests() -> list[Contest]:
    made = []
    writers: tuple[type[Peer], ...] = (*STORES, LogcorePreallocated, RawFile)
    for size_bytes, size, batch, calls in (
        (100, "100 B", 1, 150), (100, "100 B", 1000, 50), (1024, "1 KiB", 1, 150),
        (1024, "1 KiB", 1000, 15),
    ):  # fmt: skip
        runs = {peer.name: partial(appends, peer, size_bytes, batch, calls) for peer in writers}
        how = "one at a time" if batch == 1 else f"batches of {batch:,}"
        case = f"{how}, {size}"
        made.append(Contest(SUBJECT, case, runs, size_bytes, durability="per batch"))
    for count, calls in ((1, 150), (8, 40), (64, 10)):
        runs = {peer.name: partial(threads, peer, count, calls) for peer in GROUPS}
        case = f"{count} thread{'s' if count > 1 else ''}, one at a time each, 100 B"
        made.append(Contest(SUBJECT, case, runs, 100, durability="group"))
    return made


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize(("contest", "name"), each(contests()), ids=label)
def test_durable(benchmark, contest, name):
    report_to(benchmark, contest, name)
