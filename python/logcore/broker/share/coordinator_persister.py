"""The persister over the share coordinator of this broker.

Neighbours: `coordinator.share` keeps the state in ``__share_group_state``; `live` reads and writes.
"""

from logcore.broker.share.persister import ShareChange, ShareState
from logcore.common.deferred import Deferred
from logcore.coordinator.share.decide import Writing
from logcore.coordinator.share.service import ShareCoordinator
from logcore.coordinator.share.state import ShareKey


class CoordinatorPersister:
    """Keeps the state of share partitions with the share coordinator.

    Args:
        states: The share coordinator.
    """

    def __init__(self, states: ShareCoordinator) -> None:
        self._states = states

    def read(self, key: ShareKey, leader_epoch: int) -> Deferred[ShareState]:
        """Return what is kept; see `SharePersister`."""
        return self._states.read_one(key, leader_epoch).map(
            lambda kept: ShareState(kept.state_epoch, kept.start_offset, kept.batches)
        )

    def write(self, key: ShareKey, change: ShareChange) -> Deferred[None]:
        """Keep a change; see `SharePersister`."""
        writing = Writing(
            state_epoch=change.state_epoch,
            leader_epoch=change.leader_epoch,
            start_offset=change.start_offset,
            delivery_complete_count=change.delivery_complete_count,
            batches=change.batches,
        )
        return self._states.write_one(key, writing)
