"""ConsumerGroupDescribe: consumer groups, their members, and what each has and is to have.

Versions: 0 and 1. From 1 on with the protocol that each member speaks.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    InvalidGroupIdError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.protocol.messages.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    DescribedGroup,
)

FEATURE: Final = "group.version"
"""The feature of the cluster that brings consumer groups, from level 1 on."""


def handle(
    parts: Parts, request: ConsumerGroupDescribeRequest, context: RequestContext
) -> ConsumerGroupDescribeResponse:
    """Describe the groups that the caller may know of, with topics that it may know of."""
    return ConsumerGroupDescribeResponse(
        groups=[
            described(parts, group_id, context, request.include_authorized_operations)
            for group_id in request.group_ids
        ]
    )


def is_enabled(parts: Parts) -> bool:
    """Whether the cluster has consumer groups of the new protocol."""
    protocols = parts.config["group.coordinator.rebalance.protocols"]
    return parts.controller.image.features.get(FEATURE, 0) > 0 and "consumer" in protocols


def described(
    parts: Parts, group_id: str, context: RequestContext, includes_operations: bool
) -> DescribedGroup:
    """Describe one group."""
    authorizer = parts.authorizer
    if not is_enabled(parts):
        return refused(group_id, UnsupportedVersionError())
    if not authorizer.allows(context, Operation.DESCRIBE, ResourceType.GROUP, group_id):
        return refused(group_id, GroupAuthorizationFailedError())
    if not group_id:
        return refused(group_id, InvalidGroupIdError())
    group = parts.groups.describe_consumer_group(group_id)
    if group.error_code != 0:
        return group
    topics = {
        topic.topic_name
        for member in group.members
        for assignment in (member.assignment, member.target_assignment)
        for topic in assignment.topic_partitions
    }
    if not all(
        authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic)
        for topic in topics
    ):
        message = "The group has described topic(s) that the client is not authorized to describe."
        return refused(group_id, TopicAuthorizationFailedError(message))
    if includes_operations:
        group.authorized_operations = authorized_operations(
            authorizer, context, ResourceType.GROUP, group_id
        )
    return group


def refused(group_id: str, error: KafkaError) -> DescribedGroup:
    """Describe a group by why it cannot be."""
    return DescribedGroup(
        group_id=group_id, error_code=error.code, error_message=str(error) or None
    )
