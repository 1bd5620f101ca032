"""Offsets as who reads sees them: positions, commits, the ends of partitions, times.

That half of `AsyncConsumer` which hands out no records.
Invariant: what is asked of brokers here is answered within ``default.api.timeout.ms``, or raises.
Neighbours: `async_consumer` derives from this; `offset_store` and `offset_lookup` ask brokers.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping

from logcore.client.cluster import Cluster
from logcore.client.positions import GroupFacts, OffsetAndMetadata, Offsets, TopicPartition
from logcore.common.errors import ClientTimeoutError
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.offset_lookup import OffsetAndTimestamp, look_up
from logcore.consumer.reset import EARLIEST, LATEST
from logcore.consumer.subscription import Subscription
from logcore.consumer.upkeep import Upkeep


class Offsetting(ABC):
    """The offsets of an `AsyncConsumer`."""

    settings: ConsumerSettings
    upkeep: Upkeep
    _cluster: Cluster
    _subscription: Subscription
    _arrivals: asyncio.Event
    _timeout_s: float

    @abstractmethod
    def _check(self) -> None:
        """Refuse calls of a consumer that is closed, or on another loop."""

    def assignment(self) -> list[TopicPartition]:
        """Return the partitions that are read now."""
        return list(self._subscription.partitions)

    async def position(self, partition: tuple[str, int]) -> int:
        """Return the next offset to read, waiting until it is known.

        Raises:
            IllegalStateError: If the partition is not assigned.
            ClientTimeoutError: If it is not known within ``default.api.timeout.ms``.
        """
        self._check()
        state = self._subscription.state(partition)
        deadline = self._cluster.loop.time() + self._timeout_s
        while state.position is None:
            await self.upkeep.run()
            if self._cluster.loop.time() > deadline:
                raise ClientTimeoutError(f"no position for {partition} in {self._timeout_s:g} s")
            self._arrivals.clear()
            try:
                async with asyncio.timeout(0.1):
                    await self._arrivals.wait()
            except TimeoutError:
                pass
        return state.position

    async def commit(self, offsets: Offsets | None = None) -> None:
        """Commit offsets, and wait until they are stored.

        Args:
            offsets: The next offset to read by partition, alone or with metadata; of everything
                handed out so far if None.

        Raises:
            CommitFailedError: If the group gave the partitions to others meanwhile.
            KafkaError: What the group says otherwise.
            ClientTimeoutError: If it is not known in time whether they are stored.
        """
        self._check()
        await self.upkeep.commit(self._to_commit(offsets))

    def commit_async(self, offsets: Offsets | None = None) -> "asyncio.Future[None]":
        """Commit offsets, and do not wait. An older commit never undoes a newer one.

        One that a newer commit of the same partitions overtakes is done when that one is. Closing
        the consumer waits for it a while. What fails is logged, too.

        Args:
            offsets: As `commit` takes them.

        Returns:
            Who wants to know, awaits it: it raises as `commit` does.
        """
        self._check()
        return self.upkeep.commit_async(self._to_commit(offsets))

    def _to_commit(self, offsets: Offsets | None) -> Offsets:
        return self._subscription.positions() if offsets is None else offsets

    async def committed(
        self, *partitions: tuple[str, int]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return the group's committed offsets, of all assigned partitions if none are named.

        Partitions without a committed offset are not in the result.
        """
        self._check()
        places = [TopicPartition(*place) for place in partitions or self.assignment()]
        return await self.upkeep.store().fetch(places, self.upkeep.facts)

    async def offsets_for_times(
        self, times: Mapping[tuple[str, int], int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        """Find the first offset at or past a time.

        Args:
            times: Milliseconds since 1970 UTC by partition.

        Returns:
            Offset and timestamp by partition; None where no record is so new.
        """
        return await self._look_up({TopicPartition(*place): at for place, at in times.items()})

    async def beginning_offsets(self, *partitions: tuple[str, int]) -> dict[TopicPartition, int]:
        """Return the first offsets of partitions, of all assigned ones if none are named."""
        return await self._ends(partitions, EARLIEST)

    async def end_offsets(self, *partitions: tuple[str, int]) -> dict[TopicPartition, int]:
        """Return the offsets behind the last records that may be read."""
        return await self._ends(partitions, LATEST)

    async def _ends(
        self, partitions: tuple[tuple[str, int], ...], which: int
    ) -> dict[TopicPartition, int]:
        places = [TopicPartition(*place) for place in partitions or self.assignment()]
        found = await self._look_up(dict.fromkeys(places, which))
        return {place: known.offset for place, known in found.items() if known is not None}

    async def _look_up(
        self, times: dict[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        self._check()
        isolation = 1 if self.settings.is_committed_only else 0
        return await look_up(self._cluster, times, isolation, self._timeout_s)

    async def lag(self, *partitions: tuple[str, int]) -> dict[TopicPartition, int]:
        """Return how many offsets lie between positions and the ends of partitions."""
        ends = await self.end_offsets(*partitions)
        positions = {place: await self.position(place) for place in ends}
        return {place: max(end - positions[place], 0) for place, end in ends.items()}

    async def partitions_for(self, topic: str) -> list[int]:
        """Return the partitions of a topic.

        Raises:
            UnknownTopicOrPartitionError: If there is no such topic.
        """
        self._check()
        return sorted((await self._cluster.topic(topic, self._timeout_s)).partitions)

    def group_facts(self) -> GroupFacts:
        """Return who this consumer is in its group, for ``send_offsets_to_transaction``."""
        return self.upkeep.facts
