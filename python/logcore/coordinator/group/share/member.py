"""A member of a share group.

Invariant: a member never changes; whatever happens to it makes another one, and that takes the old
one's place when its record is replayed.
Neighbours: `step` moves a member to its target; `group` holds them.
"""

from dataclasses import dataclass, field
from typing import Final

from logcore.coordinator.group.assignors import NO_PARTITIONS, Assignment

STABLE: Final = 0
"""The one state of a member, as records number it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareMember:
    """One member.

    Attributes:
        member_id: Its id, which it makes itself.
        rack_id: Where it stands, if it says.
        client_id: What its client calls itself.
        client_host: Where it speaks from.
        topics: The topics it subscribes to.
        epoch: The epoch of the target that it has.
        previous_epoch: The one before, for who has not heard of the last step.
        assigned: What it has.
    """

    member_id: str
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    topics: frozenset[str] = frozenset()
    epoch: int = 0
    previous_epoch: int = -1
    assigned: Assignment = field(default_factory=lambda: NO_PARTITIONS)
