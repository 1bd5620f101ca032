"""`logcore bench latency`: how late records are, end to end, at a rate that nothing slows down.

The load is open: record number n is due at start + n / rate, whether or not those before it have
been acknowledged, and each is measured from when it was due. A cluster, a client or a machine that
stalls therefore makes every record late that was due meanwhile, as it would in production (no
coordinated omission). A process of its own reads, so that reading does not slow the sending.
Invariant: every record that was due is in the percentiles, the warm-up's aside; if one is missing
that is an error. Both processes read the one monotonic clock of the machine.
Neighbours: `bench_reader` is the other process, `bench_topic` has the topic and the load.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

import click

from logcore.cli.bench_reader import READY, STAMP, STOP, Reading, be_reader
from logcore.cli.bench_topic import Advance, Load, as_for, load_options, topic_of
from logcore.cli.connecting import ClusterOptions, cluster_options
from logcore.cli.output import output_option, print_report, progress

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from logcore.producer.delivery import BatchResult
    from logcore.producer.producer import Producer
    from logcore.record.encoding import Delivery

NAP_S: Final = 0.0002
READY_S: Final = 60.0
GRACE_S: Final = 30.0
"""How long the last records may be on their way."""
PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When records are due.

    Attributes:
        rate: Records a second.
        warm_up: How many of the first are not in the percentiles.
        records: How many follow.
    """

    rate: int
    warm_up: int
    records: int

    @property
    def total(self) -> int:
        """How many are sent."""
        return self.warm_up + self.records

    def due_ns(self, start_ns: int, number: int) -> int:
        """Return when a record is due."""
        return start_ns + number * 1_000_000_000 // self.rate


@click.command("latency")
@click.argument("topic", required=False)
@click.option(
    "-r",
    "--rate",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Records a second.",
)
@click.option(
    "-t",
    "--seconds",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    help="For how long.",
)
@click.option(
    "--warm-up",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Seconds before that, which do not count.",
)
@load_options
@cluster_options
@output_option
def latency_command(
    topic: str | None,
    *,
    rate: int,
    seconds: float,
    warm_up: float,
    load: Load,
    cluster: ClusterOptions,
    output: str,
) -> None:
    """Send records at a rate, and tell how late they were acknowledged and read.

    Each is measured from when it was due, not from when it could be sent. Without TOPIC, over one
    that is made for it and deleted afterwards. The producer lingers as its default has it; see
    -X linger.ms=0. A value has 16 bytes at least.
    """  # fmt: skip
    schedule = Schedule(rate, round(rate * warm_up), max(round(rate * seconds), 1))
    with topic_of(cluster, topic, load) as name:
        report = measured(cluster, name, load, schedule)
    print_report(
        {"topic": name, "rate": rate, "size": load.size, "acks": load.acks, **report}, output
    )


def measured(cluster: ClusterOptions, topic: str, load: Load, schedule: Schedule) -> dict[str, Any]:
    """Send and read by the schedule, and tell what was measured."""
    from logcore.producer.delivery import Deliveries  # noqa: PLC0415 - with the producer

    run = time.monotonic_ns()
    with reader(Reading(as_for("consumer", cluster), topic, run, schedule.total)) as heard:
        sending = Sending(schedule, run, load)
        with load.on(cluster).producer() as producer, progress(schedule.total, "sending") as bar:
            producer.partitions_for(topic)
            start_ns, behind_ns = sending.send_all(producer, topic, bar.update)
            producer.flush()
            Deliveries(list(sending.batches), schedule.total).result()
        read = arrivals(heard, schedule.total)
    acknowledged = sending.acknowledged(schedule.total)
    since = schedule.due_ns(start_ns, schedule.warm_up)
    return {
        "records": schedule.records,
        "end_to_end_ms": spread(read, since),
        "acknowledged_ms": spread(acknowledged, since),
        "sender_behind_max_ms": round(behind_ns / 1e6, 3),
    }


class Sending:
    """The sender, and when what it sent was acknowledged.

    Args:
        schedule: When records are due.
        run: What marks this run's records.
        load: What they are.
    """

    def __init__(self, schedule: Schedule, run: int, load: Load) -> None:
        self._schedule = schedule
        self._run = run
        self._rest = load.values()[0][STAMP.size :]
        self._times: list[tuple[int, int]] = []
        self.batches: dict[BatchResult, None] = {}

    def send_all(self, producer: "Producer", topic: str, advance: Advance) -> tuple[int, int]:
        """Send each record when it is due, or at once if it is late.

        Returns:
            When the first was due, and by how much a record was sent late at most, in ns.
        """
        schedule, now_ns, times = self._schedule, time.monotonic_ns, self._times
        start_ns, behind_ns, number, shown = now_ns() + 10_000_000, 0, 0, 0

        while number < schedule.total:
            due = schedule.due_ns(start_ns, number)
            late_ns = now_ns() - due
            if late_ns < 0:
                if number - shown > schedule.rate // 10:
                    advance(number - shown)
                    shown = number
                time.sleep(max(min(-late_ns / 1e9, 0.01), NAP_S))
                continue
            if number >= schedule.warm_up:
                behind_ns = max(behind_ns, late_ns)

            def heard(_: "Delivery", due: int = due) -> None:
                times.append((due, now_ns()))

            value = STAMP.pack(due, self._run) + self._rest
            self.batches[producer.send(topic, value, on_delivery=heard).batch] = None
            number += 1
        advance(schedule.total - shown)
        return start_ns, behind_ns

    def acknowledged(self, total: int) -> "NDArray[int64]":
        """Return when each record was due, and when it was acknowledged."""
        import numpy as np  # noqa: PLC0415 - only at the end

        deadline = time.monotonic() + GRACE_S
        while len(self._times) < total and time.monotonic() < deadline:
            time.sleep(0.01)
        return np.array(self._times, np.int64).reshape(-1, 2)


@contextmanager
def reader(reading: Reading) -> Iterator[Connection]:
    """Start the process that reads, and give the pipe to it when it is ready.

    Raises:
        ClickException: If it does not get ready.
    """
    spawning = get_context("spawn")
    ours, its = spawning.Pipe()
    process = spawning.Process(target=be_reader, args=(its, reading), daemon=True)
    process.start()
    its.close()
    try:
        said = ours.recv() if ours.poll(READY_S) else "the reader did not get ready"
        if said != READY:
            raise click.ClickException(said)
        yield ours
    except EOFError:
        raise click.ClickException("the reader ended") from None
    finally:
        ours.close()
        process.join(1)
        process.kill()
        process.join()


def arrivals(pipe: Connection, total: int) -> "NDArray[int64]":
    """Return when each record was due, and when it arrived.

    Raises:
        ClickException: If some did not.
    """
    import numpy as np  # noqa: PLC0415 - only at the end

    if not pipe.poll(GRACE_S):
        pipe.send(STOP)
    said = pipe.recv()
    if isinstance(said, str):
        raise click.ClickException(said)
    found = np.frombuffer(said, np.int64).reshape(-1, 2)
    if len(found) != total:
        raise click.ClickException(f"{len(found)} of {total} records arrived")
    return found


def spread(times: "NDArray[int64]", since_ns: int) -> dict[str, float]:
    """Return percentiles of delays in ms, of what was due from some time on.

    Example:
        >>> import numpy as np
        >>> spread(np.array([[5, 9_000_005], [10, 2_000_010], [20, 4_000_020]]), 10)["p50"]
        3.0
    """
    import numpy as np  # noqa: PLC0415 - only at the end

    counted = times[times[:, 0] >= since_ns]
    delays = (counted[:, 1] - counted[:, 0]) / 1e6
    shown = {
        name: round(float(value), 3)
        for name, value in zip(
            PERCENTILES, np.percentile(delays, list(PERCENTILES.values())), strict=True
        )
    }
    return shown | {"max": round(float(delays.max()), 3)}
