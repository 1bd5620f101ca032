"""Short forms of what a member of a group sends, in any version."""

import itertools
from collections.abc import Mapping
from typing import Any

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupRequestProtocol
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
)
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupRequestAssignment
from tests.broker.handlers.refusing import Refused
from tests.broker.wire import Wire

NAMES = itertools.count()
MEMBER_ID_REQUIRED = 79


def on_group(operation: Operation, name: str) -> Refused:
    return (operation, ResourceType.GROUP, name)


def new_group(wire: Wire) -> str:
    """Return a group of a name nobody else has, whose coordinator is there."""
    name = f"group-{next(NAMES)}"
    found = wire.ask(FindCoordinatorRequest(coordinator_keys=[name]), 6).coordinators[0]
    assert found.error_code == 0, found
    return name


def join_request(group: str, member_id: str = "", **given: Any) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id=group,
        member_id=member_id,
        session_timeout_ms=30_000,
        rebalance_timeout_ms=given.pop("rebalance_ms", -1),
        protocol_type=given.pop("protocol_type", "consumer"),
        protocols=[JoinGroupRequestProtocol(name="range", metadata=b"meta")],
        **given,
    )


def join(wire: Wire, group: str, version: int = 9, **given: Any) -> Any:
    """Join alone, with an id of its own; return the response of the generation."""
    response = wire.ask(join_request(group, **given), version)
    if response.error_code == MEMBER_ID_REQUIRED:
        response = wire.ask(join_request(group, response.member_id, **given), version)
    return response


def sync(wire: Wire, group: str, joined: Any, version: int = 5, assignment: bytes = b"all") -> Any:
    """Assign everything to itself, and ask for it."""
    request = SyncGroupRequest(
        group_id=group,
        member_id=joined.member_id,
        generation_id=joined.generation_id,
        protocol_type="consumer" if version >= 5 else None,
        protocol_name="range" if version >= 5 else None,
        assignments=[SyncGroupRequestAssignment(member_id=joined.member_id, assignment=assignment)],
    )
    return wire.ask(request, version)


def commit(
    wire: Wire, group: str, offsets: Mapping[str | bytes, Mapping[int, int]], version: int = 9
) -> dict[str | bytes, dict[int, int]]:
    """Commit offsets of topics by name, or by id; return the codes."""
    topics = []
    for topic, partitions in offsets.items():
        named: dict[str, Any] = {"name": topic} if isinstance(topic, str) else {"topic_id": topic}
        listed = [
            OffsetCommitRequestPartition(partition_index=index, committed_offset=offset)
            for index, offset in partitions.items()
        ]
        topics.append(OffsetCommitRequestTopic(partitions=listed, **named))
    response = wire.ask(OffsetCommitRequest(group_id=group, topics=topics), version)
    return {
        topic.name or topic.topic_id: {
            each.partition_index: each.error_code for each in topic.partitions
        }
        for topic in response.topics
    }


def fetched(
    wire: Wire,
    group: str,
    asked: Mapping[str | bytes, list[int]] | None,
    version: int = 9,
) -> dict[str | bytes, dict[int, tuple[int, int]]]:
    """Fetch offsets of topics by name, or by id, or all; return offset and code of each."""
    if version < 8:
        old = [
            OffsetFetchRequestTopic(name=str(topic), partition_indexes=indexes)
            for topic, indexes in (asked or {}).items()
        ]
        request = OffsetFetchRequest(group_id=group, topics=None if asked is None else old)
        response = wire.ask(request, version)
        assert response.error_code == 0
        topics = response.topics
    else:
        new = []
        for topic, indexes in (asked or {}).items():
            named: dict[str, Any] = (
                {"name": topic} if isinstance(topic, str) else {"topic_id": topic}
            )
            new.append(OffsetFetchRequestTopics(partition_indexes=indexes, **named))
        one = OffsetFetchRequestGroup(group_id=group, topics=None if asked is None else new)
        (found,) = wire.ask(OffsetFetchRequest(groups=[one]), version).groups
        assert (found.group_id, found.error_code) == (group, 0)
        topics = found.topics
    return {
        getattr(topic, "name", "") or topic.topic_id: {
            each.partition_index: (each.committed_offset, each.error_code)
            for each in topic.partitions
        }
        for topic in topics
    }
