"""DescribeQuorum: who decides on the metadata, and how far everybody is.

Versions: 0 to 2; since 1 with times, since 2 with messages, directories and addresses. The quorum
is this one node.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.reachable_brokers import reachable_brokers
from logcore.common.errors import ClusterAuthorizationFailedError, UnknownTopicOrPartitionError
from logcore.controller.topic_names import CLUSTER_METADATA_TOPIC
from logcore.protocol.messages.describe_quorum import (
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    Listener,
    Node,
    ReplicaState,
    ResponsePartitionData,
    ResponseTopicData,
)

_FACTS_FROM: Final = 2
"""Before this version there is no place for directories and addresses."""


def handle(
    parts: Parts, request: DescribeQuorumRequest, context: RequestContext
) -> DescribeQuorumResponse:
    """Describe the quorum of the one partition that has one."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("describing the cluster is not allowed")
    has_facts = context.version >= _FACTS_FROM
    response = DescribeQuorumResponse(error_message=None)
    if has_facts:
        response.nodes = _nodes(parts, context)
    for topic in request.topics:
        answered = ResponseTopicData(topic_name=topic.topic_name)
        for partition in topic.partitions:
            is_ours = topic.topic_name == CLUSTER_METADATA_TOPIC and partition.partition_index == 0
            described = (
                _described(parts, has_facts=has_facts)
                if is_ours
                else _unknown(partition.partition_index)
            )
            answered.partitions.append(described)
        response.topics.append(answered)
    return response


def _nodes(parts: Parts, context: RequestContext) -> list[Node]:
    return [
        Node(
            node_id=broker.broker_id,
            listeners=[Listener(name=context.listener_name, host=host, port=port)],
        )
        for broker, host, port in reachable_brokers(parts, context)
        if broker.broker_id == parts.node_id
    ]


def _unknown(partition_index: int) -> ResponsePartitionData:
    error = UnknownTopicOrPartitionError("only the cluster's metadata has a quorum")
    return ResponsePartitionData(
        partition_index=partition_index, error_code=error.code, error_message=str(error)
    )


def _described(parts: Parts, *, has_facts: bool) -> ResponsePartitionData:
    controller = parts.controller
    end_offset = controller.image.offset + 1
    now_ms = parts.scheduler.now_ms()
    broker = controller.image.brokers.get(parts.node_id)
    directories = broker.log_dirs if broker is not None else ()
    voter = ReplicaState(
        replica_id=parts.node_id,
        log_end_offset=end_offset,
        last_fetch_timestamp=now_ms,
        last_caught_up_timestamp=now_ms,
    )
    if directories and has_facts:
        voter.replica_directory_id = directories[0]
    return ResponsePartitionData(
        partition_index=0,
        error_message=None,
        leader_id=parts.node_id,
        leader_epoch=controller.leader_epoch,
        high_watermark=end_offset,
        current_voters=[voter],
    )
