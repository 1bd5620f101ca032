"""The keys of a subscription to metrics of clients.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import INT, LIST, ConfigKey
from logcore.common.config_values import ANY_LIST

CLIENT_METRICS_KEYS: Final = (
    ConfigKey("interval.ms", INT, 300000),
    ConfigKey("match", LIST, (), ANY_LIST),
    ConfigKey("metrics", LIST, (), ANY_LIST),
)
