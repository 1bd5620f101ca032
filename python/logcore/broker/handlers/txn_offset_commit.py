"""TxnOffsetCommit: note how far a group has read, once a transaction commits.

Versions: 0 to 5; 3 tells the group's member and generation, which are checked (KIP-447), 5 adds the
group's partition to the transaction by itself. Until the transaction ends the offsets are pending:
OffsetFetch shows the ones before, or asks the client to come again.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.auto_creation import GROUP_METADATA
from logcore.broker.context import RequestContext
from logcore.broker.fencing import answer_with
from logcore.broker.parts import Parts
from logcore.broker.transactional_writes import Admissions, Sender, Support, admit
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    InvalidGroupIdError,
    KafkaError,
    NotCoordinatorError,
    NotEnoughReplicasError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.group.context import Caller
from logcore.coordinator.transaction.service import ProducerIdentity, hand_on
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)

_ADDS_SINCE: Final = 5
_ABORTABLE_SINCE: Final = 4
_LOADING_SINCE: Final = 2
_NO_SEQUENCE: Final = -1

_Place = tuple[str, int]


def handle(
    parts: Parts, request: TxnOffsetCommitRequest, context: RequestContext
) -> TxnOffsetCommitResponse | Deferred[TxnOffsetCommitResponse]:
    """Hand what can be committed to the groups' coordinator, inside of the transaction."""
    allows = parts.authorizer.allows
    asked = request.topics
    everything = [
        (topic.name, each.partition_index) for topic in asked for each in topic.partitions
    ]
    for kind, operation, name, refusal in (
        (
            ResourceType.TRANSACTIONAL_ID,
            Operation.WRITE,
            request.transactional_id,
            TransactionalIdAuthorizationFailedError,
        ),
        (ResourceType.GROUP, Operation.READ, request.group_id, GroupAuthorizationFailedError),
    ):
        if not allows(context, operation, kind, name):
            return _response(asked, dict.fromkeys(everything, refusal.code))
    codes = _refused(parts, request, context)
    request.topics = _without(asked, codes)
    if not request.topics:
        return _response(asked, codes)
    return answer_with(
        _commit(parts, request, context),
        lambda committed: _response(asked, codes | _codes_of(committed)),
        lambda error: _response(
            asked, dict.fromkeys(everything, _told(error, context.version).code) | codes
        ),
    )


def _refused(
    parts: Parts, request: TxnOffsetCommitRequest, context: RequestContext
) -> dict[_Place, int]:
    """Return the partitions that are not there, or that the caller may not read."""
    refused: dict[_Place, int] = {}
    for topic in request.topics:
        found = parts.controller.image.topics_by_name.get(topic.name)
        count = 0 if found is None else len(found.partitions)
        may_read = parts.authorizer.allows(context, Operation.READ, ResourceType.TOPIC, topic.name)
        for each in topic.partitions:
            place = (topic.name, each.partition_index)
            if not may_read:
                refused[place] = TopicAuthorizationFailedError.code
            elif not 0 <= each.partition_index < count:
                refused[place] = UnknownTopicOrPartitionError.code
    return refused


def _without(
    topics: list[TxnOffsetCommitRequestTopic], refused: dict[_Place, int]
) -> list[TxnOffsetCommitRequestTopic]:
    left = [
        TxnOffsetCommitRequestTopic(
            name=topic.name,
            partitions=[
                each
                for each in topic.partitions
                if (topic.name, each.partition_index) not in refused
            ],
        )
        for topic in topics
    ]
    return [topic for topic in left if topic.partitions]


def _commit(
    parts: Parts, request: TxnOffsetCommitRequest, context: RequestContext
) -> Deferred[TxnOffsetCommitResponse]:
    """Ask for the transaction, then commit."""
    if not request.group_id:
        return Deferred.failed(InvalidGroupIdError("the group id is empty"))
    place = (GROUP_METADATA, parts.groups.partition_for(request.group_id))
    if parts.replicas.find(*place) is None:
        return Deferred.failed(NotCoordinatorError("nobody has looked for the coordinator yet"))
    sender = Sender(
        request.transactional_id,
        ProducerIdentity(request.producer_id, request.producer_epoch),
        Support(
            adds=context.version >= _ADDS_SINCE, has_abortable=context.version >= _ABORTABLE_SINCE
        ),
    )
    caller = Caller(context.version, context.client_id or "", context.client_host)
    committed: Deferred[TxnOffsetCommitResponse] = Deferred()

    def go_on(admitted: Deferred[Admissions]) -> None:
        if admitted.error is not None:
            committed.fail(admitted.error)
            return
        guard = admitted.value()[place]
        if isinstance(guard, KafkaError):
            committed.fail(guard)
            return
        parts.groups.commit_offsets_in_transaction(caller, request, guard).then(
            lambda done: hand_on(done, committed)
        )

    admit(parts, sender, {place: _NO_SEQUENCE}).then(go_on)
    return committed


def _told(error: KafkaError, version: int) -> KafkaError:
    """Return the error that a client of this API understands."""
    if isinstance(error, NotEnoughReplicasError) or (
        isinstance(error, CoordinatorLoadInProgressError) and version < _LOADING_SINCE
    ):
        return CoordinatorNotAvailableError(str(error))
    return error


def _codes_of(committed: TxnOffsetCommitResponse) -> dict[_Place, int]:
    return {
        (topic.name, each.partition_index): each.error_code
        for topic in committed.topics
        for each in topic.partitions
    }


def _response(
    topics: list[TxnOffsetCommitRequestTopic], codes: dict[_Place, int]
) -> TxnOffsetCommitResponse:
    return TxnOffsetCommitResponse(
        topics=[
            TxnOffsetCommitResponseTopic(
                name=topic.name,
                partitions=[
                    TxnOffsetCommitResponsePartition(
                        partition_index=each.partition_index,
                        error_code=codes[topic.name, each.partition_index],
                    )
                    for each in topic.partitions
                ],
            )
            for topic in topics
        ]
    )
