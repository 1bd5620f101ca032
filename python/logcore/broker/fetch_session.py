"""Fetch sessions (KIP-227): a consumer names its partitions once, then only what changes.

Invariant: a session's epoch moves by one with each request, so a lost or repeated request is
noticed and refused; what a session knows of a partition is what the client was last told. At most
`slots` sessions live; without a free one a fetch works all the same, in full, as session 0.
Neighbours: `handlers.fetch` asks here which partitions are wanted and tells what it sent.
Source: KIP-227 and, for when a session makes room, Apache Kafka 4.3.1's `FetchSessionCache`.
"""

import random
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

from logcore.common.errors import FetchSessionIdNotFoundError, InvalidFetchSessionEpochError
from logcore.protocol.messages.fetch import FetchRequest

NO_SESSION: Final = 0
FINAL_EPOCH: Final = -1
INITIAL_EPOCH: Final = 0
_EPOCH_MAX: Final = 2**31 - 1
_IDS_FROM: Final = 13
"""First version of Fetch that names topics by id."""

_UNKNOWN: Final = -1


class Wanted:
    """One partition that a consumer reads, and what it was told of it last.

    Attributes:
        topic: The topic's name, empty where the id says it.
        topic_id: The topic's id, zero where the name says it.
        index: The partition.
        offset: Where to read from.
        max_bytes: Most bytes of this partition.
        leader_epoch: Leader epoch that the client believes in, -1 for none.
        last_epoch: Leader epoch of the last record the client has, -1 for none.
        sent_high_watermark: High watermark that the client was last told, -1 for none.
        sent_log_start: Log start offset that the client was last told, -1 for none.
    """

    __slots__ = (
        "index",
        "last_epoch",
        "leader_epoch",
        "max_bytes",
        "offset",
        "sent_high_watermark",
        "sent_log_start",
        "topic",
        "topic_id",
    )

    def __init__(self, topic: str, topic_id: bytes, index: int) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.index = index
        self.offset = 0
        self.max_bytes = 0
        self.leader_epoch = _UNKNOWN
        self.last_epoch = _UNKNOWN
        self.sent_high_watermark = _UNKNOWN
        self.sent_log_start = _UNKNOWN


@dataclass(slots=True)
class FetchSession:
    """One consumer's session.

    Attributes:
        session_id: Its number.
        epoch: The epoch that its next request must have.
        used_ms: When it was last used, on the monotonic clock.
        partitions: What is wanted, in the order in which it is read.
    """

    session_id: int
    epoch: int
    used_ms: int
    partitions: dict[Hashable, Wanted] = field(default_factory=dict)


@dataclass(slots=True)
class FetchUse:
    """What one request wants.

    Attributes:
        wanted: The partitions to read, in order.
        session: Its session, None for a fetch without one.
        is_incremental: Whether only news are to be told.
    """

    wanted: list[Wanted]
    session: FetchSession | None
    is_incremental: bool

    @property
    def session_id(self) -> int:
        """The session's number, 0 for none."""
        return NO_SESSION if self.session is None else self.session.session_id


class FetchSessions:
    """The sessions of a broker.

    Args:
        slots: Most sessions (``max.incremental.fetch.session.cache.slots``).
        eviction_ms: How long a session is safe from making room for another.
        seed: Seed of the session numbers; None for one of the system's.
    """

    def __init__(self, slots: int, eviction_ms: int = 120_000, seed: int | None = None) -> None:
        self._slots = slots
        self._eviction_ms = eviction_ms
        self._random = random.Random(seed)  # noqa: S311 - numbers, not secrets
        self._sessions: OrderedDict[int, FetchSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def use(self, request: FetchRequest, version: int, now_ms: int) -> FetchUse:
        """Tell what a request wants, and move its session on.

        Raises:
            FetchSessionIdNotFoundError: If the session is gone.
            InvalidFetchSessionEpochError: If a request was lost or came twice.
        """
        if request.session_epoch in {INITIAL_EPOCH, FINAL_EPOCH}:
            self._sessions.pop(request.session_id, None)
            wanted = _asked(request, version)
            session = None
            if request.session_epoch == INITIAL_EPOCH and wanted:
                session = self._open(wanted, now_ms)
            return FetchUse(list(wanted.values()), session, is_incremental=False)
        session = self._sessions.get(request.session_id)
        if session is None:
            raise FetchSessionIdNotFoundError(f"there is no fetch session {request.session_id}")
        if request.session_epoch != session.epoch:
            raise InvalidFetchSessionEpochError(
                f"fetch session {session.session_id} is at epoch {session.epoch}, "
                f"not {request.session_epoch}"
            )
        self._sessions.move_to_end(session.session_id)
        session.used_ms = now_ms
        session.epoch = 1 if session.epoch == _EPOCH_MAX else session.epoch + 1
        _update(session, request, version)
        return FetchUse(list(session.partitions.values()), session, is_incremental=True)

    def close(self, session: FetchSession) -> None:
        """Forget a session that its client was not told of."""
        self._sessions.pop(session.session_id, None)

    def _open(self, wanted: dict[Hashable, Wanted], now_ms: int) -> FetchSession | None:
        if len(self._sessions) >= self._slots:
            oldest = next(iter(self._sessions.values()), None)
            if oldest is None or now_ms - oldest.used_ms < self._eviction_ms:
                return None
            del self._sessions[oldest.session_id]
        session_id = self._random.randint(1, _EPOCH_MAX)
        while session_id in self._sessions:
            session_id = self._random.randint(1, _EPOCH_MAX)
        session = FetchSession(session_id, INITIAL_EPOCH + 1, now_ms, wanted)
        self._sessions[session_id] = session
        return session


def _key(topic: str, topic_id: bytes, index: int, version: int) -> Hashable:
    return (topic_id if version >= _IDS_FROM else topic, index)


def _asked(request: FetchRequest, version: int) -> dict[Hashable, Wanted]:
    """Return the partitions that a request names."""
    partitions: dict[Hashable, Wanted] = {}
    _enter(partitions, request, version)
    return partitions


def _enter(partitions: dict[Hashable, Wanted], request: FetchRequest, version: int) -> None:
    for topic in request.topics:
        for asked in topic.partitions:
            key = _key(topic.topic, topic.topic_id, asked.partition, version)
            wanted = partitions.get(key)
            if wanted is None:
                wanted = partitions[key] = Wanted(topic.topic, topic.topic_id, asked.partition)
            wanted.offset = asked.fetch_offset
            wanted.max_bytes = asked.partition_max_bytes
            wanted.leader_epoch = asked.current_leader_epoch
            wanted.last_epoch = asked.last_fetched_epoch


def _update(session: FetchSession, request: FetchRequest, version: int) -> None:
    for topic in request.forgotten_topics_data:
        for index in topic.partitions:
            session.partitions.pop(_key(topic.topic, topic.topic_id, index, version), None)
    _enter(session.partitions, request, version)


def move_to_end(session: FetchSession, served: Iterable[Wanted], version: int) -> None:
    """Have partitions that were just served wait behind the others, so that all get their turn."""
    for wanted in served:
        key = _key(wanted.topic, wanted.topic_id, wanted.index, version)
        if session.partitions.get(key) is wanted:
            del session.partitions[key]
            session.partitions[key] = wanted
