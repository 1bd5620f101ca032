"""Asking the right broker, and again until it answers: any, all, leaders, coordinators.

Invariant: an error that another try may heal is tried again until ``default.api.timeout.ms`` is
over; every other one is raised at once.
Neighbours: `client.cluster` sends; `client.retrying` tries again; every part of the admin client
asks through here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from logcore.admin.results import error_of
from logcore.client.cluster import Cluster
from logcore.client.coordinators import CoordinatorKind, Coordinators
from logcore.client.positions import TopicPartition
from logcore.client.retrying import until_done
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    LeaderNotAvailableError,
    NotCoordinatorError,
    UnknownTopicOrPartitionError,
)
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from logcore.protocol.schema import Message

Codes = Callable[[Any], Iterable[int]]
"""Returns the error codes of a response that are about the request as a whole."""

_COORDINATOR_MOVED: Final = frozenset(
    kind.code
    for kind in (
        CoordinatorLoadInProgressError,
        CoordinatorNotAvailableError,
        NotCoordinatorError,
    )
)


def own_code(response: Any) -> Iterable[int]:  # noqa: ANN401 - any response
    """Return the error code that a response has of its own, if it has one."""
    return (getattr(response, "error_code", 0),)


class Asking:
    """Asks the brokers of a cluster on an admin client's behalf.

    Args:
        cluster: The cluster.
        timeout_s: How long to try.

    Attributes:
        cluster: The cluster.
        timeout_ms: How long to try, in milliseconds: what requests tell brokers too.
    """

    def __init__(self, cluster: Cluster, timeout_s: float) -> None:
        self.cluster = cluster
        self._timeout_s = timeout_s
        self.timeout_ms = int(timeout_s * 1000)
        self._coordinators = Coordinators(cluster)

    async def reach(self, timeout_s: float) -> None:
        """Try for so long to have a connection to any broker; raises as `any` does."""
        await until_done(self.cluster, "reach the cluster", self.cluster.reach, timeout_s)

    async def any(self, what: str, request: Message, codes: Codes = own_code) -> Any:  # noqa: ANN401 - the API's response
        """Ask any broker.

        Args:
            what: What is tried, for the error: "create topics".
            request: The request.
            codes: Where the response has codes about all of it.

        Raises:
            KafkaError: What the response says of all of it.
            ClientError: If no broker answers in time.
        """

        async def attempt() -> Any:  # noqa: ANN401
            return _checked(await self.cluster.ask_any(request), what, codes)

        return await self._until_done(what, attempt)

    async def broker(self, what: str, node_id: int, request: Message) -> Any:  # noqa: ANN401
        """Ask one broker; raises as `any` does."""

        async def attempt() -> Any:  # noqa: ANN401
            if node_id not in self.cluster.view.brokers:
                await self.cluster.refresh()
            return _checked(await self.cluster.ask(node_id, request), what, own_code)

        return await self._until_done(what, attempt)

    async def every_broker(self, what: str, request: Message) -> dict[int, Any]:
        """Ask every broker; raises as `any` does, for the first that fails."""
        await self._until_done(what, self.cluster.refresh)
        nodes = sorted(self.cluster.view.brokers)
        answers = await asyncio.gather(*(self.broker(what, node, request) for node in nodes))
        return dict(zip(nodes, answers, strict=True))

    async def coordinator(
        self,
        what: str,
        key: str,
        request: Message,
        codes: Codes = own_code,
        *,
        kind: CoordinatorKind = CoordinatorKind.GROUP,
        at_most: int | None = None,
    ) -> Any:  # noqa: ANN401 - the API's response
        """Ask the coordinator of a group or of a transactional id.

        Args:
            what: What is tried.
            key: The group or the transactional id.
            request: The request.
            codes: Where the response may say that the coordinator is elsewhere; what else it says
                is left to the caller, but for a code of the response's own.
            kind: What is coordinated.
            at_most: The highest version that may be used.

        Raises:
            KafkaError, ClientError: As `any` does.
        """

        async def attempt() -> Any:  # noqa: ANN401
            node_id = await self._coordinators.find(kind, key)
            response = await self.cluster.ask(node_id, request, at_most=at_most)
            for code in codes(response):
                if code in _COORDINATOR_MOVED:
                    self._coordinators.forget(kind, key)
                    raise error_of(code, None, what)
            return _checked(response, what, own_code)

        return await self._until_done(what, attempt)

    async def leaders(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[int, list[TopicPartition]]:
        """Return partitions by the broker that leads them.

        Raises:
            UnknownTopicOrPartitionError: If one of them is not there.
            LeaderNotAvailableError: If one has no leader for too long.
        """
        wanted = list(partitions)

        async def attempt() -> dict[int, list[TopicPartition]]:
            await self._refresh_for({partition.topic for partition in wanted})
            found: dict[int, list[TopicPartition]] = {}
            for partition in wanted:
                found.setdefault(self._leader_of(partition), []).append(partition)
            return found

        led: dict[int, list[TopicPartition]] = await self._until_done(
            "find the leaders of partitions", attempt
        )
        return led

    async def until_led(self, topics: Iterable[str]) -> None:
        """Wait until topics are known, with a leader for each of their partitions.

        Raises:
            ClientTimeoutError: If that takes too long.
        """
        names = set(topics)

        async def attempt() -> None:
            response = await self._refresh_for(names)
            for topic in response.topics:
                if any(part.leader_id < 0 for part in topic.partitions):
                    raise LeaderNotAvailableError(f"{topic.name} has a partition without a leader")

        await self._until_done("see the new topics", attempt)

    async def partitions_of(self, topics: Iterable[str]) -> dict[str, list[int]]:
        """Return the numbers of each topic's partitions.

        Raises:
            UnknownTopicOrPartitionError: If a topic is not there.
        """
        names = set(topics)
        response = await self._refresh_for(names)
        return {
            topic.name: sorted(part.partition_index for part in topic.partitions)
            for topic in response.topics
        }

    async def _refresh_for(self, names: set[str]) -> Any:  # noqa: ANN401 - Metadata's response
        topics = [MetadataRequestTopic(name=name) for name in sorted(names)]
        request = MetadataRequest(topics=topics, allow_auto_topic_creation=False)
        response = await self.any("ask about topics", request)
        for topic in response.topics:
            if topic.error_code:
                raise error_of(topic.error_code, None, f"topic {topic.name}")
        self.cluster.learn(self.cluster.view.merged(response, self.cluster.view.topics))
        return response

    def _leader_of(self, partition: TopicPartition) -> int:
        topic = self.cluster.view.topics.get(partition.topic)
        if topic is None or partition.partition not in topic.partitions:
            raise _NoSuchPartitionError(f"there is no partition {partition}")
        leader = self.cluster.view.leader_of(*partition)
        if leader < 0:
            raise LeaderNotAvailableError(f"{partition} has no leader")
        return leader

    async def _until_done(self, what: str, attempt: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
        return await until_done(self.cluster, what, attempt, self._timeout_s)


class _NoSuchPartitionError(UnknownTopicOrPartitionError):
    """There is no such partition in a topic that is known: waiting will not bring it."""

    retriable = False


def _checked(response: Any, what: str, codes: Codes) -> Any:  # noqa: ANN401 - any response
    for code in codes(response):
        if code:
            message = getattr(response, "error_message", None)
            raise error_of(code, message, f"could not {what}")
    return response
