"""The machine of one shard: the protocols of all kinds of groups over one state.

Each request goes to the protocol of its group's kind, and each record to the replayer of its key.
Invariant: every kind of record that is ever written here has a replayer; kinds of a later release
are passed over when a log is loaded.
Neighbours: `runtime` drives it; `classic`, `consumer` and `offsets` do the work.
"""

from logcore.common.clock import Clock
from logcore.common.deferred import Deferred
from logcore.common.errors import CoordinatorNotAvailableError, InconsistentGroupProtocolError
from logcore.coordinator.group.classic import ClassicProtocol
from logcore.coordinator.group.consumer import ConsumerProtocol
from logcore.coordinator.group.context import Caller, GroupConfig, ShardContext, Topics
from logcore.coordinator.group.offsets import OffsetProtocol
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.share.protocol import ShareProtocol
from logcore.coordinator.group.state import GroupState
from logcore.coordinator.group.streams.protocol import StreamsProtocol
from logcore.coordinator.log import EncodedRecord
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult
from logcore.coordinator.timers import Timers
from logcore.protocol.errors import UnknownRecordTypeError
from logcore.protocol.internal.coordinator_record import (
    decode_key,
    decode_value,
    encode_key,
    encode_value,
)
from logcore.protocol.internal.group import OffsetCommitKey
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from logcore.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse


class GroupShard:
    """The groups of one partition of ``__consumer_offsets``.

    Args:
        settings: The coordinator's settings.
        clock: What time it is.
        timers: What runs later.
        topics: Returns the topics as they are now.
        group_config: Returns the effective settings of one group.

    Attributes:
        state: Groups and offsets.
        context: What the protocols work with.
        classic: Serves classic groups.
        consumer: Serves consumer groups of the new protocol.
        streams: Serves streams groups.
        share: Serves share groups.
        offsets: Serves offsets.
    """

    def __init__(
        self,
        *,
        settings: GroupSettings,
        clock: Clock,
        timers: Timers,
        topics: Topics,
        group_config: GroupConfig,
    ) -> None:
        self.state = GroupState()
        self.context = ShardContext(self.state, settings, clock, timers, topics, group_config)
        self.classic = ClassicProtocol(self.context)
        self.offsets = OffsetProtocol(self.context, self.classic.rebalance)
        self.consumer = ConsumerProtocol(self.context, self.classic.rebalance)
        self.streams = StreamsProtocol(self.context)
        self.share = ShareProtocol(self.context)
        self.state.register(self.classic.replayers())
        self.state.register(self.consumer.replayers())
        self.state.register(self.streams.replayers())
        self.state.register(self.share.replayers())
        self.state.register(self.offsets.replayers())

    # ------------------------------------------------------------ by kind of group

    def make_way(self, group_id: str) -> CoordinatorResult[None]:
        """Remove a newer group without members, so that a classic one can take its place."""
        group = self.consumer.group(group_id) or self.streams.group(group_id)
        if group is None or not group.is_empty:
            return NOTHING
        return CoordinatorResult(group.tombstones())

    def join(
        self, caller: Caller, request: JoinGroupRequest, answer: Deferred[JoinGroupResponse]
    ) -> CoordinatorResult[None]:
        """Answer or park a JoinGroup.

        Raises:
            KafkaError: What to answer.
        """
        if self.streams.group(request.group_id) is not None:
            raise InconsistentGroupProtocolError("it is a streams group")
        if self.share.group(request.group_id) is not None:
            raise InconsistentGroupProtocolError("it is a share group")
        group = self.consumer.group(request.group_id)
        if group is None:
            return self.classic.join(caller, request, answer)
        if group.is_empty:
            raise CoordinatorNotAvailableError("the group was left a moment ago")
        return self.consumer.join(group, caller, request, answer)

    def sync(
        self, request: SyncGroupRequest, answer: Deferred[SyncGroupResponse]
    ) -> CoordinatorResult[None]:
        """Answer or park a SyncGroup.

        Raises:
            KafkaError: What to answer.
        """
        group = self.consumer.group(request.group_id)
        if group is not None:
            return self.consumer.sync(group, request, answer)
        return self.classic.sync(request, answer)

    def heartbeat(self, request: HeartbeatRequest) -> CoordinatorResult[HeartbeatResponse]:
        """Hear that a member that speaks the classic protocol is alive.

        Raises:
            KafkaError: What to answer.
        """
        group = self.consumer.group(request.group_id)
        if group is not None:
            return self.consumer.classic_heartbeat(group, request)
        return self.classic.heartbeat(request)

    def leave(self, request: LeaveGroupRequest) -> CoordinatorResult[LeaveGroupResponse]:
        """Let members that speak the classic protocol go.

        Raises:
            KafkaError: What to answer.
        """
        group = self.consumer.group(request.group_id)
        if group is not None:
            return self.consumer.leave(group, request)
        return self.classic.leave(request)

    # ------------------------------------------------------------ records

    def encode(self, record: CoordinatorRecord) -> EncodedRecord:
        """Make bytes of a record."""
        key, value, version = record
        return encode_key(key), None if value is None else encode_value(value, version)

    def decode(self, key: bytes, value: bytes | None) -> CoordinatorRecord | None:
        """Make a record of bytes; None if no protocol here knows its kind."""
        try:
            decoded = decode_key(key)
        except UnknownRecordTypeError:
            return None
        if type(decoded) not in self.state.replayers:
            return None
        return CoordinatorRecord(decoded, None if value is None else decode_value(decoded, value))

    def replay(self, offset: int, record: CoordinatorRecord) -> None:
        """Apply a record that is in the log."""
        self.state.replay(offset, record)

    def replay_pending(self, offset: int, record: CoordinatorRecord, producer_id: int) -> None:
        """Apply a record that counts only once its transaction is committed: of an offset."""
        if isinstance(record.key, OffsetCommitKey):
            self.offsets.replay_pending(offset, record.key, record.value, producer_id)

    def end_transaction(self, producer_id: int, *, is_commit: bool) -> None:
        """Let a producer's pending offsets count, or drop them."""
        self.offsets.end_transaction(producer_id, is_commit=is_commit)

    def on_loaded(self) -> None:
        """Set the timers that go with what was loaded."""
        self.classic.on_loaded()
        self.consumer.on_loaded()
        self.streams.on_loaded()
        self.share.on_loaded()

    def on_unloaded(self) -> None:
        """Answer whoever waits."""
        self.classic.on_unloaded()
