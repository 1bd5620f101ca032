"""ShareAcknowledge: a member of a share group says what became of its records (KIP-932).

Versions: 1 and 2; 2 adds renewals of locks (KIP-1222). The answer comes when the new states are in
`__share_group_state`. With the final epoch the session ends, and what the member still holds is
free.
"""

from typing import Final

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.share.sessions import FINAL_EPOCH, INITIAL_EPOCH, TopicPartition
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share_requests import TopicChecks, acknowledge, session_key
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidShareSessionEpochError, KafkaError
from logcore.protocol.messages.share_acknowledge import (
    PartitionData,
    ShareAcknowledgeRequest,
    ShareAcknowledgeResponse,
    ShareAcknowledgeTopicResponse,
)

_RENEWALS_FROM: Final = 2


def handle(
    parts: Parts, request: ShareAcknowledgeRequest, context: RequestContext
) -> Deferred[ShareAcknowledgeResponse]:
    """Move the session on, and take the acknowledgements."""
    key = session_key(parts, context, request.group_id, request.member_id)
    if request.share_session_epoch == INITIAL_EPOCH:
        raise InvalidShareSessionEpochError("a share session begins with a fetch")
    parts.shares.sessions.use(key, request.share_session_epoch)
    outcomes = acknowledge(
        parts,
        TopicChecks(parts, context),
        key,
        request.topics,
        knows_renewal=context.version >= _RENEWALS_FROM,
        is_renewal=request.is_renew_ack,
    )

    def answer(errors: dict[TopicPartition, KafkaError | None]) -> ShareAcknowledgeResponse:
        if request.share_session_epoch == FINAL_EPOCH:
            parts.shares.end_session(key)
        settings = ShareSettings.of(parts.configs.group_values(key.group_id))
        return ShareAcknowledgeResponse(
            acquisition_lock_timeout_ms=settings.lock_ms, responses=_topics(errors)
        )

    return outcomes.map(answer)


def _topics(
    errors: dict[TopicPartition, KafkaError | None],
) -> list[ShareAcknowledgeTopicResponse]:
    topics: dict[bytes, ShareAcknowledgeTopicResponse] = {}
    for wanted, error in errors.items():
        topic = topics.get(wanted.topic_id)
        if topic is None:
            topic = ShareAcknowledgeTopicResponse(topic_id=wanted.topic_id)
            topics[wanted.topic_id] = topic
        told = PartitionData(partition_index=wanted.partition)
        if error is not None:
            told.error_code, told.error_message = error.code, str(error) or None
        topic.partitions.append(told)
    return list(topics.values())
