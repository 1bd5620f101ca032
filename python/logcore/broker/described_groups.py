"""Describing groups of one kind: what every such request has in common.

Invariant: a group is described to whom may know of it, with topics that they may know of, or not
at all; why not is told in the group's own place.
Neighbours: `handlers.consumer_group_describe`, `share_group_describe` and `streams_group_describe`
say what their kind is; the coordinator describes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

G = TypeVar("G", bound=Any)


@dataclass(frozen=True, slots=True)
class KindOfGroup(Generic[G]):
    """What sets groups of one kind apart.

    Attributes:
        described_group: The class of a description.
        is_enabled: Whether the cluster has such groups.
        describe: Asks the coordinator for a group.
        topics: Returns the topics that a description names.
        hidden_topics: What is said if the caller may not know of one of them.
    """

    described_group: type[G]
    is_enabled: Callable[[Parts], bool]
    describe: Callable[[Parts, str], G]
    topics: Callable[[G], Iterable[str]]
    hidden_topics: str = (
        "The group has described topic(s) that the client is not authorized to describe."
    )


def described_groups(
    parts: Parts,
    kind: KindOfGroup[G],
    group_ids: Iterable[str],
    context: RequestContext,
    *,
    includes_operations: bool,
) -> list[G]:
    """Describe the groups that the caller may know of, with topics that it may know of."""
    groups = []
    for group_id in group_ids:
        try:
            group = _described(parts, kind, group_id, context)
        except KafkaError as error:
            group = kind.described_group(
                group_id=group_id, error_code=error.code, error_message=str(error) or None
            )
        if includes_operations and not group.error_code:
            group.authorized_operations = authorized_operations(
                parts.authorizer, context, ResourceType.GROUP, group_id
            )
        groups.append(group)
    return groups


def _described(parts: Parts, kind: KindOfGroup[G], group_id: str, context: RequestContext) -> G:
    """Describe one group, or raise why it cannot be."""
    allows = parts.authorizer.allows
    if not kind.is_enabled(parts):
        raise UnsupportedVersionError
    if not allows(context, Operation.DESCRIBE, ResourceType.GROUP, group_id):
        raise GroupAuthorizationFailedError
    group = kind.describe(parts, group_id)
    if group.error_code:
        return group
    topics = dict.fromkeys(kind.topics(group))
    if not all(allows(context, Operation.DESCRIBE, ResourceType.TOPIC, name) for name in topics):
        raise TopicAuthorizationFailedError(kind.hidden_topics)
    return group
