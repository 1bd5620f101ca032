"""The settings of the transaction coordinator, from the broker's configuration keys.

Invariant: read once, when the broker starts; Kafka changes none of these while it runs.
Neighbours: `broker.server` makes one from the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TransactionSettings:
    """What the transaction coordinator is told, under Kafka's keys with underscores.

    Example:
        >>> TransactionSettings.of({"transaction.max.timeout.ms": 5}).transaction_max_timeout_ms
        5
    """

    transaction_max_timeout_ms: int = 900_000
    transactional_id_expiration_ms: int = 604_800_000
    transaction_abort_timed_out_transaction_cleanup_interval_ms: int = 10_000
    transaction_remove_expired_transaction_cleanup_interval_ms: int = 3_600_000
    transaction_state_log_num_partitions: int = 50
    add_partitions_to_txn_retry_backoff_ms: int = 20
    add_partitions_to_txn_retry_backoff_max_ms: int = 100

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "TransactionSettings":
        """Take what is there of a mapping with dotted keys; the rest keeps its default."""
        keys = {name: name.replace("_", ".") for name in cls.__dataclass_fields__}
        return cls(**{name: config[key] for name, key in keys.items() if key in config})
