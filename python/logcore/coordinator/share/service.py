"""The share coordinator as the broker calls it: one method for each API.

A request is about many keys; each is a write of its own in the shard of its key, and the answers
are put together in the order asked. What cannot be asked at all is answered with nothing, as Kafka
does.
Invariant: no method raises for what a client sent; what is answered without an error is in the log.
Neighbours: the handlers of `broker`, the group coordinator and the partitions of share groups call
it; `decide` decides; `tending` keeps the log short.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias, TypeVar

from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    InvalidRequestError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.hashing import partition_for
from logcore.coordinator.log import CoordinatorLog
from logcore.coordinator.result import CoordinatorRecord, CoordinatorResult
from logcore.coordinator.runtime import CoordinatorRuntime
from logcore.coordinator.share import decide, records
from logcore.coordinator.share.answers import answered, each, failure
from logcore.coordinator.share.decide import Terms, Writing
from logcore.coordinator.share.settings import ShareSettings
from logcore.coordinator.share.shard import ShareShard
from logcore.coordinator.share.state import (
    UNINITIALISED_OFFSET,
    UNKNOWN_COUNT,
    ShareKey,
    ShareState,
)
from logcore.coordinator.share.tending import Prune, Tending
from logcore.protocol.messages import delete_share_group_state as deleting
from logcore.protocol.messages import initialize_share_group_state as initialising
from logcore.protocol.messages import read_share_group_state as reading
from logcore.protocol.messages import read_share_group_state_summary as summing
from logcore.protocol.messages import write_share_group_state as updating
from logcore.protocol.messages.delete_share_group_state import (
    DeleteShareGroupStateRequest,
    DeleteShareGroupStateResponse,
    DeleteStateResult,
)
from logcore.protocol.messages.initialize_share_group_state import (
    InitializeShareGroupStateRequest,
    InitializeShareGroupStateResponse,
    InitializeStateResult,
)
from logcore.protocol.messages.read_share_group_state import (
    ReadShareGroupStateRequest,
    ReadShareGroupStateResponse,
    ReadStateResult,
)
from logcore.protocol.messages.read_share_group_state_summary import (
    ReadShareGroupStateSummaryRequest,
    ReadShareGroupStateSummaryResponse,
    ReadStateSummaryResult,
)
from logcore.protocol.messages.write_share_group_state import (
    WriteShareGroupStateRequest,
    WriteShareGroupStateResponse,
    WriteStateResult,
)

V = TypeVar("V")


_Decided: TypeAlias = tuple[list[CoordinatorRecord], V]
"""Records, and what to answer."""

PartitionCountOf = Callable[[bytes], int]
"""Counts the partitions of a topic by its id; 0 if there is no such topic."""


class ShareCoordinator:
    """Coordinates the keys whose partitions of ``__share_group_state`` this broker leads.

    Args:
        log: Where records go.
        scheduler: The clock and its timers.
        settings: The coordinator's settings.
        partition_count_of: Counts the partitions of a topic.
        partition_count: Returns how many partitions keys are spread over.
        prune: Deletes the records of a partition below an offset.

    Attributes:
        runtime: Runs the shards.
    """

    def __init__(
        self,
        *,
        log: CoordinatorLog,
        scheduler: Scheduler,
        settings: ShareSettings,
        partition_count_of: PartitionCountOf,
        partition_count: Callable[[], int],
        prune: Prune,
    ) -> None:
        self._scheduler = scheduler
        self._updates_max = settings.share_coordinator_snapshot_update_records_per_snapshot
        self._partition_count_of = partition_count_of
        self._partition_count = partition_count
        self.runtime: CoordinatorRuntime[ShareShard] = CoordinatorRuntime(
            log=log,
            scheduler=scheduler,
            make_machine=lambda _: ShareShard(self._sweep),
            write_timeout_ms=settings.share_coordinator_write_timeout_ms,
        )
        self._tending = Tending(
            runtime=self.runtime, scheduler=scheduler, settings=settings, prune=prune
        )

    # ------------------------------------------------------------ partitions of the log

    def partition_for(self, key: ShareKey) -> int:
        """Return the partition of ``__share_group_state`` that a key belongs to."""
        return partition_for(key.text, self._partition_count())

    def on_elected(self, partition: int) -> Deferred[int]:
        """Begin to coordinate a partition; done with the number of records loaded."""
        return self.runtime.load(partition)

    def on_resigned(self, partition: int) -> None:
        """Stop coordinating a partition."""
        self.runtime.unload(partition)
        self._tending.forget(partition)

    def close(self) -> None:
        """Stop coordinating everything; whoever waits is answered."""
        self._tending.close()
        self.runtime.close()

    def _sweep(self, shard: ShareShard) -> None:
        """Forget the states of topics that went while nobody coordinated them."""
        gone = {key.topic_id for key in shard.states if not self._partition_count_of(key.topic_id)}
        for topic_id in gone:
            self._scheduler.call_soon(self.on_topic_deleted, "", topic_id)

    def on_topic_deleted(self, _: str, topic_id: bytes) -> None:
        """Forget the states of a topic that is gone."""
        for partition, shard in self.runtime.machines():
            for key in shard.keys_of(topic_id):
                self.runtime.write(partition, key.text, partial(_forget, key=key))

    # ------------------------------------------------------------ one key

    def initialise_one(self, key: ShareKey, state_epoch: int, start_offset: int) -> Deferred[None]:
        """Begin the state of a key, or begin it anew; fails with why not."""

        def decided(state: ShareState | None) -> _Decided[None]:
            written = decide.initialise(key, state, state_epoch, start_offset, self._terms())
            return written, None

        return self._write(key, decided)

    def write_one(self, key: ShareKey, asked: Writing) -> Deferred[None]:
        """Write a change of a key's state; fails with why not."""
        return self._write(
            key, lambda state: (decide.write(key, state, asked, self._terms()), None)
        )

    def delete_one(self, key: ShareKey) -> Deferred[None]:
        """Forget the state of a key; fails with why not."""
        return self._write(key, lambda state: (decide.delete(key, state), None))

    def read_one(self, key: ShareKey, leader_epoch: int) -> Deferred[ShareState]:
        """Return the state of a key, to its leader; fails with why not."""

        def decided(state: ShareState | None) -> _Decided[ShareState]:
            found, written = decide.read(key, state, leader_epoch, self._terms())
            return written, found

        return self._write(key, decided)

    def read_summary_one(self, key: ShareKey) -> Deferred["ShareState | None"]:
        """Return the state of a key, None if it was not begun; fails with why not."""
        return self._write(key, lambda state: ([], state))

    def _write(
        self, key: ShareKey, decided: Callable[[ShareState | None], _Decided[V]]
    ) -> Deferred[V]:
        """Decide, and append; what the cluster does not have is refused last, as in Kafka."""
        if key.partition < 0:
            return Deferred.failed(
                InvalidRequestError("The partition id cannot be a negative number.")
            )

        def operate(shard: ShareShard) -> CoordinatorResult[V]:
            written, response = decided(shard.states.get(key))
            if key.partition >= self._partition_count_of(key.topic_id):
                raise UnknownTopicOrPartitionError(f"there is no partition {key.text}")
            return CoordinatorResult(written, response)

        return self.runtime.write(self.partition_for(key), key.text, operate)

    def _terms(self) -> Terms:
        return Terms(self._scheduler.now_ms(), self._updates_max)

    # ------------------------------------------------------------ one method for each API

    def initialize(
        self, request: InitializeShareGroupStateRequest
    ) -> Deferred[InitializeShareGroupStateResponse]:
        """Begin states (InitializeShareGroupState)."""

        def ask(
            key: ShareKey, asked: initialising.PartitionData
        ) -> Deferred[initialising.PartitionResult]:
            return answered(
                self.initialise_one(key, asked.state_epoch, asked.start_offset),
                lambda _: initialising.PartitionResult(partition=key.partition),
                lambda error: initialising.PartitionResult(**failure(key, error)),
            )

        return each(request.group_id, request.topics, ask, InitializeStateResult).map(
            lambda results: InitializeShareGroupStateResponse(results=results)
        )

    def read_state(
        self, request: ReadShareGroupStateRequest
    ) -> Deferred[ReadShareGroupStateResponse]:
        """Return states to leaders (ReadShareGroupState)."""

        def ask(key: ShareKey, asked: reading.PartitionData) -> Deferred[reading.PartitionResult]:
            return answered(
                self.read_one(key, asked.leader_epoch),
                lambda state: reading.PartitionResult(
                    partition=key.partition,
                    state_epoch=state.state_epoch,
                    start_offset=state.start_offset,
                    state_batches=[reading.StateBatch(**one._asdict()) for one in state.batches],
                ),
                lambda error: reading.PartitionResult(**failure(key, error)),
            )

        return each(request.group_id, request.topics, ask, ReadStateResult).map(
            lambda results: ReadShareGroupStateResponse(results=results)
        )

    def write_state(
        self, request: WriteShareGroupStateRequest
    ) -> Deferred[WriteShareGroupStateResponse]:
        """Write changes of states (WriteShareGroupState)."""

        def ask(key: ShareKey, asked: updating.PartitionData) -> Deferred[updating.PartitionResult]:
            writing = Writing(
                asked.state_epoch,
                asked.leader_epoch,
                asked.start_offset,
                asked.delivery_complete_count,
                tuple(records.read_batches(asked.state_batches)),
            )
            return answered(
                self.write_one(key, writing),
                lambda _: updating.PartitionResult(partition=key.partition),
                lambda error: updating.PartitionResult(**failure(key, error)),
            )

        return each(request.group_id, request.topics, ask, WriteStateResult).map(
            lambda results: WriteShareGroupStateResponse(results=results)
        )

    def delete(
        self, request: DeleteShareGroupStateRequest
    ) -> Deferred[DeleteShareGroupStateResponse]:
        """Forget states (DeleteShareGroupState)."""

        def ask(key: ShareKey, _: deleting.PartitionData) -> Deferred[deleting.PartitionResult]:
            return answered(
                self.delete_one(key),
                lambda _: deleting.PartitionResult(partition=key.partition),
                lambda error: deleting.PartitionResult(**failure(key, error)),
            )

        return each(request.group_id, request.topics, ask, DeleteStateResult).map(
            lambda results: DeleteShareGroupStateResponse(results=results)
        )

    def read_summary(
        self, request: ReadShareGroupStateSummaryRequest
    ) -> Deferred[ReadShareGroupStateSummaryResponse]:
        """Return where states begin (ReadShareGroupStateSummary)."""

        def tell(key: ShareKey, state: ShareState | None) -> summing.PartitionResult:
            if state is None:
                return summing.PartitionResult(
                    partition=key.partition,
                    start_offset=UNINITIALISED_OFFSET,
                    delivery_complete_count=UNKNOWN_COUNT,
                )
            return summing.PartitionResult(
                partition=key.partition,
                state_epoch=state.state_epoch,
                leader_epoch=state.leader_epoch,
                start_offset=state.start_offset,
                delivery_complete_count=state.delivery_complete_count,
            )

        def ask(key: ShareKey, _: summing.PartitionData) -> Deferred[summing.PartitionResult]:
            return answered(
                self.read_summary_one(key),
                lambda state: tell(key, state),
                lambda error: summing.PartitionResult(**failure(key, error)),
            )

        return each(request.group_id, request.topics, ask, ReadStateSummaryResult).map(
            lambda results: ReadShareGroupStateSummaryResponse(results=results)
        )


def _forget(shard: ShareShard, *, key: ShareKey) -> CoordinatorResult[None]:
    return CoordinatorResult(decide.delete(key, shard.states.get(key)))
