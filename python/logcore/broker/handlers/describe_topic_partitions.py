"""DescribeTopicPartitions: topics in order of their names, page by page.

Version 0. A page holds as many partitions as the client and the broker both allow; a cursor says
where the next one begins.
"""

from collections.abc import Iterator
from typing import Final

from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    InvalidRequestError,
    InvalidTopicError,
    LeaderNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from logcore.controller import topic_names
from logcore.controller.image import INTERNAL_TOPICS, NO_LEADER, PartitionImage, TopicImage
from logcore.protocol.messages.describe_topic_partitions import (
    Cursor,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
)

_LIMIT_KEY: Final = "max.request.partition.size.limit"


def handle(
    parts: Parts, request: DescribeTopicPartitionsRequest, context: RequestContext
) -> DescribeTopicPartitionsResponse:
    """Describe a page of topics."""
    names = _names(parts, request, context)
    cursor = request.cursor
    if cursor is not None:
        misplaced = bool(request.topics) and cursor.topic_name not in names
        if misplaced or cursor.partition_index < 0:
            return _refusal(request)
        names = [name for name in names if name >= cursor.topic_name]
    left = max(1, min(request.response_partition_limit, int(parts.config[_LIMIT_KEY])))
    response = DescribeTopicPartitionsResponse()
    for name in names:
        if left == 0:
            response.next_cursor = Cursor(topic_name=name, partition_index=0)
            break
        first = cursor.partition_index if cursor and cursor.topic_name == name else 0
        answered = _describe(parts, context, name, range(first, first + left))
        response.topics.append(answered)
        left -= len(answered.partitions)
        end = first + len(answered.partitions)
        if left == 0 and end < _partition_count(parts, name):
            response.next_cursor = Cursor(topic_name=name, partition_index=end)
            break
    return response


def _refusal(request: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse:
    """Refuse a cursor that stands nowhere; the response has a place for it at each topic only."""
    return DescribeTopicPartitionsResponse(
        topics=[
            DescribeTopicPartitionsResponseTopic(
                name=topic.name, error_code=InvalidRequestError.code
            )
            for topic in request.topics
        ]
    )


def _names(
    parts: Parts, request: DescribeTopicPartitionsRequest, context: RequestContext
) -> list[str]:
    """Return the names asked for, in order; where none is, those that the client may see."""
    if request.topics:
        return sorted({topic.name for topic in request.topics})
    return sorted(_visible(parts, context))


def _visible(parts: Parts, context: RequestContext) -> Iterator[str]:
    for name in parts.controller.image.topics_by_name:
        if parts.authorizer.allows(
            context, Operation.DESCRIBE, ResourceType.TOPIC, name, is_quiet=True
        ):
            yield name


def _partition_count(parts: Parts, name: str) -> int:
    topic = parts.controller.image.topics_by_name.get(name)
    return 0 if topic is None else len(topic.partitions)


def _describe(
    parts: Parts, context: RequestContext, name: str, numbers: range
) -> DescribeTopicPartitionsResponseTopic:
    authorizer = parts.authorizer
    if not authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, name):
        return DescribeTopicPartitionsResponseTopic(
            name=name, error_code=TopicAuthorizationFailedError.code
        )
    answered = DescribeTopicPartitionsResponseTopic(
        name=name,
        is_internal=name in INTERNAL_TOPICS,
        topic_authorized_operations=authorized_operations(
            authorizer, context, ResourceType.TOPIC, name
        ),
    )
    topic = parts.controller.image.topics_by_name.get(name)
    if topic is not None:
        _fill(answered, topic, numbers)
    elif topic_names.fault_of(name) is not None:
        answered.error_code = InvalidTopicError.code
    else:
        answered.error_code = UnknownTopicOrPartitionError.code
    return answered


def _fill(
    answered: DescribeTopicPartitionsResponseTopic, topic: TopicImage, numbers: range
) -> None:
    answered.topic_id = topic.topic_id
    answered.partitions = [
        _described(partition) for partition in topic.partitions[numbers.start : numbers.stop]
    ]


def _described(partition: PartitionImage) -> DescribeTopicPartitionsResponsePartition:
    has_leader = partition.leader != NO_LEADER
    return DescribeTopicPartitionsResponsePartition(
        error_code=0 if has_leader else LeaderNotAvailableError.code,
        partition_index=partition.partition_id,
        leader_id=partition.leader,
        leader_epoch=partition.leader_epoch,
        replica_nodes=list(partition.replicas),
        isr_nodes=list(partition.isr),
        eligible_leader_replicas=list(partition.eligible_leader_replicas),
        last_known_elr=list(partition.last_known_elr),
        offline_replicas=[] if has_leader else list(partition.replicas),
    )
