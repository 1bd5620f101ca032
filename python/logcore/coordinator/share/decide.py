"""What each request about a share group's partition leads to: records, or an error.

Invariant: pure; nothing is written for who is late, by the state's epoch or by the leader's, nor of
a partition that the cluster does not have.
Neighbours: `service` asks, one key at a time; `records` makes the records.
Source: Apache Kafka 4.3, the rules of `ShareCoordinatorShard`.
"""

from dataclasses import replace
from typing import NamedTuple

from logcore.common.errors import (
    FencedLeaderEpochError,
    FencedStateEpochError,
    InvalidRequestError,
)
from logcore.coordinator.result import CoordinatorRecord
from logcore.coordinator.share import records
from logcore.coordinator.share.batches import StateBatch, combine
from logcore.coordinator.share.state import (
    NO_EPOCH,
    UNINITIALISED_OFFSET,
    UNKNOWN_COUNT,
    ShareKey,
    ShareState,
)


class Writing(NamedTuple):
    """A change that a partition's leader wants written.

    Attributes:
        state_epoch: The state's epoch as the leader knows it; -1: it does not say.
        leader_epoch: The leader's epoch; -1: it does not say.
        start_offset: The new start; -1 if it stays.
        delivery_complete_count: How many deliveries above the start are complete.
        batches: What is new of the offsets above it.
    """

    state_epoch: int
    leader_epoch: int
    start_offset: int
    delivery_complete_count: int
    batches: tuple[StateBatch, ...]


class Terms(NamedTuple):
    """What decisions go by.

    Attributes:
        now_ms: What time it is.
        updates_max: How many updates there may be to a snapshot.
    """

    now_ms: int
    updates_max: int


def initialise(
    key: ShareKey, state: ShareState | None, state_epoch: int, start_offset: int, terms: Terms
) -> list[CoordinatorRecord]:
    """Begin a state, or begin it anew.

    Raises:
        FencedStateEpochError: If it was begun anew since.
    """
    if state is not None:
        refuse_old_state(state, state_epoch)
    is_open = start_offset == UNINITIALISED_OFFSET
    begun = ShareState(
        snapshot_epoch=0 if state is None else state.snapshot_epoch + 1,
        state_epoch=state_epoch,
        leader_epoch=0,
        start_offset=start_offset,
        delivery_complete_count=UNKNOWN_COUNT if is_open else 0,
        batches=(),
        created_ms=terms.now_ms,
        written_ms=terms.now_ms,
        update_count=0,
        snapshot_offset=0,
        newest_state_epoch=state_epoch,
        newest_leader_epoch=0,
    )
    return [records.snapshot(key, begun)]


def write(
    key: ShareKey, state: ShareState | None, asked: Writing, terms: Terms
) -> list[CoordinatorRecord]:
    """Write a change.

    Raises:
        KafkaError: Why not.
    """
    if state is None:
        raise InvalidRequestError(f"{key.text} is not initialized and cannot be written")
    refuse_old_leader(state, asked.leader_epoch)
    refuse_old_state(state, asked.state_epoch)
    if any(batch.first_offset > batch.last_offset for batch in asked.batches):
        raise InvalidRequestError("a batch ends before it begins")
    return [_record(key, state, asked, terms)]


def read(
    key: ShareKey, state: ShareState | None, leader_epoch: int, terms: Terms
) -> tuple[ShareState, list[CoordinatorRecord]]:
    """Return a state, and what to write if a newer leader asks.

    Raises:
        KafkaError: Why not.
    """
    if state is None:
        raise InvalidRequestError(f"{key.text} is not initialized and cannot be read")
    refuse_old_leader(state, leader_epoch)
    if leader_epoch in (NO_EPOCH, state.newest_leader_epoch):
        return state, []
    led = replace(state, leader_epoch=leader_epoch)
    unchanged = Writing(
        state.state_epoch, leader_epoch, state.start_offset, state.delivery_complete_count, ()
    )
    return state, [_record(key, led, unchanged, terms)]


def _record(key: ShareKey, state: ShareState, asked: Writing, terms: Terms) -> CoordinatorRecord:
    """Make a snapshot if there are as many updates to the last as there may be, else an update."""
    if state.update_count < terms.updates_max:
        news = combine((), asked.batches, asked.start_offset)
        count = asked.delivery_complete_count
        return records.update(key, state, asked.start_offset, count, news)
    has_start = asked.start_offset != UNINITIALISED_OFFSET
    start_offset = asked.start_offset if has_start else state.start_offset
    whole = replace(
        state,
        snapshot_epoch=state.snapshot_epoch + 1,
        start_offset=start_offset,
        delivery_complete_count=asked.delivery_complete_count,
        batches=combine(state.batches, asked.batches, start_offset),
        created_ms=terms.now_ms,
        written_ms=terms.now_ms,
    )
    return records.snapshot(key, whole)


def delete(key: ShareKey, state: ShareState | None) -> list[CoordinatorRecord]:
    """Forget a state; one that is not there is no error."""
    return [] if state is None else [records.tombstone(key)]


def snapshot_again(key: ShareKey, state: ShareState, terms: Terms) -> CoordinatorRecord:
    """Move a state that nobody changes up in the log, so that what lies before can go."""
    return records.snapshot(
        key,
        replace(state, snapshot_epoch=state.snapshot_epoch + 1, written_ms=terms.now_ms),
    )


def refuse_old_state(state: ShareState, state_epoch: int) -> None:
    """Refuse who knows an older state than this.

    Raises:
        FencedStateEpochError: If it does.
    """
    if state_epoch != NO_EPOCH and state.newest_state_epoch > state_epoch:
        raise FencedStateEpochError(
            f"state epoch {state_epoch} is older than {state.newest_state_epoch}"
        )


def refuse_old_leader(state: ShareState, leader_epoch: int) -> None:
    """Refuse who leads the partition no longer.

    Raises:
        FencedLeaderEpochError: If another does.
    """
    if leader_epoch != NO_EPOCH and state.newest_leader_epoch > leader_epoch:
        raise FencedLeaderEpochError(
            f"leader epoch {leader_epoch} is older than {state.newest_leader_epoch}"
        )
