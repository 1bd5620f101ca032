"""The listeners of a broker, as its settings want them: bound first, served once all is loaded.

Invariant: an address that cannot be listened on stops the start before anything is served.
Neighbours: `network.listener` does the work; `server` starts and stops this.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.given_keys import listener_prefix
from logcore.broker.config.resources import BROKER_RESOURCE, ResourceKey
from logcore.broker.endpoints import Endpoint
from logcore.broker.security.logins import Logins
from logcore.common.clock import Scheduler
from logcore.common.config import ConfigError, parse_list
from logcore.common.metrics import Metrics
from logcore.common.rates import Window
from logcore.network.budget import BUFFERED_MAX_BYTES
from logcore.network.connection import RequestHandler
from logcore.network.connection_rates import ConnectionRates
from logcore.network.limits import ConnectionLimits
from logcore.network.listener import Listener
from logcore.network.service import NetworkService, NetworkSettings

if TYPE_CHECKING:
    from logcore.broker.health import Readiness
    from logcore.network.http import HttpServer
    from logcore.network.tls import TlsContexts

logger = logging.getLogger(__name__)

_CLIENT_AUTH: Final = "ssl.client.auth"

_CREATION_RATE: Final = "max.connection.creation.rate"


class Listeners:
    """All listeners for clients.

    Args:
        config: The broker's settings.
        scheduler: Time and timers.
        metrics: Where connections and bytes are counted.

    Attributes:
        service: What all of them share.
    """

    def __init__(self, config: BrokerConfig, scheduler: Scheduler, metrics: Metrics) -> None:
        self._config = config
        self.service = NetworkService(
            asyncio.get_running_loop(), scheduler, settings_of(config), limits_of(config), metrics
        )
        self._metrics = metrics
        self._listeners: list[Listener] = []
        self._tls: dict[str, TlsContexts] = {}
        self._health: HttpServer | None = None

    async def start_health(self, readiness: "Readiness") -> Endpoint | None:
        """Answer probes and show metrics from now on, if ``logcore.health.port`` is set.

        Raises:
            ListenError: If the address cannot be listened on.
        """
        host, port = self._config["logcore.health.host"], self._config["logcore.health.port"]
        if port is None:
            return None
        from logcore.broker.health import routes  # noqa: PLC0415 - only where it is used
        from logcore.network.http import HttpServer  # noqa: PLC0415

        self._health = HttpServer(host, port, routes(readiness, self._metrics))
        await self._health.start()
        return Endpoint(host, self._health.port)

    def reload_tls(self, changed: frozenset[ResourceKey]) -> None:
        """Read keys and certificates anew after the broker's settings changed.

        What cannot be read is logged, and the listener keeps what it has.
        """
        if not any(kind == BROKER_RESOURCE for kind, _ in changed):
            return
        for name, contexts in self._tls.items():
            try:
                contexts.reload(tls_settings_of(self._config, name))
            except ConfigError as error:
                logger.error("%s keeps its certificate: %s", name, error)  # noqa: TRY400

    def reload_limits(self, changed: frozenset[ResourceKey]) -> None:
        """Hold new connections to the limits that the broker's settings have now."""
        if not any(kind == BROKER_RESOURCE for kind, _ in changed):
            return
        limits, now = self.service.limits, limits_of(self._config)
        limits.total_max, limits.per_ip_max = now.total_max, now.per_ip_max
        limits.per_ip_overrides = now.per_ip_overrides
        limits.rates.total_max = now.rates.total_max
        limits.rates.listener_max = now.rates.listener_max
        limits.wake()

    def limit_addresses(self, rates: Mapping[str | None, float]) -> None:
        """Hold new connections to rates of their addresses; None stands for all others."""
        self.service.limits.rates.address_max = rates

    def bind(self, handler: RequestHandler, logins: Logins) -> dict[str, Endpoint]:
        """Take every address; return where each listener is, by name.

        Raises:
            ConfigError: If a listener asks for logins that there are not.
            ListenError: If one cannot be listened on.
        """
        for endpoint in self._config.listeners:
            tls = None
            if endpoint.is_tls:
                from logcore.network.tls import TlsContexts  # noqa: PLC0415 - only where it is used

                contexts = TlsContexts(tls_settings_of(self._config, endpoint.name))
                self._tls[endpoint.name] = contexts
                tls = contexts.current
            listener = Listener(
                endpoint.name, endpoint.host, endpoint.port, handler, self.service, tls
            )
            listener.opened = logins.opener(endpoint, handler)
            listener.bind()
            self._listeners.append(listener)
        return {
            listener.name: Endpoint(listener.host, listener.port) for listener in self._listeners
        }

    def advertised(self) -> dict[str, Endpoint]:
        """Return what is configured to be told to clients, by listener."""
        told = {}
        for endpoint in self._config.listeners:
            configured = self._config.advertised(endpoint.name)
            if configured is not None:
                told[endpoint.name] = Endpoint(configured.host, configured.port)
        return told

    def serve(self) -> None:
        """Accept connections."""
        for listener in self._listeners:
            listener.start()

    async def stop(self, timeout_ms: float) -> None:
        """Accept nobody, let requests be answered for a while, close everything."""
        await asyncio.gather(*(listener.stop(timeout_ms) for listener in self._listeners))
        self._listeners = []
        if self._health is not None:
            await self._health.stop()
            self._health = None


def settings_of(config: BrokerConfig) -> NetworkSettings:
    """Return the settings that all listeners share."""
    buffered_max_bytes = config["queued.max.request.bytes"]
    return NetworkSettings(
        request_max_bytes=config["socket.request.max.bytes"],
        idle_max_ms=config["connections.max.idle.ms"],
        send_buffer_bytes=config["socket.send.buffer.bytes"],
        receive_buffer_bytes=config["socket.receive.buffer.bytes"],
        backlog=config["socket.listen.backlog.size"],
        buffered_max_bytes=buffered_max_bytes if buffered_max_bytes > 0 else BUFFERED_MAX_BYTES,
        busy_poll_us=config["logcore.busy.poll.us"],
    )


def limits_of(config: BrokerConfig) -> ConnectionLimits:
    """Return how many connections there may be."""
    overrides = {}
    for entry in parse_list(config["max.connections.per.ip.overrides"]):
        host, _, count = entry.rpartition(":")
        overrides[host] = int(count)
    return ConnectionLimits(
        total_max=config["max.connections"],
        per_ip_max=config["max.connections.per.ip"],
        per_ip_overrides=overrides,
        rates=ConnectionRates(
            config[_CREATION_RATE],
            {
                listener.name: config.of_listener(listener.name, _CREATION_RATE)
                for listener in config.listeners
            },
            Window(config["quota.window.num"], config["quota.window.size.seconds"] * 1000),
        ),
    )


def tls_settings_of(config: BrokerConfig, listener: str) -> Mapping[str, object]:
    """Return the ``ssl.*`` settings of a listener.

    Where clients log in by SASL, certificates are asked for only if the listener's own setting says
    so, as in Apache Kafka (KIP-684).
    """
    names = [name for name in config if name.startswith("ssl.")]
    settings = {name: config.of_listener(listener, name) for name in names}
    if any(endpoint.name == listener and endpoint.is_sasl for endpoint in config.listeners):
        settings[_CLIENT_AUTH] = config.get(listener_prefix(listener) + _CLIENT_AUTH, "none")
    return settings
