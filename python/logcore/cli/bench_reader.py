"""The process that reads while `logcore bench latency` sends.

Invariant: it says that it is ready only when each partition has a position, so that no record of
the run is before it; it answers with every arrival, or with what went wrong.
Neighbours: `bench_latency` starts it, and knows when each record was due.
"""

import signal
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

import click

from logcore.cli.connecting import ClusterOptions
from logcore.common.errors import LogcoreError

STAMP: Final = struct.Struct("<qq")
"""How a value begins: when it was due in ns of the monotonic clock, and which run sent it."""
POLL_S: Final = 0.1
READY: Final = "ready"
STOP: Final = "stop"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read.

    Attributes:
        cluster: Where.
        topic: The topic.
        run: What marks the records of this run.
        total: How many there will be.
    """

    cluster: ClusterOptions
    topic: str
    run: int
    total: int


def be_reader(pipe: Connection, reading: Reading) -> None:
    """Be the process: Ctrl-C is for the one that started it, which then ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    read_all(pipe, reading)


def read_all(pipe: Connection, reading: Reading) -> None:
    """Read until all are there or it is told to stop; then send what `stamps` returns."""
    try:
        pipe.send(stamps(pipe, reading))
    except (LogcoreError, OSError, click.ClickException) as error:
        with suppress(OSError):  # nobody listens any more
            pipe.send(f"the reader failed: {error}")


def stamps(pipe: Connection, reading: Reading) -> bytes:
    """Return when each record was due and when it arrived, as packed pairs."""
    found = bytearray()
    with reading.cluster.consumer(None) as consumer:
        places = [(reading.topic, number) for number in consumer.partitions_for(reading.topic)]
        consumer.assign(places)
        consumer.seek_to_end()
        for place in places:
            consumer.position(place)
        pipe.send(READY)
        while len(found) < reading.total * STAMP.size and not pipe.poll():
            records = consumer.poll(POLL_S)
            now_ns = time.monotonic_ns()
            for record in records:
                value = record.value
                if value is not None and len(value) >= STAMP.size:
                    due, run = STAMP.unpack_from(value)
                    if run == reading.run:
                        found += STAMP.pack(due, now_ns)
    return bytes(found)
