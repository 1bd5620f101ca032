"""A listener: accepts connections on one address, under the limits, and closes them at the end.

Invariant: every connection that was admitted is in `connections` until it is released, once; after
`stop` none is left and no timer runs.
Neighbours: `connection` is what it makes; `binding` gives the sockets; `limits` decides.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Final

from logcore.common.clock import Timer
from logcore.network.binding import listening_sockets, plain_host
from logcore.network.connection import Connection, RequestHandler
from logcore.network.same_machine import do_not_pace
from logcore.network.service import NetworkService
from logcore.network.tls_alerts import alert_of

logger = logging.getLogger(__name__)

_ACCEPTS_PER_TURN_MAX: Final = 64
_OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_OUT_OF_FILES_PAUSE_MS: Final = 200
_SWEEPS_PER_IDLE: Final = 10
_SWEEP_MAX_MS: Final = 5_000
_SWEEP_MIN_MS: Final = 20
_STALLED_MAX_MS: Final = 10_000
_CLOSING_MAX_MS: Final = 10_000
_HELD_MAX: Final = 1_000
_ABORT_SECONDS: Final = 1.0  # an abort needs a turn or two of the loop


class Listener:
    """One address that a broker listens on.

    Args:
        name: The listener's name.
        host: Name or address; empty for every interface.
        port: The port; 0 for one that the system picks.
        handler: Whoever answers requests.
        service: What all listeners share.
        tls: Returns the TLS context for the next connection; None for no TLS.

    Attributes:
        port: The port that is listened on, once it is.
        connections: What is open.
        opened: Called with each connection before its first request, if it is set.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        handler: RequestHandler,
        service: NetworkService,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self.name = name
        self.host = host
        self.port = port
        self.handler = handler
        self.service = service
        self.is_tls = tls is not None
        self.connections: set[Connection] = set()
        self.opened: Callable[[Connection], object] | None = None
        self._tls = tls
        self._sockets: list[socket.socket] = []
        self._is_accepting = False
        self._held: set[socket.socket] = set()
        self._openings: set[asyncio.Task[None]] = set()
        self._sweep_timer: Timer | None = None
        self._emptied: asyncio.Event = asyncio.Event()

    def bind(self) -> None:
        """Take the address, and let connections queue there until `start`.

        Raises:
            ListenError: If the address cannot be listened on.
        """
        backlog = self.service.settings.backlog
        self._sockets = listening_sockets(self.host, self.port, backlog)
        self.port = self._sockets[0].getsockname()[1]

    @property
    def is_dual(self) -> bool:
        """Whether IPv6 is listened on too, or only."""
        return any(listening.family == socket.AF_INET6 for listening in self._sockets)

    def start(self) -> None:
        """Accept, after taking the address if `bind` has not.

        Raises:
            ListenError: If the address cannot be listened on.
        """
        if not self._sockets:
            self.bind()
        self._accept_on()
        self._sweep_later()

    def stop_accepting(self) -> None:
        """Accept nobody any more; what is open goes on."""
        self._accept_off()
        for listening in self._sockets:
            listening.close()
        self._sockets = []

    async def stop(self, timeout_ms: float = 0) -> None:
        """Stop accepting, let requests be answered for a while, then close everything."""
        self.stop_accepting()
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
        for held in list(self._held):
            self._let_go(held)
        for task in self._openings:
            task.cancel()
        for connection in list(self.connections):
            connection.drain()
        await self._wait_emptied(timeout_ms / 1000)
        for connection in list(self.connections):
            connection.abort()
        await self._wait_emptied(_ABORT_SECONDS)

    # ------------------------------------------------------------ accepting

    def _accept_on(self) -> None:
        if self._sockets and not self._is_accepting:
            self._is_accepting = True
            for listening in self._sockets:
                self.service.loop.add_reader(listening.fileno(), self._accept_some, listening)

    def _accept_off(self) -> None:
        if self._is_accepting:
            self._is_accepting = False
            for listening in self._sockets:
                self.service.loop.remove_reader(listening.fileno())

    def _accept_off_for(self, delay_ms: float) -> None:
        self._accept_off()
        self.service.scheduler.call_later(delay_ms, self._accept_on)

    def _accept_some(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTS_PER_TURN_MAX):
            if not self._may_accept():
                return
            try:
                accepted, peer = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF_FILES:
                    raise
                logger.error("%s cannot accept connections: %s", self.name, error.strerror)  # noqa: TRY400
                self._accept_off_for(_OUT_OF_FILES_PAUSE_MS)
                return
            self._admit(accepted, (plain_host(peer[0]), peer[1]))

    def _may_accept(self) -> bool:
        limits = self.service.limits
        if limits.is_full:
            logger.warning("%s accepts nobody: max.connections is %d", self.name, limits.total_max)
            self._accept_off()
            limits.when_not_full(self._accept_on)
            return False
        delay_ms = limits.rates.delay_ms(self.name, self.service.scheduler.monotonic_ms())
        if delay_ms:
            self._accept_off_for(delay_ms)
        return not delay_ms

    def _admit(self, accepted: socket.socket, peer: tuple[str, int]) -> None:
        service = self.service
        now_ms = service.scheduler.monotonic_ms()
        wait_ms = service.limits.rates.count(self.name, peer[0], now_ms)
        if wait_ms:
            self._hold(accepted, wait_ms)
            return
        refusal = service.limits.admit(peer[0])
        if refusal is not None:
            logger.warning("%s:%d %s; closing the connection", *peer, refusal)
            service.stats.refused += 1
            accepted.close()
            return
        service.stats.accepted += 1
        try:
            self._set_options(accepted)
            local_host = plain_host(accepted.getsockname()[0])
        except OSError:  # gone again already
            accepted.close()
            service.limits.release(peer[0])
            return
        connection = Connection(self, peer, local_host)
        self.connections.add(connection)
        task = service.loop.create_task(self._open(accepted, connection))
        self._openings.add(task)
        task.add_done_callback(partial(self._opened, accepted, connection))

    def _hold(self, accepted: socket.socket, wait_ms: int) -> None:
        """Keep a connection waiting that comes too soon after others of its address."""
        self.service.stats.throttled += 1
        if len(self._held) >= _HELD_MAX:
            accepted.close()
            return
        self._held.add(accepted)
        self.service.scheduler.call_later(wait_ms, self._let_go, accepted)

    def _let_go(self, held: socket.socket) -> None:
        self._held.discard(held)
        held.close()

    def _set_options(self, accepted: socket.socket) -> None:
        settings = self.service.settings
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        do_not_pace(accepted)
        if settings.send_buffer_bytes > 0:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
        if settings.receive_buffer_bytes > 0:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer_bytes)

    async def _open(self, accepted: socket.socket, connection: Connection) -> None:
        """Make a transport of an accepted socket, after the handshake if there is one."""
        loop = self.service.loop
        if self._tls is None:
            await loop.connect_accepted_socket(lambda: connection, accepted)
            return
        timeout_s = self.service.settings.handshake_timeout_ms / 1000
        with accepted.dup() as kept:  # by which a refusal is told after the transport is gone
            try:
                await loop.connect_accepted_socket(
                    lambda: connection, accepted, ssl=self._tls(), ssl_handshake_timeout=timeout_s
                )
            except OSError as error:
                with contextlib.suppress(OSError):
                    kept.send(alert_of(error))
                raise

    def _opened(
        self, accepted: socket.socket, connection: Connection, task: asyncio.Task[None]
    ) -> None:
        """Clean up if it was not; a task that is cancelled before it runs could not itself."""
        self._openings.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None and not task.cancelled():
            return
        if isinstance(error, OSError) and self.is_tls:
            self.service.stats.handshakes_failed += 1
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            logger.warning("%s: the TLS handshake failed: %s", connection.peer, reason)
        elif error is not None and not isinstance(error, OSError):
            logger.error("%s: could not be served", connection.peer, exc_info=error)
        accepted.close()
        connection.abort()
        self.closed(connection)  # the transport may be closed already, and says nothing then

    # ------------------------------------------------------------ closing

    def closed(self, connection: Connection) -> None:
        """Strike off a connection that is gone; more than once is no error."""
        if connection in self.connections:
            self.connections.discard(connection)
            self.service.limits.release(connection.peer_host)
            if not self.connections:
                self._emptied.set()

    async def _wait_emptied(self, timeout_s: float) -> None:
        if self.connections:
            self._emptied.clear()
            try:
                await asyncio.wait_for(self._emptied.wait(), timeout_s)
            except TimeoutError:
                return

    def _sweep_later(self) -> None:
        idle_max_ms = self.service.settings.idle_max_ms
        delay_ms = _SWEEP_MAX_MS
        if idle_max_ms >= 0:
            delay_ms = max(_SWEEP_MIN_MS, min(idle_max_ms // _SWEEPS_PER_IDLE, _SWEEP_MAX_MS))
        self._sweep_timer = self.service.scheduler.call_later(delay_ms, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long, and let go of memory."""
        now_ms = self.service.scheduler.monotonic_ms()
        idle_max_ms = self.service.settings.idle_max_ms
        for connection in list(self.connections):
            connection.recall()  # so that nobody is idle here and busy elsewhere
            if connection.is_active:
                connection.is_active = False
                connection.idle_since_ms = now_ms
            elif connection.is_stuck:
                limit_ms = _CLOSING_MAX_MS if connection.is_closed else idle_max_ms
                if 0 <= limit_ms <= now_ms - connection.idle_since_ms:
                    self._close_idle(connection, limit_ms)
        self._close_favoured()
        self.service.memory.trim()
        self._sweep_later()

    def _close_favoured(self) -> None:
        """Close whoever keeps others waiting for memory and sends nothing."""
        budget = self.service.budget
        favoured = budget.favoured
        if isinstance(favoured, Connection) and favoured in self.connections and budget.is_wanted:
            now_ms = self.service.scheduler.monotonic_ms()
            if now_ms - favoured.idle_since_ms >= _STALLED_MAX_MS and not favoured.is_active:
                favoured.close("stopped in the middle of a request while others wait for memory")
                favoured.abort()

    def _close_idle(self, connection: Connection, limit_ms: int) -> None:
        logger.info("%s did nothing for %d ms; closing the connection", connection.peer, limit_ms)
        self.service.stats.closed_idle += 1
        connection.abort()
