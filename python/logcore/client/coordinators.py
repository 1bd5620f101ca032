"""Which broker coordinates a group or a transaction.

Invariant: what is remembered is forgotten as soon as a broker says that it is not the one.
Neighbours: `cluster` asks; consumers, producers and administration have their requests sent here.
"""

from enum import IntEnum
from typing import Final

from logcore.client.addresses import Address
from logcore.client.cluster import Cluster
from logcore.client.cluster_view import BrokerView
from logcore.common.errors import CoordinatorNotAvailableError, error_for_code
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.find_coordinator import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)

BATCHED_FROM: Final = 4


class CoordinatorKind(IntEnum):
    """What is coordinated."""

    GROUP = 0
    TRANSACTION = 1
    SHARE = 2


class Coordinators:
    """The coordinators that a client has found.

    Args:
        cluster: The client's cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._found: dict[tuple[CoordinatorKind, str], int] = {}

    async def find(self, kind: CoordinatorKind, key: str) -> int:
        """Return the broker that coordinates something.

        Raises:
            CoordinatorNotAvailableError: If there is none yet; it is retriable.
            KafkaError: What else the broker says.
            BrokerUnreachableError: If no broker answers.
        """
        found = self._found.get((kind, key))
        if found is not None and found in self._cluster.view.brokers:
            return found
        if not self._cluster.nodes.open_connections():
            await self._cluster.reach()  # or nobody could tell the version
        # Which form the key takes depends on the version; the newest takes several.
        request = (
            FindCoordinatorRequest(key_type=int(kind), coordinator_keys=[key])
            if self._is_batched()
            else FindCoordinatorRequest(key_type=int(kind), key=key)
        )
        response: FindCoordinatorResponse = await self._cluster.ask_any(request)
        code, message, broker = _result(response)
        if code:
            raise error_for_code(code)(message or f"no coordinator for {key}")
        if broker.node_id < 0:
            raise CoordinatorNotAvailableError(f"the broker told of no coordinator for {key}")
        view = self._cluster.view
        if broker.node_id not in view.brokers:
            self._cluster.learn(view.with_brokers([broker]))
        self._found[kind, key] = broker.node_id
        return broker.node_id

    def forget(self, kind: CoordinatorKind, key: str) -> None:
        """Look for the coordinator anew, next time."""
        self._found.pop((kind, key), None)

    def _is_batched(self) -> bool:
        """Whether brokers take several keys; any of them tells."""
        connections = self._cluster.nodes.open_connections()
        return all(each.ranges.knows(ApiKey.FIND_COORDINATOR, BATCHED_FROM) for each in connections)


def _result(response: FindCoordinatorResponse) -> tuple[int, str | None, BrokerView]:
    """Return code, message and broker of an answer in any version."""
    if response.coordinators:
        first = response.coordinators[0]
        broker = BrokerView(first.node_id, Address(first.host, first.port))
        return first.error_code, first.error_message, broker
    broker = BrokerView(response.node_id, Address(response.host, response.port))
    return response.error_code, response.error_message, broker
