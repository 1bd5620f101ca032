"""The records of ``__share_group_state``, as Kafka writes them.

A snapshot is the whole state of a key, an update what changed since; a tombstone, always of the
snapshot's kind, forgets the key.
Invariant: what `apply_*` makes of the records of a key, in their order, is its state.
Neighbours: `decide` makes records, `shard` applies them.
"""

from collections.abc import Iterable
from typing import Protocol

from logcore.coordinator.result import CoordinatorRecord
from logcore.coordinator.share.batches import NO_OFFSET, StateBatch, combine
from logcore.coordinator.share.state import NO_EPOCH, ShareKey, ShareState
from logcore.protocol.internal import share


class BatchFields(Protocol):
    """A batch of a request or of a record."""

    first_offset: int
    last_offset: int
    delivery_state: int
    delivery_count: int


def read_batches(written: Iterable[BatchFields]) -> list[StateBatch]:
    """Take batches out of a message."""
    return [
        StateBatch(each.first_offset, each.last_offset, each.delivery_state, each.delivery_count)
        for each in written
    ]


def _write_batches(batches: Iterable[StateBatch]) -> list[share.StateBatch]:
    return [share.StateBatch(**batch._asdict()) for batch in batches]


def snapshot(key: ShareKey, state: ShareState) -> CoordinatorRecord:
    """Make the record of a whole state."""
    return CoordinatorRecord(
        share.ShareSnapshotKey(**key._asdict()),
        share.ShareSnapshotValue(
            snapshot_epoch=state.snapshot_epoch,
            state_epoch=state.state_epoch,
            leader_epoch=state.leader_epoch,
            start_offset=state.start_offset,
            delivery_complete_count=state.delivery_complete_count,
            create_timestamp=state.created_ms,
            write_timestamp=state.written_ms,
            state_batches=_write_batches(state.batches),
        ),
    )


def update(
    key: ShareKey, state: ShareState, start_offset: int, count: int, batches: Iterable[StateBatch]
) -> CoordinatorRecord:
    """Make the record of a change.

    Args:
        key: Whose state.
        state: The state, for the epochs of the record.
        start_offset: The new start; -1 if it stays.
        count: How many deliveries above it are complete.
        batches: What is new of the offsets above it.
    """
    return CoordinatorRecord(
        share.ShareUpdateKey(**key._asdict()),
        share.ShareUpdateValue(
            snapshot_epoch=state.snapshot_epoch,
            leader_epoch=state.leader_epoch,
            start_offset=start_offset,
            delivery_complete_count=count,
            state_batches=_write_batches(batches),
        ),
    )


def tombstone(key: ShareKey) -> CoordinatorRecord:
    """Make the record that forgets a key."""
    return CoordinatorRecord(share.ShareSnapshotKey(**key._asdict()), None)


def apply_snapshot(
    before: ShareState | None, value: share.ShareSnapshotValue, offset: int
) -> ShareState:
    """Return the state that a snapshot says."""
    state_epoch = value.state_epoch if before is None else before.newest_state_epoch
    leader_epoch = value.leader_epoch if before is None else before.newest_leader_epoch
    return ShareState(
        snapshot_epoch=value.snapshot_epoch,
        state_epoch=value.state_epoch,
        leader_epoch=value.leader_epoch,
        start_offset=value.start_offset,
        delivery_complete_count=value.delivery_complete_count,
        batches=combine((), read_batches(value.state_batches), NO_OFFSET),
        created_ms=value.create_timestamp,
        written_ms=value.write_timestamp,
        update_count=0,
        snapshot_offset=offset,
        newest_state_epoch=max(value.state_epoch, state_epoch),
        newest_leader_epoch=max(value.leader_epoch, leader_epoch),
    )


def apply_update(
    before: ShareState | None, value: share.ShareUpdateValue, offset: int
) -> ShareState:
    """Return the state after an update; one without a state before is all there is of it."""
    if before is None:
        before = ShareState(
            value.snapshot_epoch,
            0,
            value.leader_epoch,
            value.start_offset,
            value.delivery_complete_count,
            (),
            0,
            0,
            0,
            offset,
            0,
            value.leader_epoch,
        )
    has_start = value.start_offset != NO_OFFSET
    start_offset = value.start_offset if has_start else before.start_offset
    has_epoch = value.leader_epoch != NO_EPOCH
    return ShareState(
        before.snapshot_epoch,
        before.state_epoch,
        value.leader_epoch if has_epoch else before.leader_epoch,
        start_offset,
        value.delivery_complete_count,
        combine(before.batches, read_batches(value.state_batches), start_offset),
        before.created_ms,
        before.written_ms,
        before.update_count + 1,
        before.snapshot_offset,
        before.newest_state_epoch,
        max(before.newest_leader_epoch, value.leader_epoch),
    )
