"""`Broker`: the composition root. It makes the parts, starts them, and stops them in reverse order.

Invariant: nothing is accepted before everything is loaded; what `start` did is undone by `stop`,
also when `start` failed half way; after `stop` the logs are closed and marked clean.
Neighbours: `cli.broker` and `logcore.testing` start one; `parts` is what handlers see of it.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import uvloop

from logcore.broker.authorization.making import make_authorizer
from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.config.log_settings import keep_applied
from logcore.broker.config.rules import Rules
from logcore.broker.coordinators import (
    GROUP_TOPIC,
    SHARE_TOPIC,
    TRANSACTION_TOPIC,
    Surroundings,
    make_groups,
    make_share_states,
    make_transactions,
)
from logcore.broker.dispatch import Dispatcher
from logcore.broker.endpoints import Endpoint, Endpoints
from logcore.broker.fetch_session import FetchSessions
from logcore.broker.following import Coordinator, MetadataFollower
from logcore.broker.group_metrics import observe_groups
from logcore.broker.identity import directory_ids
from logcore.broker.lanes import Lanes
from logcore.broker.listeners import Listeners
from logcore.broker.offline import OfflineDirs
from logcore.broker.parts import Parts
from logcore.broker.parts_metrics import observe_parts
from logcore.broker.producer_ids import ProducerIds
from logcore.broker.purgatory import Purgatory
from logcore.broker.quotas.quotas import make_quotas
from logcore.broker.seams import Seams
from logcore.broker.security.logins import Logins
from logcore.broker.share.making import make_shares
from logcore.broker.storage import METADATA_LANE, Storage, open_metadata, open_storage
from logcore.broker.takeover.summary import Takeover
from logcore.broker.telemetry.telemetry import make_telemetry
from logcore.broker.upkeep import UPKEEP_LANES, Upkeep, UpkeepIntervals
from logcore.common.clock import LoopScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import LogDirectoryOfflineError
from logcore.common.metrics import Metrics
from logcore.common.uuids import random_uuid
from logcore.controller import features
from logcore.controller.controller import Controller
from logcore.controller.image import BrokerImage
from logcore.controller.image import Endpoint as RegisteredEndpoint
from logcore.controller.topics import TopicDefaults
from logcore.log.manager import LoadProgress, LoadReport
from logcore.replication.manager import ReplicaManager

logger = logging.getLogger(__name__)

_FLUSH_MS_MAX: Final = 1_000
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
    takeover: Takeover | None
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
        self.parts = self._assemble(scheduler, metrics, configs, lanes, storage)
        observe_parts(self.parts)
        self.dispatcher = Dispatcher(self.parts)
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

    def _assemble(
        self,
        scheduler: LoopScheduler,
        metrics: Metrics,
        configs: Configs,
        lanes: Lanes,
        storage: Storage,
    ) -> Parts:
        """Make the parts, and put what was there before into them."""
        config = self.config
        keep_applied(configs, storage.logs)
        metadata = open_metadata(storage, lanes, scheduler)
        metadata.snapshot_bytes = config["metadata.log.max.record.bytes.between.snapshots"]
        metadata.snapshot_interval_ms = config["metadata.log.max.snapshot.interval.ms"]
        controller = Controller(
            metadata,
            config["node.id"],
            Rules(configs),
            lambda: TopicDefaults(config["num.partitions"], config["default.replication.factor"]),
        )
        replicas, purgatory = ReplicaManager(storage.logs), Purgatory(scheduler)
        producer_ids = ProducerIds(controller.allocate_producer_ids)
        around = Surroundings(config, configs, scheduler, lanes, controller, replicas, purgatory)
        share_states = make_share_states(around)
        self._closers.append(share_states.close)
        groups = make_groups(around, share_states)
        self._closers.append(groups.close)
        observe_groups(metrics, groups, share_states)
        transactions = make_transactions(around, groups, producer_ids.next)
        self._closers.append(transactions.close)
        shares = make_shares(around, share_states, metrics)
        self._closers.append(shares.close)
        coordinators: dict[str, Coordinator] = {
            GROUP_TOPIC: groups,
            TRANSACTION_TOPIC: transactions,
            SHARE_TOPIC: share_states,
        }
        follower = MetadataFollower(configs, replicas, coordinators, purgatory)
        follower.begin(controller.image)
        controller.subscribe(follower.follow)
        offline = OfflineDirs(replicas, purgatory, metrics, config.metadata_dir)
        self.fatal = offline.fatal
        self._keep_up(scheduler, lanes, storage, offline)
        return Parts(
            config=config,
            configs=configs,
            scheduler=scheduler,
            replicas=replicas,
            controller=controller,
            groups=groups,
            transactions=transactions,
            share_states=share_states,
            shares=shares,
            purgatory=purgatory,
            lanes=lanes,
            endpoints=Endpoints({}),
            cluster_id=storage.identity.cluster_id,
            node_id=config["node.id"],
            fetch_sessions=FetchSessions(config["max.incremental.fetch.session.cache.slots"]),
            producer_ids=producer_ids,
            metrics=metrics,
            authorizer=make_authorizer(config, controller, scheduler, metrics),
            telemetry=make_telemetry(around, metrics),
            quotas=make_quotas(config, scheduler, lanes, controller, metrics),
            fetch_max_bytes=config["fetch.max.bytes"],
        )

    def _keep_up(
        self, scheduler: LoopScheduler, lanes: Lanes, storage: Storage, offline: OfflineDirs
    ) -> None:
        """Begin the chores of the logs."""
        upkeep = Upkeep(
            scheduler,
            storage.logs,
            lanes,
            intervals_of(self.config),
            compacts=self.config["log.cleaner.enable"],
            after=offline.look,
        )
        upkeep.start()
        self._closers.append(upkeep.stop)

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


def intervals_of(config: BrokerConfig) -> UpkeepIntervals:
    """Return how often logs are kept up, from the settings."""
    return UpkeepIntervals(
        initial_delay_ms=config["log.initial.task.delay.ms"],
        retention_ms=config["log.retention.check.interval.ms"],
        flush_ms=min(config["log.flush.scheduler.interval.ms"], _FLUSH_MS_MAX),
        checkpoint_ms=config["log.flush.offset.checkpoint.interval.ms"],
        compaction_ms=config["log.cleaner.backoff.ms"],
    )


def durability_of(configs: Configs) -> str:
    """Say in a few words what an acknowledged record has behind it."""
    flush_messages = configs.topic_defaults["flush.messages"]
    if flush_messages == 1:
        return "on disk before it is acknowledged (flush.messages=1)"
    return "in the page cache when acknowledged, survives kill -9 but not a power loss"


async def _serve(config: BrokerConfig, ready: Callable[[Started], object]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    broker = Broker(config)
    try:
        started = await broker.start()
        gc.freeze()  # what is there now stays: no collection need look at it
        ready(started)
        broker.fatal.then(lambda _: stopping.set())
        await stopping.wait()
    finally:
        await broker.stop()
    if broker.fatal.is_done:
        raise LogDirectoryOfflineError(broker.fatal.value())


def run(config: BrokerConfig, ready: Callable[[Started], object]) -> None:
    """Run a broker until SIGTERM or SIGINT.

    Args:
        config: Its settings.
        ready: Called once it serves.

    Raises:
        LogcoreError: If it cannot start.
    """
    if sys.flags.optimize:
        raise SystemExit("logcore: the broker does not run under python -O: its asserts must hold")
    uvloop.run(_serve(config, ready))
