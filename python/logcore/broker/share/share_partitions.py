"""`SharePartitions`: every share partition that is in use, and the sessions that use them.

Invariant: there is one `LiveSharePartition` of a key at a time; it goes with its topic or with the
last session of its group, there not while a change of it is under way, so that who reads the state
anew reads all of it.
Neighbours: `fetching` and the handlers ask; `live` does the work; `server` makes one.
"""

import functools
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from logcore.broker.share.live import LiveSharePartition, ShareWorld
from logcore.broker.share.sessions import SessionKey, ShareSession, ShareSessions, TopicPartition
from logcore.broker.share.share_partition import Acknowledgement
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, UnknownTopicOrPartitionError
from logcore.coordinator.share.state import ShareKey
from logcore.network.connection import Connection
from logcore.replication.manager import ReplicaManager

SHARE_VERSION: Final = "share.version"
"""The feature that turns share groups on."""


class SharePartitions:
    """The share partitions of a broker.

    Args:
        world: What they work with.
        replicas: The partitions.
        sessions: The sessions of members.

    Attributes:
        sessions: The sessions of members.
    """

    def __init__(
        self, world: ShareWorld, replicas: ReplicaManager, sessions: ShareSessions
    ) -> None:
        self.world = world
        self.sessions = sessions
        self._replicas = replicas
        self._lives: dict[ShareKey, LiveSharePartition] = {}
        # Invariant: None, or `_begin_next` is called in the loop's next turn.
        self._due: deque[LiveSharePartition] | None = None

    def __len__(self) -> int:
        return len(self._lives)

    @property
    def in_flight(self) -> int:
        """How many records are in flight, of all groups."""
        states = (live.state for live in self._lives.values())
        return sum(state.window.in_flight for state in states if state is not None)

    def get(self, key: ShareKey) -> LiveSharePartition:
        """Return a share partition, which may have to be read first.

        Raises:
            UnknownTopicOrPartitionError: If this broker has no such partition.
        """
        live = self._lives.get(key)
        if live is not None:
            if live.leader_epoch == live.partition.leader_epoch:
                return live
            self._drop(live)
        topic = self._replicas.name_of(key.topic_id)
        partition = None if topic is None else self._replicas.find(topic, key.partition)
        if partition is None:
            raise UnknownTopicOrPartitionError("this broker does not host the partition")
        live = LiveSharePartition(key, partition, self.world, self._idle, self._drop)
        self._lives[key] = live
        self._begin(live)
        return live

    def _begin(self, live: LiveSharePartition) -> None:
        """Read what is kept of it: of one in a turn of the loop, so that many hold nobody up."""
        if self._due is not None:
            self._due.append(live)
            return
        self._due = deque()
        live.begin()
        self.world.scheduler.call_soon(self._begin_next)

    def _begin_next(self) -> None:
        assert self._due is not None, "a turn is for what is due"
        if not self._due:
            self._due = None
            return
        live = self._due.popleft()
        if not live.is_dropped:
            live.begin()
        self.world.scheduler.call_soon(self._begin_next)

    def acknowledge(
        self, key: ShareKey, member: str, acknowledgements: Sequence[Acknowledgement]
    ) -> Deferred[None]:
        """Take a member's word of records; done when it has been kept.

        Raises:
            KafkaError: By the Deferred.
        """
        live = self._lives.get(key)
        if live is None:
            return Deferred.failed(UnknownTopicOrPartitionError("nothing was acquired from it"))
        try:
            return live.acknowledge(member, acknowledgements)
        except KafkaError as error:
            return Deferred.failed(error)

    # ------------------------------------------------------------ sessions

    def open_session(
        self,
        key: SessionKey,
        partitions: Iterable[TopicPartition],
        connection: Connection,
        *,
        acknowledges: bool,
    ) -> ShareSession:
        """Begin a session that ends with its connection; see `ShareSessions.open`."""
        session = self.sessions.open(key, partitions, acknowledges=acknowledges)
        closed = functools.partial(self._connection_closed, session)
        session.on_removed = functools.partial(connection.forget, closed)
        connection.on_close(closed)
        return session

    def _connection_closed(self, session: ShareSession) -> None:
        if self.sessions.find(session.key) is session:
            self.end_session(session.key)

    def end_session(self, key: SessionKey) -> None:
        """End a member's session, and take back what it holds."""
        session = self.sessions.remove(key)
        if session is None:
            return
        for partition in session.partitions:
            live = self._lives.get(ShareKey(key.group_id, *partition))
            if live is not None:
                live.release(key.member_id)
        if not self.sessions.has_members(key.group_id):
            for live in self._of_group(key.group_id):
                self._idle(live)

    def _of_group(self, group_id: str) -> list[LiveSharePartition]:
        return [live for key, live in self._lives.items() if key.group_id == group_id]

    # ------------------------------------------------------------ going out of use

    def _idle(self, live: LiveSharePartition) -> None:
        """Let go of what nobody uses, if no change of it is under way."""
        if not live.pending and not self.sessions.has_members(live.key.group_id):
            self._drop(live)

    def _drop(self, live: LiveSharePartition) -> None:
        if self._lives.get(live.key) is live:
            del self._lives[live.key]
        if not live.is_dropped:
            live.drop()

    def forget(self, key: ShareKey) -> None:
        """Let go of one whose state was replaced; whoever uses it reads it anew."""
        live = self._lives.get(key)
        if live is not None:
            self._drop(live)

    def forget_topics(self, topic_ids: Iterable[bytes]) -> None:
        """Let go of topics that have been deleted."""
        gone = frozenset(topic_ids)
        for key, live in list(self._lives.items()):
            if key.topic_id in gone:
                self._drop(live)

    def note_failure(self, live: LiveSharePartition, error: KafkaError) -> None:
        """Say that a partition could not be read."""
        self._replicas.note_failure(live.partition, error)

    def close(self) -> None:
        """Let go of everything, sessions too."""
        self.sessions.clear()
        for live in list(self._lives.values()):
            self._drop(live)
