"""The machine of one partition of ``__share_group_state``: the states of its keys.

Invariant: `replay` is what changes it, in loading and in handling alike. No record before
`first_needed` says anything of what is known.
Neighbours: `runtime` drives it; `records` applies; `service` asks and decides.
"""

from collections.abc import Callable

from logcore.coordinator.log import EncodedRecord
from logcore.coordinator.result import CoordinatorRecord
from logcore.coordinator.share.records import apply_snapshot, apply_update
from logcore.coordinator.share.state import ShareKey, ShareState
from logcore.protocol.errors import UnknownRecordTypeError
from logcore.protocol.internal.coordinator_record import (
    SHARE_RECORDS,
    decode_key,
    decode_value,
    encode_key,
    encode_value,
)
from logcore.protocol.internal.share import ShareSnapshotKey


class ShareShard:
    """The keys of one partition.

    Args:
        on_loaded: Called once everything is loaded.

    Attributes:
        states: What is known, by key.
    """

    def __init__(self, on_loaded: "Callable[[ShareShard], object]" = lambda _: None) -> None:
        self.states: dict[ShareKey, ShareState] = {}
        self._on_loaded = on_loaded
        self._next_offset = 0

    @property
    def first_needed(self) -> int:
        """The offset of the first record that is still needed."""
        offsets = (state.snapshot_offset for state in self.states.values())
        return min(offsets, default=self._next_offset)

    def keys_of(self, topic_id: bytes) -> list[ShareKey]:
        """Return the keys of a topic."""
        return [key for key in self.states if key.topic_id == topic_id]

    # ------------------------------------------------------------ records

    def encode(self, record: CoordinatorRecord) -> EncodedRecord:
        """Make bytes of a record."""
        key, value, version = record
        return encode_key(key), None if value is None else encode_value(value, version)

    def decode(self, key: bytes, value: bytes | None) -> CoordinatorRecord | None:
        """Make a record of bytes; None if it is of a kind that a later release writes."""
        try:
            decoded = decode_key(key, SHARE_RECORDS)
        except UnknownRecordTypeError:
            return None
        found = None if value is None else decode_value(decoded, value, SHARE_RECORDS)
        return CoordinatorRecord(decoded, found)

    def replay(self, offset: int, record: CoordinatorRecord) -> None:
        """Apply a record that is in the log."""
        self._next_offset = offset + 1
        written, value, _ = record
        key = ShareKey(written.group_id, written.topic_id, written.partition)
        if isinstance(written, ShareSnapshotKey):
            if value is None:
                self.states.pop(key, None)
            else:
                self.states[key] = apply_snapshot(self.states.get(key), value, offset)
        elif value is not None:
            self.states[key] = apply_update(self.states.get(key), value, offset)

    def on_loaded(self) -> None:
        """Say that everything is loaded."""
        self._on_loaded(self)

    def on_unloaded(self) -> None:
        """Nobody waits in a shard of share states."""
