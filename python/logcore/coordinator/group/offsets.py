"""Committing, fetching, deleting and expiring offsets, for groups of every kind.

Invariant: an offset gets into the store, and out of it, by the replay of its record alone; one that
was committed in a transaction waits among the pending ones until its marker is replayed. A commit
of a group that does not exist makes a simple group, which holds offsets and nothing else.
Neighbours: `offset_store` holds them; the group says who may commit; names and ids of topics are
sorted out by the broker's handlers before a request gets here.
"""

from collections.abc import Mapping
from typing import Any

from logcore.common.errors import (
    GroupIdNotFoundError,
    GroupSubscribedToTopicError,
    IllegalGenerationError,
    OffsetMetadataTooLargeError,
    StaleMemberEpochError,
    UnstableOffsetCommitError,
)
from logcore.common.uuids import ZERO_UUID
from logcore.coordinator.group import records
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_rebalance import ClassicRebalance
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.state import CommitValidator, Replayer
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult
from logcore.protocol.internal.group import (
    LegacyOffsetCommitKey,
    LegacyOffsetCommitValue,
    OffsetCommitKey,
    OffsetCommitValue,
)
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequestGroup,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopics,
)
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)

GROUP_NOT_FOUND_SINCE = 9
"""The version of OffsetCommit that says so when a group does not exist."""

NO_OFFSET = -1
"""What is fetched where nothing is committed."""

_Fetched = OffsetFetchResponsePartitions
_ALIVE_STATES = (ClassicState.STABLE, ClassicState.PREPARING_REBALANCE)


class OffsetProtocol:
    """Serves the offsets of a shard.

    Args:
        context: The shard's groups, clock and settings.
        rebalance: Where the session of a classic member that commits is pushed back.
    """

    def __init__(self, context: ShardContext, rebalance: ClassicRebalance) -> None:
        self._context = context
        self._state = context.state
        self._store = context.state.offsets
        self._pending = context.state.pending_offsets
        self._settings = context.settings
        self._rebalance = rebalance

    # ------------------------------------------------------------ commit

    def commit(
        self, caller: Caller, request: OffsetCommitRequest
    ) -> CoordinatorResult[OffsetCommitResponse]:
        """Commit offsets.

        Raises:
            KafkaError: What to answer for every partition.
        """
        validator = self._validate_commit(caller, request)
        now_ms = self._context.clock.now_ms()
        retention_ms = request.retention_time_ms
        expire_ms = -1 if retention_ms == -1 else now_ms + retention_ms
        written: list[CoordinatorRecord] = []
        topics = []
        for topic in request.topics:
            results = []
            for partition in topic.partitions:
                code = self._refusal(topic, partition, validator)
                results.append(
                    OffsetCommitResponsePartition(
                        partition_index=partition.partition_index, error_code=code
                    )
                )
                if code == 0:
                    committed = CommittedOffset(
                        partition.committed_offset,
                        partition.committed_leader_epoch,
                        partition.committed_metadata or "",
                        now_ms,
                        expire_ms,
                        topic.topic_id,
                    )
                    written.append(
                        records.offset_commit(
                            request.group_id, topic.name, partition.partition_index, committed
                        )
                    )
            topics.append(
                OffsetCommitResponseTopic(
                    name=topic.name, topic_id=topic.topic_id, partitions=results
                )
            )
        return CoordinatorResult(written, OffsetCommitResponse(topics=topics))

    def _validate_commit(
        self, caller: Caller, request: OffsetCommitRequest
    ) -> CommitValidator | None:
        group = self._state.groups.get(request.group_id)
        if group is None:
            if request.generation_id_or_member_epoch < 0:
                return None  # it becomes a simple group
            if caller.version >= GROUP_NOT_FOUND_SINCE:
                raise GroupIdNotFoundError(f"Group {request.group_id} not found.")
            raise IllegalGenerationError
        validator = group.validate_offset_commit(
            request.member_id,
            request.group_instance_id,
            request.generation_id_or_member_epoch,
            caller.version,
        )
        if isinstance(group, ClassicGroup) and group.state in _ALIVE_STATES:
            self._rebalance.keep_alive(group, group.members[request.member_id])
        return validator

    def _refusal(
        self,
        topic: OffsetCommitRequestTopic,
        partition: OffsetCommitRequestPartition,
        validator: CommitValidator | None,
    ) -> int:
        """Return why one partition's offset is not committed, as a code; 0 if it is."""
        if self._is_metadata_too_large(partition.committed_metadata):
            return OffsetMetadataTooLargeError.code
        if validator is not None:
            validator(topic.name, topic.topic_id, partition.partition_index)
        return 0

    def _is_metadata_too_large(self, metadata: str | None) -> bool:
        limit_bytes = self._settings.offset_metadata_max_bytes
        return bool(metadata) and utf16_length(metadata or "") > limit_bytes

    # ------------------------------------------------------------ commit in a transaction

    def commit_transactional(
        self, caller: Caller, request: TxnOffsetCommitRequest
    ) -> CoordinatorResult[TxnOffsetCommitResponse]:
        """Commit offsets as part of a transaction; the records are to be appended inside of it.

        Raises:
            KafkaError: What to answer for every partition.
        """
        written: list[CoordinatorRecord] = []
        try:
            validator = self._validate_transactional(caller, request)
            topics = [
                TxnOffsetCommitResponseTopic(
                    name=topic.name,
                    partitions=[
                        self._commit_pending(
                            request.group_id, topic.name, partition, (validator, written)
                        )
                        for partition in topic.partitions
                    ],
                )
                for topic in request.topics
            ]
        except StaleMemberEpochError as error:
            raise IllegalGenerationError(str(error)) from None
        return CoordinatorResult(written, TxnOffsetCommitResponse(topics=topics))

    def _validate_transactional(
        self, caller: Caller, request: TxnOffsetCommitRequest
    ) -> CommitValidator | None:
        group = self._state.groups.get(request.group_id)
        if group is None:
            if request.generation_id < 0:
                return None  # it becomes a simple group
            raise IllegalGenerationError
        return group.validate_offset_commit(
            request.member_id,
            request.group_instance_id,
            request.generation_id,
            caller.version,
            is_transactional=True,
        )

    def _commit_pending(
        self,
        group_id: str,
        topic: str,
        partition: TxnOffsetCommitRequestPartition,
        commit: tuple[CommitValidator | None, list[CoordinatorRecord]],
    ) -> TxnOffsetCommitResponsePartition:
        validator, written = commit
        index = partition.partition_index
        if self._is_metadata_too_large(partition.committed_metadata):
            code = OffsetMetadataTooLargeError.code
            return TxnOffsetCommitResponsePartition(partition_index=index, error_code=code)
        found = self._context.topics().topics_by_name.get(topic)
        topic_id = ZERO_UUID if found is None else found.topic_id
        if validator is not None:
            validator(topic, topic_id, index)
        committed = CommittedOffset(
            partition.committed_offset,
            partition.committed_leader_epoch,
            partition.committed_metadata or "",
            self._context.clock.now_ms(),
            topic_id=topic_id,
        )
        written.append(records.offset_commit(group_id, topic, index, committed))
        return TxnOffsetCommitResponsePartition(partition_index=index)

    # ------------------------------------------------------------ fetch

    def fetch(
        self, request: OffsetFetchRequestGroup, *, require_stable: bool = False
    ) -> OffsetFetchResponseGroup:
        """Return offsets of the partitions asked for, or of all that the group has.

        Args:
            request: The group and its partitions.
            require_stable: Whether a partition with an offset in an open transaction is refused.

        Raises:
            KafkaError: What to answer for the group.
        """

        def told(topic: str, index: int, known: CommittedOffset | None) -> _Fetched:
            if require_stable and self._pending.has(request.group_id, topic, index):
                return unstable(index)
            return fetched(index, known)

        response = OffsetFetchResponseGroup(group_id=request.group_id)
        group = self._state.groups.get(request.group_id)
        offsets: Mapping[str, Mapping[int, CommittedOffset]] = {}
        if group is not None:
            try:
                group.validate_offset_fetch(request.member_id, request.member_epoch)
                offsets = self._store.of_group(request.group_id)
            except GroupIdNotFoundError:
                pass  # a group that is gone has no offsets; that is no error here
        if request.topics is None:
            response.topics = [
                OffsetFetchResponseTopics(
                    name=name,
                    partitions=[told(name, index, known) for index, known in partitions.items()],
                )
                for name, partitions in offsets.items()
            ]
            return response
        for topic in request.topics:
            known = offsets.get(topic.name, {})
            response.topics.append(
                OffsetFetchResponseTopics(
                    name=topic.name,
                    topic_id=topic.topic_id,
                    partitions=[
                        told(topic.name, index, matching(known.get(index), topic.topic_id))
                        for index in topic.partition_indexes
                    ],
                )
            )
        return response

    # ------------------------------------------------------------ delete and expire

    def delete(self, request: OffsetDeleteRequest) -> CoordinatorResult[OffsetDeleteResponse]:
        """Delete offsets of topics that the group does not consume.

        Raises:
            KafkaError: What to answer for all of them.
        """
        self._state.group(request.group_id).validate_offset_delete()
        written: list[CoordinatorRecord] = []
        topics = [self._delete_topic(request.group_id, topic, written) for topic in request.topics]
        return CoordinatorResult(written, OffsetDeleteResponse(topics=topics))

    def _delete_topic(
        self, group_id: str, topic: OffsetDeleteRequestTopic, written: list[CoordinatorRecord]
    ) -> OffsetDeleteResponseTopic:
        is_consumed = self._state.group(group_id).is_subscribed_to(topic.name)
        code = GroupSubscribedToTopicError.code if is_consumed else 0
        results = []
        for partition in topic.partitions:
            index = partition.partition_index
            results.append(OffsetDeleteResponsePartition(partition_index=index, error_code=code))
            if code == 0 and self._is_known(group_id, topic.name, index):
                written.append(records.offset_tombstone(group_id, topic.name, index))
        return OffsetDeleteResponseTopic(name=topic.name, partitions=results)

    def _is_known(self, group_id: str, topic: str, index: int) -> bool:
        return self._store.get(group_id, topic, index) is not None or self._pending.has(
            group_id, topic, index
        )

    def delete_group(self, group_id: str) -> CoordinatorResult[None]:
        """Delete a group that nobody uses, with its offsets.

        Raises:
            KafkaError: Why it stays.
        """
        group = self._state.group(group_id)
        group.validate_delete()
        return CoordinatorResult([*self._tombstones(group_id), *group.tombstones()])

    def _tombstones(self, group_id: str) -> list[CoordinatorRecord]:
        places = {
            (topic, partition): None for topic, partition, _ in self._store.partitions_of(group_id)
        }
        places.update(dict.fromkeys(self._pending.of_group(group_id)))
        return [records.offset_tombstone(group_id, *place) for place in places]

    def delete_topic(self, group_id: str, topic: str, topic_id: bytes) -> CoordinatorResult[None]:
        """Delete a group's offsets of a topic that was deleted, but not those of a new one."""
        partitions = {
            partition: None
            for partition, committed in self._store.of_group(group_id).get(topic, {}).items()
            if committed.topic_id in (ZERO_UUID, topic_id)
        }
        for name, partition in self._pending.of_group(group_id):
            if name == topic:
                partitions[partition] = None
        return CoordinatorResult(
            [records.offset_tombstone(group_id, topic, partition) for partition in partitions]
        )

    def expire(self, group_id: str) -> CoordinatorResult[None]:
        """Delete a group's offsets that nobody has used for too long, and then the group."""
        group = self._state.groups.get(group_id)
        if group is None:
            return NOTHING
        now_ms = self._context.clock.now_ms()
        written = []
        count = 0
        for topic, partition, committed in self._store.partitions_of(group_id):
            count += 1
            base_ms = group.offset_expiry_base_ms(committed)
            if base_ms is None or group.is_subscribed_to(topic):
                continue
            if self._pending.has(group_id, topic, partition):
                continue
            if self._is_expired(committed, base_ms, now_ms):
                written.append(records.offset_tombstone(group_id, topic, partition))
        is_used = self._pending.has_group(group_id)
        if group.expires and len(written) == count and group.is_empty and not is_used:
            written.extend(group.tombstones())
        return CoordinatorResult(written)

    def _is_expired(self, committed: CommittedOffset, base_ms: int, now_ms: int) -> bool:
        if committed.expire_timestamp_ms != -1:
            return now_ms >= committed.expire_timestamp_ms
        return now_ms - base_ms >= self._settings.offsets_retention_ms

    # ------------------------------------------------------------ records

    def replayers(self) -> Mapping[type[Any], Replayer]:
        """Say what applies the records of offsets."""
        return {OffsetCommitKey: self._replay, LegacyOffsetCommitKey: self._replay_legacy}

    def _replay(self, offset: int, key: OffsetCommitKey, value: OffsetCommitValue | None) -> None:
        if value is None:
            self._store.remove(key.group, key.topic, key.partition)
            self._pending.drop(key.group, key.topic, key.partition)
            return
        committed = self._taken_in(offset, key, value)
        self._store.put(key.group, key.topic, key.partition, committed)

    def replay_pending(
        self,
        offset: int,
        key: OffsetCommitKey,
        value: OffsetCommitValue | None,
        producer_id: int,
    ) -> None:
        """Apply the record of an offset that a producer commits in its open transaction."""
        if value is not None:
            committed = self._taken_in(offset, key, value)
            self._pending.put(producer_id, key.group, key.topic, key.partition, committed)

    def end_transaction(self, producer_id: int, *, is_commit: bool) -> None:
        """Let a producer's pending offsets count, unless newer ones do; or drop them."""
        for (group_id, topic, partition), committed in self._pending.take(producer_id).items():
            known = self._store.get(group_id, topic, partition)
            is_newer = known is None or known.record_offset < committed.record_offset
            if is_commit and is_newer:
                self._store.put(group_id, topic, partition, committed)

    def _taken_in(
        self, offset: int, key: OffsetCommitKey, value: OffsetCommitValue
    ) -> CommittedOffset:
        if key.group not in self._state.groups:
            simple = ClassicGroup(key.group, self._context.clock.now_ms())
            self._state.groups[key.group] = simple
        return CommittedOffset(
            value.offset,
            value.leader_epoch,
            value.metadata,
            value.commit_timestamp,
            value.expire_timestamp,
            value.topic_id,
            offset,
        )

    def _replay_legacy(
        self, offset: int, key: LegacyOffsetCommitKey, value: LegacyOffsetCommitValue | None
    ) -> None:
        """Apply a record of a Kafka from before 0.9, which lives on in logs taken over."""
        present: OffsetCommitValue | None = None
        if value is not None:
            present = OffsetCommitValue(
                offset=value.offset,
                metadata=value.metadata,
                commit_timestamp=value.commit_timestamp,
            )
        new_key = OffsetCommitKey(group=key.group, topic=key.topic, partition=key.partition)
        self._replay(offset, new_key, present)


def matching(committed: CommittedOffset | None, topic_id: bytes) -> CommittedOffset | None:
    """Return an offset unless it is of another topic that had the same name."""
    if committed is None or ZERO_UUID in (topic_id, committed.topic_id):
        return committed
    return committed if committed.topic_id == topic_id else None


def fetched(partition: int, committed: CommittedOffset | None) -> OffsetFetchResponsePartitions:
    """Tell what is committed for a partition."""
    if committed is None:
        return OffsetFetchResponsePartitions(
            partition_index=partition, committed_offset=NO_OFFSET, metadata=""
        )
    return OffsetFetchResponsePartitions(
        partition_index=partition,
        committed_offset=committed.offset,
        committed_leader_epoch=committed.leader_epoch,
        metadata=committed.metadata,
    )


def unstable(partition: int) -> OffsetFetchResponsePartitions:
    """Tell that a transaction has to end first."""
    return OffsetFetchResponsePartitions(
        partition_index=partition,
        committed_offset=NO_OFFSET,
        metadata="",
        error_code=UnstableOffsetCommitError.code,
    )


def utf16_length(text: str) -> int:
    """Return the length of a text as Java counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
