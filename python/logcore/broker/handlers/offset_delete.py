"""OffsetDelete: forget a group's offsets of topics that it does not consume.

Version: 0, which is never flexible.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
)


def handle(
    parts: Parts, request: OffsetDeleteRequest, context: RequestContext
) -> OffsetDeleteResponse | Deferred[OffsetDeleteResponse]:
    """Hand what is there to the coordinator."""
    allows = parts.authorizer.allows
    if not allows(context, Operation.DELETE, ResourceType.GROUP, request.group_id):
        return OffsetDeleteResponse(error_code=GroupAuthorizationFailedError.code)
    accepted: list[OffsetDeleteRequestTopic] = []
    refused: list[OffsetDeleteResponseTopic] = []
    for topic in request.topics:
        if not allows(context, Operation.READ, ResourceType.TOPIC, topic.name):
            code = TopicAuthorizationFailedError.code
            refused.append(_refuse(topic.name, topic.partitions, code))
        else:
            _sort_out(parts, topic, accepted, refused)
    request.topics = accepted
    return parts.groups.delete_offsets(request).map(lambda done: _merge(refused, done))


def _sort_out(
    parts: Parts,
    topic: OffsetDeleteRequestTopic,
    accepted: list[OffsetDeleteRequestTopic],
    refused: list[OffsetDeleteResponseTopic],
) -> None:
    """Take the partitions that are there, refuse the rest."""
    found = parts.controller.image.topics_by_name.get(topic.name)
    count = 0 if found is None else len(found.partitions)
    present = [each for each in topic.partitions if 0 <= each.partition_index < count]
    absent = [each for each in topic.partitions if not 0 <= each.partition_index < count]
    if absent:
        refused.append(_refuse(topic.name, absent, UnknownTopicOrPartitionError.code))
    if present:
        accepted.append(OffsetDeleteRequestTopic(name=topic.name, partitions=present))


def _refuse(
    name: str, partitions: list[OffsetDeleteRequestPartition], code: int
) -> OffsetDeleteResponseTopic:
    return OffsetDeleteResponseTopic(
        name=name,
        partitions=[
            OffsetDeleteResponsePartition(partition_index=each.partition_index, error_code=code)
            for each in partitions
        ],
    )


def _merge(
    refused: list[OffsetDeleteResponseTopic], done: OffsetDeleteResponse
) -> OffsetDeleteResponse:
    """Answer for both; an error of the whole request leaves nothing else to say."""
    if done.error_code:
        return done
    topics = {topic.name: topic for topic in refused}
    for topic in done.topics:
        known = topics.setdefault(topic.name, topic)
        if known is not topic:
            known.partitions.extend(topic.partitions)
    return OffsetDeleteResponse(topics=list(topics.values()))
