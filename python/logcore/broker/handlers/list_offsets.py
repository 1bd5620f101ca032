"""ListOffsets: the offset for a time, or for one of the special times.

Versions: 1 gives one offset per partition, 2 adds the isolation level, 4 leader epochs, 7 the
largest timestamp (-3), 8 the earliest local offset (-4), 9 the latest tiered (-5), 11 the earliest
pending upload (-6). Nothing is tiered here, so -4 equals -2, and -5 and -6 find nothing.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    InvalidRequestError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.protocol.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopicResponse,
)

LATEST: Final = -1
_CONSUMER: Final = -1
_EPOCHS_FROM: Final = 4
_NEVER: Final = 1 << 15
_FIRST_VERSION: Final = {-1: 1, -2: 1, -3: 7, -4: 8, -5: 9, -6: 11}
"""The special timestamps, and with which version each came."""


def handle(
    parts: Parts, request: ListOffsetsRequest, context: RequestContext
) -> ListOffsetsResponse:
    """Answer for every partition by itself."""
    seen: set[tuple[str, int]] = set()
    doubled: set[tuple[str, int]] = set()
    for topic in request.topics:
        for asked in topic.partitions:
            key = (topic.name, asked.partition_index)
            (doubled if key in seen else seen).add(key)
    topics = []
    for topic in request.topics:
        answers = []
        for asked in topic.partitions:
            answer = ListOffsetsPartitionResponse(partition_index=asked.partition_index)
            try:
                if (topic.name, asked.partition_index) in doubled:
                    raise InvalidRequestError("the partition is asked for twice")
                _look_up(parts, request, context, (topic.name, asked), answer)
            except KafkaError as error:
                answer.error_code = error.code
            answers.append(answer)
        topics.append(ListOffsetsTopicResponse(name=topic.name, partitions=answers))
    return ListOffsetsResponse(topics=topics)


def _look_up(
    parts: Parts,
    request: ListOffsetsRequest,
    context: RequestContext,
    of: tuple[str, ListOffsetsPartition],
    answer: ListOffsetsPartitionResponse,
) -> None:
    topic, asked = of
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic):
        raise TopicAuthorizationFailedError(f"not authorized to describe {topic}")
    timestamp = asked.timestamp
    if timestamp < 0 and context.version < _FIRST_VERSION.get(timestamp, _NEVER):
        raise UnsupportedVersionError(
            f"timestamp {timestamp} has no meaning in ListOffsets {context.version}"
        )
    partition = parts.replicas.get(topic, asked.partition_index)
    partition.check_epoch(asked.current_leader_epoch)
    log = partition.log
    bound = log.end_offset
    if request.replica_id == _CONSUMER:
        bound = log.last_stable_offset if request.isolation_level else log.high_watermark
    if timestamp == LATEST:
        answer.offset = bound
        _tell_epoch(context, answer, partition.leader_epoch)
        return
    found = log.offset_for(timestamp)
    if found is None or (timestamp >= 0 and found[1] >= bound):
        return
    answer.timestamp, answer.offset = found[0], found[1]
    _tell_epoch(context, answer, found[2])


def _tell_epoch(
    context: RequestContext, answer: ListOffsetsPartitionResponse, epoch: int | None
) -> None:
    """Tell the leader epoch in versions that have a place for it."""
    if context.version >= _EPOCHS_FROM and epoch is not None:
        answer.leader_epoch = epoch
