"""Putting a broker together: its parts, made in the order in which they need each other.

Invariant: whatever is made here and runs on is closed by a closer, in the reverse order of making;
what was there before is in the parts when they are returned.
Neighbours: `server` starts and stops the whole; `storage` opened what is on disk.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

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
from logcore.broker.endpoints import Endpoints
from logcore.broker.fetch_session import FetchSessions
from logcore.broker.following import Coordinator, MetadataFollower
from logcore.broker.group_metrics import observe_groups
from logcore.broker.lanes import Lanes
from logcore.broker.offline import OfflineDirs
from logcore.broker.parts import Parts
from logcore.broker.producer_ids import ProducerIds
from logcore.broker.purgatory import Purgatory
from logcore.broker.quotas.quotas import make_quotas
from logcore.broker.share.making import make_shares
from logcore.broker.share_states import LocalShareStates
from logcore.broker.storage import Storage, open_metadata
from logcore.broker.telemetry.telemetry import make_telemetry
from logcore.broker.upkeep import Upkeep, UpkeepIntervals
from logcore.common.clock import LoopScheduler
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.controller.controller import Controller
from logcore.controller.topics import TopicDefaults
from logcore.replication.manager import ReplicaManager

_FLUSH_MS_MAX: Final = 1_000


class Ground(NamedTuple):
    """What a broker is put together on.

    Attributes:
        config: Its settings.
        configs: The settings of everything, as they are now.
        scheduler: Time and timers.
        metrics: Where things are counted.
        lanes: Threads for what may block.
        storage: What was opened.
    """

    config: BrokerConfig
    configs: Configs
    scheduler: LoopScheduler
    metrics: Metrics
    lanes: Lanes
    storage: Storage


def assemble(ground: Ground, closers: list[Callable[[], object]]) -> tuple[Parts, Deferred[str]]:
    """Make the parts, and put what was there before into them.

    Args:
        ground: What they are put together on.
        closers: Gets what undoes the making, as it is made, so that it is there if this fails.

    Returns:
        The parts, and what is done with the reason when the broker cannot go on.
    """
    config, configs, scheduler, metrics, lanes, storage = ground
    keep_applied(configs, storage.logs)
    controller = make_controller(ground)
    replicas, purgatory = ReplicaManager(storage.logs), Purgatory(scheduler)
    producer_ids = ProducerIds(controller.allocate_producer_ids)
    around = Surroundings(config, configs, scheduler, lanes, controller, replicas, purgatory)
    share_states = make_share_states(around)
    closers.append(share_states.close)
    of_groups = LocalShareStates(share_states, around, replicas)
    groups = make_groups(around, of_groups)
    closers.append(groups.close)
    observe_groups(metrics, groups, share_states)
    transactions = make_transactions(around, groups, producer_ids.next)
    closers.append(transactions.close)
    shares = make_shares(around, share_states, metrics)
    closers.append(shares.close)
    of_groups.on_replaced = shares.forget
    coordinators: dict[str, Coordinator] = {
        GROUP_TOPIC: groups,
        TRANSACTION_TOPIC: transactions,
        SHARE_TOPIC: share_states,
    }
    follower = MetadataFollower(configs, replicas, coordinators, purgatory)
    follower.begin(controller.image)
    controller.subscribe(follower.follow)
    offline = OfflineDirs(replicas, purgatory, metrics, config.metadata_dir)
    closers.append(start_upkeep(ground, offline).stop)
    parts = Parts(
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
    return parts, offline.fatal


def make_controller(ground: Ground) -> Controller:
    """Open the metadata, and make what decides about it."""
    config = ground.config
    metadata = open_metadata(ground.storage, ground.lanes, ground.scheduler)
    metadata.snapshot_bytes = config["metadata.log.max.record.bytes.between.snapshots"]
    metadata.snapshot_interval_ms = config["metadata.log.max.snapshot.interval.ms"]
    return Controller(
        metadata,
        config["node.id"],
        Rules(ground.configs),
        lambda: TopicDefaults(config["num.partitions"], config["default.replication.factor"]),
    )


def start_upkeep(ground: Ground, offline: OfflineDirs) -> Upkeep:
    """Begin the chores of the logs."""
    upkeep = Upkeep(
        ground.scheduler,
        ground.storage.logs,
        ground.lanes,
        intervals_of(ground.config),
        compacts=ground.config["log.cleaner.enable"],
        after=offline.look,
    )
    upkeep.start()
    return upkeep


def intervals_of(config: BrokerConfig) -> UpkeepIntervals:
    """Return how often logs are kept up, from the settings."""
    return UpkeepIntervals(
        initial_delay_ms=config["log.initial.task.delay.ms"],
        retention_ms=config["log.retention.check.interval.ms"],
        flush_ms=min(config["log.flush.scheduler.interval.ms"], _FLUSH_MS_MAX),
        checkpoint_ms=config["log.flush.offset.checkpoint.interval.ms"],
        compaction_ms=config["log.cleaner.backoff.ms"],
    )
