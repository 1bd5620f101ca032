"""What the listeners of one broker share: loop, time, settings, memory, limits, counts.

Invariant: made once, before the first listener; only the loop's thread touches it.
Neighbours: `listener` and `connection` work with it; `broker.server` makes it from the settings.
"""

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial
from typing import Final

from logcore.common.clock import Scheduler
from logcore.common.metrics import Metrics
from logcore.network.budget import BUFFERED_MAX_BYTES, ReceiveBudget
from logcore.network.busy_poll import BusyPoll
from logcore.network.limits import ConnectionLimits
from logcore.network.memory import ReceiveMemory

REQUEST_MAX_BYTES: Final = 104_857_600


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Settings of listeners, each named after Kafka's key.

    Attributes:
        request_max_bytes: socket.request.max.bytes.
        idle_max_ms: connections.max.idle.ms; negative for never.
        send_buffer_bytes: socket.send.buffer.bytes; -1 leaves it to the system.
        receive_buffer_bytes: socket.receive.buffer.bytes; -1 leaves it to the system.
        backlog: socket.listen.backlog.size.
        buffered_max_bytes: queued.max.request.bytes: what requests may hold of memory, of which
            one at a time may take more.
        handshake_timeout_ms: How long a TLS handshake may take.
        busy_poll_us: logcore.busy.poll.us: how long to look at the sockets before sleeping.
    """

    request_max_bytes: int = REQUEST_MAX_BYTES
    idle_max_ms: int = 600_000
    send_buffer_bytes: int = -1
    receive_buffer_bytes: int = -1
    backlog: int = 50
    buffered_max_bytes: int = BUFFERED_MAX_BYTES
    handshake_timeout_ms: int = 10_000
    busy_poll_us: int = 100


class NetworkStats:
    """Counts, as plain attributes because they are added to for every read and write.

    Attributes:
        received_bytes: Bytes read from sockets.
        sent_bytes: Bytes handed to sockets.
        accepted: Connections accepted.
        refused: Connections closed at once because of a limit.
        throttled: Connections kept waiting and closed because of their address's rate.
        closed_for_cause: Connections closed because of what the peer sent or did.
        closed_idle: Connections closed because nothing happened on them.
        handshakes_failed: TLS handshakes that came to nothing.
    """

    __slots__ = (
        "accepted",
        "closed_for_cause",
        "closed_idle",
        "handshakes_failed",
        "received_bytes",
        "refused",
        "sent_bytes",
        "throttled",
    )

    def __init__(self) -> None:
        self.received_bytes = 0
        self.sent_bytes = 0
        self.accepted = 0
        self.refused = 0
        self.throttled = 0
        self.closed_for_cause = 0
        self.closed_idle = 0
        self.handshakes_failed = 0


class NetworkService:
    """What listeners share.

    Args:
        loop: The loop whose thread does everything.
        scheduler: Time, and timers on that thread.
        settings: Settings of all listeners.
        limits: How many connections there may be.
        metrics: Where the counts are shown.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scheduler: Scheduler,
        settings: NetworkSettings | None = None,
        limits: ConnectionLimits | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.loop = loop
        self.scheduler = scheduler
        self.settings = settings or NetworkSettings()
        self.limits = limits or ConnectionLimits()
        self.memory = ReceiveMemory()
        self.budget = ReceiveBudget(self.settings.buffered_max_bytes)
        self.stats = NetworkStats()
        self.busy_poll = BusyPoll(scheduler, self.settings.busy_poll_us)
        self._ids = itertools.count(1)
        if metrics is not None:
            self._show(metrics)

    def next_connection_id(self) -> int:
        """Return a number for a new connection."""
        return next(self._ids)

    def _show(self, metrics: Metrics) -> None:
        stats, limits = self.stats, self.limits
        for name, text in _SHOWN.items():
            ask = partial(getattr, stats, name)
            metrics.observe_counter(f"logcore_network_{name}_total", text, ask)
        metrics.observe_gauge(
            "logcore_network_connections", "Open connections", lambda: limits.count
        )
        metrics.observe_gauge(
            "logcore_network_buffered_bytes", "Memory that requests hold", lambda: self.budget.used
        )


_SHOWN: Final = {
    "received_bytes": "Bytes read from clients",
    "sent_bytes": "Bytes written to clients",
    "accepted": "Connections accepted",
    "refused": "Connections closed at once because of a limit",
    "throttled": "Connections kept waiting and closed because of the rate of their address",
    "closed_for_cause": "Connections closed because of what the client sent",
    "closed_idle": "Connections closed because nothing happened on them",
    "handshakes_failed": "TLS handshakes that failed",
}
