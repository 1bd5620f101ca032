"""Computes the next target of a group: which tasks each member is to have once all have followed.

Invariant: pure; only members whose part changes are named, so only for those a record is written.
Neighbours: `assignor` decides; `change` writes down what comes out.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from logcore.coordinator.group.streams.assignor import MemberSpec, SubtopologySpec, assign
from logcore.coordinator.group.streams.configured import ConfiguredTopology
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, Tasks

STANDBY_COUNT: Final = "num.standby.replicas"
"""The setting of the assignor, as it is written down with a group's epoch."""


class NewTargets(NamedTuple):
    """A target that was computed.

    Attributes:
        tasks: The part of every member.
        changed: The members whose part is another than before.
    """

    tasks: dict[str, Tasks]
    changed: list[str]


def compute_targets(
    members: Mapping[str, StreamsMember],
    before: Mapping[str, Tasks],
    configured: ConfiguredTopology,
    configs: Mapping[str, str],
) -> NewTargets:
    """Compute the next target; nobody has anything while the topology cannot run.

    Args:
        members: Those of the group, as they are to be.
        before: The target until now, by member id.
        configured: The topology over its topics.
        configs: The settings of the assignor.
    """
    tasks: dict[str, Tasks] = dict.fromkeys(members, NOTHING_TO_RUN)
    if configured.is_ready and configured.task_counts is not None:
        specs = {
            member_id: MemberSpec(member.process_id, before.get(member_id, NOTHING_TO_RUN))
            for member_id, member in members.items()
        }
        subtopologies = {
            name: SubtopologySpec(count, configured.is_stateful(name))
            for name, count in configured.task_counts.items()
        }
        tasks.update(assign(specs, subtopologies, int(configs.get(STANDBY_COUNT, 0))))
    changed = [
        member_id
        for member_id, part in tasks.items()
        if member_id not in before or before[member_id] != part
    ]
    return NewTargets(tasks, changed)
