"""Descriptions of groups, read out of the answers of each kind's own request.

Invariant: one type for all kinds; what a kind does not have is None or empty.
Neighbours: `groups` asks; `coordinator` encodes on the other side what is decoded here.
Source: Apache Kafka 4.3.1, `ConsumerProtocolAssignment` for what classic members are assigned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from logcore.client.positions import TopicPartition
from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class MemberDescription:
    """A member of a group.

    Attributes:
        member_id: Its id.
        instance_id: Its name, if it is a static member.
        client_id: What its client calls itself.
        host: Where it is.
        epoch: The epoch it has reached; None in classic groups.
        subscription: The topics it asks for, by name.
        subscription_regex: The expression it asks by, if it does.
        assignment: The partitions it reads.
        target: The partitions it shall read; None in classic groups.
        tasks: Of a streams group: its tasks by kind ("active", "standby", "warmup"), each as
            ``subtopology_partition``.
    """

    member_id: str
    instance_id: str | None
    client_id: str
    host: str
    epoch: int | None = None
    subscription: tuple[str, ...] = ()
    subscription_regex: str | None = None
    assignment: tuple[TopicPartition, ...] = ()
    target: tuple[TopicPartition, ...] | None = None
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """A group.

    Attributes:
        group_id: Its name.
        kind: "classic", "consumer", "share" or "streams".
        state: Its state, as Kafka spells it.
        assignor: What assigns its partitions; empty if that is not told.
        epoch: Its epoch; None in classic groups.
        members: Its members.
    """

    group_id: str
    kind: str
    state: str
    assignor: str
    epoch: int | None
    members: tuple[MemberDescription, ...]


def described(answer: Any, kind: str) -> GroupDescription:  # noqa: ANN401 - a DescribedGroup
    """Read the answer about one group.

    Args:
        answer: The answer, without an error.
        kind: The group's kind, which says of which response it is.
    """
    member = {"classic": _classic, "streams": _streams}.get(kind, _of_partitions)
    assignor = answer.protocol_data if kind == "classic" else getattr(answer, "assignor_name", "")
    return GroupDescription(
        answer.group_id,
        kind,
        answer.group_state,
        assignor,
        getattr(answer, "group_epoch", None),
        tuple(member(one) for one in answer.members),
    )


def _classic(member: Any) -> MemberDescription:  # noqa: ANN401 - DescribedGroupMember
    subscription: tuple[str, ...] = ()
    assignment: tuple[TopicPartition, ...] = ()
    try:
        asked = _read(ConsumerProtocolSubscription, member.member_metadata)
        given = _read(ConsumerProtocolAssignment, member.member_assignment)
    except (MalformedMessageError, UnsupportedVersionError):
        pass  # of a protocol that only its members understand
    else:
        subscription = tuple(asked.topics) if asked is not None else ()
        assignment = _sorted(
            TopicPartition(topic.topic, partition)
            for topic in (given.assigned_partitions if given is not None else ())
            for partition in topic.partitions
        )
    return MemberDescription(
        member.member_id,
        member.group_instance_id,
        member.client_id,
        member.client_host,
        subscription=subscription,
        assignment=assignment,
    )


def _read(kind: type[M], data: "Buffer") -> M | None:
    """Read what members tell each other; None if they have told nothing yet."""
    return versioned.decode(kind, data, newer_as_last=True) if memoryview(data).nbytes else None


def _of_partitions(member: Any) -> MemberDescription:  # noqa: ANN401 - consumer's or share's
    target = getattr(member, "target_assignment", None)
    return MemberDescription(
        member.member_id,
        getattr(member, "instance_id", None),
        member.client_id,
        member.client_host,
        member.member_epoch,
        tuple(member.subscribed_topic_names),
        getattr(member, "subscribed_topic_regex", None) or None,
        _partitions(member.assignment),
        None if target is None else _partitions(target),
    )


def _streams(member: Any) -> MemberDescription:  # noqa: ANN401 - a streams group's
    kinds = ("active", "standby", "warmup")
    return MemberDescription(
        member.member_id,
        member.instance_id,
        member.client_id,
        member.client_host,
        member.member_epoch,
        tasks={
            kind: tuple(
                f"{task.subtopology_id}_{partition}"
                for task in getattr(member.assignment, f"{kind}_tasks")
                for partition in task.partitions
            )
            for kind in kinds
        },
    )


def _partitions(assignment: Any) -> tuple[TopicPartition, ...]:  # noqa: ANN401 - an Assignment
    return _sorted(
        TopicPartition(topic.topic_name, partition)
        for topic in assignment.topic_partitions
        for partition in topic.partitions
    )


def _sorted(partitions: Any) -> tuple[TopicPartition, ...]:  # noqa: ANN401 - an iterator of them
    return tuple(sorted(partitions))
