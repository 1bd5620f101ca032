"""Who may ask for the states of share groups' partitions, and what the others are told.

Brokers ask this of each other, so all five APIs want the same permission and refuse in one shape.
Invariant: a refusal names each partition that was asked for, in order, with the same error.
Neighbours: the five handlers of `*_share_group_state` and `read_share_group_state_summary`.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError

T = TypeVar("T", bound=Any)


def may_ask_for_states(parts: Parts, context: RequestContext) -> bool:
    """Whether the caller is a broker, or may do what brokers do."""
    return parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER)


def refused_states(
    topics: Sequence[Any], context: RequestContext, result: type[T], partition_result: type[Any]
) -> list[T]:
    """Return what is answered to who may not.

    Args:
        topics: Those of the request, with their partitions.
        context: Which API it is.
        result: The class of a topic's answer.
        partition_result: The class of a partition's answer.
    """
    error = ClusterAuthorizationFailedError(f"not authorized to ask for {context.api_key.name}")
    return [
        result(
            topic_id=topic.topic_id,
            partitions=[
                partition_result(
                    partition=each.partition, error_code=error.code, error_message=str(error)
                )
                for each in topic.partitions
            ],
        )
        for topic in topics
    ]
