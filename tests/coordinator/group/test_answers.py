"""Answers made of what a write came to."""

from logcore.common.deferred import Deferred
from logcore.common.errors import GroupIdNotFoundError, UnknownServerError
from logcore.coordinator.group.answers import answered, commit_refused, kafka_error
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)


def test_an_error_without_a_code_gets_one():
    error = GroupIdNotFoundError("gone")
    assert kafka_error(error) is error
    assert isinstance(kafka_error(ValueError("x")), UnknownServerError)


def test_now_or_later_a_response_or_why_not():
    done: Deferred[int] = Deferred.of(5)
    assert answered(done, lambda error: error.code) is done
    failed: Deferred[int] = Deferred.failed(GroupIdNotFoundError())
    assert answered(failed, lambda error: error.code).value() == GroupIdNotFoundError.code
    later: Deferred[int] = Deferred()
    answer = answered(later, lambda error: error.code)
    assert not answer.is_done
    later.complete(7)
    assert answer.value() == 7


def test_a_commit_is_refused_partition_by_partition():
    topic = OffsetCommitRequestTopic(
        name="t", partitions=[OffsetCommitRequestPartition(partition_index=n) for n in (0, 3)]
    )
    response = commit_refused(OffsetCommitRequest(topics=[topic]), GroupIdNotFoundError())
    assert [(p.partition_index, p.error_code) for p in response.topics[0].partitions] == [
        (0, GroupIdNotFoundError.code), (3, GroupIdNotFoundError.code),
    ]  # fmt: skip
