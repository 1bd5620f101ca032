"""The records of offsets, and the tombstones, in the versions that Kafka 4.3 writes.

Invariant: what is not set in a record's version is not set in the state it makes either.
Neighbours: `offsets` makes and replays them; the records of each kind of group have a module of
their own, such as `classic_records`.
"""

from typing import Final

from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.group import (
    GroupMetadataKey,
    OffsetCommitKey,
    OffsetCommitValue,
)

OFFSET_VERSION: Final = 4
OFFSET_WITH_EXPIRY_VERSION: Final = 1


def offset_commit(
    group_id: str, topic: str, partition: int, committed: CommittedOffset
) -> CoordinatorRecord:
    """Make the record of one committed offset."""
    has_expiry = committed.expire_timestamp_ms != -1
    return CoordinatorRecord(
        OffsetCommitKey(group=group_id, topic=topic, partition=partition),
        OffsetCommitValue(
            offset=committed.offset,
            leader_epoch=committed.leader_epoch,
            metadata=committed.metadata,
            commit_timestamp=committed.commit_timestamp_ms,
            expire_timestamp=committed.expire_timestamp_ms,
            topic_id=committed.topic_id,
        ),
        OFFSET_WITH_EXPIRY_VERSION if has_expiry else OFFSET_VERSION,
    )


def offset_tombstone(group_id: str, topic: str, partition: int) -> CoordinatorRecord:
    """Make the record that removes one committed offset."""
    key = OffsetCommitKey(group=group_id, topic=topic, partition=partition)
    return CoordinatorRecord(key, None)


def group_metadata_tombstone(group_id: str) -> CoordinatorRecord:
    """Make the record that removes a classic group."""
    return CoordinatorRecord(GroupMetadataKey(group=group_id), None)
