"""Memory of one store, or of 1,000 logs, measured in a process that does nothing else.

Invariant: what the interpreter, the modules and the payloads need is taken off; what remains is the
store's. Prints one object of JSON.
Neighbours: `test_open_bench` runs `python -m benches.footprint DIRECTORY logs|peer [CLASS]`.
"""

import gc
import json
import os
import resource
import sys
from pathlib import Path
from shutil import copytree
from time import perf_counter

import psutil

from benches import peers
from benches.rounds import payloads

LOGS = 1000


def private_bytes() -> int:
    """Return this process's own memory; pages of files, which the kernel can drop, not counted."""
    gc.collect()
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return int(fields["Anonymous"].split()[0]) * 1024


def many_logs(directory: Path) -> dict[str, float]:
    """Open 1,000 logs of 1,000 records at once."""
    from logcore import Log  # noqa: PLC0415 - part of what is measured elsewhere

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    first = directory / "log"
    with Log(first) as log:
        log.append_batch(payloads(1000, 100))
        log.read(0, 1)  # what is made once for all logs is made here
    names = [directory / f"log-{number}" for number in range(LOGS)]
    for name in names:
        copytree(first, name)
    before = private_bytes()
    start = perf_counter()
    logs = [Log(name) for name in names]
    seconds = perf_counter() - start
    private = (private_bytes() - before) / LOGS
    assert all(log.end_offset == len(payloads(1000, 100)) for log in logs)
    return {"seconds": seconds, "logs": LOGS, "private": private}


def one_peer(directory: Path, name: str) -> dict[str, float]:
    """Append 200,000 records to one store and look at the resident set."""
    peer_class = getattr(peers, name)
    values = payloads(50_000, 100)
    process = psutil.Process()
    (directory / "warm").mkdir()
    peer_class(directory / "warm").close()
    gc.collect()
    before = process.memory_info().rss
    (directory / "peer").mkdir()
    start = perf_counter()
    peer = peer_class(directory / "peer")
    for batch in range(200):
        first = batch * 1000 % len(values)
        peer.append_batch(values[first : first + 1000])
    peer.settle()
    seconds = perf_counter() - start
    rss = process.memory_info().rss - before
    peer.close()
    return {"seconds": seconds, "records": 200_000, "rss": rss}


def main(directory: str, what: str, *name: str) -> None:
    """Measure what the command line asks for."""
    path = Path(directory)
    found = many_logs(path) if what == "logs" else one_peer(path, *name)
    print(json.dumps(found), flush=True)
    os._exit(0)  # closing 1,000 logs would be thousands of fsyncs that nobody measures


if __name__ == "__main__":
    main(*sys.argv[1:])
