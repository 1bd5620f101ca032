"""Committing offsets: by hand and by itself, also while the group divides its partitions anew.

Invariants: an older commit is never tried again after a newer one of the same partitions, and is
as good as that one; what the group takes for the partitions of somebody else is told as such, and
never tried in vain.
Neighbours: `upkeep` says when; `offset_store` asks the coordinator.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any

from logcore.client.cluster import Cluster
from logcore.client.positions import (
    GroupFacts,
    OffsetAndMetadata,
    Offsets,
    TopicPartition,
    with_metadata,
)
from logcore.common.errors import (
    ClientClosedError,
    ClientError,
    ClientTimeoutError,
    CommitFailedError,
    FencedMemberEpochError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    StaleMemberEpochError,
    UnknownMemberIdError,
)
from logcore.consumer.offset_store import OffsetStore

logger = logging.getLogger(__name__)

_BETWEEN = (RebalanceInProgressError, IllegalGenerationError, StaleMemberEpochError)
_GONE = (UnknownMemberIdError, FencedMemberEpochError, *_BETWEEN)
QUIET_S = 10.0
"""How long a commit goes on that nobody asked for, and an end waits for one that somebody did."""


@dataclass(frozen=True, slots=True, eq=False)
class _Commit:
    """A commit that is under way, or was.

    Attributes:
        offsets: What is committed.
        is_member: Whether the partitions come from the group.
        done: What becomes of it; cancelled if it was given up.
    """

    offsets: dict[TopicPartition, OffsetAndMetadata]
    is_member: bool
    done: "asyncio.Future[None]"


class Commits:
    """The commits of one consumer.

    Args:
        cluster: The cluster.
        store: Where offsets are kept.
        facts: Who the consumer is in its group now.
        owned: The partitions that are assigned now.
        timeout_s: How long a commit may take.

    Attributes:
        on_commit: Told of offsets once they are committed, if somebody wants to be.
    """

    def __init__(
        self,
        cluster: Cluster,
        store: OffsetStore,
        facts: Callable[[], GroupFacts],
        owned: Callable[[], Collection[TopicPartition]],
        timeout_s: float,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._facts = facts
        self._owned = owned
        self._timeout_s = timeout_s
        self._task: asyncio.Task[None] | None = None
        self._begun: set[asyncio.Task[None]] = set()
        self._newest: dict[TopicPartition, _Commit] = {}
        self.on_commit: Callable[[dict[TopicPartition, OffsetAndMetadata]], object] | None = None

    async def commit(
        self, offsets: Offsets, *, is_member: bool, timeout_s: float | None = None
    ) -> None:
        """Commit offsets, and wait until they are stored.

        Args:
            offsets: By partition.
            is_member: Whether the partitions come from the group.
            timeout_s: How long it may take, if not as long as usual.

        Raises:
            CommitFailedError: If the group gave the partitions to others.
            KafkaError, ClientTimeoutError: If it is not done otherwise.
        """
        await self._do(self._begin(offsets, is_member=is_member), timeout_s)

    def _begin(self, offsets: Offsets, *, is_member: bool) -> _Commit:
        """Take note that offsets are to be committed, and no older ones tried again."""
        done = self._cluster.loop.create_future()
        begun = _Commit(with_metadata(offsets), is_member, done)
        self._newest.update(dict.fromkeys(begun.offsets, begun))
        return begun

    def _left(self, begun: _Commit) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return those of a commit's offsets that no later commit has taken the place of."""
        newest = self._newest
        return {place: at for place, at in begun.offsets.items() if newest[place] is begun}

    async def _do(self, begun: _Commit, timeout_s: float | None = None) -> None:
        """Do what was begun, and tell whoever waits for it because it came later."""
        try:
            timeout_s = self._timeout_s if timeout_s is None else timeout_s
            stored = await self._store_left(begun, timeout_s)
            await self._wait_for_newer(begun.offsets.keys() - stored.keys())
        except Exception as error:
            begun.done.set_exception(error)
            begun.done.exception()  # perhaps nobody waits
            raise
        except BaseException:
            begun.done.cancel()
            raise
        begun.done.set_result(None)

    async def _store_left(
        self, begun: _Commit, timeout_s: float
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Store what is left of a commit, however often that is tried; return what was stored."""
        now = self._cluster.loop.time
        deadline = now() + timeout_s
        asked: dict[TopicPartition, OffsetAndMetadata] = {}
        failures = 0

        def left() -> dict[TopicPartition, OffsetAndMetadata]:
            nonlocal asked
            asked = self._left(begun)
            return asked

        while True:
            if not self._left(begun):
                return {}
            facts = self._facts()
            if begun.is_member and (facts.generation < 0 or (failures and not self._owns(left()))):
                raise commit_failed()
            try:
                await self._store.commit(left, facts, max(deadline - now(), 0.001))
                break
            except _GONE as error:
                if not begun.is_member or not may_pass(error, facts, self._facts()):
                    raise commit_failed() from error
                if not self._owns(asked):
                    raise commit_failed() from error
                await self._wait(error, deadline, failures)
                failures += 1
        if self.on_commit is not None and asked:
            self.on_commit(asked)
        return asked

    async def _wait_for_newer(self, places: Collection[TopicPartition]) -> None:
        """Wait for the commits that have taken the place of an older one.

        Raises:
            KafkaError, ClientError: What became of the last one of a partition, if none was done.
        """
        for place in places:
            newer: _Commit | None = None
            while newer is not self._newest[place]:
                newer = self._newest[place]
                await asyncio.wait((newer.done,))
                if not newer.done.cancelled() and newer.done.exception() is None:
                    break
            else:
                self._raise_of(newer)

    def _raise_of(self, newer: _Commit) -> None:
        if not newer.done.cancelled():
            newer.done.result()
        if self._cluster.is_closed:
            raise ClientClosedError("the consumer was closed before offsets were committed")
        raise ClientTimeoutError("the commit that took the place of this one was given up")

    def _owns(self, offsets: Offsets) -> bool:
        return set(with_metadata(offsets)) <= set(self._owned())

    async def _wait(self, error: KafkaError, deadline: float, failures: int) -> None:
        """Wait for what the group will say next.

        Raises:
            ClientTimeoutError: If there is no time left.
        """
        wait_s = self._cluster.backoff.wait_ms(failures) / 1000
        if self._cluster.loop.time() + wait_s >= deadline:
            message = "could not commit offsets in time, as the group divides its partitions anew"
            raise ClientTimeoutError(message) from error
        await asyncio.sleep(wait_s)

    def commit_async(self, offsets: Offsets, *, is_member: bool) -> "asyncio.Task[None]":
        """Begin to commit offsets; what fails is logged, and raised to who waits for the task."""
        begun = self._begin(offsets, is_member=is_member)
        task = self._start(begun, self._do(begun))
        self._begun.add(task)
        task.add_done_callback(self._ended)
        return task

    def _start(self, begun: _Commit, doing: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._cluster.loop.create_task(doing)
        task.add_done_callback(lambda _: begun.done.cancel())  # if it was stopped before it began
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._begun.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("offsets were not committed: %s", error)

    async def settle(self) -> None:
        """Wait for the commits that `commit_async` began, but not for long."""
        if self._begun:
            await asyncio.wait(self._begun, timeout=min(self._timeout_s, QUIET_S))

    def commit_soon(self, positions: dict[TopicPartition, int], *, is_member: bool) -> None:
        """Commit positions, and do not wait for it; nothing if the last time is not over yet."""
        if positions and (self._task is None or self._task.done()):
            begun = self._begin(positions, is_member=is_member)
            self._task = self._start(begun, self._do_quietly(begun))

    async def commit_quietly(
        self, positions: dict[TopicPartition, int], *, is_member: bool
    ) -> None:
        """Commit without being asked for: what fails is logged."""
        if positions:
            await self._do_quietly(self._begin(positions, is_member=is_member))

    async def _do_quietly(self, begun: _Commit) -> None:
        try:
            await self._do(begun, min(self._timeout_s, QUIET_S))
        except (KafkaError, ClientError) as error:
            logger.warning("offsets were not committed: %s", error)

    def stop(self) -> None:
        """Have no commit go on that was begun by `commit_soon`: a newer one follows."""
        if self._task is not None:
            self._task.cancel()


def may_pass(error: KafkaError, said: GroupFacts, now: GroupFacts) -> bool:
    """Whether a commit that was refused may be taken yet, for partitions that are still owned.

    Args:
        error: What the group said.
        said: Who the member said it was.
        now: Who it is now.

    Example:
        >>> may_pass(IllegalGenerationError(), GroupFacts("g", 4, "m"), GroupFacts("g", 5, "m"))
        True
    """
    if now.member_id != said.member_id or not isinstance(error, _BETWEEN):
        return False
    # An old generation is one for good; the others are over once the group has told of the new one.
    return not isinstance(error, IllegalGenerationError) or now.generation > said.generation


def commit_failed() -> CommitFailedError:
    """Return what is raised where others may have the partitions."""
    return CommitFailedError(
        "offsets were not committed: this consumer is no member of the group any more, and others "
        "may have the partitions; poll more often, take fewer records at once (max.poll.records), "
        "or raise max.poll.interval.ms"
    )
