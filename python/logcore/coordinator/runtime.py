"""The runtime of coordinators: load, decide, append, replay, answer.

One shard for each partition of the internal topic that this broker leads. A write runs a handler on
the shard's machine, appends the records it returned, replays them into the machine and only then
answers. Invariants: the machine's durable state changes in `replay` alone; writes of one group
(of one key) run one after another, a later one waiting until the records of the one before are
appended and replayed, also when it arrives while the other runs; writes of different groups do not
wait for each other. A request that waits too long for its turn is answered and never runs; what a
timer brings has nobody to send it again, and waits as long as it takes.
Nothing here knows what a group is.
Neighbours: `log` is where records go, `timers` what runs later, `group/shard.py` the machine.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    UnknownServerError,
)
from logcore.coordinator.log import (
    NO_PRODUCER_ID,
    CoordinatorLog,
    EncodedRecord,
    LogEntry,
    TransactionalProducer,
    TransactionMarker,
)
from logcore.coordinator.result import (
    CoordinatorRecord,
    CoordinatorResult,
    append_error,
)
from logcore.coordinator.timers import ShardTimers

logger = logging.getLogger(__name__)

LOAD_SLICE_MS = 10
"""How long loading may hold the event loop before others get a turn."""

LOAD_SLICE_RECORDS = 200
"""How many records are replayed between two looks at the clock."""


class Machine(Protocol):
    """The state of one shard, and how records change it."""

    def encode(self, record: CoordinatorRecord) -> EncodedRecord:
        """Make bytes of a record."""

    def decode(self, key: bytes, value: bytes | None) -> CoordinatorRecord | None:
        """Make a record of bytes; None if it is of a kind this release does not know."""

    def replay(self, offset: int, record: CoordinatorRecord) -> None:
        """Apply a record that is in the log: the only way durable state changes."""

    def on_loaded(self) -> None:
        """Set the timers that go with what was loaded."""

    def on_unloaded(self) -> None:
        """Answer whoever waits: this broker coordinates the shard no longer."""


@runtime_checkable
class TransactionalMachine(Protocol):
    """A machine whose records may be part of a producer's transaction."""

    def replay_pending(self, offset: int, record: CoordinatorRecord, producer_id: int) -> None:
        """Apply a record that counts only once its transaction is committed."""

    def end_transaction(self, producer_id: int, *, is_commit: bool) -> None:
        """Let a producer's pending records count, or drop them."""


M = TypeVar("M", bound=Machine)
R = TypeVar("R")

Write = Callable[[M], CoordinatorResult[R]]
_Queue = deque[
    tuple[Callable[..., CoordinatorResult[Any]], Deferred[Any], TransactionalProducer | None]
]


class Shard(Generic[M]):
    """One partition of the internal topic, with the state that its records make.

    Attributes:
        partition: Which one.
        machine: The state.
        timers: What runs later.
        is_loading: Whether its log is still being read.
        is_closed: Whether this broker has stopped coordinating it.
        busy: The keys whose records are being appended, with the writes that wait for them.
        loaded_count: How many records were replayed when it was loaded.
    """

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.machine: M
        self.timers: ShardTimers
        self.is_loading = True
        self.is_closed = False
        self.busy: dict[str, _Queue | None] = {}
        self.loaded_count = 0


class CoordinatorRuntime(Generic[M]):
    """Runs the shards that this broker coordinates.

    Args:
        log: Where records go.
        scheduler: The clock and its timers.
        make_machine: Makes the empty state of a shard.
        write_timeout_ms: How long a write may wait for its records to be safe
            (``offsets.commit.timeout.ms``).
    """

    def __init__(
        self,
        *,
        log: CoordinatorLog,
        scheduler: Scheduler,
        make_machine: Callable[[ShardTimers], M],
        write_timeout_ms: int = 5_000,
    ) -> None:
        self._log = log
        self._scheduler = scheduler
        self._make_machine = make_machine
        self._write_timeout_ms = write_timeout_ms
        self._shards: dict[int, Shard[M]] = {}

    # ------------------------------------------------------------ shards

    def load(self, partition: int) -> Deferred[int]:
        """Begin to coordinate a partition.

        Reading its log takes turns with the rest of the loop; until it is read, the shard's groups
        are answered with COORDINATOR_LOAD_IN_PROGRESS.

        Args:
            partition: One that this broker leads now. Loaded already: it stays as it is.

        Returns:
            How many records were replayed, once that is done.
        """
        present = self._shards.get(partition)
        if present is not None and not present.is_closed:
            return Deferred.of(present.loaded_count)
        shard: Shard[M] = Shard(partition)
        shard.timers = ShardTimers(
            self._scheduler,
            lambda key, operation: self._write(shard, key, lambda _: operation(), is_patient=True),
        )
        shard.machine = self._make_machine(shard.timers)
        self._shards[partition] = shard
        loaded: Deferred[int] = Deferred()
        self._load_slice(shard, self._log.read_entries(partition), loaded)
        return loaded

    def unload(self, partition: int) -> None:
        """Stop coordinating a partition; whoever waits is told to look for another coordinator."""
        shard = self._shards.pop(partition, None)
        if shard is None:
            return
        shard.is_closed = True
        shard.timers.close()
        for queue in shard.busy.values():
            for _, answer, _ in queue or ():
                if not answer.is_done:
                    answer.fail(NotCoordinatorError())
        shard.busy.clear()
        if not shard.is_loading:
            shard.machine.on_unloaded()

    def close(self) -> None:
        """Stop coordinating everything."""
        for partition in list(self._shards):
            self.unload(partition)

    @property
    def partitions(self) -> list[int]:
        """The partitions coordinated here, those still loading included."""
        return list(self._shards)

    @property
    def loading_count(self) -> int:
        """How many of them are still loading."""
        return sum(shard.is_loading for shard in self._shards.values())

    def machines(self) -> Iterator[tuple[int, M]]:
        """Yield partition and state of every shard that is loaded."""
        for partition, shard in list(self._shards.items()):
            if not shard.is_loading and not shard.is_closed:
                yield partition, shard.machine

    def _load_slice(
        self,
        shard: Shard[M],
        records: Iterator[LogEntry],
        loaded: Deferred[int],
    ) -> None:
        """Replay for a while, then let others have their turn."""
        if shard.is_closed:
            loaded.fail(NotCoordinatorError())
            return
        try:
            is_at_end = self._replay_slice(shard, records)
        except Exception as error:
            logger.exception("cannot load partition %d of the coordinator", shard.partition)
            self.unload(shard.partition)
            loaded.fail(error)
            return
        if not is_at_end:
            self._scheduler.call_soon(self._load_slice, shard, records, loaded)
            return
        shard.is_loading = False
        shard.machine.on_loaded()
        loaded.complete(shard.loaded_count)

    def _replay_slice(self, shard: Shard[M], records: Iterator[LogEntry]) -> bool:
        """Replay until the slice is over; return whether the log is at its end."""
        end_ms = self._scheduler.monotonic_ms() + LOAD_SLICE_MS
        machine = shard.machine
        for entry in records:
            replay_entry(machine, entry)
            shard.loaded_count += 1
            is_time_to_look = shard.loaded_count % LOAD_SLICE_RECORDS == 0
            if is_time_to_look and self._scheduler.monotonic_ms() >= end_ms:
                return False
        return True

    # ------------------------------------------------------------ reads and writes

    def shard(self, partition: int) -> Shard[M]:
        """Find the shard of a partition.

        Raises:
            NotCoordinatorError: If this broker does not coordinate it.
            CoordinatorLoadInProgressError: If its log is still being read.
        """
        shard = self._shards.get(partition)
        if shard is None:
            raise NotCoordinatorError
        if shard.is_loading:
            raise CoordinatorLoadInProgressError
        return shard

    def read(self, partition: int, operation: Callable[[M], R]) -> R:
        """Ask the state of a shard, as it is now.

        Raises:
            KafkaError: What `shard` or the operation raises.
        """
        return operation(self.shard(partition).machine)

    def write(
        self,
        partition: int,
        key: str,
        operation: Write[M, R],
        producer: TransactionalProducer | None = None,
    ) -> Deferred[R]:
        """Decide, append, replay, answer.

        Args:
            partition: Whose state.
            key: The group it is about: writes of one key run one after another.
            operation: Looks at the state and returns what to append and to answer. What it raises
                is the answer, and nothing is appended.
            producer: In whose transaction the records are to be appended, if in one; the machine
                is then a `TransactionalMachine`.

        Returns:
            The response, once the records are appended and replayed.
        """
        try:
            shard = self.shard(partition)
        except KafkaError as error:
            return Deferred.failed(error)
        return self._write(shard, key, operation, producer)

    def end_transaction(self, partition: int, marker: TransactionMarker) -> Deferred[None]:
        """End a producer's transaction in a partition: append the marker, then apply it."""
        try:
            shard = self.shard(partition)
        except KafkaError as error:
            return Deferred.failed(error)
        answer: Deferred[None] = Deferred()

        def apply(appended: Deferred[int]) -> None:
            error: KafkaError | None = None
            if appended.error is not None:
                error = append_error(appended.error)
            elif shard.is_closed:
                error = NotCoordinatorError()
            else:
                end_transaction(shard.machine, marker.producer_id, is_commit=marker.is_commit)
            if error is None:
                answer.complete(None)
            else:
                answer.fail(error)

        self._log.append_marker(partition, marker).then(apply)
        return answer

    def _write(
        self,
        shard: Shard[M],
        key: str,
        operation: Write[M, R],
        producer: TransactionalProducer | None = None,
        *,
        is_patient: bool = False,
    ) -> Deferred[R]:
        """Run a write, now or in its turn; only one that is patient may wait for that for ever."""
        answer: Deferred[R] = Deferred()
        if shard.is_closed:
            answer.fail(NotCoordinatorError())
        elif key in shard.busy:
            queue = shard.busy[key]
            if queue is None:
                queue = shard.busy[key] = deque()
            queue.append((operation, answer, producer))
            if not is_patient:
                timer = self._scheduler.call_later(self._write_timeout_ms, give_up, answer)
                answer.then(lambda _: timer.cancel())
        else:
            shard.busy[key] = None
            if self._attempt(shard, key, operation, answer, producer):
                self._run_queue(shard, key)
        return answer

    def _run_queue(self, shard: Shard[M], key: str) -> None:
        """Run what waits for a key, until it is empty or one of them has to wait itself."""
        while not shard.is_closed:
            queue = shard.busy[key]
            if not queue:
                del shard.busy[key]
                return
            operation, answer, producer = queue.popleft()
            if answer.is_done:
                continue  # it waited too long, and was told so
            if not self._attempt(shard, key, operation, answer, producer):
                return

    def _attempt(
        self,
        shard: Shard[M],
        key: str,
        operation: Write[M, R],
        answer: Deferred[R],
        producer: TransactionalProducer | None,
    ) -> bool:
        """Run one write; return whether it is over, rather than waiting for its append."""
        try:
            result = operation(shard.machine)
        except KafkaError as error:
            answer.fail(error)
            return True
        except Exception as error:
            logger.exception("a write of group %r failed", key)
            answer.fail(UnknownServerError(str(error)))
            return True
        if not result.records:
            answer.complete(result.response)  # type: ignore[arg-type]  # None only where R is None
            return True
        try:
            encoded = [shard.machine.encode(record) for record in result.records]
            if producer is None:
                appended = self._log.append(shard.partition, encoded)
            else:
                appended = self._log.append(shard.partition, encoded, producer)
        except Exception as error:  # noqa: BLE001 - a refusal of the log, now rather than later
            appended = Deferred.failed(error)
        if appended.is_done:
            self._finish(shard, result, answer, appended, producer)
            return True
        self._wait(shard, key, (result, answer, producer), appended)
        return False

    def _wait(
        self,
        shard: Shard[M],
        key: str,
        write: tuple[CoordinatorResult[R], Deferred[R], TransactionalProducer | None],
        appended: Deferred[int],
    ) -> None:
        """Finish a write once its records are safe; answer earlier if that takes too long."""
        result, answer, producer = write
        timer: Timer = self._scheduler.call_later(self._write_timeout_ms, give_up, answer)

        def resume(done: Deferred[int]) -> None:
            timer.cancel()
            self._finish(shard, result, answer, done, producer)
            if not shard.is_closed:
                self._run_queue(shard, key)

        appended.then(resume)

    def _finish(
        self,
        shard: Shard[M],
        result: CoordinatorResult[R],
        answer: Deferred[R],
        appended: Deferred[int],
        producer: TransactionalProducer | None,
    ) -> None:
        """Replay what was appended, do what was left to do, and answer."""
        error: KafkaError | None = None
        if shard.is_closed:
            error = NotCoordinatorError()
        elif appended.error is not None:
            error = append_error(appended.error)
            logger.warning("append to partition %d failed: %r", shard.partition, appended.error)
        else:
            error = self._replay(shard, appended.value(), result, producer)
        if result.on_append is not None and not shard.is_closed:
            result.on_append(error)
        if answer.is_done:
            return
        if error is not None:
            answer.fail(error)
        else:
            answer.complete(result.response)  # type: ignore[arg-type]  # None only where R is None

    def _replay(
        self,
        shard: Shard[M],
        offset: int,
        result: CoordinatorResult[Any],
        producer: TransactionalProducer | None,
    ) -> KafkaError | None:
        """Apply records that are in the log; state that cannot is thrown away and loaded again."""
        try:
            for position, record in enumerate(result.records):
                if producer is None:
                    shard.machine.replay(offset + position, record)
                else:
                    replay_pending(shard.machine, offset + position, record, producer.producer_id)
        except Exception:
            logger.exception("cannot replay what partition %d holds: loading it", shard.partition)
            self.unload(shard.partition)
            self._scheduler.call_soon(self.load, shard.partition)
            return CoordinatorNotAvailableError()
        return None


def replay_entry(machine: Machine, entry: LogEntry) -> None:
    """Apply an entry of the log; records of unknown kinds are passed over."""
    if entry.is_commit is not None:
        end_transaction(machine, entry.producer_id, is_commit=entry.is_commit)
        return
    record = machine.decode(entry.key, entry.value)
    if record is None:
        return
    if entry.producer_id == NO_PRODUCER_ID:
        machine.replay(entry.offset, record)
    else:
        replay_pending(machine, entry.offset, record, entry.producer_id)


def replay_pending(
    machine: Machine, offset: int, record: CoordinatorRecord, producer_id: int
) -> None:
    """Apply a record that counts only once its transaction is committed."""
    assert isinstance(machine, TransactionalMachine), "nothing transactional is written here"
    machine.replay_pending(offset, record, producer_id)


def end_transaction(machine: Machine, producer_id: int, *, is_commit: bool) -> None:
    """Let a producer's pending records count or not, where the machine has some."""
    if isinstance(machine, TransactionalMachine):
        machine.end_transaction(producer_id, is_commit=is_commit)


def give_up(answer: Deferred[Any]) -> None:
    """Answer a write that waits too long; its records may still get into the log."""
    if not answer.is_done:
        answer.fail(CoordinatorNotAvailableError("the append was not finished in time"))
