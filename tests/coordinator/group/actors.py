"""A coordinator with members that speak to it in messages, for the tests of groups."""

from dataclasses import dataclass, field
from typing import Any

from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.service import GroupCoordinator
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.shard import GroupShard
from logcore.protocol.internal.consumer_protocol import ConsumerProtocolSubscription
from logcore.protocol.messages.heartbeat import HeartbeatRequest
from logcore.protocol.messages.join_group import (
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    JoinGroupResponse,
)
from logcore.protocol.messages.leave_group import LeaveGroupRequest, MemberIdentity
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
    OffsetFetchResponseGroup,
)
from logcore.protocol.messages.sync_group import (
    SyncGroupRequest,
    SyncGroupRequestAssignment,
    SyncGroupResponse,
)
from tests.coordinator.memory_log import MemoryLog

GROUP = "g"
JOIN_VERSION = 9


def subscription(*topics: str) -> bytes:
    """Return the metadata of a consumer that reads topics."""
    return b"\0\0" + ConsumerProtocolSubscription(topics=list(topics)).encode_bytes(0)


@dataclass
class Topics:
    """No topics at all: who needs some brings their own."""

    topics_by_name: dict[str, Any] = field(default_factory=dict)
    topics_by_id: dict[bytes, Any] = field(default_factory=dict)


class Cluster:
    """A coordinator over a log in memory, which survives a crash."""

    def __init__(self, **settings) -> None:
        self.scheduler = ManualScheduler()
        self.log = MemoryLog()
        self.topics = Topics()
        self.group_config: dict[str, str] = {}
        values = {"offsets_topic_num_partitions": 1, "group_initial_rebalance_delay_ms": 0}
        self.settings = GroupSettings(**(values | settings))
        self.start()

    def start(self) -> None:
        self.service = GroupCoordinator(
            log=self.log,
            scheduler=self.scheduler,
            settings=self.settings,
            topics=lambda: self.topics,
            group_config=lambda _: self.group_config,
            partition_count=lambda: self.settings.offsets_topic_num_partitions,
        )
        for partition in range(self.settings.offsets_topic_num_partitions):
            self.service.on_elected(partition)
        self.scheduler.run_soon()

    def crash(self) -> None:
        """Start again with what the log holds."""
        self.service.close()
        self.start()

    @property
    def shard(self) -> GroupShard:
        return self.service.runtime.shard(0).machine

    def group(self, group_id: str = GROUP) -> ClassicGroup:
        group = self.shard.state.groups[group_id]
        assert isinstance(group, ClassicGroup)
        return group

    # ------------------------------------------------------------ requests

    def join(self, member_id="", **given) -> Deferred[JoinGroupResponse]:
        version = given.pop("version", JOIN_VERSION)
        caller = Caller(version, given.pop("client_id", "client"), "/127.0.0.1")
        protocols = given.pop("protocols", {"range": b"meta"})
        request = JoinGroupRequest(
            group_id=given.pop("group_id", GROUP),
            member_id=member_id,
            group_instance_id=given.pop("instance_id", None),
            session_timeout_ms=given.pop("session_ms", 10_000),
            rebalance_timeout_ms=given.pop("rebalance_ms", 60_000),
            protocol_type=given.pop("protocol_type", "consumer"),
            protocols=[
                JoinGroupRequestProtocol(name=name, metadata=metadata)
                for name, metadata in protocols.items()
            ],
        )
        assert not given, given
        return self.service.join_group(caller, request)

    def join_with_id(self, **given) -> tuple[str, Deferred[JoinGroupResponse]]:
        """Join as a dynamic member does: ask for an id, then join with it."""
        asked = self.join(**given).value()
        assert asked.error_code == 79
        return asked.member_id, self.join(asked.member_id, **given)

    def sync(
        self, member_id, generation, assignments=None, group_id=GROUP, **given
    ) -> Deferred[SyncGroupResponse]:
        request = SyncGroupRequest(
            group_id=group_id,
            member_id=member_id,
            generation_id=generation,
            group_instance_id=given.pop("instance_id", None),
            protocol_type=given.pop("protocol_type", None),
            protocol_name=given.pop("protocol_name", None),
            assignments=[
                SyncGroupRequestAssignment(member_id=each, assignment=assignment)
                for each, assignment in (assignments or {}).items()
            ],
        )
        assert not given, given
        return self.service.sync_group(request)

    def heartbeat(self, member_id, generation, instance_id=None, group_id=GROUP) -> int:
        request = HeartbeatRequest(
            group_id=group_id,
            member_id=member_id,
            generation_id=generation,
            group_instance_id=instance_id,
        )
        return self.service.heartbeat(request).value().error_code

    def leave(self, *members, group_id=GROUP):
        identities = [
            each if isinstance(each, MemberIdentity) else MemberIdentity(member_id=each)
            for each in members
        ]
        request = LeaveGroupRequest(group_id=group_id, members=identities)
        return self.service.leave_group(request).value()

    def stable(self, count=1, **given) -> tuple[list[str], int]:
        """Bring members into a stable group; return their ids, the leader's first."""
        joins = [self.join_with_id(**given) for _ in range(count)]
        self.scheduler.run_soon()
        generation = joins[0][1].value().generation_id
        leader = joins[0][1].value().leader
        ids = sorted((member_id for member_id, _ in joins), key=lambda each: each != leader)
        assignments = {each: f"to {each}".encode() for each in ids}
        for member_id in [*ids[1:], leader]:
            self.sync(member_id, generation, assignments if member_id == leader else None)
        return ids, generation

    def commit(self, offset=1, topic="t", partition=0, **given) -> Deferred[OffsetCommitResponse]:
        request = OffsetCommitRequest(
            group_id=given.pop("group_id", GROUP),
            member_id=given.pop("member_id", ""),
            generation_id_or_member_epoch=given.pop("generation", -1),
            group_instance_id=given.pop("instance_id", None),
            retention_time_ms=given.pop("retention_ms", -1),
            topics=[
                OffsetCommitRequestTopic(
                    name=topic,
                    topic_id=given.pop("topic_id", bytes(16)),
                    partitions=[
                        OffsetCommitRequestPartition(
                            partition_index=partition,
                            committed_offset=offset,
                            committed_metadata=given.pop("metadata", "m"),
                            committed_leader_epoch=given.pop("leader_epoch", -1),
                        )
                    ],
                )
            ],
        )
        version = given.pop("version", 10)
        assert not given, given
        return self.service.commit_offsets(Caller(version), request)

    def commit_code(self, *args, **given) -> int:
        return self.commit(*args, **given).value().topics[0].partitions[0].error_code

    def fetch(
        self, topics=None, group_id=GROUP, require_stable=False, topic_id=bytes(16), **given
    ) -> OffsetFetchResponseGroup:
        asked = None
        if topics is not None:
            asked = [
                OffsetFetchRequestTopics(name=name, topic_id=topic_id, partition_indexes=indexes)
                for name, indexes in topics.items()
            ]
        request = OffsetFetchRequestGroup(group_id=group_id, topics=asked, **given)
        return self.service.fetch_offsets(request, require_stable=require_stable).value()

    def fetched(self, topic="t", partition=0, **given) -> int:
        response = self.fetch({topic: [partition]}, **given)
        assert response.error_code == 0
        return response.topics[0].partitions[0].committed_offset
