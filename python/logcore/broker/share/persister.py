"""The seam to where the state of share partitions is kept.

Invariant: `write` is done only when the state would survive a crash; what `read` answers includes
every write that was done before it was asked.
Neighbours: `live` reads and writes through it; `coordinator_persister` is the real one, a twin in
tests the other.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from logcore.common.deferred import Deferred
from logcore.coordinator.share.batches import StateBatch
from logcore.coordinator.share.state import ShareKey

UNDECIDED: Final = -1
"""The start offset of a group that nothing has been decided for yet."""


@dataclass(frozen=True, slots=True)
class ShareState:
    """What is kept of a share partition.

    Attributes:
        state_epoch: Rises when an administrator sets the state anew.
        start_offset: The first record that is not done with; -1 if that is still to be decided.
        batches: The states of records from there on, in order; what is missing is available.
    """

    state_epoch: int
    start_offset: int
    batches: tuple[StateBatch, ...] = ()


@dataclass(frozen=True, slots=True)
class ShareChange:
    """What is to be kept from now on.

    Attributes:
        state_epoch: The state's epoch, as it was read.
        leader_epoch: The partition's leader epoch.
        start_offset: The first record that is not done with.
        delivery_complete_count: How many records from there on are done with.
        batches: The records that changed.
    """

    state_epoch: int
    leader_epoch: int
    start_offset: int
    delivery_complete_count: int
    batches: tuple[StateBatch, ...]


class SharePersister(Protocol):
    """Keeps the state of share partitions."""

    def read(self, key: ShareKey, leader_epoch: int) -> Deferred[ShareState]:
        """Return what is kept.

        Raises:
            KafkaError: By the Deferred, such as `GroupIdNotFoundError` or `FencedStateEpochError`.
        """

    def write(self, key: ShareKey, change: ShareChange) -> Deferred[None]:
        """Keep a change; done once it is durable.

        Raises:
            KafkaError: By the Deferred; nothing is kept then.
        """
