"""Which brokers hold a new partition.

Invariant: a replica list names registered brokers, each once; its leader and its in-sync replicas
are brokers that are not fenced. With one broker there is not much to choose, but the rules are
those of a cluster.
Neighbours: `topics`, `partitions` and `reassignments` ask here.
Source: Apache Kafka 4.3.1, `ReplicationControlManager` and `StripedReplicaPlacer`.
"""

from collections.abc import Sequence

from logcore.common.errors import InvalidReplicaAssignmentError, InvalidReplicationFactorError
from logcore.controller.image import MetadataImage, PartitionImage
from logcore.controller.partition_change import UNASSIGNED_DIRECTORY


def check_assignment(
    image: MetadataImage, replicas: Sequence[int], replication_factor: int | None
) -> None:
    """Check the brokers that somebody chose for a partition.

    Args:
        image: The metadata.
        replicas: The brokers.
        replication_factor: How many there have to be; None if that is free.

    Raises:
        InvalidReplicaAssignmentError: If they will not do.
    """
    if not replicas:
        raise InvalidReplicaAssignmentError("a partition is assigned to no broker at all")
    for broker in sorted(replicas):
        if broker not in image.brokers:
            raise InvalidReplicaAssignmentError(
                f"a partition is assigned to broker {broker}, which is not registered"
            )
    if len(set(replicas)) < len(replicas):
        raise InvalidReplicaAssignmentError(
            f"a partition is assigned to a broker more than once: {list(replicas)}"
        )
    if replication_factor is not None and len(replicas) != replication_factor:
        raise InvalidReplicaAssignmentError(
            f"a partition is assigned to {len(replicas)} brokers, others to {replication_factor}"
        )


def place(image: MetadataImage, first: int, count: int, replication_factor: int) -> list[list[int]]:
    """Choose brokers for partitions, in turns.

    Args:
        image: The metadata.
        first: The number of the first partition.
        count: How many partitions.
        replication_factor: How many brokers each.

    Raises:
        InvalidReplicationFactorError: If there are not that many brokers.
    """
    brokers = sorted(image.brokers)
    usable = [number for number in brokers if not image.brokers[number].is_fenced]
    if replication_factor > len(brokers):
        raise InvalidReplicationFactorError(
            f"a partition cannot have {replication_factor} replicas: "
            f"only {len(brokers)} broker(s) are registered"
        )
    if not usable:
        raise InvalidReplicationFactorError("all brokers are fenced")
    ring = usable + [number for number in brokers if number not in usable]
    placed = []
    for partition in range(first, first + count):
        leader = partition % len(usable)
        others = ring[:leader] + ring[leader + 1 :]
        placed.append([ring[leader], *others[: replication_factor - 1]])
    return placed


def new_partition(
    image: MetadataImage, partition_id: int, replicas: Sequence[int]
) -> PartitionImage:
    """Return a partition that starts its life on some brokers.

    Raises:
        InvalidReplicaAssignmentError: If none of them may lead.
    """
    isr = tuple(number for number in replicas if _may_lead(image, number))
    if not isr:
        raise InvalidReplicaAssignmentError(
            f"all brokers of partition {partition_id} are fenced or shutting down"
        )
    return PartitionImage(
        partition_id=partition_id,
        replicas=tuple(replicas),
        isr=isr,
        leader=isr[0],
        directories=tuple(default_directory(image, number) for number in replicas),
    )


def _may_lead(image: MetadataImage, number: int) -> bool:
    broker = image.brokers[number]
    return not broker.is_fenced and not broker.in_controlled_shutdown


def default_directory(image: MetadataImage, number: int) -> bytes:
    """Return the log directory for a new replica: known only where a broker has just one."""
    log_dirs = image.brokers[number].log_dirs
    return log_dirs[0] if len(log_dirs) == 1 else UNASSIGNED_DIRECTORY
