"""Produce: append the batches of a request, each partition by itself.

Versions: 3 to 11; from 8 on a refused batch names its bad records, from 10 on the response may
tell the current leader. The records stay a view of the received frame until the engine writes
them. An append that may wait for an fsync, or queues behind one, runs in a lane.
"""

from collections.abc import Callable
from typing import Any, Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.produced_batch import TRANSACTIONAL, attributes_of
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    InvalidRequestError,
    InvalidRequiredAcksError,
    InvalidTopicError,
    KafkaError,
    NotEnoughReplicasError,
    TopicAuthorizationFailedError,
)
from logcore.protocol.messages.produce import (
    BatchIndexAndErrorMessage,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceResponse,
)
from logcore.replication.partition import Partition

_ACKS_ALL: Final = -1
_ACKS_NONE: Final = 0
_ALLOWED_ACKS: Final = frozenset({-1, 0, 1})
_ADMIN_CLIENT_ID: Final = "__admin_client"

Appended = tuple[int, int, int, int, bool]
"""Base offset, last offset, log append time, log start offset, whether it was a duplicate."""


def handle(
    parts: Parts, request: ProduceRequest, context: RequestContext
) -> ProduceResponse | Deferred[ProduceResponse | None] | None:
    """Append what the request brings."""
    waiting: list[Deferred[Any]] = []
    topics = []
    for topic in request.topic_data:
        refusal = _refusal(parts, request, context, topic.name)
        answers = []
        for data in topic.partition_data:
            answer = PartitionProduceResponse(index=data.index, base_offset=-1)
            answers.append(answer)
            try:
                if refusal is not None:
                    raise refusal
                partition = parts.replicas.get(topic.name, data.index)
                _check(partition, data, request, context)
                pending = _append(parts, partition, data, answer)
            except KafkaError as error:
                _refuse(answer, error)
            else:
                if pending is not None:
                    waiting.append(pending)
        topics.append(TopicProduceResponse(name=topic.name, partition_responses=answers))
    response = ProduceResponse(responses=topics)
    if not waiting:
        return _reply(request, response, context)
    return gather(waiting).map(lambda _: _reply(request, response, context))


def _refusal(
    parts: Parts, request: ProduceRequest, context: RequestContext, topic: str
) -> KafkaError | None:
    """Return why nothing of a topic is taken, None if it is."""
    if request.acks not in _ALLOWED_ACKS:
        return InvalidRequiredAcksError(f"acks must be -1, 0 or 1, not {request.acks}")
    if not parts.authorizer.allows(context, Operation.WRITE, ResourceType.TOPIC, topic):
        return TopicAuthorizationFailedError(f"not authorized to write to {topic}")
    if request.transactional_id is not None:
        return InvalidRequestError("transactions are not served yet")
    return None


def _check(
    partition: Partition,
    data: PartitionProduceData,
    request: ProduceRequest,
    context: RequestContext,
) -> None:
    """Refuse what the engine could not: its questions are about the records only."""
    if partition.is_internal and context.client_id != _ADMIN_CLIENT_ID:
        raise InvalidTopicError(f"{partition.topic} is internal: clients do not write to it")
    if attributes_of(_records_of(data), context.version) & TRANSACTIONAL:
        raise InvalidRequestError("transactions are not served yet")
    if request.acks == _ACKS_ALL and partition.replica_count < partition.min_insync_replicas:
        raise NotEnoughReplicasError(
            f"{partition} has {partition.replica_count} in-sync replicas, and its "
            f"min.insync.replicas is {partition.min_insync_replicas}"
        )


def _records_of(data: PartitionProduceData) -> memoryview:
    """Return the view of the frame that holds the records; empty if there are none."""
    records = data.records
    return records if isinstance(records, memoryview) else memoryview(b"")


def _append(
    parts: Parts,
    partition: Partition,
    data: PartitionProduceData,
    answer: PartitionProduceResponse,
) -> Deferred[Any] | None:
    """Append one partition's batch into its answer; return what to wait for, if anything."""
    records = _records_of(data)
    append, epoch = partition.log.append_leader, partition.leader_epoch
    if partition.waits_for_disk or partition.pending_appends:
        return _append_in_lane(parts, partition, answer, lambda: append(records, epoch))
    try:
        _accept(answer, append(records, epoch))
    except KafkaError as error:
        parts.replicas.note_failure(partition, error)
        raise
    parts.purgatory.check(partition.key)
    return None


def _append_in_lane(
    parts: Parts,
    partition: Partition,
    answer: PartitionProduceResponse,
    append: Callable[[], Appended],
) -> Deferred[Any]:
    partition.pending_appends += 1
    finished: Deferred[None] = Deferred()

    def finish(done: Deferred[Appended]) -> None:
        partition.pending_appends -= 1
        error = done.error
        if isinstance(error, KafkaError):
            parts.replicas.note_failure(partition, error)
            _refuse(answer, error)
        elif error is not None:
            finished.fail(error)
            return
        else:
            _accept(answer, done.value())
            parts.purgatory.check(partition.key)
        finished.complete(None)

    parts.lanes.run(partition.key, append).then(finish)
    return finished


def _accept(answer: PartitionProduceResponse, appended: Appended) -> None:
    base_offset, _, log_append_time_ms, log_start_offset, _ = appended
    answer.base_offset = base_offset
    answer.log_append_time_ms = log_append_time_ms
    answer.log_start_offset = log_start_offset


def _refuse(answer: PartitionProduceResponse, error: KafkaError) -> None:
    answer.error_code = error.code
    answer.error_message = str(error) or None
    answer.record_errors = [
        BatchIndexAndErrorMessage(batch_index=index, batch_index_error_message=message)
        for index, message in getattr(error, "record_errors", None) or ()
    ]


def _reply(
    request: ProduceRequest, response: ProduceResponse, context: RequestContext
) -> ProduceResponse | None:
    """Return the response; with acks=0 there is none, and a failure closes the connection."""
    if request.acks != _ACKS_NONE:
        return response
    for topic in response.responses:
        for answer in topic.partition_responses:
            if answer.error_code:
                context.connection.close(
                    f"produced with acks=0 to {topic.name}-{answer.index}, which failed: "
                    f"{answer.error_message}"
                )
                return None
    return None
