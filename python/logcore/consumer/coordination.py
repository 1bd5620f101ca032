"""Asking the coordinator of a group, wherever it is.

Invariant: an answer's error is raised here, so that whoever asks sees an exception or a good
answer; a coordinator that moved is looked for anew.
Neighbours: memberships and `offset_store` ask through here.
"""

from typing import Any, Final

from logcore.client.cluster import Cluster
from logcore.client.connection import Connection
from logcore.client.coordinators import CoordinatorKind, Coordinators
from logcore.client.nodes import Channel
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
    error_for_code,
)
from logcore.consumer.metrics import GroupMeter
from logcore.protocol.schema import Message

_MOVED: Final = (NotCoordinatorError, CoordinatorNotAvailableError)


class GroupCoordinator:
    """The coordinator of one group.

    Args:
        cluster: The cluster.
        group_id: The group.

    Attributes:
        group_id: The group.
        meter: What is measured of it.
    """

    def __init__(self, cluster: Cluster, group_id: str) -> None:
        self.group_id = group_id
        self.meter = GroupMeter(cluster.metrics)
        self._now_ns = SystemClock().monotonic_ns
        self._cluster = cluster
        self._coordinators = Coordinators(cluster)

    async def ask(
        self,
        request: Message,
        *,
        at_most: int | None = None,
        timeout_s: float | None = None,
        checks: bool = True,
        channel: Channel = Channel.GROUP,
    ) -> Any:  # noqa: ANN401 - the response of the request's API
        """Ask once.

        Raises:
            KafkaError: What the answer says, unless that is not to be checked.
            ClientError: If there is no answer.
        """
        try:
            node_id = await self._coordinators.find(CoordinatorKind.GROUP, self.group_id)
            began_ns = self._now_ns()
            response = await self._cluster.ask(
                node_id, request, channel=channel, at_most=at_most, timeout_s=timeout_s
            )
            self.meter.answered(request.API_KEY, (self._now_ns() - began_ns) / 1e6)
            if checks:
                self.check(getattr(response, "error_code", 0), request, response)
        except ClientError:
            self.forget()
            raise
        return response

    def check(self, code: int, request: Message, response: Message | None = None) -> None:
        """Raise the error of a code.

        Raises:
            KafkaError: If it is one.
        """
        if not code:
            return
        made = error_for_code(code)
        if issubclass(made, _MOVED):
            self.forget()
        name = type(request).__name__.removesuffix("Request")
        said = getattr(response, "error_message", None)
        raise made(f"group {self.group_id}: {name}: {said or made.kafka_name}")

    async def knows(self, request: type[Message], version: int) -> bool:
        """Whether the coordinator takes a request in a version.

        Raises:
            ClientError, KafkaError: If it cannot be found or reached.
        """
        return (await self.reach()).ranges.choose(request) >= version

    async def reach(self) -> Connection:
        """Have a connection to the coordinator; what is asked next goes out at once.

        Raises:
            ClientError, KafkaError: If it cannot be found or reached.
        """
        try:
            node_id = await self._coordinators.find(CoordinatorKind.GROUP, self.group_id)
            return await self._cluster.connection(node_id, Channel.GROUP)
        except ClientError:
            self.forget()
            raise

    def forget(self) -> None:
        """Look for the coordinator anew, next time."""
        self._coordinators.forget(CoordinatorKind.GROUP, self.group_id)
