"""The share coordinator, as share groups see it.

Invariant: a call that succeeds is durable; a failed one may or may not have happened, and can be
made again.
Neighbours: `requests` and `offsets` call it; `broker.share_states` fills it with the coordinator of
the cluster, `MISSING_STATES` where there is none.
"""

from typing import Final, Protocol

from logcore.common.deferred import Deferred
from logcore.common.errors import CoordinatorNotAvailableError
from logcore.coordinator.share.state import ShareKey, ShareState


class ShareStates(Protocol):
    """The states of share groups' partitions."""

    def initialise(self, key: ShareKey, state_epoch: int, start_offset: int) -> Deferred[None]:
        """Begin a state, or begin it anew."""

    def delete(self, key: ShareKey) -> Deferred[None]:
        """Forget a state; one that is not there is no error."""

    def summary(self, key: ShareKey) -> Deferred[ShareState | None]:
        """Return a state; None if it was not begun."""

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset after the last record that consumers may read.

        Raises:
            KafkaError: If it is not known here.
        """


class _MissingStates:
    """Stands where no share coordinator was given: whatever is asked for fails."""

    def initialise(self, key: ShareKey, state_epoch: int, start_offset: int) -> Deferred[None]:
        """Fail."""
        del state_epoch, start_offset
        return Deferred.failed(_missing(key))

    def delete(self, key: ShareKey) -> Deferred[None]:
        """Fail."""
        return Deferred.failed(_missing(key))

    def summary(self, key: ShareKey) -> Deferred[ShareState | None]:
        """Fail."""
        return Deferred.failed(_missing(key))

    def end_offset(self, topic: str, partition: int) -> int:
        """Fail."""
        raise CoordinatorNotAvailableError(f"{topic}-{partition} is not known here")


def _missing(key: ShareKey) -> CoordinatorNotAvailableError:
    return CoordinatorNotAvailableError(f"there is no share coordinator for {key.text}")


MISSING_STATES: Final[ShareStates] = _MissingStates()
"""What a group coordinator has that no share coordinator was given."""
