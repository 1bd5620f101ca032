"""Writes docs/reference/client-metrics.md: each number that a client tells of itself.

Derived from what clients register when they are made, so that the document cannot say anything
else; a test compares.

    python scripts/write_client_metrics_docs.py docs/reference/client-metrics.md
"""

import asyncio
import sys
from pathlib import Path

from logcore.admin.async_admin import AsyncAdmin
from logcore.client.metrics.registry import Column
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.async_share_consumer import AsyncShareConsumer
from logcore.producer.async_producer import AsyncProducer

Described = tuple[str, tuple[str, ...], Column]

HEAD = """# Metrics of clients

`metrics()` of a `Producer`, `Consumer`, `ShareConsumer`, `Admin` or of a twin of theirs returns
what the client has measured of itself, under the names of Java's clients. As a mapping it has the
numbers of the client as a whole; `of(topic="orders")` those with tags, and `all` every one, with
its group, tags and meaning:

    metrics = producer.metrics()
    metrics["record-send-total"], metrics["request-latency-avg"]
    metrics.of(topic="orders")["byte-rate"]
    metrics.of(node_id="node-1")["request-latency-max"]

Averages, maxima and rates are of the last `metrics.num.samples` times `metrics.sample.window.ms`;
an average of nothing is not a number. Nothing is counted record by record. A broker that wants
these numbers gets them pushed: [telemetry](../telemetry.md). This page is written by
`scripts/write_client_metrics_docs.py` from what clients register when they are made.
"""

COLUMNS = """
| metric | group | tags | what it is |
|---|---|---|---|
"""


NOWHERE = "127.0.0.1:1"


def row(described: Described) -> str:
    """Return a row of the table."""
    group, tags, column = described
    listed = ", ".join(f"`{tag}`" for tag in tags)
    return f"| `{column.name}` | `{group}` | {listed} | {column.text} |\n"


async def registered() -> dict[str, list[Described]]:
    """Return what clients register when they are made."""
    producer = AsyncProducer(bootstrap_servers=NOWHERE)
    consumer = AsyncConsumer(bootstrap_servers=NOWHERE, group_id="readers")
    share = AsyncShareConsumer(bootstrap_servers=NOWHERE, group_id="sharers")
    admin = AsyncAdmin(NOWHERE)
    clusters = {
        "Producer": producer._cluster,  # noqa: SLF001 - nobody else asks what there can be
        "Consumer": consumer._cluster,  # noqa: SLF001
        "ShareConsumer": share._core._cluster,  # noqa: SLF001
        "Admin": admin._cluster,  # noqa: SLF001
    }
    told = {title: cluster.metrics.described() for title, cluster in clusters.items()}
    for client in (producer, consumer, share, admin):
        await client.close()
    return told


def document() -> str:
    """Return the whole page."""
    told = asyncio.run(registered())
    page = HEAD
    for title, rows in told.items():
        page += f"\n## `{title}`\n{COLUMNS}" + "".join(map(row, sorted(rows)))
    return page


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
