"""Produce: append the batches of a request, each partition by itself.

Versions: 3 to 13; from 8 on a refused batch names its bad records, from 10 on the response may
tell the current leader, from 12 on a write adds its partition to the transaction, from 13 on topics
come as ids. The records stay a view of the received frame until the engine writes
them. An append that may wait for an fsync, or queues behind one, runs in a lane.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.produced_batch import TRANSACTIONAL, attributes_of, is_transactional
from logcore.broker.transactional_writes import (
    NO_ADMISSIONS,
    Admissions,
    Sender,
    Support,
    admit,
    producer_of,
)
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    InvalidProducerIdMappingError,
    InvalidRequiredAcksError,
    InvalidTopicError,
    KafkaError,
    LogClosedError,
    NotEnoughReplicasError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.transaction.service import hand_on
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.produce import (
    BatchIndexAndErrorMessage,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)
from logcore.replication.partition import Partition

_ACKS_ALL: Final = -1
_ACKS_NONE: Final = 0
_IDS_SINCE: Final = 13
_ADDS_SINCE: Final = 12
_ABORTABLE_SINCE: Final = 11
_ALLOWED_ACKS: Final = frozenset({-1, 0, 1})
_ADMIN_CLIENT_ID: Final = "__admin_client"

Appended = tuple[int, int, int, int, bool]
"""Base offset, last offset, log append time, log start offset, whether it was a duplicate."""


def handle(
    parts: Parts, request: ProduceRequest, context: RequestContext
) -> ProduceResponse | Deferred[ProduceResponse | None] | None:
    """Append what the request brings, after asking for transactions where it writes to one."""
    if context.version >= _IDS_SINCE:
        for topic in request.topic_data:
            topic.name = parts.replicas.name_of(topic.topic_id) or ""
    if request.transactional_id is None:
        return _produce(parts, request, context, NO_ADMISSIONS)
    if _is_transactional(request) and not _may_write(parts, request.transactional_id, context):
        return _refuse_all(request, context)
    admissions = _admit(parts, request, context)
    if admissions.is_done:
        return _produce(parts, request, context, admissions.value())
    answer: Deferred[ProduceResponse | None] = Deferred()

    def go_on(admitted: Deferred[Admissions]) -> None:
        try:
            produced = _produce(parts, request, context, admitted.value())
        except Exception as error:  # noqa: BLE001 - handed on to dispatch
            answer.fail(error)
            return
        if isinstance(produced, Deferred):
            produced.then(lambda done: hand_on(done, answer))
        else:
            answer.complete(produced)

    admissions.then(go_on)
    return answer


def _is_transactional(request: ProduceRequest) -> bool:
    return any(
        is_transactional(_records_of(data))
        for topic in request.topic_data
        for data in topic.partition_data
    )


def _refuse_all(request: ProduceRequest, context: RequestContext) -> ProduceResponse | None:
    """Refuse a transactional id before anything about topics is told."""
    error = TransactionalIdAuthorizationFailedError(
        f"not authorized to write for the transactional id {request.transactional_id}"
    )
    response = ProduceResponse()
    for topic in request.topic_data:
        answers = [
            PartitionProduceResponse(index=data.index, base_offset=-1)
            for data in topic.partition_data
        ]
        for answer in answers:
            _refuse(answer, error)
        response.responses.append(
            TopicProduceResponse(
                name=topic.name, topic_id=topic.topic_id, partition_responses=answers
            )
        )
    return _reply(request, response, context)


def _produce(
    parts: Parts, request: ProduceRequest, context: RequestContext, admissions: Admissions
) -> ProduceResponse | Deferred[ProduceResponse | None] | None:
    waiting: list[Deferred[Any]] = []
    topics = []
    for topic in request.topic_data:
        refusal = _refusal(parts, request, context, topic)
        answers = []
        for data in topic.partition_data:
            answer = PartitionProduceResponse(index=data.index, base_offset=-1)
            answers.append(answer)
            try:
                if refusal is not None:
                    raise refusal
                partition = parts.replicas.get(topic.name, data.index)
                attributes = _check(partition, data, request, context)
                guard = _guard_of(partition, attributes, request, admissions)
                pending = _append(parts, partition, data, answer, guard)
            except KafkaError as error:
                _refuse(answer, error)
                parts.traffic.refused(ApiKey.PRODUCE, error.code)
            else:
                parts.traffic.produced.count(topic.name, len(_records_of(data)))
                if pending is not None:
                    waiting.append(pending)
        topics.append(
            TopicProduceResponse(
                name=topic.name, topic_id=topic.topic_id, partition_responses=answers
            )
        )
    response = ProduceResponse(responses=topics)
    if not waiting:
        return _reply(request, response, context)
    return gather(waiting).map(lambda _: _reply(request, response, context))


def _admit(parts: Parts, request: ProduceRequest, context: RequestContext) -> Deferred[Admissions]:
    """Ask for the transaction that the request writes to, if it may write at all."""
    transactional_id = request.transactional_id
    assert transactional_id is not None, "asked for where there is one"
    sequences: dict[tuple[str, int], int] = {}
    producers = set()
    for topic in request.topic_data:
        if _refusal(parts, request, context, topic) is not None:
            continue
        for data in topic.partition_data:
            partition = parts.replicas.find(topic.name, data.index)
            try:
                if (
                    partition is None
                    or not _check(partition, data, request, context) & TRANSACTIONAL
                ):
                    continue
                producer, sequence = producer_of(_records_of(data))
            except (KafkaError, struct.error):
                continue  # refused where it would be appended
            producers.add(producer)
            sequences[topic.name, data.index] = sequence
    if len({producer.producer_id for producer in producers}) > 1:
        error = InvalidProducerIdMappingError("a request is of one transactional producer")
        return Deferred.of(dict.fromkeys(sequences, error))
    if not producers or not _may_write(parts, transactional_id, context):
        return Deferred.of(NO_ADMISSIONS)
    support = Support(
        adds=context.version >= _ADDS_SINCE, has_abortable=context.version >= _ABORTABLE_SINCE
    )
    return admit(parts, Sender(transactional_id, min(producers), support), sequences)


def _may_write(parts: Parts, transactional_id: str | None, context: RequestContext) -> bool:
    return transactional_id is not None and parts.authorizer.allows(
        context, Operation.WRITE, ResourceType.TRANSACTIONAL_ID, transactional_id
    )


def _guard_of(
    partition: Partition, attributes: int, request: ProduceRequest, admissions: Admissions
) -> int:
    """Return what a batch is to show when it is appended; 0 outside of transactions."""
    if not attributes & TRANSACTIONAL:
        return 0
    admission = admissions.get(partition.key)
    if admission is None:
        raise TransactionalIdAuthorizationFailedError(
            f"not authorized to write for the transactional id {request.transactional_id}"
        )
    if isinstance(admission, KafkaError):
        raise admission
    return admission


def _refusal(
    parts: Parts, request: ProduceRequest, context: RequestContext, topic: TopicProduceData
) -> KafkaError | None:
    """Return why nothing of a topic is taken, None if it is."""
    if request.acks not in _ALLOWED_ACKS:
        return InvalidRequiredAcksError(f"acks must be -1, 0 or 1, not {request.acks}")
    if not topic.name and context.version >= _IDS_SINCE:
        return UnknownTopicIdError("no topic has this id")
    if not parts.authorizer.allows(context, Operation.WRITE, ResourceType.TOPIC, topic.name):
        return TopicAuthorizationFailedError(f"not authorized to write to {topic.name}")
    return None


def _check(
    partition: Partition,
    data: PartitionProduceData,
    request: ProduceRequest,
    context: RequestContext,
) -> int:
    """Refuse what the engine could not, which asks about records only; return the attributes."""
    if partition.is_internal and context.client_id != _ADMIN_CLIENT_ID:
        raise InvalidTopicError(f"{partition.topic} is internal: clients do not write to it")
    attributes = attributes_of(_records_of(data), context.version)
    if request.acks == _ACKS_ALL and partition.replica_count < partition.min_insync_replicas:
        raise NotEnoughReplicasError(
            f"{partition} has {partition.replica_count} in-sync replicas, and its "
            f"min.insync.replicas is {partition.min_insync_replicas}"
        )
    return attributes


def _records_of(data: PartitionProduceData) -> memoryview:
    """Return the view of the frame that holds the records; empty if there are none."""
    records = data.records
    return records if isinstance(records, memoryview) else memoryview(b"")


def _append(
    parts: Parts,
    partition: Partition,
    data: PartitionProduceData,
    answer: PartitionProduceResponse,
    guard: int,
) -> Deferred[Any] | None:
    """Append one partition's batch into its answer; return what to wait for, if anything."""
    records = _records_of(data)
    append, epoch = partition.log.append_leader, partition.leader_epoch
    if partition.waits_for_disk or partition.pending_appends:
        return _append_in_lane(parts, partition, answer, lambda: append(records, epoch, guard))
    try:
        _accept(answer, append(records, epoch, guard))
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
        if isinstance(error, LogClosedError):
            error = UnknownTopicOrPartitionError(f"{partition} was deleted meanwhile")
        if isinstance(error, KafkaError):
            parts.replicas.note_failure(partition, error)
            parts.traffic.refused(ApiKey.PRODUCE, error.code)
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
