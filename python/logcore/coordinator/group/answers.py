"""Turning what a write came to into the response of an API.

Invariant: an error without a code is UNKNOWN_SERVER_ERROR; whoever asked is always answered.
Neighbours: `service` answers with these, and so do the APIs of the newer kinds of groups.
"""

from collections.abc import Callable
from typing import TypeVar

from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, UnknownServerError
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)

R = TypeVar("R")


def kafka_error(error: Exception) -> KafkaError:
    """Return an error that has a code."""
    return error if isinstance(error, KafkaError) else UnknownServerError(str(error))


def answered(written: Deferred[R], failed: Callable[[KafkaError], R]) -> Deferred[R]:
    """Return the response of a write, made of the error where it failed."""
    if written.is_done and written.error is None:
        return written
    answer: Deferred[R] = Deferred()
    written.then(
        lambda done: answer.complete(
            done.value() if done.error is None else failed(kafka_error(done.error))
        )
    )
    return answer


def commit_refused(request: OffsetCommitRequest, error: KafkaError) -> OffsetCommitResponse:
    """Refuse a commit: every partition with the same error."""
    return OffsetCommitResponse(
        topics=[
            OffsetCommitResponseTopic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    OffsetCommitResponsePartition(
                        partition_index=partition.partition_index, error_code=error.code
                    )
                    for partition in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )
