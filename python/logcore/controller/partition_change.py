"""What a PartitionChangeRecord makes of a partition.

Invariant: whatever a record leaves out stays as it was; partition epochs rise with every change and
leader epochs with every leader that is named, so nobody can mistake an old state for a new one.
Neighbours: `replay` applies; `elections` and `registration` write such records.
Source: Apache Kafka 4.3.1, `org.apache.kafka.metadata.PartitionRegistration`.
"""

from dataclasses import replace
from typing import Any, Final

from logcore.controller.image import PartitionImage
from logcore.protocol.internal.metadata import PartitionChangeRecord

NO_LEADER_CHANGE: Final = -2
NO_RECOVERY_STATE_CHANGE: Final = -1
UNASSIGNED_DIRECTORY: Final = bytes(16)
"""Where a replica is whose broker has not said in which of its directories it keeps it."""


def changed_partition(partition: PartitionImage, record: PartitionChangeRecord) -> PartitionImage:
    """Return a partition after a change of it.

    A leader that is named, be it the same, starts a new leader epoch; any change starts a new
    partition epoch.
    """
    replicas = _given(record.replicas, partition.replicas)
    changes: dict[str, Any] = {
        "partition_epoch": partition.partition_epoch + 1,
        "replicas": replicas,
        "isr": _given(record.isr, partition.isr),
        "adding_replicas": _given(record.adding_replicas, partition.adding_replicas),
        "removing_replicas": _given(record.removing_replicas, partition.removing_replicas),
        "eligible_leader_replicas": _given(
            record.eligible_leader_replicas, partition.eligible_leader_replicas
        ),
        "last_known_elr": _given(record.last_known_elr, partition.last_known_elr),
    }
    if record.leader != NO_LEADER_CHANGE:
        changes |= {"leader": record.leader, "leader_epoch": partition.leader_epoch + 1}
    if record.leader_recovery_state != NO_RECOVERY_STATE_CHANGE:
        changes["leader_recovery_state"] = record.leader_recovery_state
    if record.directories is not None:
        changes["directories"] = tuple(record.directories)
    elif replicas != partition.replicas:
        known = dict(zip(partition.replicas, partition.directories, strict=False))
        changes["directories"] = tuple(
            known.get(replica, UNASSIGNED_DIRECTORY) for replica in replicas
        )
    return replace(partition, **changes)


def _given(value: list[int] | None, current: tuple[int, ...]) -> tuple[int, ...]:
    return current if value is None else tuple(value)
