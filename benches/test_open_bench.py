"""What opening costs: after a clean close, after SIGKILL, with many segments, with many logs.

Invariant: a killed store is a copy of its files made while it was open and used, which is what a
killed process leaves to the next; copying happens outside of the measured time.
Neighbours: `footprint` measures memory in processes of its own; `peers` are the stores.
"""

import json
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from shutil import copytree
from time import perf_counter
from typing import Any

import pytest

from benches.peers import STORES, DuckDb, Logcore, Peer
from benches.rounds import (
    FULL,
    OPEN,
    REPLAY,
    Contest,
    Measured,
    each,
    fresh_directory,
    label,
    payloads,
    report_to,
)

SUBJECT = "open"
BATCHES = 200
SEGMENTS = 1000
SEGMENT_BYTES = (4 << 20) if FULL else (64 << 10)


def fill(peer: Peer) -> None:
    """Append 200,000 records of 100 B."""
    values = payloads(50_000, 100)
    for batch in range(BATCHES):
        first = batch * 1000 % len(values)
        peer.append_batch(values[first : first + 1000])
    peer.settle()


@cache
def closed(peer_class: type[Peer]) -> Path:
    directory = OPEN.enter_context(fresh_directory())
    peer = peer_class(directory)
    fill(peer)
    peer.close()
    return directory


@cache
def killed(peer_class: type[Peer], *, flush: bool = False) -> Path:
    """Return the files of a store that was in use."""
    image = OPEN.enter_context(fresh_directory()) / "image"
    with fresh_directory() as directory:
        peer = peer_class(directory)
        fill(peer)
        if flush:
            assert isinstance(peer, Logcore)
            peer.log.flush()
            peer.append_batch(payloads(50_000, 100)[:1000])
        copytree(directory, image)
        peer.close()
    return image


def opened(peer_class: type[Peer], directory: Path) -> Measured:
    start = perf_counter()
    peer = peer_class(directory)
    seconds = perf_counter() - start
    assert peer.get(BATCHES * 1000 - 1) == payloads(50_000, 100)[BATCHES * 1000 % 50_000 - 1]
    peer.close()
    return Measured(seconds, 1)


def after_close(peer_class: type[Peer]) -> Measured:
    return opened(peer_class, closed(peer_class))


def after_kill(peer_class: type[Peer], *, flush: bool = False) -> Measured:
    with fresh_directory() as directory:
        copy = directory / "copy"
        copytree(killed(peer_class, flush=flush), copy)
        return opened(peer_class, copy)


@cache
def segmented() -> Path:
    """Return a cleanly closed log of 1,000 segments."""
    from logcore import Log  # noqa: PLC0415 - a peer is imported by who measures it

    directory = OPEN.enter_context(fresh_directory()) / "log"
    values = payloads(50_000, 1024)[: SEGMENT_BYTES // 1200]
    with Log(directory, segment_bytes=SEGMENT_BYTES) as log:
        for _ in range(SEGMENTS):
            for first in range(0, len(values), 500):
                log.append_batch(values[first : first + 500])
            log.roll()
    return directory


def many_segments() -> Measured:
    from logcore import Log  # noqa: PLC0415 - a peer is imported by who measures it

    directory = segmented()
    size_bytes = sum(path.stat().st_size for path in directory.glob("*.log"))
    start = perf_counter()
    log = Log(directory, segment_bytes=SEGMENT_BYTES)
    seconds = perf_counter() - start
    log.close()
    return Measured(seconds, 1, size_bytes)


def in_a_process(*arguments: str) -> Any:
    """Run `benches.footprint` in a fresh process, for what memory and time are its own."""
    with fresh_directory() as directory:
        command = [sys.executable, "-m", "benches.footprint", str(directory), *arguments]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def many_logs() -> Measured:
    found = in_a_process("logs")
    return Measured(found["seconds"], found["logs"], notes={"private_bytes": found["private"]})


def memory(peer_class: type[Peer]) -> Measured:
    found = in_a_process("peer", peer_class.__name__)
    return Measured(found["seconds"], found["records"], notes={"rss_bytes": found["rss"]})


def contests() -> list[Contest]:
    made = []

    def add(case: str, runs: dict[str, Any], unit: str = "call", rounds: int = 5) -> None:
        made.append(Contest(SUBJECT, case, runs, 0, unit, "read", rounds))

    add("after a clean close, 20 MB", {p.name: partial(after_close, p) for p in STORES})
    runs = {p.name: partial(after_kill, p) for p in STORES if p is not DuckDb}
    runs["logcore, flushed before"] = partial(after_kill, Logcore, flush=True)
    add("after SIGKILL, 20 MB not flushed", runs)
    gigabytes = f"{SEGMENTS * SEGMENT_BYTES / (1 << 30):.2g} GiB"
    add(f"a cleanly closed log of 1,000 segments, {gigabytes}", {"logcore": many_segments})
    add("1,000 logs of 1,000 records, each", {"logcore": many_logs}, "log", 1)
    runs = {p.name: partial(memory, p) for p in STORES}
    add("memory after appending 200,000 records of 100 B", runs, "record", 1)
    return made


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize(("contest", "name"), each(contests()), ids=label)
def test_open(benchmark, contest, name):
    report_to(benchmark, contest, name)
