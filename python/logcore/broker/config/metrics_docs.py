"""What the broker's keys of metrics, telemetry and quotas mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `metrics_keys` is the table.
"""

from typing import Final

METRICS_DOCS: Final = """
client.quota.callback.class: A Java class that computes the quotas of clients.
config.providers: Names of classes that put values in place of ${...}.
kafka.metrics.polling.interval.secs: How often reporters of the kind kafka.metrics.reporters
    collect.
kafka.metrics.reporters: Java classes that report metrics of the older kind.
metric.reporters: Java classes that report metrics.
metrics.num.samples: How many samples a metric is computed from.
metrics.recording.level: How much detail is recorded in metrics.
metrics.sample.window.ms: How long a sample of a metric is.
quota.window.num: How many past windows the quotas of clients look at.
quota.window.size.seconds: How long each of those windows is.
telemetry.max.bytes: How many bytes of compressed metrics a client may push at a time.
"""
