"""How fast records come out: all of them, by batch, by bytes, by offset, by time.

Invariant: the files are in the page cache, the stores are open, and what is read is counted; each
contestant of an iteration gives the same values as `bytes`.
Neighbours: `peers` fills the stores; `test_open_bench` measures opening them.
"""

import os
import random
from collections.abc import Callable
from functools import cache, partial
from time import perf_counter
from typing import Any

import pytest

from benches.peers import STORES, DuckDb, Logcore, Peer, RawFile
from benches.rounds import (
    OPEN,
    REPLAY,
    SEED,
    Contest,
    Measured,
    each,
    fresh_directory,
    label,
    payloads,
    report_to,
)
from benches.timed_peers import TIMED, TimedPeer

SUBJECT = "read"
COUNTS = {100: 300_000, 1024: 50_000}
SIZES = {100: "100 B", 1024: "1 KiB"}


@cache
def filled(peer_class: type[Peer], size_bytes: int) -> Peer:
    """Return an open store with its records in it, one for the whole run."""
    directory = OPEN.enter_context(fresh_directory())
    peer = peer_class(directory)
    OPEN.callback(peer.close)
    values = payloads(50_000, size_bytes)
    for start in range(0, COUNTS[size_bytes], 1000):
        first = start % len(values)
        peer.append_batch(values[first : first + 1000])
    peer.settle()
    return peer


@cache
def filled_with_times(peer_class: type[TimedPeer]) -> TimedPeer:
    """Return an open store of 100,000 records, one a millisecond."""
    peer = peer_class(OPEN.enter_context(fresh_directory()))
    OPEN.callback(peer.close)
    for start in range(0, 100_000, 1000):
        peer.append_batch(payloads(50_000, 100)[:1000], range(start, start + 1000))
    return peer


def iteration(peer_class: type[Peer], size_bytes: int) -> Measured:
    peer = filled(peer_class, size_bytes)
    start = perf_counter()
    for _ in peer.values():
        pass
    return Measured(perf_counter() - start, COUNTS[size_bytes])


def logcore_batches(size_bytes: int, visit: Callable[[Any], int]) -> Measured:
    peer = filled(Logcore, size_bytes)
    assert isinstance(peer, Logcore)
    offset, count = 0, 0
    start = perf_counter()
    while offset < peer.log.end_offset:
        for batch in peer.log.read_batches(offset, 1 << 20):
            count += visit(batch)
            offset = batch.last_offset + 1
    seconds = perf_counter() - start
    assert count == COUNTS[size_bytes]
    return Measured(seconds, count)


def visit_columns(batch: Any) -> int:
    """Make every column of a batch and look into each."""
    columns = batch.columns()
    return len(columns.offsets) + 0 * int(columns.value_lengths[-1] + columns.timestamps[-1])


def visit_bytes(batch: Any) -> int:
    """Copy a batch's bytes, as a socket would."""
    assert len(bytes(memoryview(batch))) > 61
    return int(batch.count)


def logcore_columns(size_bytes: int) -> Measured:
    peer = filled(Logcore, size_bytes)
    assert isinstance(peer, Logcore)
    offset, count = 0, 0
    start = perf_counter()
    while offset < peer.log.end_offset:
        columns = peer.log.read_columns(offset, 4 << 20)
        count += len(columns.offsets)
        offset = int(columns.offsets[-1]) + 1
    seconds = perf_counter() - start
    assert count == COUNTS[size_bytes]
    return Measured(seconds, count)


def arrow(peer_class: type[Peer], size_bytes: int) -> Measured:
    import pyarrow as pa  # noqa: PLC0415 - only this case needs it

    peer = filled(peer_class, size_bytes)
    start = perf_counter()
    if isinstance(peer, Logcore):
        table = pa.table(peer.log.to_arrow())
    else:
        assert isinstance(peer, DuckDb)
        table = peer.db.sql("SELECT * FROM records").to_arrow_table()
    seconds = perf_counter() - start
    assert table.num_rows == COUNTS[size_bytes]
    return Measured(seconds, table.num_rows)


def raw_read(size_bytes: int) -> Measured:
    peer = filled(RawFile, size_bytes)
    descriptor = os.open(peer.directory / "raw", os.O_RDONLY)
    start = perf_counter()
    position = 0
    while data := os.pread(descriptor, 1 << 20, position):
        position += len(data)
    seconds = perf_counter() - start
    os.close(descriptor)
    return Measured(seconds, position // size_bytes)


def by_offset(peer_class: type[Peer], size_bytes: int) -> Measured:
    peer = filled(peer_class, size_bytes)
    calls = 100 if peer_class is DuckDb else 3000
    offsets = random.Random(SEED).choices(range(COUNTS[size_bytes]), k=calls)
    values = payloads(50_000, size_bytes)
    assert peer.get(offsets[0]) == values[offsets[0] % len(values)]
    get = peer.get
    start = perf_counter()
    for offset in offsets:
        get(offset)
    return Measured(perf_counter() - start, calls)


def by_time(peer_class: type[TimedPeer]) -> Measured:
    peer = filled_with_times(peer_class)
    times = random.Random(SEED).choices(range(100_000), k=3000)
    assert peer.offset_for_time(times[0]) == times[0]
    find = peer.offset_for_time
    start = perf_counter()
    for time in times:
        find(time)
    return Measured(perf_counter() - start, len(times))


def contests() -> list[Contest]:
    made = []

    def add(case: str, runs: dict[str, Any], size_bytes: int, unit: str = "record") -> None:
        made.append(Contest(SUBJECT, case, runs, size_bytes, unit, "read"))

    for size_bytes, size in SIZES.items():
        runs: dict[str, Any] = {p.name: partial(iteration, p, size_bytes) for p in STORES}
        add(f"every value as bytes, {size}", runs, size_bytes)
        runs = {
            "logcore, read_batches": partial(logcore_batches, size_bytes, visit_columns),
            "logcore, read_columns": partial(logcore_columns, size_bytes),
            "logcore, to_arrow": partial(arrow, Logcore, size_bytes),
            "DuckDB, to Arrow": partial(arrow, DuckDb, size_bytes),
        }
        add(f"columns, {size}", runs, size_bytes)
        runs = {
            "logcore": partial(logcore_batches, size_bytes, visit_bytes),
            "raw file": partial(raw_read, size_bytes),
        }
        add(f"batches as bytes, copied, {size}", runs, size_bytes)
        runs = {p.name: partial(by_offset, p, size_bytes) for p in STORES}
        add(f"one by random offset, {size}", runs, 0, "call")
    runs = {p.name: partial(by_time, p) for p in TIMED}
    add("offset of a random time, 100,000 records", runs, 0, "call")
    return made


@pytest.mark.parametrize("peer_class", STORES, ids=lambda peer: peer.name)
def test_every_contestant_gives_the_same_values(peer_class):
    peer = filled(peer_class, 100)
    expected = payloads(50_000, 100)
    count = 0
    for count, value in enumerate(peer.values(), 1):
        assert value == expected[(count - 1) % len(expected)]
    assert count == COUNTS[100]


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize(("contest", "name"), each(contests()), ids=label)
def test_read(benchmark, contest, name):
    report_to(benchmark, contest, name)
