"""`logcore bench`: measure a cluster from here, with our own clients, whatever Kafka it is.

Invariant: a topic that a measurement made is deleted after it, also when it failed; one that was
named is left, with what was written to it.
Neighbours: `bench_throughput` has produce and consume, `bench_latency` end-to-end latency.
"""

from typing import Final

import click

from logcore.cli.lazy import LazyGroup

MODULES: Final = {
    "produce": "logcore.cli.bench_throughput",
    "consume": "logcore.cli.bench_throughput",
    "latency": "logcore.cli.bench_latency",
}


@click.command("bench", cls=LazyGroup, modules=MODULES)
def bench_command() -> None:
    """Measure a cluster: how fast it takes and gives records, and how late they are."""
