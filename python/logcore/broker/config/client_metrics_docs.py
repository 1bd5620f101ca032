"""What the keys of a subscription to metrics of clients mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `client_metrics_keys` is the table.
"""

from typing import Final

CLIENT_METRICS_DOCS: Final = """
interval.ms: How often clients that match push their metrics, in milliseconds.
match: Which clients the subscription is for, as name=pattern of their id, software or address;
    empty for all.
metrics: Beginnings of the names of metrics that are wanted; * for all.
"""
