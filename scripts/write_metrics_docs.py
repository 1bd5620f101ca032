"""Writes docs/reference/metrics.md: each metric that a broker shows, with its kind and labels.

Derived from what a broker registers when it starts, so that the document cannot say anything else;
a test compares.

    python scripts/write_metrics_docs.py docs/reference/metrics.md
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.server import Broker

Described = tuple[str, str, tuple[str, ...], str]

HEAD = """# Metrics

What `/metrics` shows, at the port of `logcore.health.port`, as Prometheus reads it. Each number is
counted by the one thread that serves, or asked for when somebody looks; nothing is counted per
record. At most 1,000 topics and 2,000 partitions are told apart by their labels.

Metrics that clients push have names that begin with `logcore_client_`:
[telemetry.md](../telemetry.md). This page is written by `scripts/write_metrics_docs.py` from what a
broker registers when it starts.

| metric | kind | labels | what it is |
|---|---|---|---|
"""

TAIL = """
## Questions that these answer

- Records produced per second: `sum(rate(logcore_log_end_offset[1m]))`; by topic with
  `sum by (topic)`.
- Requests per second by API: `rate(logcore_request_seconds_count[1m])`; how long they held the
  loop: `rate(logcore_request_seconds_sum[1m])`, whose sum is the share of one core that they take.
- Which clients have to wait, and why: `rate(logcore_throttle_seconds_total[1m])` by quota, and
  `logcore_quota_rate` by client.
- What a consumer group is behind: `logcore_log_end_offset` less the offsets that
  `kafka-consumer-groups.sh --describe` shows; a broker does not know what a consumer has read.
"""


def row(described: Described) -> str:
    """Return a row of the table."""
    name, kind, labels, text = described
    listed = ", ".join(f"`{label}`" for label in labels)
    return f"| `{name}` | {kind} | {listed} | {text} |\n"


async def registered(directory: str) -> list[Described]:
    """Return what a broker registers when it starts."""
    broker = Broker(BrokerConfig({"log.dirs": directory, "listeners": "PLAINTEXT://127.0.0.1:0"}))
    try:
        await broker.start()
        return broker.parts.metrics.described()
    finally:
        await broker.stop()


def document() -> str:
    """Return the whole page."""
    with tempfile.TemporaryDirectory() as directory:
        described = asyncio.run(registered(directory))
    return HEAD + "".join(map(row, described)) + TAIL


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), "utf-8")
