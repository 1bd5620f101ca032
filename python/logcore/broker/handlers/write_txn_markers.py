"""WriteTxnMarkers: end transactions in partitions, by the word of a coordinator or an operator.

Versions: 1 to 2; 2 tells the version of transactions, by whose rules markers are judged. It is how
``kafka-transactions abort`` ends a transaction that its coordinator has forgotten.
"""

from collections.abc import Iterator

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    UnknownServerError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.log import TransactionMarker
from logcore.protocol.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerPartitionResult,
    WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)


def handle(
    parts: Parts, request: WriteTxnMarkersRequest, context: RequestContext
) -> Deferred[WriteTxnMarkersResponse]:
    """Write the markers, each partition by itself."""
    allows = parts.authorizer.allows
    may = allows(context, Operation.ALTER, ResourceType.CLUSTER, is_quiet=True) or allows(
        context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER
    )
    results = [_result(marker) for marker in request.markers]
    if not may:
        for result in results:
            for answer in _answers(result):
                answer.error_code = ClusterAuthorizationFailedError.code
        return Deferred.of(WriteTxnMarkersResponse(markers=results))
    waiting: list[Deferred[None]] = []
    for marker, result in zip(request.markers, results, strict=True):
        told = TransactionMarker(
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            is_commit=marker.transaction_result,
            coordinator_epoch=marker.coordinator_epoch,
            transaction_version=marker.transaction_version,
        )
        for topic in result.topics:
            waiting.extend(_write(parts, topic.name, answer, told) for answer in topic.partitions)
    return gather(waiting).map(lambda _: WriteTxnMarkersResponse(markers=results))


def _result(marker: WritableTxnMarker) -> WritableTxnMarkerResult:
    return WritableTxnMarkerResult(
        producer_id=marker.producer_id,
        topics=[
            WritableTxnMarkerTopicResult(
                name=topic.name,
                partitions=[
                    WritableTxnMarkerPartitionResult(partition_index=index)
                    for index in topic.partition_indexes
                ],
            )
            for topic in marker.topics
        ],
    )


def _answers(result: WritableTxnMarkerResult) -> Iterator[WritableTxnMarkerPartitionResult]:
    for topic in result.topics:
        yield from topic.partitions


def _write(
    parts: Parts, topic: str, answer: WritableTxnMarkerPartitionResult, marker: TransactionMarker
) -> Deferred[None]:
    """Write one marker into its answer."""
    if parts.replicas.find(topic, answer.partition_index) is None:
        answer.error_code = UnknownTopicOrPartitionError.code
        return Deferred.of(None)
    written = parts.transactions.write_marker(topic, answer.partition_index, marker)

    def enter(done: Deferred[None]) -> None:
        error = done.error
        if error is not None:
            answer.error_code = (
                error.code if isinstance(error, KafkaError) else UnknownServerError.code
            )

    written.then(enter)
    return written
