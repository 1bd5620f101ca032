"""The connections of a client, one per broker and channel, opened when needed and kept.

Invariant: there is at most one connection, or one attempt at one, per broker and channel. After a
failure the next attempt waits (``reconnect.backoff.ms``); a connection idle for too long is closed.
Neighbours: `opening` opens; `cluster` says where a broker is.
"""

import asyncio
from enum import Enum
from typing import Final

from logcore.client.addresses import Address
from logcore.client.backoff import Backoff
from logcore.client.connection import Connection
from logcore.client.opening import Opener
from logcore.common.errors import (
    ClientClosedError,
    ClientError,
    ConnectionLostError,
    LogcoreError,
)

SWEEP_S: Final = 10.0


class Channel(Enum):
    """What a connection is for: answers on one wait for each other, so waiting ones get their own.

    Attributes:
        DATA: Produce, metadata, administration.
        FETCH: Fetches, which wait for records.
        GROUP: A coordinator's: heartbeats and commits, which must not wait.
        JOIN: A coordinator's: joins, which wait for other members.
    """

    DATA = "data"
    FETCH = "fetch"
    GROUP = "group"
    JOIN = "join"


class Node:
    """One broker, as one channel sees it."""

    __slots__ = ("address", "connection", "failures", "node_id", "not_before", "opening")

    def __init__(self, node_id: int, address: Address) -> None:
        self.node_id = node_id
        self.address = address
        self.connection: Connection | None = None
        self.failures = 0
        self.not_before = 0.0  # in the loop's seconds
        self.opening: asyncio.Task[Connection] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a request could be sent at once."""
        return self.connection is not None and self.connection.is_open


class Nodes:
    """All connections of a client.

    Args:
        opener: What opens them.
        backoff: How long to wait after failures.
        setup_timeout: How long opening may take; longer after failures.
        idle_s: After how long an idle connection is closed; negative for never.
    """

    def __init__(
        self, opener: Opener, backoff: Backoff, setup_timeout: Backoff, idle_s: float
    ) -> None:
        self._opener = opener
        self._backoff = backoff
        self._setup_timeout = setup_timeout
        self._idle_s = idle_s
        self._nodes: dict[tuple[int, Channel], Node] = {}
        self._sweep_timer: asyncio.TimerHandle | None = None
        self.is_closed = False

    def connected(self, node_id: int, channel: Channel = Channel.DATA) -> Connection | None:
        """Return the connection to a broker if it is open."""
        node = self._nodes.get((node_id, channel))
        return node.connection if node is not None and node.is_connected else None

    def least_busy(self) -> int | None:
        """Return the connected broker with the fewest requests in flight, if there is one."""
        found = [
            (node.connection.in_flight, node_id)
            for (node_id, channel), node in self._nodes.items()
            if channel is Channel.DATA and node.connection is not None and node.is_connected
        ]
        return min(found)[1] if found else None

    def is_waiting(self, node_id: int, channel: Channel = Channel.DATA) -> bool:
        """Whether a broker failed so recently that the next attempt has to wait."""
        node = self._nodes.get((node_id, channel))
        return node is not None and node.not_before > asyncio.get_running_loop().time()

    async def connection(
        self, node_id: int, address: Address, channel: Channel = Channel.DATA
    ) -> Connection:
        """Return the connection to a broker, opening it if need be.

        Raises:
            BrokerUnreachableError: If it cannot be opened.
            ClientClosedError: If the client is closed.
        """
        if self.is_closed:
            raise ClientClosedError("the client is closed")
        key = (node_id, channel)
        node = self._nodes.get(key)
        if node is None or node.address != address:
            if node is not None:
                self._drop(node)
            node = self._nodes[key] = Node(node_id, address)
        if node.connection is not None and node.is_connected:
            return node.connection
        opening = node.opening
        if opening is None or opening.done():
            opening = asyncio.get_running_loop().create_task(self._open(node))
            opening.add_done_callback(_look)
            node.opening = opening
        return await self._opened(opening, address)

    async def _opened(self, opening: "asyncio.Task[Connection]", address: Address) -> Connection:
        """Wait for a connection that others may wait for as well."""
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if not opening.cancelled():
                raise
            if self.is_closed:
                raise ClientClosedError("the client was closed meanwhile") from None
            # It is not this task that was cancelled: the broker was forgotten.
            raise ConnectionLostError(f"{address} was given up while connecting") from None
        except ClientError as error:
            if self.is_closed and error.retriable:  # it failed in the same moment
                raise ClientClosedError("the client was closed meanwhile") from error
            raise

    async def _open(self, node: Node) -> Connection:
        loop = asyncio.get_running_loop()
        wait_s = node.not_before - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if self.is_closed:
            raise ClientClosedError("the client is closed")
        try:
            timeout_s = self._setup_timeout.wait_ms(node.failures) / 1000
            connection = await self._opener.open(node.address, timeout_s, node.node_id)
        except LogcoreError:
            wait_ms = self._backoff.wait_ms(node.failures)
            node.failures += 1
            node.not_before = loop.time() + wait_ms / 1000
            raise
        self._take(node, connection)
        return connection

    def _take(self, node: Node, connection: Connection) -> None:
        if self.is_closed:
            connection.close()
            raise ClientClosedError("the client is closed")
        node.failures = 0
        node.not_before = 0.0
        node.connection = connection
        if self._sweep_timer is None:
            self._sweep_later()

    def forget(self, node_id: int) -> None:
        """Close the connections to a broker that is no more."""
        for channel in Channel:
            node = self._nodes.pop((node_id, channel), None)
            if node is not None:
                self._drop(node)

    def is_busy(self, node_id: int) -> bool:
        """Whether somebody waits for a broker: for a connection, or for an answer."""
        for channel in Channel:
            node = self._nodes.get((node_id, channel))
            if node is None:
                continue
            if node.opening is not None and not node.opening.done():
                return True
            if node.connection is not None and node.connection.in_flight:
                return True
        return False

    def forget_all(self) -> None:
        """Close every connection, to begin anew."""
        for node_id in self.known():
            self.forget(node_id)

    def known(self) -> set[int]:
        """Return the brokers that there are connections to, or were."""
        return {node_id for node_id, _ in self._nodes}

    def open_connections(self) -> list[Connection]:
        """Return all connections that are open."""
        return [
            node.connection
            for node in self._nodes.values()
            if node.connection is not None and node.connection.is_open
        ]

    def close(self) -> None:
        """Close all connections; requests in flight fail."""
        self.is_closed = True
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        for node in self._nodes.values():
            self._drop(node, ClientClosedError("the client is closed"))
        self._nodes.clear()
        self._opener.close()

    def _drop(self, node: Node, error: Exception | None = None) -> None:
        if node.opening is not None and not node.opening.done():
            node.opening.cancel()
        if node.connection is not None:
            node.connection.close(error)

    def _sweep_later(self) -> None:
        self._sweep_timer = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long, and let go of memory."""
        self._sweep_later()
        self._opener.memory.trim()
        if self._idle_s < 0:
            return
        now = asyncio.get_running_loop().time()
        for connection in self.open_connections():
            if not connection.in_flight and connection.last_used + self._idle_s < now:
                connection.close()


def _look(task: "asyncio.Task[Connection]") -> None:
    """Look at what an attempt ended with, so that one nobody waits for is not reported."""
    if not task.cancelled():
        task.exception()
