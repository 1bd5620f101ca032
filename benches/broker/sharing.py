"""Consuming as a share group, by Apache Kafka's own `kafka-share-consumer-perf-test.sh`.

Two figures of one run: all records over all its time, joining included, and the rate between its
first and its last report, which is how fast records flow once they do.
By itself, without the other cases: `python -m benches.broker.sharing [ROUNDS [MEGABYTES]]`.
Neighbours: `cases` takes it into `make bench-broker`; `clients` makes the load, `perf_tools` runs
the tool.
"""

import sys
from datetime import datetime
from statistics import median
from typing import Final

from benches.broker.clients import arguments_of, measured
from benches.broker.contestants import KAFKA, OURS, Turn, turn
from benches.broker.perf_tools import reported
from benches.broker.raw import first_acknowledged
from tests.peers.kafka import run_tool

SIZE: Final = 100
TOPIC: Final = "shared-100-6"
EARLIEST: Final = "share.auto.offset.reset=earliest"
_REPORT: Final = "for share consumer"
_END, _COUNT, _RATE = 1, 5, 4


def fill(turn: Turn, messages: int) -> None:
    """Produce what is to be consumed."""
    first_acknowledged(turn.bootstrap, TOPIC)
    fast = {"linger.ms": "5", "queue.buffering.max.messages": "1000000"}
    load = ["-s", str(SIZE), "-c", str(messages), "-a", "-1", "-q", *arguments_of(fast)]
    measured(["-P", "-b", turn.bootstrap, "-t", TOPIC, *load])


def share_rates(turn: Turn, group: str, messages: int) -> tuple[float, float]:
    """Consume as a new group; return messages a second, overall and once they flow."""
    where = ("--bootstrap-server", turn.bootstrap)
    of_group = ("--entity-type", "groups", "--entity-name", group)
    run_tool("configs", *where, *of_group, "--alter", "--add-config", EARLIEST)
    arguments = (
        *(*where, "--topic", TOPIC, "--group", group, "--num-records", str(messages)),
        *("--timeout", "60000", "--show-detailed-stats", "--reporting-interval", "250"),
    )
    printed = reported("share-consumer-perf", *arguments)[1:]
    lines = [line.split(", ") for line in printed if line.count(",") > _RATE]
    if not lines:
        raise RuntimeError(f"share-consumer-perf gave no figures: {printed[-5:]}")
    reports = [(_time(line[_END]), int(line[_COUNT])) for line in lines if _REPORT in line[-1]]
    flowing = [report for report in reports if report[1] > 0]
    overall = float(lines[-1][_RATE])
    if len(flowing) < 2:  # too short to tell
        return overall, overall
    (begin_s, before), (end_s, after) = flowing[0], flowing[-1]
    return overall, (after - before) / (end_s - begin_s)


def _time(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S:%f").timestamp()  # noqa: DTZ007 - a difference


def main(rounds: int = 3, megabytes: int = 300) -> None:
    """Let both take turns, and print their medians."""
    messages = megabytes * 1_000_000 // SIZE
    found: dict[str, list[tuple[float, float, float]]] = {OURS: [], KAFKA: []}
    for number in range(rounds):
        for name, turns in found.items():
            with turn(name) as running:
                fill(running, messages)
                share_rates(running, "warm", messages // 4)
                before_s = running.cpu_s()
                rates = share_rates(running, f"group-{number}", messages)
                cpu_s = running.cpu_s() - before_s
            turns.append((*rates, messages / max(cpu_s, 0.01)))
            overall, flowing, for_cpu = turns[-1]
            print(
                f"{number + 1} {name:20} {overall:12,.0f}/s overall {flowing:12,.0f}/s flowing "
                f"{for_cpu:12,.0f} for a second of the broker's CPU",
                flush=True,
            )
    ours, kafkas = (
        [median(each[at] for each in found[name]) for at in range(3)] for name in (OURS, KAFKA)
    )
    ratios = ", ".join(f"{mine / theirs:.2f}x" for mine, theirs in zip(ours, kafkas, strict=True))
    print(f"{OURS} to {KAFKA}: overall, flowing, for the broker's CPU: {ratios}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
