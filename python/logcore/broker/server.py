"""`Broker`: the composition root. It makes the parts, starts them, and stops them in reverse order.

Invariant: nothing is accepted before everything is loaded; what `start` did is undone by `stop`,
also when `start` failed half way; after `stop` the logs are closed and marked clean.
Neighbours: `serving` and `logcore.testing` start one; `assembly` makes its parts.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logcore.broker.assembly import Ground, assemble
from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.dispatch import Dispatcher
from logcore.broker.endpoints import Endpoint, Endpoints
from logcore.broker.identity import directory_ids
from logcore.broker.lanes import Lanes
from logcore.broker.lent_sockets import LentSockets
from logcore.broker.listeners import Listeners
from logcore.broker.parts import Parts
from logcore.broker.parts_metrics import observe_parts
from logcore.broker.seams import Seams
from logcore.broker.security.logins import Logins
from logcore.broker.storage import METADATA_LANE, open_storage
from logcore.broker.upkeep import UPKEEP_LANES
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.common.uuids import random_uuid
from logcore.controller import features
from logcore.controller.image import BrokerImage
from logcore.controller.image import Endpoint as RegisteredEndpoint
from logcore.log.manager import LoadProgress, LoadReport

if TYPE_CHECKING:
    from logcore.broker.takeover.summary import Takeover

logger = logging.getLogger(__name__)

_STOP_MS: Final = 10_000
_SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
"""In the order of their numbers in the metadata."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a broker says once it is ready.

    Attributes:
        endpoints: Where each listener listens.
        health: Where probes are answered, if anywhere.
        cluster_id: The cluster's id.
        node_id: The broker's id.
        log_dirs: Where the data is.
        durability: When a record is acknowledged, in a few words.
        report: What opening the logs found.
        was_killed: Whether the last run ended without closing its logs.
        takeover: What Apache Kafka left, if this start took its directories over.
        took_ms: How long starting took, in milliseconds.
    """

    endpoints: Mapping[str, Endpoint]
    health: Endpoint | None
    cluster_id: str
    node_id: int
    log_dirs: tuple[str, ...]
    durability: str
    report: LoadReport
    was_killed: bool
    takeover: "Takeover | None"
    took_ms: int

    @property
    def listeners(self) -> list[str]:
        """Each listener as ``NAME://HOST:PORT``."""
        return [f"{name}://{at.host}:{at.port}" for name, at in self.endpoints.items()]


class Broker:
    """A broker, on the running event loop.

    Args:
        config: Its settings.
        seams: What stands in the place of the machine, for tests.

    Attributes:
        config: Its settings.
        is_ready: Whether it serves.
        parts: What its handlers work with, once it is started.
        dispatcher: What answers frames, once it is started.
        lent_sockets: What answers plain Produces of many connections at once, likewise.
        fatal: Done with the reason when it cannot go on, once it is started.

    Example:
        >>> async def serve(config):
        ...     broker = Broker(config)
        ...     started = await broker.start()
        ...     ...
        ...     await broker.stop()
    """

    parts: Parts
    dispatcher: Dispatcher
    lent_sockets: LentSockets
    fatal: Deferred[str]

    def __init__(self, config: BrokerConfig, seams: Seams | None = None) -> None:
        self.config = config
        self._seams = seams or Seams()
        self.is_ready = False
        self._progress = LoadProgress()
        self._closers: list[Callable[[], object]] = []
        self._blocking_closers: list[Callable[[], object]] = []
        self._listeners: Listeners | None = None

    async def start(self) -> Started:
        """Open the data, and serve.

        Raises:
            LogcoreError: If the data cannot be opened, or an address not be listened on.
        """
        loop = asyncio.get_running_loop()
        scheduler = self._seams.make_scheduler(loop)
        began_ms = scheduler.monotonic_ms()
        metrics, configs = Metrics(), Configs(self.config)
        lanes = Lanes(loop, reserved=(METADATA_LANE, *UPKEEP_LANES))
        listeners = self._listeners = Listeners(self.config, scheduler, metrics)
        health = await listeners.start_health(self)
        storage = await loop.run_in_executor(
            None, open_storage, self.config, configs, self._progress, scheduler, self._seams.logs
        )
        self._blocking_closers.append(lambda: storage.logs.close(self._broker_epoch()))
        self._blocking_closers.append(lanes.close)  # before the logs: work may still use them
        ground = Ground(self.config, configs, scheduler, metrics, lanes, storage)
        self.parts, self.fatal = assemble(ground, self._closers)
        observe_parts(self.parts)
        self.dispatcher = Dispatcher(self.parts)
        self.lent_sockets = LentSockets(self.dispatcher, listeners.service, metrics)
        self.dispatcher.offer = self.lent_sockets.offer
        self._closers.append(self.lent_sockets.close)
        logins = Logins(self.config, self.parts.controller, scheduler, lanes, metrics)
        self._closers.append(logins.stop)
        bound = listeners.bind(self._seams.wrap_handler(self.dispatcher), logins)
        self.parts.endpoints = Endpoints(bound, listeners.advertised())
        await self._register(storage.identity.was_killed)
        await logins.start().wait()
        listeners.serve()
        configs.subscribe(listeners.reload_tls)
        configs.subscribe(listeners.reload_limits)
        self.parts.quotas.tell_address_rates(listeners.limit_addresses)
        self.is_ready = True
        return Started(
            endpoints=bound,
            health=health,
            cluster_id=storage.identity.cluster_id,
            node_id=self.config["node.id"],
            log_dirs=self.config.log_dirs,
            durability=durability_of(configs),
            report=storage.logs.report(),
            was_killed=storage.identity.was_killed,
            takeover=storage.takeover,
            took_ms=scheduler.monotonic_ms() - began_ms,
        )

    def progress(self) -> Mapping[str, object]:
        """Tell how far the start is."""
        return {"logs_to_open": self._progress.total, "logs_opened": self._progress.done}

    async def _register(self, was_killed: bool) -> None:
        """Enter this broker into the metadata, durably."""
        bound = self.parts.endpoints.bound
        endpoints = []
        for listener in self.config.listeners:
            host, port = self.parts.endpoints.advertised(listener.name)
            number = _SECURITY_PROTOCOLS.index(listener.protocol)
            assert listener.name in bound, "every listener was bound"
            endpoints.append(RegisteredEndpoint(listener.name, host, port, number))
        image = BrokerImage(
            broker_id=self.parts.node_id,
            epoch=-1,
            incarnation_id=random_uuid(),
            endpoints=tuple(endpoints),
            features=features.SUPPORTED,
            rack=self.config["broker.rack"],
            is_fenced=False,
            log_dirs=directory_ids(self.config.log_dirs),
        )
        started = self.parts.controller.start(
            image, initial_features=features.INITIAL, was_killed=was_killed
        )
        await started.wait()

    def _broker_epoch(self) -> int:
        """Return the epoch of this broker's registration, which the clean-stop marker tells."""
        if not hasattr(self, "parts"):
            return -1
        own = self.parts.controller.image.brokers.get(self.parts.node_id)
        return -1 if own is None else own.epoch

    async def stop(self) -> None:
        """Stop serving, finish what was begun, close the logs."""
        self.is_ready = False
        if hasattr(self, "parts"):
            self.parts.purgatory.expire_all()  # long polls are answered, not waited for
        for close in reversed(self._closers):
            close()  # so are joins: whoever waits is told to look for another coordinator
        self._closers.clear()
        if self._listeners is not None:
            await self._listeners.stop(_STOP_MS)
        if hasattr(self, "parts"):
            await self.parts.controller.leave().wait()
            await self.parts.controller.close().wait()
        loop = asyncio.get_running_loop()
        while self._blocking_closers:
            close = self._blocking_closers.pop()
            try:
                await loop.run_in_executor(None, close)
            except Exception:
                logger.exception("stopping did not go well")


def durability_of(configs: Configs) -> str:
    """Say in a few words what an acknowledged record has behind it."""
    flush_messages = configs.topic_defaults["flush.messages"]
    if flush_messages == 1:
        return "on disk before it is acknowledged (flush.messages=1)"
    return "in the page cache when acknowledged, survives kill -9 but not a power loss"
