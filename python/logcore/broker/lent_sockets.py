"""Connections that send plain Produces one by one, served together in a few calls a turn.

Their sockets are lent to the engine's bindings, which read requests, append and answer; who may and
which partition is decided here, once a turn for each partition. Invariant: a socket is lent only
while its peer does nothing else. Whatever else arrives, or is not appended, brings it back with its
bytes as they came, and so does whoever wants anything of the connection; then it is served in the
usual way.
Neighbours: `dispatch` offers connections; `plain_produce` decides; docs/decisions/0005 says why.
"""

import logging
from typing import Final

from logcore.broker.dispatch import Dispatcher
from logcore.common.errors import LogcoreError
from logcore.common.metrics import Metrics
from logcore.log.manager import PlainSockets
from logcore.network.connection import Connection
from logcore.network.service import NetworkService
from logcore.protocol.frame import LENGTH_BYTES

logger = logging.getLogger(__name__)

STAYS_AWAY: Final = 240
"""How many more requests it takes a connection to be lent again that has come back by itself."""


class LentSockets:
    """Serves the sockets that connections lend.

    Args:
        dispatcher: In whose place.
        service: What connections share.
        metrics: Where it is shown how many are lent.

    Attributes:
        count: How many are lent right now.
    """

    def __init__(self, dispatcher: Dispatcher, service: NetworkService, metrics: Metrics) -> None:
        self._dispatcher = dispatcher
        self._plain = dispatcher.plain
        self._service = service
        self._now_ns = service.scheduler.monotonic_ns
        self._lent: dict[int, Connection] = {}
        self._sockets: PlainSockets | None = None  # until the first is lent
        self._was_refused = False  # by the system
        # Where so short a request may be refused, the usual way must see each.
        self._may_borrow = service.settings.request_max_bytes >= PlainSockets.REQUEST_BYTES_MAX
        metrics.observe_gauge(
            "logcore_network_lent_connections",
            "Connections that send plain Produces one by one, and are served together",
            lambda: self.count,
        )

    @property
    def count(self) -> int:
        """How many are lent right now."""
        return len(self._lent)

    def offer(self, connection: Connection) -> None:
        """Have a connection lend its socket, once what it does now is over."""
        self._service.scheduler.call_soon(self._borrow, connection)

    def give_back(self, descriptor: int) -> None:
        """Have the connection take a socket back at once."""
        connection = self._lent.pop(descriptor, None)
        if connection is not None:
            if self._sockets is not None:
                self._sockets.remove(descriptor)
            connection.in_a_row = 0
            connection.take_back()

    def close(self) -> None:
        """Give everything back, and borrow nothing more."""
        self._may_borrow = False
        for descriptor in list(self._lent):
            self.give_back(descriptor)
        if self._sockets is not None:
            self._service.loop.remove_reader(self._sockets.fileno())
            self._sockets = None

    def _borrow(self, connection: Connection) -> None:
        connection.in_a_row = 0
        if not self._may_borrow:
            return
        descriptor = connection.lend(self, self._dispatcher)
        if descriptor is None:
            return
        self._lent[descriptor] = connection
        try:
            self._opened().add(descriptor)
        except OSError as error:
            if not self._was_refused:
                self._was_refused = True
                logger.warning("producers that do not batch are served one by one: %s", error)
            self.give_back(descriptor)
            connection.in_a_row = -STAYS_AWAY

    def _opened(self) -> PlainSockets:
        if self._sockets is None:
            sockets = PlainSockets()
            self._service.loop.add_reader(sockets.fileno(), self._turn, sockets)
            self._sockets = sockets
        return self._sockets

    def _turn(self, sockets: PlainSockets) -> None:
        """Serve what has arrived."""
        try:
            self._serve(sockets)
        finally:
            self._let_go(sockets.leave())

    def _let_go(self, leaving: list[tuple[int, bytes, bytes]]) -> None:
        """Have connections take back what left, with all that came; one that fails fails alone."""
        # All are struck off first: what is done for one may want another, which has its bytes here.
        back = [(self._lent.pop(socket), received, unsent) for socket, received, unsent in leaving]
        failed: BaseException | None = None
        for connection, received, unsent in back:
            try:
                connection.take_back(received, unsent)
                connection.in_a_row = -STAYS_AWAY
            except BaseException as error:  # noqa: BLE001 - raised once all are served again
                connection.abort()
                failed = failed or error
        if failed is not None:
            raise failed

    def _serve(self, sockets: PlainSockets) -> None:
        began_ns = self._now_ns()
        served_count = 0
        groups = sockets.receive()
        if not self._plain.is_open:
            return
        for position, (topic, index) in enumerate(groups):
            partition = self._plain.partition_of(topic, index)
            if partition is None:
                continue
            try:
                log, epoch = partition.log, partition.leader_epoch
                count, received_bytes, sent_bytes = sockets.append(position, log, epoch)
            except LogcoreError:  # the usual way says what is wrong
                continue
            served_count += count
            self._plain.appended(partition, received_bytes - count * LENGTH_BYTES)
            self._service.stats.received_bytes += received_bytes
            self._service.stats.sent_bytes += sent_bytes
        if served_count:
            seconds = (self._now_ns() - began_ns) * 1e-9
            self._dispatcher.plain_took(seconds / served_count, served_count)
            self._service.busy_poll.served()
