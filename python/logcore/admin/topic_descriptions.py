"""Descriptions of topics and their partitions, read out of the answers that tell of them.

Invariant: one type for either answer; what an answer does not have is None.
Neighbours: `topics` asks. Source: KIP-516 for ids, KIP-966 for replicas that are eligible.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logcore.admin.operations import operations_of

if TYPE_CHECKING:
    from logcore.common.access import Operation


@dataclass(frozen=True, slots=True)
class PartitionDescription:
    """A partition.

    Attributes:
        partition: Its number.
        leader: The broker that leads it; None if there is none.
        leader_epoch: The epoch of that leadership; None if the broker does not tell.
        replicas: The brokers that hold it; the first is the preferred leader.
        isr: Those in sync.
        offline: Those that are not there.
        eligible: Those out of sync that could lead without losing records; None if not told.
        last_known_eligible: Those that could lead last, when none was left; None if not told.
    """

    partition: int
    leader: int | None
    leader_epoch: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    offline: tuple[int, ...]
    eligible: tuple[int, ...] | None = None
    last_known_eligible: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic.

    Attributes:
        name: Its name.
        topic_id: Its id, 16 bytes; zeros if the broker does not tell.
        is_internal: Whether the brokers keep it for themselves.
        partitions: Its partitions, in order.
        operations: What the asker may do with it, if that was asked for.
    """

    name: str
    topic_id: bytes
    is_internal: bool
    partitions: tuple[PartitionDescription, ...]
    operations: "frozenset[Operation] | None" = None


def described(topic: Any) -> TopicDescription:  # noqa: ANN401 - of either response
    """Read the answer about one topic.

    Args:
        topic: The answer, without an error: of Metadata, or of DescribeTopicPartitions.
    """
    return TopicDescription(
        topic.name or "",
        topic.topic_id,
        topic.is_internal,
        tuple(map(_partition, sorted(topic.partitions, key=lambda part: part.partition_index))),
        operations_of(topic.topic_authorized_operations),
    )


def joined(pages: Iterable[TopicDescription]) -> TopicDescription:
    """Return one description of a topic whose partitions were told in several answers."""
    first, *others = pages
    partitions = {part.partition: part for page in (first, *others) for part in page.partitions}
    return TopicDescription(
        first.name,
        first.topic_id,
        first.is_internal,
        tuple(partitions[number] for number in sorted(partitions)),
        first.operations,
    )


def _partition(part: Any) -> PartitionDescription:  # noqa: ANN401 - of either response
    return PartitionDescription(
        part.partition_index,
        None if part.leader_id < 0 else part.leader_id,
        None if part.leader_epoch < 0 else part.leader_epoch,
        tuple(part.replica_nodes),
        tuple(part.isr_nodes),
        tuple(part.offline_replicas),
        _if_told(part, "eligible_leader_replicas"),
        _if_told(part, "last_known_elr"),
    )


def _if_told(part: Any, name: str) -> tuple[int, ...] | None:  # noqa: ANN401 - of either response
    nodes = getattr(part, name, None)
    return None if nodes is None else tuple(nodes)
