"""DescribeProducers: who wrote to partitions lately, and where open transactions begin.

Version 0. It tells of a transaction that holds readers back, whose producer may then be looked for.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import KafkaError, TopicAuthorizationFailedError
from logcore.protocol.messages.describe_producers import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    PartitionResponse,
    ProducerState,
    TopicResponse,
)


def handle(
    parts: Parts, request: DescribeProducersRequest, context: RequestContext
) -> DescribeProducersResponse:
    """Describe, each partition by itself."""
    return DescribeProducersResponse(
        topics=[
            TopicResponse(
                name=topic.name,
                partitions=[
                    _describe(parts, topic.name, index, context)
                    for index in topic.partition_indexes
                ],
            )
            for topic in request.topics
        ]
    )


def _describe(parts: Parts, topic: str, index: int, context: RequestContext) -> PartitionResponse:
    try:
        if not parts.authorizer.allows(context, Operation.READ, ResourceType.TOPIC, topic):
            raise TopicAuthorizationFailedError(f"not authorized to read {topic}")
        producers = parts.replicas.get(topic, index).log.active_producers()
    except KafkaError as error:
        return PartitionResponse(
            partition_index=index, error_code=error.code, error_message=str(error) or None
        )
    return PartitionResponse(
        partition_index=index,
        active_producers=[
            ProducerState(
                producer_id=producer_id,
                producer_epoch=epoch,
                last_sequence=last_sequence,
                last_timestamp=last_timestamp_ms,
                coordinator_epoch=coordinator_epoch,
                current_txn_start_offset=first_offset,
            )
            for (
                producer_id,
                epoch,
                last_sequence,
                last_timestamp_ms,
                coordinator_epoch,
                first_offset,
            ) in producers
        ],
    )
