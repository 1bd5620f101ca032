"""OffsetForLeaderEpoch: where the records of a leader epoch end (KIP-320).

Versions: 2 takes the epoch that the client believes in, 3 the asking replica's id, 4 is flexible.
A client that was ahead of a leader that lost records finds out here from where to read again.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import KafkaError, TopicAuthorizationFailedError
from logcore.protocol.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
)


def handle(
    parts: Parts, request: OffsetForLeaderEpochRequest, context: RequestContext
) -> OffsetForLeaderEpochResponse:
    """Answer for every partition by itself."""
    allows = parts.authorizer.allows
    may_all = allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER, is_quiet=True)
    topics = []
    for topic in request.topics:
        may = may_all or allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic.topic)
        ends = [_end_of(parts, topic.topic, asked, may=may) for asked in topic.partitions]
        topics.append(OffsetForLeaderTopicResult(topic=topic.topic, partitions=ends))
    return OffsetForLeaderEpochResponse(topics=topics)


def _end_of(
    parts: Parts, topic: str, asked: OffsetForLeaderPartition, *, may: bool
) -> EpochEndOffset:
    answer = EpochEndOffset(partition=asked.partition)
    try:
        if not may:
            raise TopicAuthorizationFailedError(f"not authorized to describe {topic}")
        partition = parts.replicas.get(topic, asked.partition)
        partition.check_epoch(asked.current_leader_epoch)
        found = partition.log.end_offset_for_epoch(asked.leader_epoch)
        if asked.leader_epoch == partition.leader_epoch:
            found = (partition.leader_epoch, partition.log.end_offset)
        if found is not None:
            answer.leader_epoch, answer.end_offset = found
    except KafkaError as error:
        answer.error_code = error.code
    return answer
