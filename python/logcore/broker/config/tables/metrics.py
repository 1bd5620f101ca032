"""Keys of the broker: metrics, telemetry and quotas.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import CLASS, CLUSTER_WIDE, INT, LIST, LONG, LOW, STRING, ConfigKey
from logcore.common.config_values import ANY_LIST, POSITIVE

METRICS: Final = (
    ConfigKey("client.quota.callback.class", CLASS, None, importance=LOW),
    ConfigKey("config.providers", LIST, (), ANY_LIST, LOW, update=CLUSTER_WIDE),
    ConfigKey("kafka.metrics.polling.interval.secs", INT, 10, POSITIVE, LOW),
    ConfigKey("kafka.metrics.reporters", LIST, (), ANY_LIST, LOW),
    ConfigKey(
        "metric.reporters",
        LIST,
        ("org.apache.kafka.common.metrics.JmxReporter",),
        ANY_LIST,
        LOW,
        update=CLUSTER_WIDE,
    ),
    ConfigKey("metrics.num.samples", INT, 2, POSITIVE, LOW),
    ConfigKey("metrics.recording.level", STRING, "INFO", importance=LOW),
    ConfigKey("metrics.sample.window.ms", LONG, 30000, POSITIVE, LOW),
    ConfigKey("quota.window.num", INT, 11, POSITIVE, LOW),
    ConfigKey("quota.window.size.seconds", INT, 1, POSITIVE, LOW),
    ConfigKey("telemetry.max.bytes", INT, 1048576, POSITIVE, LOW),
)
