"""A member of a streams group: one thread of one process that runs tasks.

Invariant: a member never changes; whatever happens to it makes another one, and that takes the old
one's place when its record is replayed. What is in `assigned` or `revoking` is held by its process:
who is to have such a task next waits until it is in neither.
Neighbours: `reconcile` moves a member towards its target; `records` writes members down; `group`
holds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.streams.tasks import NOTHING_OWNED, OwnedTasks


class UserEndpoint(NamedTuple):
    """Where a process answers queries of its state.

    Attributes:
        host: Name or address.
        port: Port.
    """

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsMember:
    """One member.

    Attributes:
        member_id: Its id.
        instance_id: The name a static member keeps over restarts; always None so far.
        rack_id: Where it stands, if it says.
        client_id: What its client calls itself.
        client_host: Where it speaks from.
        rebalance_timeout_ms: How long it may take to give tasks up.
        topology_epoch: The epoch of the topology that it runs.
        process_id: The process that it is a thread of.
        user_endpoint: Where that process answers queries, if anywhere.
        client_tags: What it says of itself, for spreading standbys.
        epoch: The epoch of the target that it has reached or is on its way from.
        previous_epoch: The one before, for who has not heard of the last step.
        state: How far it is.
        assigned: What it has and is to keep.
        revoking: What it has and is to give up.
    """

    member_id: str
    instance_id: str | None = None
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    rebalance_timeout_ms: int = -1
    topology_epoch: int = -1
    process_id: str = ""
    user_endpoint: UserEndpoint | None = None
    client_tags: Mapping[str, str] = field(default_factory=dict)
    epoch: int = 0
    previous_epoch: int = 0
    state: MemberState = MemberState.STABLE
    assigned: OwnedTasks = NOTHING_OWNED
    revoking: OwnedTasks = NOTHING_OWNED

    def has_reached(self, target_epoch: int) -> bool:
        """Whether there is nothing left to do for it."""
        return self.state is MemberState.STABLE and self.epoch == target_epoch

    def assigned_at(self, subtopology: str, partition: int) -> int | None:
        """Return the epoch in which an active task became its own; None if it is not."""
        epoch = self.assigned.active.get(subtopology, {}).get(partition)
        return self.revoking.active.get(subtopology, {}).get(partition) if epoch is None else epoch

    def moved(
        self, epoch: int, state: MemberState, assigned: OwnedTasks, revoking: OwnedTasks
    ) -> "StreamsMember":
        """Return the member with its next epoch and tasks."""
        return replace(
            self,
            epoch=epoch,
            previous_epoch=self.epoch,
            state=state,
            assigned=assigned,
            revoking=revoking,
        )
