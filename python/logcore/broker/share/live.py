"""`LiveSharePartition`: a share partition at work: state kept, locks timed, waiters woken.

Invariant: an acknowledgement is done only when its state has been kept; records whose fate is under
way are touched by nobody. One timer runs for all locks of a partition, and none if none is held.
Neighbours: `share_partition` decides; `share_partitions` holds these; `persister` keeps the state.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from logcore.broker.purgatory import Purgatory
from logcore.broker.share.acquiring import Acquired, Wish
from logcore.broker.share.log_batches import LogBatches
from logcore.broker.share.persister import (
    UNDECIDED,
    ShareChange,
    SharePersister,
    ShareState,
)
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.share_partition import Acknowledgement, SharePartition
from logcore.broker.share.window import Transition
from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    FencedLeaderEpochError,
    FencedStateEpochError,
    GroupIdNotFoundError,
    KafkaError,
    NotCoordinatorError,
    NotLeaderOrFollowerError,
    UnknownServerError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.share.batches import StateBatch
from logcore.coordinator.share.state import ShareKey
from logcore.replication.partition import Partition

logger = logging.getLogger(__name__)

_FENCING: Final = (
    NotLeaderOrFollowerError,
    FencedStateEpochError,
    GroupIdNotFoundError,
    UnknownTopicOrPartitionError,
)
"""Errors after which what is known of a share partition is worth nothing."""


@dataclass(frozen=True, slots=True)
class ShareWorld:
    """What share partitions work with.

    Attributes:
        persister: Keeps their state.
        purgatory: Where fetches wait for them.
        scheduler: Time, and timers.
        settings: The settings of a group.
    """

    persister: SharePersister
    purgatory: Purgatory
    scheduler: Scheduler
    settings: Callable[[str], ShareSettings]


class LiveSharePartition:
    """One group's hold on one partition.

    Args:
        key: Which share partition.
        partition: The partition.
        world: What it works with.
        on_idle: Called when no change is under way any more.
        on_fenced: Called when another's word counts from now on.

    Attributes:
        key: Which share partition.
        partition: The partition.
        leader_epoch: The epoch of its leader, when this began.
        state: What is known, None until it has been read.
        error: Why it cannot be known, if it cannot.
        is_dropped: Whether it is out of use.
        pending: How many changes are under way.
    """

    def __init__(
        self,
        key: ShareKey,
        partition: Partition,
        world: ShareWorld,
        on_idle: "Callable[[LiveSharePartition], object]",
        on_fenced: "Callable[[LiveSharePartition], object]",
    ) -> None:
        self.key = key
        self.partition = partition
        self.leader_epoch = partition.leader_epoch
        self.state: SharePartition | None = None
        self.error: KafkaError | None = None
        self.is_dropped = False
        self.pending = 0
        self._world = world
        self._on_idle = on_idle
        self._on_fenced = on_fenced
        self._timer: Timer | None = None
        self._timer_due_ms = 0

    def settings(self) -> ShareSettings:
        """Return the settings of the group, as they are now."""
        return self._world.settings(self.key.group_id)

    # ------------------------------------------------------------ beginning and end

    def begin(self) -> None:
        """Read what has been kept."""
        self._world.persister.read(self.key, self.leader_epoch).then(self._loaded)

    def _loaded(self, done: Deferred[ShareState]) -> None:
        if self.is_dropped:
            return
        try:
            self.state = SharePartition.of(*self._sensible(done.value()), self.leader_epoch)
        except KafkaError as error:
            logger.debug("%s cannot be read: %s", self.key, error)
            self.error = error if done.error is None else told(error)
            self._on_fenced(self)
        self._wake()

    def _sensible(self, kept: ShareState) -> tuple[ShareState, int]:
        """Return what was kept, as far as the log goes, and where to begin."""
        log = self.partition.log
        if kept.start_offset == UNDECIDED:
            now_ms = self._world.scheduler.now_ms()
            found = log.offset_for(self.settings().reset_timestamp(now_ms))
            return kept, log.end_offset if found is None else found[1]
        end = log.end_offset
        if max([kept.start_offset, *(batch.last_offset + 1 for batch in kept.batches)]) <= end:
            return kept, kept.start_offset
        logger.warning("group %s had read past the end of %s", self.key.group_id, self.partition)
        within = [
            batch._replace(last_offset=min(batch.last_offset, end - 1))
            for batch in kept.batches
            if batch.first_offset < end
        ]
        return ShareState(kept.state_epoch, 0, tuple(within)), min(kept.start_offset, end)

    def drop(self) -> None:
        """Go out of use; whoever waits for it looks again."""
        self.is_dropped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    def _wake(self) -> None:
        self._world.purgatory.check(self.key)

    # ------------------------------------------------------------ handing out

    def acquire(
        self, wish: Wish, batches: LogBatches, aborted: Sequence[tuple[int, int]]
    ) -> list[Acquired]:
        """Hand out records; see `SharePartition.acquire`."""
        assert self.state is not None, "nothing is handed out before it is known what is"
        acquired = self.state.acquire(wish, batches, aborted)
        if acquired:
            self._set_timer(wish.settings.lock_ms)
        return acquired

    # ------------------------------------------------------------ taking back

    def acknowledge(
        self, member: str, acknowledgements: Sequence[Acknowledgement]
    ) -> Deferred[None]:
        """Take a member's word; done when it has been kept.

        Raises:
            KafkaError: At once or by the Deferred; then nothing has changed.
        """
        if self.state is None:
            raise self.error or UnknownTopicOrPartitionError("nothing was acquired")
        now_ms = self._world.scheduler.monotonic_ms()
        return self._keep(self.state.acknowledge(member, acknowledgements, self.settings(), now_ms))

    def release(self, member: str) -> Deferred[None]:
        """Take back all that a member holds; done when that has been kept."""
        if self.state is None:
            return Deferred.of(None)
        return self._keep(self.state.release(member, self.settings()))

    def _keep(self, transition: Transition) -> Deferred[None]:
        answer: Deferred[None] = Deferred()
        if not transition.runs:
            answer.complete(None)
            return answer

        def end(done: Deferred[None]) -> None:
            assert self.state is not None, "it was known before"
            if done.error is None:
                self.state.commit(transition)
                answer.complete(None)
            else:
                now_ms = self._world.scheduler.monotonic_ms()
                self.state.roll_back(transition, self.settings(), now_ms)
                self._set_timer_anew()
                error = done.error
                answer.fail(told(error) if isinstance(error, KafkaError) else error)
            self._wake()

        self._write(transition.batches()).then(end)
        return answer

    def _write(self, batches: tuple[StateBatch, ...]) -> Deferred[None]:
        state = self.state
        assert state is not None, "only what is known can be kept"
        window = state.window
        self.pending += 1
        written = self._world.persister.write(
            self.key,
            ShareChange(
                state_epoch=state.state_epoch,
                leader_epoch=self.leader_epoch,
                start_offset=window.start_offset,
                delivery_complete_count=window.complete_count,
                batches=batches,
            ),
        )
        answer: Deferred[None] = Deferred()

        def end(done: Deferred[None]) -> None:
            self.pending -= 1
            if done.error is None:
                answer.complete(None)
            else:
                logger.debug("the state of %s was not kept: %s", self.key, done.error)
                answer.fail(done.error)
                if isinstance(done.error, KafkaError) and isinstance(told(done.error), _FENCING):
                    self._on_fenced(self)
            if not self.pending:
                self._on_idle(self)

        written.then(end)
        return answer

    # ------------------------------------------------------------ locks

    def _set_timer(self, delay_ms: int) -> None:
        """Look at the locks after a time, if not before."""
        if self.is_dropped:
            return
        due_ms = self._world.scheduler.monotonic_ms() + delay_ms
        if self._timer is not None:
            if self._timer_due_ms <= due_ms:
                return
            self._timer.cancel()
        self._timer_due_ms = due_ms
        self._timer = self._world.scheduler.call_later(delay_ms, self._expire)

    def _set_timer_anew(self) -> None:
        due_ms = None if self.state is None else self.state.next_due_ms()
        if due_ms is not None:
            self._set_timer(max(0, due_ms - self._world.scheduler.monotonic_ms()))

    def _expire(self) -> None:
        """Take back what has been held for too long."""
        self._timer = None
        state = self.state
        assert state is not None, "a lock is on something"
        late = state.expire(self.settings(), self._world.scheduler.monotonic_ms())
        if late:
            self._write(late)
            state.window.advance()
            self._wake()
        self._set_timer_anew()


def told(error: KafkaError) -> KafkaError:
    """Return what a client is told of an error of the share coordinator."""
    text = str(error)
    if isinstance(
        error,
        (NotCoordinatorError, CoordinatorNotAvailableError, CoordinatorLoadInProgressError),
    ):
        return CoordinatorNotAvailableError(text)
    if isinstance(error, (FencedLeaderEpochError, FencedStateEpochError)):
        return NotLeaderOrFollowerError(text)
    if isinstance(error, (GroupIdNotFoundError, UnknownTopicOrPartitionError)):
        return error
    return UnknownServerError(text)
