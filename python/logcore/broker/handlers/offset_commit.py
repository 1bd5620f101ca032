"""OffsetCommit: note how far a group has read.

Versions: 2 to 10; from 10 on topics come as ids. Partitions that are not there, or topics that the
caller may not read, are refused here; the rest goes to the coordinator with names and ids, since an
offset remembers which topic of that name it is of.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.group.context import Caller
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)

_IDS_SINCE: Final = 10


def handle(
    parts: Parts, request: OffsetCommitRequest, context: RequestContext
) -> OffsetCommitResponse | Deferred[OffsetCommitResponse]:
    """Hand what can be committed to the coordinator."""
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        code = GroupAuthorizationFailedError.code
        return OffsetCommitResponse(topics=[_refuse(topic, code) for topic in request.topics])
    accepted: list[OffsetCommitRequestTopic] = []
    refused: list[OffsetCommitResponseTopic] = []
    for topic in request.topics:
        code = _identify(parts, topic, context)
        if code:
            refused.append(_refuse(topic, code))
        else:
            _sort_out(parts, topic, accepted, refused)
    if not accepted:
        return OffsetCommitResponse(topics=refused)
    request.topics = accepted
    caller = Caller(context.version, context.client_id or "", context.client_host)
    committed = parts.groups.commit_offsets(caller, request)
    return committed.map(lambda response: _merge(refused, response)) if refused else committed


def _identify(parts: Parts, topic: OffsetCommitRequestTopic, context: RequestContext) -> int:
    """Find a topic's name and id; return why that is not possible, as a code."""
    image = parts.controller.image
    if context.version >= _IDS_SINCE:
        found = image.topics_by_id.get(topic.topic_id)
        if found is None:
            return UnknownTopicIdError.code
        topic.name = found.name
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.TOPIC, topic.name):
        return TopicAuthorizationFailedError.code
    if context.version < _IDS_SINCE:
        found = image.topics_by_name.get(topic.name)
        if found is None:
            return UnknownTopicOrPartitionError.code
        topic.topic_id = found.topic_id
    return 0


def _sort_out(
    parts: Parts,
    topic: OffsetCommitRequestTopic,
    accepted: list[OffsetCommitRequestTopic],
    refused: list[OffsetCommitResponseTopic],
) -> None:
    """Take the partitions that are there, refuse the rest."""
    count = len(parts.controller.image.topics_by_name[topic.name].partitions)
    present = [each for each in topic.partitions if 0 <= each.partition_index < count]
    if len(present) < len(topic.partitions):
        absent = OffsetCommitRequestTopic(
            name=topic.name,
            topic_id=topic.topic_id,
            partitions=[each for each in topic.partitions if not 0 <= each.partition_index < count],
        )
        refused.append(_refuse(absent, UnknownTopicOrPartitionError.code))
        topic.partitions = present
    if present:
        accepted.append(topic)


def _refuse(topic: OffsetCommitRequestTopic, code: int) -> OffsetCommitResponseTopic:
    return OffsetCommitResponseTopic(
        name=topic.name,
        topic_id=topic.topic_id,
        partitions=[
            OffsetCommitResponsePartition(partition_index=each.partition_index, error_code=code)
            for each in topic.partitions
        ],
    )


def _merge(
    refused: list[OffsetCommitResponseTopic], response: OffsetCommitResponse
) -> OffsetCommitResponse:
    """Answer for both; a topic that is in both is answered once."""
    topics = {topic.name or topic.topic_id: topic for topic in refused}
    for topic in response.topics:
        known = topics.setdefault(topic.name or topic.topic_id, topic)
        if known is not topic:
            known.partitions.extend(topic.partitions)
    return OffsetCommitResponse(topics=list(topics.values()))
