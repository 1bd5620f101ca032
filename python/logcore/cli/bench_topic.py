"""What the measurements share: their options, a topic to measure on, records to send.

Invariant: a topic that was made here is deleted here; values are the same in every run, and
compress about as random capital letters do.
Neighbours: `bench_throughput` and `bench_latency` measure.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any, Final, TypeVar

import click

from logcore.cli.connecting import ClusterOptions
from logcore.cli.numbers import COUNT, FACTOR
from logcore.cli.settings_usage import settings_of_options

F = TypeVar("F", bound=Callable[..., Any])
Advance = Callable[[int], object]
"""Moves a bar by so many records."""

CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
SIZE_MAX: Final = 1_000_000
POOL_VALUES: Final = 64
POOL_BYTES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent, and how.

    Attributes:
        size: Bytes of each value.
        partitions: Of the topic that is made.
        replication_factor: Of the topic that is made; the broker's default if None.
        acks: As the producer's ``acks``.
        compression: As the producer's ``compression.type``.
    """

    size: int
    partitions: int
    replication_factor: int | None
    acks: str
    compression: str

    def on(self, cluster: ClusterOptions) -> ClusterOptions:
        """Return the cluster, to be written to in this way; ``-X`` has the last word."""
        told = {"acks": self.acks, "compression.type": self.compression}
        return replace(cluster, settings=told | as_for("producer", cluster).settings)

    def values(self) -> list[bytes]:
        """Return values to send in turn."""
        count = max(min(POOL_VALUES, POOL_BYTES // self.size), 1)
        letters = random.Random(self.size)  # noqa: S311 - the same in every run
        return [
            "".join(letters.choices(ascii_uppercase, k=self.size)).encode() for _ in range(count)
        ]


def load_options(command: F) -> F:
    """Give a command the options of a load, as its argument `load`."""

    def made(context: click.Context, parameter: click.Parameter, value: str) -> Load:
        del parameter
        taken = context.params.pop
        return Load(
            taken("size"), taken("partitions"), taken("replication_factor"), taken("acks"), value
        )

    for option in (
        click.option(
            "-z", "--compression", "load", type=click.Choice(CODECS), default="none",
            show_default=True, callback=made, help="Codec of what is sent.",
        ),
        click.option(
            "--acks", type=click.Choice(("all", "1", "0")), default="all", show_default=True,
            is_eager=True, help="Whose acknowledgement is waited for.",
        ),
        click.option(
            "--replication-factor", type=FACTOR, is_eager=True,
            help="Copies of each partition; default: the broker's.",
        ),
        click.option(
            "-p", "--partitions", type=COUNT, default=1, show_default=True,
            is_eager=True, help="Partitions of the topic that is made.",
        ),
        click.option(
            "-s", "--size", type=click.IntRange(1, SIZE_MAX), default=100, show_default=True,
            is_eager=True, help="Bytes of a value.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def as_for(kind: str, cluster: ClusterOptions) -> ClusterOptions:
    """Return the cluster with the settings for one kind of client: a measurement uses several.

    Args:
        kind: ``admin``, ``producer`` or ``consumer``.
        cluster: The cluster, with the settings for all of them.

    Returns:
        It without those that only others have.

    Raises:
        click.UsageError: If nobody has a setting, or somebody refuses it.
    """
    from logcore.admin.config import ADMIN_CONFIG  # noqa: PLC0415 - only with a cluster
    from logcore.common.config import ConfigDef  # noqa: PLC0415
    from logcore.consumer.config import CONSUMER_CONFIG  # noqa: PLC0415
    from logcore.producer.config import PRODUCER_CONFIG  # noqa: PLC0415

    tables = {"admin": ADMIN_CONFIG, "consumer": CONSUMER_CONFIG, "producer": PRODUCER_CONFIG}
    known = ConfigDef("client", {**ADMIN_CONFIG, **CONSUMER_CONFIG, **PRODUCER_CONFIG}.values())
    with settings_of_options(cluster.is_of_file):
        told = {known.key(name).name: value for name, value in cluster.settings.items()}
        for table in tables.values():  # before anything is done by one of them
            table.parse_all({name: value for name, value in told.items() if name in table})
    kept = {name: value for name, value in told.items() if name in tables[kind]}
    return replace(cluster, settings=kept)


@contextmanager
def topic_of(cluster: ClusterOptions, given: str | None, load: Load) -> Iterator[str]:
    """Give the topic to measure on: the one that was named, or one that is deleted at the end.

    Raises:
        KafkaError: If the named topic is not there, or none can be made.
    """
    from logcore.admin.topics import NewTopic  # noqa: PLC0415 - only with a cluster

    with as_for("admin", cluster).admin() as admin:
        if given is not None:
            admin.topics.describe(given).raise_for_errors()
            yield given
            return
        name = f"logcore-bench-{os.urandom(4).hex()}"
        topic = NewTopic(name, load.partitions, load.replication_factor)
        admin.topics.create(topic).raise_for_errors()
        try:
            yield name
        finally:
            admin.topics.delete(name).raise_for_errors()


def rates(records: int, size_bytes: int, seconds: float, cpu_s: float) -> dict[str, float]:
    """Return what a measurement of throughput tells."""
    took_s = max(seconds, 1e-9)
    return {
        "records": records,
        "bytes": size_bytes,
        "seconds": round(seconds, 3),
        "records_per_s": round(records / took_s),
        "mb_per_s": round(size_bytes / took_s / 1e6, 1),
        "client_cpu_s": round(cpu_s, 3),
    }
