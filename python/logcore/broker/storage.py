"""Opening and closing what lies on disk: the log directories, and the metadata log in one of them.

Invariant: opening runs on a worker thread and tells how far it is; nothing is served before it is
done. What cannot be opened is an error that names the directory, never a fresh start beside it.
Neighbours: `server` calls this first and last; `identity` says whose the directories are.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.config.log_settings import common_settings
from logcore.broker.identity import Identity, identify
from logcore.broker.lanes import Lanes
from logcore.broker.takeover import marker
from logcore.broker.takeover.inspection import inspect
from logcore.common.clock import Clock
from logcore.common.config import ConfigError
from logcore.common.deferred import Deferred
from logcore.common.errors import LogCorruptError, LogDirectoryOfflineError
from logcore.controller.metadata_log import TOPIC_ID, TOPIC_SETTINGS, SingleNodeLog
from logcore.log.manager import LoadProgress, LogManager, Seams

if TYPE_CHECKING:
    from logcore.broker.takeover.summary import Takeover

logger = logging.getLogger(__name__)

T = TypeVar("T")

METADATA_TOPIC: Final = "__cluster_metadata"
METADATA_LANE: Final = "metadata"
"""The lane of the metadata log, reserved for it."""


class LaneWorker:
    """One lane as the worker of the metadata log.

    Args:
        lanes: The threads.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        """Run a function in the lane."""
        return self._lanes.run(METADATA_LANE, function)


@dataclass(frozen=True, slots=True)
class Storage:
    """What was opened.

    Attributes:
        identity: Whose data it is.
        logs: The logs of partitions.
        takeover: What Apache Kafka left, if its directories were taken over just now.
    """

    identity: Identity
    logs: LogManager
    takeover: "Takeover | None"


def open_storage(
    config: BrokerConfig,
    configs: Configs,
    progress: LoadProgress,
    clock: Clock,
    seams: Seams | None = None,
) -> Storage:
    """Open the log directories; blocks for as long as recovery takes.

    Raises:
        TakeoverRefusedError: If they are Apache Kafka's and must be left as they are.
        LogcoreError: If they cannot be used; the message names the directory.
        ConfigError: If the settings do not fit the data.
    """
    if config.metadata_dir not in config.log_dirs:
        raise ConfigError(
            f"metadata.log.dir: {config.metadata_dir} must be one of log.dirs here",
            key="metadata.log.dir",
            value=config.metadata_dir,
        )
    identity = identify(config.log_dirs, config["logcore.cluster.id"])
    takeover = _take_over(config, clock)
    logs = LogManager(
        config.log_dirs,
        settings=common_settings(configs),
        topic_settings={METADATA_TOPIC: TOPIC_SETTINGS},
        cluster_id=identity.cluster_id,
        node_id=config["node.id"],
        load_threads=config["num.recovery.threads.per.data.dir"],
        progress=progress,
        verify_transactions=config["transaction.partition.verification.enable"],
        seams=seams,
    )
    report = logs.report()
    for path, reason in report.failed:
        logger.error("%s cannot be opened: %s", path, reason)
    for path in logs.offline_dirs():
        logger.error("the log directory %s is offline", path)
    if report.truncated_bytes:
        logger.warning("recovery cut off %d bytes that were not whole", report.truncated_bytes)
    return Storage(identity, logs, takeover)


def _take_over(config: BrokerConfig, clock: Clock) -> "Takeover | None":
    """Decide about directories of Apache Kafka, and say what is in them, before they are opened."""
    takeover = inspect(config)
    if takeover is not None:
        logger.warning("%s", takeover.text)
        marker.write(Path(config.metadata_dir), takeover.kafka_epoch, clock.now_ms())
    return takeover


def open_metadata(storage: Storage, lanes: Lanes, clock: Clock) -> SingleNodeLog:
    """Open the metadata log, or begin it where there is no data at all.

    Raises:
        LogDirectoryOfflineError: If there is data, but the directory of the metadata is not there.
        LogCorruptError: If there are logs, but no metadata to say whose they are.
        LogcoreError: If it is damaged.
    """
    logs = storage.logs
    is_there = (METADATA_TOPIC, 0) in logs.partitions()
    if not is_there and logs.offline_dirs():
        raise LogDirectoryOfflineError(
            "the cluster's metadata is in a log directory that is offline: mend the directory",
            path=logs.offline_dirs()[0],
        )
    if not is_there and (logs.partitions() or logs.report().failed):
        raise LogCorruptError(
            "there are logs, but the cluster's metadata that says whose they are is missing or "
            "cannot be opened: restore the directory __cluster_metadata-0",
            path=logs.log_dirs()[0].path,
        )
    log = logs.get_or_create(METADATA_TOPIC, 0, TOPIC_ID, not is_there)
    return SingleNodeLog(log, Path(log.path), LaneWorker(lanes), clock)
