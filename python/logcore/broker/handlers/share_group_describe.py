"""ShareGroupDescribe: share groups, their members, and what each has.

Version: 1.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.protocol.messages.share_group_describe import (
    DescribedGroup,
    ShareGroupDescribeRequest,
    ShareGroupDescribeResponse,
)

FEATURE: Final = "share.version"
"""The feature of the cluster that brings share groups, from level 1 on."""


def handle(
    parts: Parts, request: ShareGroupDescribeRequest, context: RequestContext
) -> ShareGroupDescribeResponse:
    """Describe the groups that the caller may know of, with topics that it may know of."""
    return ShareGroupDescribeResponse(
        groups=[
            described(parts, group_id, context, request.include_authorized_operations)
            for group_id in request.group_ids
        ]
    )


def is_enabled(parts: Parts) -> bool:
    """Whether the cluster has share groups."""
    return parts.controller.image.features.get(FEATURE, 0) > 0


def described(
    parts: Parts, group_id: str, context: RequestContext, includes_operations: bool
) -> DescribedGroup:
    """Describe one group."""
    authorizer = parts.authorizer
    if not is_enabled(parts):
        return refused(group_id, UnsupportedVersionError())
    if not authorizer.allows(context, Operation.DESCRIBE, ResourceType.GROUP, group_id):
        return refused(group_id, GroupAuthorizationFailedError())
    group = parts.groups.share.describe(group_id)
    if group.error_code != 0:
        return group
    topics = {
        topic.topic_name for member in group.members for topic in member.assignment.topic_partitions
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
