"""One case of one client, in a process of its own: `python -m benches.clients.one ...`.

Invariant: a case does a little of its work before the clock runs, so that nobody's imports are
timed; connecting is. CPU time is of what is timed, memory of the whole process.
Neighbours: `__main__` starts these and takes what they print.
"""

import importlib
import json
import resource
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from benches.clients.load import BATCH

CLIENTS: Final = {
    "logcore": "ours",
    "logcore, async": "ours_async",
    "confluent-kafka": "confluent",
    "aiokafka": "aio",
    "kafka-python": "kafka_python",
}
"""The module of each client's driver; only that of the one that is measured is loaded."""

READY: Final = "ready"


def cpu_s() -> float:
    """Return the CPU time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mb() -> float:
    """Return the most memory that this process has had; getrusage would tell its parent's, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def wait_for_quiet() -> None:
    """Say that everything is ready for the clock, and wait until the machine is, too."""
    print(READY, flush=True)
    sys.stdin.readline()


def throughput(driver: Any, method: str, topic: str, size: int, count: int) -> dict[str, float]:
    """Return records a second, CPU seconds a million records, and memory."""
    work = getattr(driver, method)
    is_sending = method.startswith("send")
    value = (b"x" * size,) if is_sending else ()
    work(topic, *value, BATCH)
    wait_for_quiet()
    cpu, begin = cpu_s(), perf_counter()
    seen = work(topic, *value, count)
    took, cpu = perf_counter() - begin, cpu_s() - cpu
    if not is_sending and seen < size * count:
        raise SystemExit(f"{method}: {seen} bytes instead of {size * count}")
    return {
        "records/s": count / took,
        "CPU s a million": cpu / count * 1e6,
        "memory, MB": peak_mb(),
    }


def latency(driver: Any, topic: str, rate: int, count: int) -> dict[str, float]:
    """Return percentiles of the way from sending to reading, without the first tenth."""
    wait_for_quiet()
    found = sorted(driver.latencies(topic, rate, count)[count // 10 :])
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    return {f"{name}, ms": found[int(len(found) * share)] / 1e6 for name, share in shares.items()}


def main() -> None:
    """Measure what the command line names."""
    client, method, bootstrap, topic, size, count = sys.argv[1:]
    driver = importlib.import_module(f"benches.clients.{CLIENTS[client]}").Driver(bootstrap)
    if method == "latencies":
        found = latency(driver, topic, int(size), int(count))
    elif hasattr(driver, method):
        found = throughput(driver, method, topic, int(size), int(count))
    else:
        found = {}  # the client has no such way
    print(json.dumps(found))


if __name__ == "__main__":
    main()
