"""Memory of one store, or of 1,000 logs, measured in a process that does nothing else.

Invariant: what the interpreter, the modules and the payloads need is taken off; what remains is the
store's. Prints one object of JSON.
Neighbours: `test_open_bench` runs `python -m benches.footprint DIRECTORY logs|peer [CLASS]`.
"""

import gc
import json
import resource
import sys
from pathlib import Path
from time import perf_counter

import psutil

from benches import peers
from benches.rounds import payloads

LOGS = 1000


def private_bytes() -> int:
    """Return this process's memory that no other shares, mapped files not counted."""
    gc.collect()
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return sum(int(fields[name].split()[0]) for name in ("Private_Clean", "Private_Dirty")) * 1024


def many_logs(directory: Path) -> dict[str, float]:
    """Open 1,000 logs of 1,000 records at once."""
    from logcore import Log  # noqa: PLC0415 - part of what is measured elsewhere

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    values = payloads(1000, 100)
    names = [directory / f"log-{number}" for number in range(LOGS + 1)]
    for name in names:
        with Log(name) as log:
            log.append_batch(values)
    with Log(names.pop()) as log:  # what is made once for all logs
        log.read(0, 1)
    before = private_bytes()
    start = perf_counter()
    logs = [Log(name) for name in names]
    seconds = perf_counter() - start
    private = (private_bytes() - before) / LOGS
    for log in logs:
        log.close()
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
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
