"""What the two kinds of membership in a group have in common.

Partitions change hands only inside of a call of the user's: what a membership learns in between it
does in `step`, so that a listener is called where the user polls, and nothing that is being
processed is taken away behind his back.
Neighbours: `classic_membership` and `modern_membership` are the kinds; `async_consumer` steps them.
"""

from collections.abc import Collection
from typing import Protocol

from logcore.client.positions import GroupFacts, TopicPartition


class Owner(Protocol):
    """Whose partitions a membership changes: a consumer."""

    def owned(self) -> list[TopicPartition]:
        """Return the partitions that are assigned now."""

    async def revoke(self, places: Collection[TopicPartition]) -> None:
        """Commit what is to be committed, tell the listener, and give partitions up."""

    async def lose(self, places: Collection[TopicPartition]) -> None:
        """Tell the listener that partitions are gone already."""

    async def receive(self, places: Collection[TopicPartition]) -> None:
        """Take partitions, and tell the listener."""


class Membership(Protocol):
    """A consumer's membership in its group.

    Attributes:
        facts: Who the member is; what commits show.
        is_due: Whether `step` has something to do.
        polled: When the user polled last, in the loop's seconds.
    """

    facts: GroupFacts
    is_due: bool
    polled: float

    def subscribe(self, topics: frozenset[str]) -> None:
        """Be a member that wants certain topics; none any more if there are none."""

    async def step(self, owner: Owner) -> None:
        """Do what is due.

        Raises:
            KafkaError: If the group refuses the member for good.
        """

    async def leave(self) -> None:
        """Leave the group; a static member keeps its place. Errors do not matter."""
