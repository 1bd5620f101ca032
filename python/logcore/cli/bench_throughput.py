"""`logcore bench produce` and `consume`: how many records a second go in, and come out.

Invariant: what was not acknowledged is not counted as produced: it is an error. The time of reading
ends with the last record, not with the wait that follows it.
Neighbours: `bench_topic` has the topic and the load; `bench_latency` measures how late records are.
"""

import time
from collections.abc import Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

import click

from logcore.cli.bench_topic import Advance, Load, as_for, load_options, rates, topic_of
from logcore.cli.connecting import ClusterOptions, cluster_options
from logcore.cli.output import output_option, print_report, progress

if TYPE_CHECKING:
    from logcore.consumer.consumer import Consumer
    from logcore.producer.delivery import BatchResult
    from logcore.producer.producer import Producer

BY: Final = ("record", "batch", "columns")
STEP: Final = 5000
"""Records between two moves of the bar, and of a call that takes many."""
BATCH: Final = 1000
QUIET_S: Final = 5.0
"""After so long without a record, a topic that is not ours has no more."""

Taken = tuple[int, int, float]
"""Records, the bytes of their values, and seconds that passed without one after them."""

records_option = click.option(
    "-n", "--records", type=click.IntRange(min=1), default=1_000_000, show_default=True,
    help="How many.",
)  # fmt: skip
by_option = click.option(
    "--by", type=click.Choice(BY), default="record", show_default=True,
    help="How a program handles them: one by one, in lists, or as numpy columns.",
)  # fmt: skip


@click.command("produce")
@click.argument("topic", required=False)
@records_option
@by_option
@load_options
@cluster_options
@output_option
def produce_command(
    topic: str | None, *, records: int, by: str, load: Load, cluster: ClusterOptions, output: str
) -> None:
    """Send records as fast as they are taken, until all are acknowledged.

    Without TOPIC, to one that is made for it and deleted afterwards.
    """
    with topic_of(cluster, topic, load) as name:
        report = produced(load.on(cluster), name, load, records, by)
    told = {"acks": load.acks, "compression": load.compression, "by": by, "size": load.size}
    print_report({"topic": name, **told, **report}, output)


@click.command("consume")
@click.argument("topic", required=False)
@records_option
@by_option
@load_options
@cluster_options
@output_option
def consume_command(
    topic: str | None, *, records: int, by: str, load: Load, cluster: ClusterOptions, output: str
) -> None:
    """Read records from the beginning as fast as they come.

    Without TOPIC, from one that is made and filled for it, and deleted afterwards.
    """
    with topic_of(cluster, topic, load) as name:
        if topic is None:
            produced(load.on(cluster), name, load, records, "columns")
        report = consumed(cluster, name, records, by)
    print_report({"topic": name, "by": by, **report}, output)


def produced(
    cluster: ClusterOptions, topic: str, load: Load, records: int, by: str
) -> dict[str, float]:
    """Send records, and tell how fast."""
    send = {"record": send_records, "batch": send_batches, "columns": send_columns}[by]
    with cluster.producer() as producer, progress(records, "producing") as bar:
        producer.partitions_for(topic)  # connecting is not measured
        start, cpu = time.perf_counter(), time.process_time()
        send(producer, topic, load.values(), records, bar.update)
        took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    return rates(records, records * load.size, took_s, cpu_s)


def send_records(
    producer: "Producer", topic: str, values: list[bytes], records: int, advance: Advance
) -> None:
    """Call `send` for each record, and see that each is acknowledged."""
    from logcore.producer.delivery import Deliveries  # noqa: PLC0415 - with the producer

    send = producer.send
    batches: dict[BatchResult, None] = {}
    source = cycle(values)
    for count in steps(records, STEP):
        for value in islice(source, count):
            batches[send(topic, value).batch] = None
        advance(count)
    producer.flush()
    Deliveries(list(batches), records).result()


def send_batches(
    producer: "Producer", topic: str, values: list[bytes], records: int, advance: Advance
) -> None:
    """Call `send_many` with lists."""
    source = cycle(values)
    sent = []
    for count in steps(records, BATCH):
        sent.append(producer.send_many(topic, list(islice(source, count))))
        advance(count)
    for deliveries in sent:
        deliveries.result()


def send_columns(
    producer: "Producer", topic: str, values: list[bytes], records: int, advance: Advance
) -> None:
    """Call `send_columns` with buffers."""
    import numpy as np  # noqa: PLC0415 - only for columns

    size = len(values[0])
    count_max = max(min(STEP, (8 << 20) // size), 1)
    buffer = b"".join(islice(cycle(values), count_max))
    sent = []
    for count in steps(records, count_max):
        lengths: Any = np.full(count, size, np.int32)
        sent.append(producer.send_columns(topic, memoryview(buffer)[: count * size], lengths))
        advance(count)
    for deliveries in sent:
        deliveries.result()


def steps(total: int, step: int) -> Iterator[int]:
    """Yield a total in steps.

    Example:
        >>> list(steps(5, 2))
        [2, 2, 1]
    """
    for done in range(0, total, step):
        yield min(step, total - done)


def consumed(cluster: ClusterOptions, topic: str, records: int, by: str) -> dict[str, float]:
    """Read records from the beginning, and tell how fast."""
    read = {"record": by_record, "batch": by_batch, "columns": by_columns}[by]
    with as_for("consumer", cluster).consumer(None) as consumer:
        places = [(topic, number) for number in consumer.partitions_for(topic)]
        firsts, ends = consumer.beginning_offsets(*places), consumer.end_offsets(*places)
        wanted = min(records, sum(ends[place] - firsts[place] for place in ends))
        if not wanted:
            raise click.ClickException(f"{topic} has no records to read")
        count = size_bytes = 0
        with progress(wanted, "consuming") as bar:
            start, cpu = time.perf_counter(), time.process_time()
            took_s = 0.0
            consumer.assign(places)
            consumer.seek_to_beginning()
            for more, size, waited_s in read(consumer, wanted):
                bar.update(more)
                count, size_bytes = count + more, size_bytes + size
                took_s = time.perf_counter() - start - waited_s
                if count >= wanted:
                    break
            cpu_s = time.process_time() - cpu
    return rates(count, size_bytes, took_s, cpu_s)


def by_record(consumer: "Consumer", wanted: int) -> Iterator[Taken]:
    """Take records one by one."""
    records: Any = consumer.records(QUIET_S)
    for step in steps(wanted, STEP):
        count = size = 0
        for record in islice(records, step):
            count += 1
            size += len(record.value or b"")
        yield count, size, 0.0 if count == step else QUIET_S
        if count < step:
            return


def by_batch(consumer: "Consumer", wanted: int) -> Iterator[Taken]:
    """Take records in lists."""
    del wanted
    for batch in consumer.batches(QUIET_S, max_records=STEP):
        yield len(batch), sum(len(record.value or b"") for record in batch), 0.0


def by_columns(consumer: "Consumer", wanted: int) -> Iterator[Taken]:
    """Take records as columns."""
    del wanted
    while (batch := consumer.poll_columns(QUIET_S)) is not None:
        columns = batch.columns
        yield len(columns), int(columns.value_lengths.clip(0).sum()), 0.0
