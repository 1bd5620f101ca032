"""The machine of one partition of ``__transaction_state``: its transactional ids.

Invariant: `replay` is what changes it, in loading and in handling alike; a tombstone forgets an id.
Neighbours: `runtime` drives it; `records` makes bytes; `service` asks and decides.
"""

from collections.abc import Callable

from logcore.coordinator.log import EncodedRecord
from logcore.coordinator.result import CoordinatorRecord
from logcore.coordinator.transaction import records
from logcore.coordinator.transaction.state import Transaction
from logcore.protocol.errors import UnknownRecordTypeError


class TransactionShard:
    """The transactional ids of one partition.

    Args:
        value_version: Returns the version that values are written in.
        on_loaded: Told of the ids whose end is decided and not complete, once all is loaded.

    Attributes:
        transactions: What is known, by transactional id.
    """

    def __init__(
        self, value_version: Callable[[], int], on_loaded: Callable[[list[str]], object]
    ) -> None:
        self.transactions: dict[str, Transaction] = {}
        self._value_version = value_version
        self._on_loaded = on_loaded

    def encode(self, record: CoordinatorRecord) -> EncodedRecord:
        """Make bytes of a record."""
        return records.encode(record.key, record.value, self._value_version())

    def decode(self, key: bytes, value: bytes | None) -> CoordinatorRecord | None:
        """Make a record of bytes; None if it is of a kind that a later release writes."""
        try:
            transactional_id, transaction = records.decode(key, value)
        except UnknownRecordTypeError:
            return None
        return CoordinatorRecord(transactional_id, transaction)

    def replay(self, offset: int, record: CoordinatorRecord) -> None:
        """Apply a record that is in the log."""
        del offset  # nothing here depends on where a record stands
        if record.value is None:
            self.transactions.pop(record.key, None)
        else:
            self.transactions[record.key] = record.value

    def on_loaded(self) -> None:
        """Go on with what a coordinator before had decided."""
        self._on_loaded(
            [
                transactional_id
                for transactional_id, transaction in self.transactions.items()
                if transaction.state.is_preparing
            ]
        )

    def on_unloaded(self) -> None:
        """Nobody waits in a shard of transactions."""
