"""The group coordinator as the broker calls it: one method for each API.

A method takes the request's message and returns the response's, at once or later. It looks after
what Kafka checks before a group is looked at, finds the shard, and turns errors into responses.
Invariant: no method raises for what a client sent; a response is always of the API's own kind.
Neighbours: the handlers of `broker` call it after asking the authorizer; `runtime` runs the shards.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeVar

from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    UnknownMemberIdError,
)
from logcore.coordinator.group.answers import answered, commit_refused, kafka_error
from logcore.coordinator.group.context import Caller, GroupConfig, MayDescribe, Topics
from logcore.coordinator.group.listing import describe, list_groups
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.shard import GroupShard
from logcore.coordinator.group.share.heartbeat import ASSIGNMENT_INTERVAL
from logcore.coordinator.group.share.offsets import ShareOffsets
from logcore.coordinator.group.share.protocol import ShareProtocol
from logcore.coordinator.group.share.requests import ShareRequests
from logcore.coordinator.group.share.states import MISSING_STATES, ShareStates
from logcore.coordinator.group.streams.requests import StreamsRequests
from logcore.coordinator.hashing import partition_for
from logcore.coordinator.log import CoordinatorLog, TransactionalProducer, TransactionMarker
from logcore.coordinator.result import CoordinatorResult
from logcore.coordinator.runtime import CoordinatorRuntime
from logcore.protocol.messages.consumer_group_describe import (
    DescribedGroup as DescribedConsumerGroup,
)
from logcore.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from logcore.protocol.messages.delete_groups import DeletableGroupResult
from logcore.protocol.messages.describe_groups import DescribedGroup
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from logcore.protocol.messages.leave_group import (
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberResponse,
)
from logcore.protocol.messages.list_groups import ListGroupsRequest, ListGroupsResponse
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitResponse,
)
from logcore.protocol.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequestGroup,
    OffsetFetchResponseGroup,
)
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
)

logger = logging.getLogger(__name__)

R = TypeVar("R")

TOMBSTONES_MAX: Final = 1_000
"""How many tombstones are written at once: half a batch's limit, with names of 249 letters."""


class GroupCoordinator:
    """Coordinates the groups whose partitions of ``__consumer_offsets`` this broker leads.

    Args:
        log: Where records go.
        scheduler: The clock and its timers.
        settings: The coordinator's settings.
        topics: Returns the topics as they are now.
        group_config: Returns the effective settings of one group.
        partition_count: Returns how many partitions groups are spread over.
        share_states: The share coordinator.

    Attributes:
        runtime: Runs the shards.
        streams: The APIs of streams groups.
        share: The APIs of share groups' members.
        share_offsets: The APIs of share groups' offsets.
    """

    def __init__(  # noqa: PLR0913 - its parts, all by keyword
        self,
        *,
        log: CoordinatorLog,
        scheduler: Scheduler,
        settings: GroupSettings,
        topics: Topics,
        group_config: GroupConfig,
        partition_count: Callable[[], int],
        share_states: ShareStates = MISSING_STATES,
    ) -> None:
        self._scheduler = scheduler
        self._settings = settings
        self._partition_count = partition_count
        self.runtime: CoordinatorRuntime[GroupShard] = CoordinatorRuntime(
            log=log,
            scheduler=scheduler,
            make_machine=lambda timers: GroupShard(
                settings=settings,
                clock=scheduler,
                timers=timers,
                topics=topics,
                group_config=group_config,
            ),
            write_timeout_ms=settings.offsets_commit_timeout_ms,
        )
        self.streams = StreamsRequests(
            lambda group_id, write: self._write(group_id, lambda shard: write(shard.streams)),
            lambda group_id, read: self.runtime.read(
                self.partition_for(group_id), lambda shard: read(shard.streams)
            ),
        )
        self._group_config = group_config
        self.share = ShareRequests(
            self._write_share, self._read_share, share_states, self._later_for_share
        )
        self.share_offsets = ShareOffsets(self._write_share, self._read_share, share_states, topics)
        self._expiry = self._schedule_expiry()

    def _later_for_share(self, group_id: str, go_on: Callable[[], object]) -> None:
        interval_ms = int(self._group_config(group_id)[ASSIGNMENT_INTERVAL])
        if interval_ms:
            self._scheduler.call_later(interval_ms, go_on)
        else:
            go_on()

    def _write_share(
        self, group_id: str, write: Callable[[ShareProtocol], CoordinatorResult[R]]
    ) -> Deferred[R]:
        return self._write(group_id, lambda shard: write(shard.share))

    def _read_share(self, group_id: str, read: Callable[[ShareProtocol], R]) -> R:
        return self.runtime.read(self.partition_for(group_id), lambda shard: read(shard.share))

    # ------------------------------------------------------------ partitions

    def partition_for(self, group_id: str) -> int:
        """Return the partition of ``__consumer_offsets`` that a group belongs to."""
        return partition_for(group_id, self._partition_count())

    def on_elected(self, partition: int) -> Deferred[int]:
        """Begin to coordinate a partition; done with the number of records loaded."""
        return self.runtime.load(partition)

    def on_resigned(self, partition: int) -> None:
        """Stop coordinating a partition."""
        self.runtime.unload(partition)

    def close(self) -> None:
        """Stop coordinating everything; whoever waits is answered."""
        self._expiry.cancel()
        self.runtime.close()

    # ------------------------------------------------------------ membership

    def join_group(self, caller: Caller, request: JoinGroupRequest) -> Deferred[JoinGroupResponse]:
        """Take a member into a classic group; answered when its rebalance is over."""
        answer: Deferred[JoinGroupResponse] = Deferred()

        def refuse(error: KafkaError) -> None:
            if not answer.is_done:
                answer.complete(
                    JoinGroupResponse(error_code=error.code, member_id=request.member_id)
                )

        low, high = (
            self._settings.group_min_session_timeout_ms,
            self._settings.group_max_session_timeout_ms,
        )
        if not request.group_id:
            refuse(InvalidGroupIdError())
        elif not low <= request.session_timeout_ms <= high:
            refuse(InvalidSessionTimeoutError())
        else:
            made_way = self._write(request.group_id, lambda shard: shard.make_way(request.group_id))
            made_way.then(
                lambda _: self._write(
                    request.group_id, lambda shard: shard.join(caller, request, answer)
                ).then(lambda done: None if done.error is None else refuse(kafka_error(done.error)))
            )
        return answer

    def sync_group(self, request: SyncGroupRequest) -> Deferred[SyncGroupResponse]:
        """Give a member its assignment; answered when the leader has assigned."""
        answer: Deferred[SyncGroupResponse] = Deferred()

        def refuse(error: KafkaError) -> None:
            if not answer.is_done:
                answer.complete(SyncGroupResponse(error_code=error.code))

        if not request.group_id:
            refuse(InvalidGroupIdError())
        else:
            self._write(request.group_id, lambda shard: shard.sync(request, answer)).then(
                lambda done: None if done.error is None else refuse(kafka_error(done.error))
            )
        return answer

    def heartbeat(self, request: HeartbeatRequest) -> Deferred[HeartbeatResponse]:
        """Hear that a member of a classic group is alive."""

        def failed(error: KafkaError) -> HeartbeatResponse:
            # While the group is loading, nobody should take it for gone.
            is_loading = isinstance(error, CoordinatorLoadInProgressError)
            return HeartbeatResponse(error_code=0 if is_loading else error.code)

        if not request.group_id:
            return Deferred.of(failed(InvalidGroupIdError()))
        written = self._write(request.group_id, lambda shard: shard.heartbeat(request))
        return answered(written, failed)

    def leave_group(self, request: LeaveGroupRequest) -> Deferred[LeaveGroupResponse]:
        """Let members of a classic group go."""

        def failed(error: KafkaError) -> LeaveGroupResponse:
            if not isinstance(error, UnknownMemberIdError):
                return LeaveGroupResponse(error_code=error.code)
            return LeaveGroupResponse(
                members=[
                    MemberResponse(
                        member_id=each.member_id,
                        group_instance_id=each.group_instance_id,
                        error_code=error.code,
                    )
                    for each in request.members
                ]
            )

        if not request.group_id:
            return Deferred.of(failed(InvalidGroupIdError()))
        written = self._write(request.group_id, lambda shard: shard.leave(request))
        return answered(written, failed)

    def consumer_heartbeat(
        self,
        caller: Caller,
        request: ConsumerGroupHeartbeatRequest,
        may_describe: MayDescribe = lambda _: True,
    ) -> Deferred[ConsumerGroupHeartbeatResponse]:
        """Hear of a member of a consumer group, which joins, follows and leaves by this alone.

        Args:
            caller: Who sent it.
            request: What it says.
            may_describe: Tells whether the member may know of a topic that its expression matches.
        """
        written = self._write(
            request.group_id,
            lambda shard: shard.consumer.heartbeat(caller, request, may_describe),
        )
        return answered(
            written,
            lambda error: ConsumerGroupHeartbeatResponse(
                error_code=error.code, error_message=str(error) or None
            ),
        )

    # ------------------------------------------------------------ offsets

    def commit_offsets(
        self, caller: Caller, request: OffsetCommitRequest
    ) -> Deferred[OffsetCommitResponse]:
        """Commit offsets; the empty group id is a group here, for the sake of old clients."""
        written = self._write(request.group_id, lambda shard: shard.offsets.commit(caller, request))
        return answered(written, lambda error: commit_refused(request, error))

    def commit_offsets_in_transaction(
        self, caller: Caller, request: TxnOffsetCommitRequest, verification: int
    ) -> Deferred[TxnOffsetCommitResponse]:
        """Commit offsets that count once a producer's transaction is committed.

        Args:
            caller: Who sent it.
            request: The offsets.
            verification: The guard with which the transaction's coordinator was asked.

        Raises:
            KafkaError: In the Deferred, what to answer for every partition.
        """
        if not request.group_id:
            return Deferred.failed(InvalidGroupIdError())
        producer = TransactionalProducer(request.producer_id, request.producer_epoch, verification)
        return self.runtime.write(
            self.partition_for(request.group_id),
            request.group_id,
            lambda shard: shard.offsets.commit_transactional(caller, request),
            producer,
        )

    def end_transaction(self, partition: int, marker: TransactionMarker) -> Deferred[None]:
        """End a producer's transaction in a partition: its offsets count, or are dropped."""
        return self.runtime.end_transaction(partition, marker)

    def fetch_offsets(
        self, request: OffsetFetchRequestGroup, *, require_stable: bool
    ) -> Deferred[OffsetFetchResponseGroup]:
        """Return a group's offsets; stable ones wait for the commits that are under way."""

        def failed(error: KafkaError) -> OffsetFetchResponseGroup:
            return OffsetFetchResponseGroup(group_id=request.group_id, error_code=error.code)

        if require_stable:
            written = self._write(
                request.group_id,
                lambda shard: CoordinatorResult(
                    (), shard.offsets.fetch(request, require_stable=True)
                ),
            )
            return answered(written, failed)
        try:
            partition = self.partition_for(request.group_id)
            return Deferred.of(
                self.runtime.read(partition, lambda shard: shard.offsets.fetch(request))
            )
        except KafkaError as error:
            return Deferred.of(failed(error))

    def delete_offsets(self, request: OffsetDeleteRequest) -> Deferred[OffsetDeleteResponse]:
        """Delete a group's offsets of topics it does not consume."""

        def failed(error: KafkaError) -> OffsetDeleteResponse:
            return OffsetDeleteResponse(error_code=error.code)

        if not request.group_id:
            return Deferred.of(failed(InvalidGroupIdError()))
        written = self._write(request.group_id, lambda shard: shard.offsets.delete(request))
        return answered(written, failed)

    # ------------------------------------------------------------ administration

    def list_groups(self, request: ListGroupsRequest) -> ListGroupsResponse:
        """List the groups of every shard here."""
        if self.runtime.loading_count:
            return ListGroupsResponse(error_code=CoordinatorLoadInProgressError.code)
        states = {each.strip().lower() for each in request.states_filter}
        types = {each.strip().lower() for each in request.types_filter}
        return ListGroupsResponse(
            groups=[
                group
                for _, shard in self.runtime.machines()
                for group in list_groups(shard.state, states, types)
            ]
        )

    def describe_groups(self, group_ids: Iterable[str], version: int) -> list[DescribedGroup]:
        """Describe classic groups, in the order asked for."""
        return [self._describe(group_id, version) for group_id in group_ids]

    def _describe(self, group_id: str, version: int) -> DescribedGroup:
        try:
            return self.runtime.read(
                self.partition_for(group_id), lambda shard: describe(shard.state, group_id, version)
            )
        except KafkaError as error:
            return DescribedGroup(group_id=group_id, error_code=error.code)

    def describe_consumer_group(self, group_id: str) -> DescribedConsumerGroup:
        """Describe a consumer group."""
        try:
            return self.runtime.read(
                self.partition_for(group_id), lambda shard: shard.consumer.describe(group_id)
            )
        except KafkaError as error:
            return DescribedConsumerGroup(
                group_id=group_id, error_code=error.code, error_message=str(error) or None
            )

    def delete_groups(self, group_ids: Iterable[str]) -> Deferred[list[DeletableGroupResult]]:
        """Delete groups that nobody uses, with their offsets, in the order asked for."""
        return gather(self._delete_group(group_id) for group_id in group_ids).map(
            lambda deleted: [each.value() for each in deleted]
        )

    def _delete_group(self, group_id: str) -> Deferred[DeletableGroupResult]:
        def delete(shard: GroupShard) -> CoordinatorResult[DeletableGroupResult]:
            deleted = DeletableGroupResult(group_id=group_id)
            return shard.offsets.delete_group(group_id).with_response(deleted)

        def failed(error: KafkaError) -> DeletableGroupResult:
            return DeletableGroupResult(group_id=group_id, error_code=error.code)

        answer: Deferred[DeletableGroupResult] = Deferred()

        def go_on(cleared: Deferred[None]) -> None:
            if cleared.error is None:
                answered(self._write(group_id, delete), failed).then(
                    lambda deleted: answer.complete(deleted.value())
                )
            else:
                answer.complete(failed(kafka_error(cleared.error)))

        self.share.clear(group_id).then(go_on)
        return answer

    # ------------------------------------------------------------ what happens by itself

    def on_topic_deleted(self, topic: str, topic_id: bytes) -> None:
        """Delete every group's offsets of a topic that is gone."""
        for partition, shard in self.runtime.machines():
            by_group = shard.state.offsets.by_group
            having = {each: None for each, topics in by_group.items() if topic in topics}
            having.update(dict.fromkeys(shard.state.pending_offsets.groups_with(topic)))
            for group_id in having:
                delete = partial(delete_topic, group_id=group_id, topic=topic, topic_id=topic_id)
                self._clean(partition, group_id, delete)
            for group_id in shard.share.groups_with(topic_id):
                forget = partial(forget_share_topic, group_id=group_id, topic_id=topic_id)
                self.runtime.write(partition, group_id, forget)

    def _schedule_expiry(self) -> Timer:
        delay_ms = self._settings.offsets_retention_check_interval_ms
        return self._scheduler.call_later(delay_ms, self._expire_all)

    def _expire_all(self) -> None:
        """Expire offsets and groups, one shard at a turn of the loop."""
        for partition, _ in self.runtime.machines():
            self._scheduler.call_soon(self._expire_shard, partition)
        self._expiry = self._schedule_expiry()

    def _expire_shard(self, partition: int) -> None:
        try:
            group_ids = self.runtime.read(partition, lambda shard: list(shard.state.groups))
        except KafkaError:
            return  # coordinated elsewhere by now
        for group_id in group_ids:
            self._clean(partition, group_id, partial(expire, group_id=group_id))

    def _clean(
        self,
        partition: int,
        group_id: str,
        operation: Callable[[GroupShard], CoordinatorResult[None]],
    ) -> None:
        """Write tombstones, as many at once as surely fit into a batch, until none is left."""

        def some(shard: GroupShard) -> CoordinatorResult[bool]:
            result = operation(shard)
            is_more = len(result.records) > TOMBSTONES_MAX
            return CoordinatorResult(result.records[:TOMBSTONES_MAX], is_more, result.on_append)

        def go_on(done: Deferred[bool]) -> None:
            if done.error is None and done.value():
                self._scheduler.call_soon(self._clean, partition, group_id, operation)

        self.runtime.write(partition, group_id, some).then(go_on)

    def _write(
        self, group_id: str, operation: Callable[[GroupShard], CoordinatorResult[R]]
    ) -> Deferred[R]:
        return self.runtime.write(self.partition_for(group_id), group_id, operation)


def delete_topic(
    shard: GroupShard, *, group_id: str, topic: str, topic_id: bytes
) -> CoordinatorResult[None]:
    """Delete a group's offsets of a topic that is gone."""
    return shard.offsets.delete_topic(group_id, topic, topic_id)


def forget_share_topic(
    shard: GroupShard, *, group_id: str, topic_id: bytes
) -> CoordinatorResult[None]:
    """Forget what a share group knows of a topic that is gone."""
    return shard.share.forget_topic(group_id, topic_id)


def expire(shard: GroupShard, *, group_id: str) -> CoordinatorResult[None]:
    """Delete what nobody has used for too long."""
    return shard.offsets.expire(group_id)
