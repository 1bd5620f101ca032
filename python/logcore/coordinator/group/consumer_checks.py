"""What is checked of a heartbeat before anything is decided, and read out of it.

Invariant: nothing here changes anything; a check passes, or raises what the client is told.
Neighbours: `consumer_heartbeat` asks, `consumer_classic` about members of the classic protocol.
"""

from typing import Final

from logcore.common.errors import (
    FencedInstanceIdError,
    FencedMemberEpochError,
    GroupMaxSizeReachedError,
    InvalidRequestError,
    UnknownMemberIdError,
    UnsupportedAssignorError,
)
from logcore.coordinator.group.assignors_offered import offered
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.consumer_reconcile import Reported
from logcore.coordinator.group.modern_member import JOINING, LEAVING_FOR_NOW
from logcore.coordinator.group.settings import GroupSettings
from logcore.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest

OWN_ID_SINCE: Final = 1
"""The version in which members make their ids themselves."""


def validate(version: int, request: ConsumerGroupHeartbeatRequest, settings: GroupSettings) -> None:
    """Refuse what does not fit together, before a group is looked at.

    Raises:
        InvalidRequestError: What is missing.
        UnsupportedAssignorError: If the broker does not offer the assignor asked for.
    """
    if not request.group_id.strip():
        raise InvalidRequestError("GroupId can't be empty.")
    if not request.member_id.strip() and (
        version >= OWN_ID_SINCE or request.member_epoch != JOINING
    ):
        raise InvalidRequestError("MemberId can't be empty.")
    if request.instance_id is not None and not request.instance_id.strip():
        raise InvalidRequestError("InstanceId can't be empty.")
    if request.rack_id is not None and not request.rack_id.strip():
        raise InvalidRequestError("RackId can't be empty.")
    if request.member_epoch == JOINING:
        validate_joining(request)
    elif request.member_epoch == LEAVING_FOR_NOW and request.instance_id is None:
        raise InvalidRequestError("InstanceId can't be null.")
    elif request.member_epoch < LEAVING_FOR_NOW:
        raise InvalidRequestError(f"MemberEpoch is {request.member_epoch}, but must be >= -2.")
    names = offered(settings.group_consumer_assignors)
    if request.server_assignor is not None and request.server_assignor not in names:
        raise UnsupportedAssignorError(
            f"ServerAssignor {request.server_assignor} is not supported. "
            f"Supported assignors: {', '.join(names)}."
        )


def validate_joining(request: ConsumerGroupHeartbeatRequest) -> None:
    """Refuse a first heartbeat that does not say everything.

    Raises:
        InvalidRequestError: What is missing.
    """
    if request.rebalance_timeout_ms == -1:
        raise InvalidRequestError("RebalanceTimeoutMs must be provided in first request.")
    if request.topic_partitions is None or request.topic_partitions:
        raise InvalidRequestError("TopicPartitions must be empty when (re-)joining.")
    if request.subscribed_topic_names is None and request.subscribed_topic_regex is None:
        raise InvalidRequestError(
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null "
            "when (re-)joining."
        )


def refuse_if_full(
    group: ConsumerGroup, member_id: str, instance_id: str | None, settings: GroupSettings
) -> None:
    """Refuse a further member of a group that is full.

    Raises:
        GroupMaxSizeReachedError: If there is no room.
    """
    size_max = settings.group_consumer_max_size
    is_known = member_id in group.members or instance_id in group.static_ids
    if len(group.members) >= size_max and not is_known:
        raise GroupMaxSizeReachedError(
            f"The consumer group has reached its maximum capacity of {size_max} members."
        )


def dynamic_member(group: ConsumerGroup, member_id: str, *, is_joining: bool) -> ConsumerMember:
    """Find a member, or begin one if it joins.

    Raises:
        UnknownMemberIdError: If it does not join and is not there.
    """
    if is_joining and member_id not in group.members:
        return ConsumerMember(member_id=member_id)
    return group.member(member_id)


def known_static(group: ConsumerGroup, member_id: str, instance_id: str) -> ConsumerMember:
    """Find a static member that must be there under this member id.

    Raises:
        UnknownMemberIdError: If nobody is there under its instance id.
        FencedInstanceIdError: If another one is.
    """
    member = group.static_member(instance_id)
    if member is None:
        raise UnknownMemberIdError(f"Instance id {instance_id} is unknown.")
    if member.member_id != member_id:
        raise FencedInstanceIdError(
            f"Static member {member_id} with instance id {instance_id} "
            f"was fenced by member {member.member_id}."
        )
    return member


def refuse_wrong_epoch(member: ConsumerMember, epoch: int, reported: Reported | None) -> None:
    """Refuse a member that is in another epoch than we know it in.

    One that has not got our last answer comes with the epoch before, and owns no more than it did.

    Raises:
        FencedMemberEpochError: If it has to begin anew.
    """
    if epoch == member.epoch:
        return
    is_behind = epoch < member.epoch
    if is_behind and epoch == member.previous_epoch and owns_all(member, reported):
        return
    comparison = "smaller" if is_behind else "greater"
    raise FencedMemberEpochError(
        f"The consumer group member has a {comparison} member epoch ({epoch}) than the one known "
        f"by the group coordinator ({member.epoch}). The member must abandon all its partitions "
        "and rejoin."
    )


def owns_all(member: ConsumerMember, reported: Reported | None) -> bool:
    """Whether a member owns everything that it says it does; saying nothing proves nothing."""
    if reported is None:
        return False
    return all(
        partition in member.assigned.get(topic_id, {})
        for topic_id, partitions in reported.items()
        for partition in partitions
    )


def reported_partitions(
    request: ConsumerGroupHeartbeatRequest,
) -> dict[bytes, frozenset[int]] | None:
    """Return what a heartbeat says that its member owns; None if it does not say."""
    if request.topic_partitions is None:
        return None
    return {each.topic_id: frozenset(each.partitions) for each in request.topic_partitions}


def says_everything(request: ConsumerGroupHeartbeatRequest) -> bool:
    """Whether a heartbeat says all that there is to say, and so wants to be told all."""
    has_subscription = (
        request.subscribed_topic_names is not None or request.subscribed_topic_regex is not None
    )
    return (
        request.rebalance_timeout_ms != -1
        and has_subscription
        and request.topic_partitions is not None
    )
