"""The short way of the commonest request: a Produce of one batch for one partition.

The engine's bindings read the request and make the answer, one call each; what is in between, who
may and which partition, is decided here. Invariant: the short way only ever says yes. Whatever it
does not know, or the engine refuses, is left to `handlers.produce`, which has appended nothing yet
and knows what to say; so both ways answer alike, and only one of them has rules.
Neighbours: `dispatch` asks before it decodes a Produce, `lent_sockets` for many at once;
docs/decisions/0004 says why.
"""

from typing import TYPE_CHECKING

from logcore.broker.authorizer import AllowAll
from logcore.broker.parts import Parts
from logcore.common.errors import LogcoreError
from logcore.log.manager import PlainProduce
from logcore.replication.partition import Partition

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PlainProduces:
    """Serves plain Produce requests.

    Args:
        parts: What handlers work with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._replicas = parts.replicas
        self._check = parts.purgatory.check
        self._produced = parts.traffic.produced

    @property
    def is_open(self) -> bool:
        """Whether nobody is to be asked before a request is served, and nobody to be charged."""
        parts = self._parts
        return isinstance(parts.authorizer, AllowAll) and not parts.quotas.is_active

    def answer(self, frame: memoryview) -> "list[Buffer] | None":
        """Append what a request brings; None if it must go the usual way, untouched so far.

        Args:
            frame: The request, without its length.
        """
        if not self.is_open:
            return None
        plain = PlainProduce.of(frame)
        if plain is None:
            return None
        partition = self.partition_of(plain.topic, plain.index)
        if partition is None:
            return None
        try:
            answer = partition.log.append_plain(frame, plain, partition.leader_epoch)
        except LogcoreError:
            return None
        self.appended(partition, len(frame))
        return [answer]

    def partition_of(self, topic: str | bytes, index: int) -> Partition | None:
        """Find the partition that a request is for, if it takes a batch at once.

        Args:
            topic: The topic's name, or its id.
            index: The partition's number in it.
        """
        name = topic if isinstance(topic, str) else self._replicas.name_of(topic)
        partition = None if name is None else self._replicas.find(name, index)
        return partition if partition is not None and takes_at_once(partition) else None

    def appended(self, partition: Partition, size_bytes: int) -> None:
        """Tell whoever waits for a partition, and count the bytes of requests."""
        self._check(partition.key)
        try:
            self._produced[partition.topic] += size_bytes
        except KeyError:
            self._produced.count(partition.topic, size_bytes)


def takes_at_once(partition: Partition) -> bool:
    """Whether a partition takes a batch from anybody, now and without waiting for a disk."""
    return not (
        partition.is_internal
        or partition.waits_for_disk
        or partition.pending_appends
        or partition.replica_count < partition.min_insync_replicas
    )
