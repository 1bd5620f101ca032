"""Share sessions: a member names its partitions once, then only what changes (KIP-932).

Invariant: a session belongs to one member of one group and one connection; its epoch moves by one
with each request, fetch or acknowledgement, so a lost or repeated one is noticed and refused. There
are at most `limit`, and none makes room for another.
Neighbours: the handlers of share groups ask here first; `share_partitions` takes back what a member
held whose session ends.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from logcore.common.errors import (
    InvalidRequestError,
    InvalidShareSessionEpochError,
    ShareSessionLimitReachedError,
    ShareSessionNotFoundError,
)

INITIAL_EPOCH: Final = 0
FINAL_EPOCH: Final = -1
_EPOCH_MAX: Final = 2**31 - 1


class TopicPartition(NamedTuple):
    """A partition as requests of share groups name it.

    Attributes:
        topic_id: The topic's id, 16 bytes.
        partition: The number.
    """

    topic_id: bytes
    partition: int


class SessionKey(NamedTuple):
    """Whose session it is.

    Attributes:
        group_id: The group.
        member_id: The member.
    """

    group_id: str
    member_id: str


class ShareSession:
    """One member's session.

    Attributes:
        key: Whose it is.
        epoch: The epoch that the next request must have.
        partitions: What is wanted, and whether the next answer must tell of it in any case.
        on_removed: Called when the session is over.
    """

    __slots__ = ("epoch", "key", "on_removed", "partitions")

    def __init__(self, key: SessionKey, partitions: Iterable[TopicPartition]) -> None:
        self.key = key
        self.epoch = INITIAL_EPOCH + 1
        self.partitions = dict.fromkeys(partitions, False)
        self.on_removed: Callable[[], object] | None = None

    def move_on(self) -> None:
        """Expect the next request."""
        self.epoch = 1 if self.epoch == _EPOCH_MAX else self.epoch + 1

    def update(self, wanted: Iterable[TopicPartition], forgotten: Iterable[TopicPartition]) -> None:
        """Take in what a request adds, and let go of what it forgets."""
        for partition in wanted:
            self.partitions.setdefault(partition, True)
        for partition in forgotten:
            self.partitions.pop(partition, None)

    def is_news(self, partition: TopicPartition, *, has_records: bool, has_error: bool) -> bool:
        """Whether an answer must tell of a partition; notes that it does."""
        must_tell = self.partitions.get(partition, False)
        if partition in self.partitions:
            self.partitions[partition] = has_error
        return has_records or has_error or must_tell


class ShareSessions:
    """The sessions of a broker.

    Args:
        limit: Most sessions (``group.share.max.share.sessions``).
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sessions: dict[SessionKey, ShareSession] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, key: SessionKey) -> ShareSession | None:
        """Return a member's session, None if it has none."""
        return self._sessions.get(key)

    def has_members(self, group_id: str) -> bool:
        """Whether a group has a session."""
        return group_id in self._counts

    def open(
        self, key: SessionKey, partitions: Iterable[TopicPartition], *, acknowledges: bool
    ) -> ShareSession:
        """Begin a session, in place of the member's last one.

        Raises:
            InvalidRequestError: If the request acknowledges: there can be nothing to acknowledge.
            ShareSessionLimitReachedError: If there is no room.
        """
        if acknowledges:
            raise InvalidRequestError("a request that begins a share session acknowledges nothing")
        self.remove(key)
        if len(self._sessions) >= self._limit:
            raise ShareSessionLimitReachedError(f"there are {self._limit} share sessions already")
        session = self._sessions[key] = ShareSession(key, partitions)
        self._counts[key.group_id] = self._counts.get(key.group_id, 0) + 1
        return session

    def use(self, key: SessionKey, epoch: int) -> ShareSession:
        """Find a session for a request, and move it on unless that is its last.

        Raises:
            ShareSessionNotFoundError: If there is none.
            InvalidShareSessionEpochError: If a request was lost or came twice.
        """
        session = self._sessions.get(key)
        if session is None:
            raise ShareSessionNotFoundError(
                f"member {key.member_id} has no share session in group {key.group_id}"
            )
        if epoch == FINAL_EPOCH:
            return session
        if epoch != session.epoch:
            raise InvalidShareSessionEpochError(
                f"the share session of member {key.member_id} is at epoch {session.epoch}, "
                f"not {epoch}"
            )
        session.move_on()
        return session

    def clear(self) -> None:
        """End every session."""
        for key in list(self._sessions):
            self.remove(key)

    def remove(self, key: SessionKey) -> ShareSession | None:
        """End a session, and return it."""
        session = self._sessions.pop(key, None)
        if session is None:
            return None
        left = self._counts[key.group_id] - 1
        if left:
            self._counts[key.group_id] = left
        else:
            del self._counts[key.group_id]
        if session.on_removed is not None:
            session.on_removed()
        return session
