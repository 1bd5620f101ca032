"""DeleteRecords: move log start offsets up; what lies below is not read again.

Versions: 0 to 2, the last one flexible. Offset -1 means the high watermark. The new start is on
disk before the answer; the segments below it go with the next retention. Internal topics are
refused whatever their policy: they are the coordinators' state, which these prune themselves.
"""

from functools import partial
from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    InvalidTopicError,
    KafkaError,
    OffsetOutOfRangeError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
)
from logcore.controller.image import INTERNAL_TOPICS
from logcore.protocol.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsPartitionResult,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
)

HIGH_WATERMARK: Final = -1


def handle(
    parts: Parts, request: DeleteRecordsRequest, context: RequestContext
) -> Deferred[DeleteRecordsResponse]:
    """Delete what is asked for, each partition by itself."""
    waiting: list[Deferred[int]] = []
    topics = []
    for topic in request.topics:
        results = []
        for asked in topic.partitions:
            result = DeleteRecordsPartitionResult(
                partition_index=asked.partition_index, low_watermark=-1
            )
            results.append(result)
            try:
                deleted = _delete(parts, context, topic.name, asked)
            except KafkaError as error:
                result.error_code = error.code
                continue
            deleted.then(partial(_enter, result))
            waiting.append(deleted)
        topics.append(DeleteRecordsTopicResult(name=topic.name, partitions=results))
    return gather(waiting).map(lambda _: DeleteRecordsResponse(topics=topics))


def _delete(
    parts: Parts, context: RequestContext, topic: str, asked: DeleteRecordsPartition
) -> Deferred[int]:
    if not parts.authorizer.allows(context, Operation.DELETE, ResourceType.TOPIC, topic):
        raise TopicAuthorizationFailedError(f"{topic}: not authorized to delete records")
    if topic in INTERNAL_TOPICS:
        raise InvalidTopicError(f"{topic} is internal: its records are not deleted on request")
    partition = parts.replicas.get(topic, asked.partition_index)
    if "delete" not in parts.configs.topic(topic)["cleanup.policy"]:
        raise PolicyViolationError(f"{topic} is only compacted: its records are not deleted")
    log = partition.log
    offset = log.high_watermark if asked.offset == HIGH_WATERMARK else asked.offset
    if not 0 <= offset <= log.high_watermark:
        raise OffsetOutOfRangeError(f"{offset} is not between 0 and {log.high_watermark}")
    return parts.lanes.run(partition.key, lambda: log.delete_before(offset))


def _enter(result: DeleteRecordsPartitionResult, deleted: Deferred[int]) -> None:
    if deleted.error is None:
        result.low_watermark = deleted.value()
    else:
        result.error_code = deleted.error.code if isinstance(deleted.error, KafkaError) else -1
