"""AddPartitionsToTxn: let partitions take part in a transaction.

Versions: 0 to 5. Producers send 0 to 3, for one transaction: either all of its partitions are added
or none is. From 4 on brokers send it, for several transactions and also to ask only; those need the
right to act for the cluster. 2 knows PRODUCER_FENCED.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.fencing import answer_with, told
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    OperationNotAttemptedError,
    TopicAuthorizationFailedError,
    TransactionAbortableError,
    TransactionalIdAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.image import INTERNAL_TOPICS
from logcore.coordinator.transaction.partitions import Addition
from logcore.coordinator.transaction.service import ProducerIdentity
from logcore.coordinator.transaction.state import EPOCH_BUMPING_VERSION, TopicPartition
from logcore.protocol.messages.add_partitions_to_txn import (
    AddPartitionsToTxnPartitionResult,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
)

_SEVERAL_SINCE: Final = 4
_BUMPS_SINCE: Final = 5
_FENCED_SINCE: Final = 2

_Codes = dict[TopicPartition, int]


def handle(
    parts: Parts, request: AddPartitionsToTxnRequest, context: RequestContext
) -> Deferred[AddPartitionsToTxnResponse]:
    """Add, each transaction by itself."""
    if context.version < _SEVERAL_SINCE:
        one = AddPartitionsToTxnTransaction(
            transactional_id=request.v3_and_below_transactional_id,
            producer_id=request.v3_and_below_producer_id,
            producer_epoch=request.v3_and_below_producer_epoch,
            topics=request.v3_and_below_topics,
        )
        return _serve(parts, one, context).map(
            lambda codes: AddPartitionsToTxnResponse(
                results_by_topic_v3_and_below=_results(one.topics, codes)
            )
        )
    if not parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("not authorized to act for the cluster")
    served = gather(_serve(parts, each, context) for each in request.transactions)
    return served.map(
        lambda done: AddPartitionsToTxnResponse(
            results_by_transaction=[
                AddPartitionsToTxnResult(
                    transactional_id=asked.transactional_id,
                    topic_results=_results(asked.topics, codes.value()),
                )
                for asked, codes in zip(request.transactions, done, strict=True)
            ]
        )
    )


def _serve(
    parts: Parts, asked: AddPartitionsToTxnTransaction, context: RequestContext
) -> Deferred[_Codes]:
    """Add the partitions of one transaction, or ask for them; answer each with a code."""
    places = frozenset((topic.name, each) for topic in asked.topics for each in topic.partitions)
    is_client = context.version < _SEVERAL_SINCE
    if is_client and not parts.authorizer.allows(
        context, Operation.WRITE, ResourceType.TRANSACTIONAL_ID, asked.transactional_id
    ):
        return Deferred.of(dict.fromkeys(places, TransactionalIdAuthorizationFailedError.code))
    refused = _refused(parts, asked.topics, context)
    if refused:
        not_attempted = OperationNotAttemptedError.code
        return Deferred.of({place: refused.get(place, not_attempted) for place in places})
    identity = ProducerIdentity(asked.producer_id, asked.producer_epoch)
    if asked.verify_only:
        return Deferred.of(_verify(parts, asked.transactional_id, identity, places))
    bumps = context.version >= _BUMPS_SINCE
    wanted = Addition(*identity, places, EPOCH_BUMPING_VERSION if bumps else 0, now_ms=0)
    return answer_with(
        parts.transactions.add_partitions(asked.transactional_id, wanted),
        lambda _: dict.fromkeys(places, 0),
        lambda error: dict.fromkeys(places, told(error, context.version, _FENCED_SINCE).code),
    )


def _refused(
    parts: Parts, topics: list[AddPartitionsToTxnTopic], context: RequestContext
) -> _Codes:
    """Return the partitions that cannot be added at all, with why."""
    refused: _Codes = {}
    is_client = context.version < _SEVERAL_SINCE
    for topic in topics:
        found = parts.controller.image.topics_by_name.get(topic.name)
        count = 0 if found is None else len(found.partitions)
        may_write = not is_client or (
            topic.name not in INTERNAL_TOPICS
            and parts.authorizer.allows(context, Operation.WRITE, ResourceType.TOPIC, topic.name)
        )
        for index in topic.partitions:
            if not may_write:
                refused[topic.name, index] = TopicAuthorizationFailedError.code
            elif not 0 <= index < count:
                refused[topic.name, index] = UnknownTopicOrPartitionError.code
    return refused


def _verify(
    parts: Parts,
    transactional_id: str,
    identity: ProducerIdentity,
    places: frozenset[TopicPartition],
) -> _Codes:
    try:
        missing = parts.transactions.missing_partitions(transactional_id, identity, places)
    except KafkaError as error:
        return dict.fromkeys(places, error.code)
    return {place: TransactionAbortableError.code if place in missing else 0 for place in places}


def _results(
    topics: list[AddPartitionsToTxnTopic], codes: _Codes
) -> list[AddPartitionsToTxnTopicResult]:
    return [
        AddPartitionsToTxnTopicResult(
            name=topic.name,
            results_by_partition=[
                AddPartitionsToTxnPartitionResult(
                    partition_index=index, partition_error_code=codes[topic.name, index]
                )
                for index in topic.partitions
            ],
        )
        for topic in topics
    ]
