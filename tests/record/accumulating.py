"""Accumulators for tests, and tickets that remember what happened to them."""

from typing import Any

from logcore.record.encoding import RecordAccumulator


class Ticket:
    """A ticket of a batch."""

    def __init__(self) -> None:
        self.is_discarded = False

    def discard(self) -> None:
        """Take note."""
        self.is_discarded = True


def accumulator(partitions: int = 1, **settings: Any) -> RecordAccumulator:
    """Return an accumulator that knows `topic`."""
    told: dict[str, Any] = {
        "compression": "none",
        "level": None,
        "batch_bytes": 1 << 20,
        "memory_bytes": 1 << 25,
        "record_bytes": 1 << 20,
        "ignores_keys": False,
        "seed": 7,
        "new_ticket": Ticket,
        "wake": lambda: None,
    }
    told |= settings
    made = RecordAccumulator(told.pop("new_ticket"), told.pop("wake"), **told)
    made.set_partitions("topic", partitions, list(range(partitions)))
    return made
