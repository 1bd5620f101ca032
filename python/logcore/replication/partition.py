"""`Partition`: one partition that this broker leads, and the checks before its log is touched.

Invariant: a partition is used with the leader epoch that its client believes in, or refused with
the code that tells the client to look again; its log is never reached while its directory is
offline.
Neighbours: `manager` holds them by name; handlers read and append through `log`.
"""

from typing import Final

from logcore.common.errors import (
    FencedLeaderEpochError,
    KafkaError,
    UnknownLeaderEpochError,
)
from logcore.common.types import override
from logcore.log.manager import PartitionLog

INTERNAL_TOPICS: Final = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state"}
)
"""Topics that the broker keeps for itself."""

NO_EPOCH: Final = -1
"""What a client sends that does not know the leader epoch."""


class Partition:
    """One partition led by this broker.

    Attributes:
        topic: The topic's name.
        index: The partition's number in the topic.
        topic_id: The topic's id, 16 bytes.
        leader_epoch: The epoch of this leadership.
        replica_count: In-sync replicas, this broker counted.
        min_insync_replicas: How many acks=all asks for.
        is_internal: Whether only the broker itself writes to it.
        key: What purgatory knows it by.
        waits_for_disk: Whether an append may wait for an fsync, so that it must leave the loop.
        pending_appends: Appends handed to a worker and not yet done.
    """

    __slots__ = (
        "_log",
        "index",
        "is_internal",
        "key",
        "leader_epoch",
        "min_insync_replicas",
        "pending_appends",
        "replica_count",
        "topic",
        "topic_id",
        "waits_for_disk",
    )

    def __init__(
        self,
        topic: str,
        index: int,
        topic_id: bytes,
        leader_epoch: int,
        log: PartitionLog | KafkaError,
    ) -> None:
        self.topic = topic
        self.index = index
        self.topic_id = topic_id
        self.leader_epoch = leader_epoch
        self.replica_count = 1
        self.min_insync_replicas = 1
        self.is_internal = topic in INTERNAL_TOPICS
        self.key = (topic, index)
        self.waits_for_disk = False
        self.pending_appends = 0
        self._log = log

    @property
    def log(self) -> PartitionLog:
        """The log.

        Raises:
            KafkaStorageError: If its directory is offline, or it could not be loaded.
        """
        if isinstance(self._log, KafkaError):
            raise self._log
        return self._log

    def fail(self, error: KafkaError) -> None:
        """Refuse every access to the log from now on."""
        self._log = error

    def check_epoch(self, epoch: int) -> None:
        """Compare the leader epoch that a client believes in; -1 is no opinion.

        Raises:
            FencedLeaderEpochError: If the client's is older.
            UnknownLeaderEpochError: If the client's is newer.
        """
        if epoch in {NO_EPOCH, self.leader_epoch}:
            return
        if epoch < self.leader_epoch:
            raise FencedLeaderEpochError(
                f"leader epoch {epoch} of {self} is over, it is {self.leader_epoch} now"
            )
        raise UnknownLeaderEpochError(f"leader epoch {epoch} of {self} is not known here")

    @override
    def __str__(self) -> str:
        return f"{self.topic}-{self.index}"
