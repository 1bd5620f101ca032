"""What the two kinds of membership in a group have in common.

Partitions change hands only inside of a call of the user's: what a membership learns in between it
does in `step`, so that a listener is called where the user polls, and nothing that is being
processed is taken away behind his back.
Invariant: who does not poll for ``max.poll.interval.ms`` leaves the group, and joins again with the
next poll.
Neighbours: `classic_membership` and `modern_membership` are the kinds; `upkeep` steps them.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import Final, Protocol

from logcore.client.cluster import Cluster
from logcore.client.positions import GroupFacts, TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import ClientError, KafkaError
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.protocol.schema import Message

logger = logging.getLogger(__name__)

LEAVE_TIMEOUT_S: Final = 5.0


class Owner(Protocol):
    """Whose partitions a membership changes: a consumer.

    What its listener raises is not raised here, where it would leave a change half done: it waits
    for who polls.
    """

    def owned(self) -> list[TopicPartition]:
        """Return the partitions that are assigned now."""

    async def revoke(self, places: Collection[TopicPartition]) -> None:
        """Commit what is to be committed, tell the listener, and give partitions up."""

    async def lose(self, places: Collection[TopicPartition]) -> None:
        """Tell the listener that partitions are gone already."""

    async def receive(self, places: Collection[TopicPartition]) -> None:
        """Take partitions, and tell the listener."""


class Membership(ABC):
    """A consumer's membership in its group.

    Args:
        cluster: The cluster.
        settings: The consumer's settings.
        coordinator: The group's coordinator.
        wake: Called when `step` has something to do.
        member_id: The member's id, if it chooses that itself.

    Attributes:
        facts: Who the member is; what commits show.
        is_due: Whether `step` has something to do.
        polled: When the user polled last, in the loop's seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ConsumerSettings,
        coordinator: GroupCoordinator,
        wake: Callable[[], object],
        member_id: str = "",
    ) -> None:
        self._cluster = cluster
        self._loop = cluster.loop
        self._coordinator = coordinator
        self._wake = wake
        self._poll_ms = settings.integer("max.poll.interval.ms")
        self.facts = GroupFacts(
            coordinator.group_id,
            member_id=member_id,
            instance_id=settings.optional("group.instance.id"),
        )
        self.is_due = False
        self.polled = SystemClock().monotonic_ms() / 1000
        self._topics: frozenset[str] = frozenset()
        self._is_lost = False
        self._error: Exception | None = None
        self._beating: asyncio.Task[None] | None = None

    @abstractmethod
    def subscribe(self, topics: frozenset[str]) -> None:
        """Be a member that wants certain topics; none any more if there are none."""

    async def step(self, owner: Owner) -> None:
        """Do what is due.

        Raises:
            KafkaError: If the group refuses the member for good.
        """
        self.is_due = False
        if self._error is not None:
            error, self._error = self._error, None
            self.is_due = self._is_lost  # after what is raised here
            raise error
        if self._is_lost:
            self._is_lost = False
            await owner.lose(owner.owned())
        await self._step(owner)

    @abstractmethod
    async def _step(self, owner: Owner) -> None:
        """Do what is due besides telling of an error, and of everything that was lost."""

    @abstractmethod
    async def leave(self) -> None:
        """Leave the group; a static member keeps its place. Errors do not matter."""

    @abstractmethod
    def _start_over(self) -> None:
        """Join again as if never there, once `step` has told of what was lost."""

    def _due(self) -> None:
        self.is_due = True
        self._wake()

    @property
    def _is_late(self) -> bool:
        """Whether the user does not poll any more."""
        return (self._loop.time() - self.polled) * 1000 > self._poll_ms

    async def _leave_late(self) -> None:
        """Leave, because the user does not poll any more; the next poll joins again."""
        logger.warning(
            "group %s: no poll for more than max.poll.interval.ms (%d ms): the member leaves, and "
            "its partitions go to others",
            self.facts.group_id,
            self._poll_ms,
        )
        await self.leave()
        self._start_over()

    async def _say_goodbye(self, request: Message) -> None:
        """Ask to leave."""
        try:
            await self._coordinator.ask(request, timeout_s=LEAVE_TIMEOUT_S)
        except (KafkaError, ClientError) as error:
            logger.debug("group %s: leaving: %s", self.facts.group_id, error)
