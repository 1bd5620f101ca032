"""How fast records go in when nobody waits for the disk.

Invariant: time runs until the operating system has the bytes; buffers are emptied inside of it.
Neighbours: `test_durable_bench` waits for the disk; `peers` and `rounds` do the work.
"""

import os
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import pytest

from benches.peers import STORES, WRITERS, DuckDb, Logcore, LogcoreLinger, Peer, RawFile
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

SUBJECT = "append, not durable"
SIZES = {100: "100 B", 1024: "1 KiB"}


def timed(peer_class: type[Peer], work: Callable[[Peer], int]) -> Measured:
    """Open a store in a fresh directory, time the work, close, look at the disk."""
    with fresh_directory() as directory:
        peer = peer_class(directory)
        start = perf_counter()
        count = work(peer)
        peer.settle()
        seconds = perf_counter() - start
        peer.close()
        return Measured(seconds, count, peer.size_bytes())


def singles(peer_class: type[Peer], size_bytes: int) -> Measured:
    values = payloads(50_000, size_bytes)[: 300 if peer_class is DuckDb else None]

    def work(peer: Peer) -> int:
        append = peer.append
        for value in values:
            append(value)
        return len(values)

    return timed(peer_class, work)


def batches(peer_class: type[Peer], size_bytes: int) -> Measured:
    values = payloads(50_000, size_bytes)
    cut = [values[i : i + 1000] for i in range(0, len(values), 1000)]
    cut *= 6 if size_bytes == 100 else 1
    if peer_class is DuckDb:
        cut = cut[: 100 if size_bytes == 100 else 10]

    def work(peer: Peer) -> int:
        for batch in cut:
            peer.append_batch(batch)
        return sum(map(len, cut))

    return timed(peer_class, work)


def from_buffer(size_bytes: int) -> Measured:
    buffers = [b"".join(payloads(50_000, size_bytes)[i : i + 1000]) for i in range(0, 50_000, 1000)]
    lengths = np.full(1000, size_bytes, dtype=np.int64)

    def work(peer: Peer) -> int:
        assert isinstance(peer, Logcore)
        for _ in range(6):
            for buffer in buffers:
                peer.log.append_buffer(buffer, lengths)
        return 6000 * len(buffers)

    return timed(Logcore, work)


def buffer_raw(size_bytes: int) -> Measured:
    buffers = [b"".join(payloads(50_000, size_bytes)[i : i + 1000]) for i in range(0, 50_000, 1000)]

    def work(peer: Peer) -> int:
        for _ in range(6):
            for buffer in buffers:
                peer.append(buffer)
        return 6000 * len(buffers)

    return timed(RawFile, work)


def ready_made(size_bytes: int) -> bytearray:
    """Return one batch, as a producer would send it, of about a size."""
    with fresh_directory() as directory:
        peer = Logcore(directory)
        peer.append_batch(payloads(50_000, 100)[: size_bytes // 112])
        (batch,) = peer.log.read_batches(0, 1 << 21)
        made = bytearray(memoryview(batch))
        del batch
        peer.close()
    made[:8] = bytes(8)
    return made


def raw_batches(size_bytes: int) -> Measured:
    made, calls = ready_made(size_bytes), (64 << 20) // size_bytes

    def work(peer: Peer) -> int:
        assert isinstance(peer, Logcore)
        append_raw, zero = peer.log.append_raw, bytes(8)
        for _ in range(calls):
            made[:8] = zero
            append_raw(made)
        return calls

    return timed(Logcore, work)


def raw_pwrites(size_bytes: int) -> Measured:
    made, calls = bytes(ready_made(size_bytes)), (64 << 20) // size_bytes

    def work(peer: Peer) -> int:
        assert isinstance(peer, RawFile)
        position = 0
        for _ in range(calls):
            position += os.pwrite(peer.descriptor, made, position)
        return calls

    return timed(RawFile, work)


def contests() -> list[Contest]:
    made = []
    for size_bytes, size in SIZES.items():
        writers: tuple[type[Peer], ...] = (*STORES, LogcoreLinger, RawFile)
        runs = {peer.name: partial(singles, peer, size_bytes) for peer in writers}
        made.append(Contest(SUBJECT, f"one at a time, {size}", runs, size_bytes))
        runs = {peer.name: partial(batches, peer, size_bytes) for peer in WRITERS}
        made.append(Contest(SUBJECT, f"batches of 1,000, {size}", runs, size_bytes))
    runs = {"logcore": partial(from_buffer, 100), "raw file": partial(buffer_raw, 100)}
    made.append(Contest(SUBJECT, "one buffer of 1,000, 100 B", runs, 100))
    for size_bytes, size in ((16 << 10, "16 KiB"), (1 << 20, "1 MiB")):
        runs = {
            "logcore": partial(raw_batches, size_bytes),
            "raw file": partial(raw_pwrites, size_bytes),
        }
        case = f"ready-made batch, {size} a call"
        made.append(Contest(SUBJECT, case, runs, size_bytes, unit="call"))
    return made


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize(("contest", "name"), each(contests()), ids=label)
def test_append(benchmark, contest, name):
    report_to(benchmark, contest, name)
