"""OffsetFetch: how far groups have read.

Versions: 1 to 10. Before 8 for one group, with an error of the whole response only from 2 on; from
10 on topics come as ids. Topics that the caller may not describe are refused where it names them,
and left out where it asks for all.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnknownTopicIdError,
)
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
)

_GROUP_ERROR_SINCE: Final = 2
_SEVERAL_SINCE: Final = 8
_IDS_SINCE: Final = 10
_NO_OFFSET: Final = -1


def handle(
    parts: Parts, request: OffsetFetchRequest, context: RequestContext
) -> Deferred[OffsetFetchResponse]:
    """Ask the coordinator, group by group."""
    if context.version < _SEVERAL_SINCE:
        group = _one_group(request)
        return _fetch(parts, group, request, context).map(
            lambda fetched: _of_one(group, fetched, context.version)
        )
    return gather(_fetch(parts, group, request, context) for group in request.groups).map(
        lambda fetched: OffsetFetchResponse(groups=[each.value() for each in fetched])
    )


def _fetch(
    parts: Parts,
    group: OffsetFetchRequestGroup,
    request: OffsetFetchRequest,
    context: RequestContext,
) -> Deferred[OffsetFetchResponseGroup]:
    allows = parts.authorizer.allows
    if not allows(context, Operation.DESCRIBE, ResourceType.GROUP, group.group_id):
        code = GroupAuthorizationFailedError.code
        return Deferred.of(OffsetFetchResponseGroup(group_id=group.group_id, error_code=code))
    refused: list[OffsetFetchResponseTopics] = []
    asked = group.topics
    if asked is not None:
        group.topics = _sort_out(parts, asked, context, refused)
    fetched = parts.groups.fetch_offsets(group, require_stable=request.require_stable)
    if asked is None:
        return fetched.map(lambda response: _visible(parts, response, context))
    return fetched.map(lambda response: _with_refused(response, refused)) if refused else fetched


def _sort_out(
    parts: Parts,
    asked: list[OffsetFetchRequestTopics],
    context: RequestContext,
    refused: list[OffsetFetchResponseTopics],
) -> list[OffsetFetchRequestTopics]:
    """Return the topics to ask the coordinator for, with their names; refuse the rest."""
    accepted = []
    for topic in asked:
        if context.version >= _IDS_SINCE:
            found = parts.controller.image.topics_by_id.get(topic.topic_id)
            if found is None:
                refused.append(_refuse(topic, UnknownTopicIdError.code))
                continue
            topic.name = found.name
        if parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic.name):
            accepted.append(topic)
        else:
            refused.append(_refuse(topic, TopicAuthorizationFailedError.code))
    return accepted


def _refuse(topic: OffsetFetchRequestTopics, code: int) -> OffsetFetchResponseTopics:
    return OffsetFetchResponseTopics(
        name=topic.name,
        topic_id=topic.topic_id,
        partitions=[
            OffsetFetchResponsePartitions(
                partition_index=index, committed_offset=_NO_OFFSET, error_code=code
            )
            for index in topic.partition_indexes
        ],
    )


def _with_refused(
    response: OffsetFetchResponseGroup, refused: list[OffsetFetchResponseTopics]
) -> OffsetFetchResponseGroup:
    if response.error_code == 0:
        response.topics.extend(refused)
    return response


def _visible(
    parts: Parts, response: OffsetFetchResponseGroup, context: RequestContext
) -> OffsetFetchResponseGroup:
    """Leave out what the caller may not see, and with ids also topics that have none any more."""
    allows = parts.authorizer.allows
    response.topics = [
        topic
        for topic in response.topics
        if allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic.name, is_quiet=True)
    ]
    if context.version >= _IDS_SINCE:
        known = parts.controller.image.topics_by_name
        for topic in response.topics:
            if topic.topic_id == ZERO_UUID and topic.name in known:
                topic.topic_id = known[topic.name].topic_id
        response.topics = [topic for topic in response.topics if topic.topic_id != ZERO_UUID]
    return response


def _one_group(request: OffsetFetchRequest) -> OffsetFetchRequestGroup:
    """Return what a version for one group asks for."""
    asked = request.topics
    return OffsetFetchRequestGroup(
        group_id=request.group_id,
        topics=None if asked is None else [_plural(topic) for topic in asked],
    )


def _plural(topic: OffsetFetchRequestTopic) -> OffsetFetchRequestTopics:
    return OffsetFetchRequestTopics(name=topic.name, partition_indexes=topic.partition_indexes)


def _of_one(
    group: OffsetFetchRequestGroup, fetched: OffsetFetchResponseGroup, version: int
) -> OffsetFetchResponse:
    """Answer in a version for one group; before 2 an error stands at every partition."""
    code = fetched.error_code
    if code and version < _GROUP_ERROR_SINCE:
        fetched.topics = [_refuse(topic, code) for topic in group.topics or ()]
        code = 0
    return OffsetFetchResponse(
        error_code=code,
        topics=[
            OffsetFetchResponseTopic(
                name=topic.name,
                partitions=[
                    OffsetFetchResponsePartition(
                        partition_index=each.partition_index,
                        committed_offset=each.committed_offset,
                        committed_leader_epoch=each.committed_leader_epoch,
                        metadata=each.metadata,
                        error_code=each.error_code,
                    )
                    for each in topic.partitions
                ],
            )
            for topic in fetched.topics
        ],
    )
