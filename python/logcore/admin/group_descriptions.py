"""Descriptions of groups, read out of the answers of each kind's own request.

Invariant: one type for all kinds; what a kind does not have is None or empty.
Neighbours: `groups` asks; `coordinator` encodes on the other side what is decoded here.
Source: Apache Kafka 4.3.1, `ConsumerProtocolAssignment` for what classic members are assigned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from logcore.admin.operations import operations_of
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

    from logcore.common.access import Operation

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
        target_tasks: The tasks it shall have, in the same form.
        rack_id: Where it stands, if it says.
        is_classic: Whether it speaks the classic protocol in a group of another kind; None if
            that is not told.
        process_id: Of a streams group: what tells the members of one process from others.
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
    target_tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rack_id: str | None = None
    is_classic: bool | None = None
    process_id: str | None = None


@dataclass(frozen=True, slots=True)
class Subtopology:
    """A part of what a streams group computes, whose tasks are given to members.

    Attributes:
        subtopology_id: Its name.
        source_topics: What it reads.
        repartition_sink_topics: What it writes for other parts to read.
        repartition_source_topics: What it reads of other parts.
        state_changelog_topics: Where its state is kept.
    """

    subtopology_id: str
    source_topics: tuple[str, ...]
    repartition_sink_topics: tuple[str, ...]
    repartition_source_topics: tuple[str, ...]
    state_changelog_topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """What a streams group computes.

    Attributes:
        epoch: How often it has changed.
        subtopologies: Its parts.
    """

    epoch: int
    subtopologies: tuple[Subtopology, ...]


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
        assignment_epoch: The epoch for which partitions were assigned; None in classic groups.
        protocol_type: What its members speak of, such as "consumer".
        topology: What a streams group computes; None in others, and before it was told.
        operations: What the asker may do with it, if that was asked for.
    """

    group_id: str
    kind: str
    state: str
    assignor: str
    epoch: int | None
    members: tuple[MemberDescription, ...]
    assignment_epoch: int | None = None
    protocol_type: str = "consumer"
    topology: Topology | None = None
    operations: "frozenset[Operation] | None" = None


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
        getattr(answer, "assignment_epoch", None),
        answer.protocol_type if kind == "classic" else _PROTOCOLS[kind],
        _topology(getattr(answer, "topology", None)),
        operations_of(answer.authorized_operations),
    )


_PROTOCOLS: Final = {"consumer": "consumer", "share": "share", "streams": "streams"}
"""What members of groups of a kind speak of, as ListGroups has it."""


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


_CLASSIC: Final = {0: True, 1: False}
"""Whether a member is classic, by what its group calls its type."""


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
        rack_id=member.rack_id,
        is_classic=_CLASSIC.get(getattr(member, "member_type", -1)),
    )


def _streams(member: Any) -> MemberDescription:  # noqa: ANN401 - a streams group's
    return MemberDescription(
        member.member_id,
        member.instance_id,
        member.client_id,
        member.client_host,
        member.member_epoch,
        tasks=_tasks(member.assignment),
        target_tasks=_tasks(member.target_assignment),
        rack_id=member.rack_id,
        is_classic=member.is_classic,
        process_id=member.process_id,
    )


def _tasks(assignment: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - an Assignment
    return {
        kind: tuple(
            f"{task.subtopology_id}_{partition}"
            for task in getattr(assignment, f"{kind}_tasks")
            for partition in task.partitions
        )
        for kind in ("active", "standby", "warmup")
    }


def _topology(told: Any) -> Topology | None:  # noqa: ANN401 - of a streams group
    if told is None:
        return None
    return Topology(
        told.epoch,
        tuple(
            Subtopology(
                one.subtopology_id,
                tuple(one.source_topics),
                tuple(one.repartition_sink_topics),
                tuple(topic.name for topic in one.repartition_source_topics),
                tuple(topic.name for topic in one.state_changelog_topics),
            )
            for one in told.subtopologies or ()
        ),
    )


def _partitions(assignment: Any) -> tuple[TopicPartition, ...]:  # noqa: ANN401 - an Assignment
    return _sorted(
        TopicPartition(topic.topic_name, partition)
        for topic in assignment.topic_partitions
        for partition in topic.partitions
    )


def _sorted(partitions: Any) -> tuple[TopicPartition, ...]:  # noqa: ANN401 - an iterator of them
    return tuple(sorted(partitions))
