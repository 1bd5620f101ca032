"""What the broker does when a log directory fails while it runs.

The engine takes the directory offline; here its partitions stop being served, whoever waits for
them is answered, the log has one line about it, and a metric counts it. Without the directory of
the metadata, or without any directory, there is nothing left to serve: the broker has to stop.
Invariant: a directory is reported once, and none comes back before a restart.
Neighbours: `replication.manager` and `upkeep` have it looked for; `server` stops.
Source: Apache Kafka 4.3.1, `ReplicaManager.handleLogDirFailure` and `LogManager`.
"""

import logging
from collections.abc import Hashable
from typing import Final, Protocol

from logcore.common.deferred import Deferred
from logcore.common.errors import LogDirectoryOfflineError
from logcore.common.metrics import Metrics
from logcore.replication.manager import ReplicaManager

logger = logging.getLogger(__name__)

METRIC: Final = "logcore_log_dirs_offline"


class Waiters(Protocol):
    """Where requests wait for partitions."""

    def check(self, key: Hashable) -> None:
        """Try those again that wait for a key."""


class OfflineDirs:
    """Watches for log directories that have failed.

    Args:
        replicas: The partitions.
        waiters: Where requests wait for them.
        metrics: Where the number of failed directories is shown.
        metadata_dir: The directory of the cluster's metadata.

    Attributes:
        fatal: Done with the reason once the broker cannot go on.
    """

    def __init__(
        self, replicas: ReplicaManager, waiters: Waiters, metrics: Metrics, metadata_dir: str
    ) -> None:
        self.fatal: Deferred[str] = Deferred()
        self._replicas = replicas
        self._waiters = waiters
        self._metadata_dir = metadata_dir
        self._known = set(replicas.logs.offline_dirs())  # those at the start have been told of
        metrics.observe_gauge(
            METRIC, "Log directories that failed, until a restart", lambda: len(self._known)
        )
        replicas.when_storage_fails(self.look)

    def look(self) -> None:
        """Look for directories that have failed since the last time."""
        for path in self._replicas.logs.offline_dirs():
            if path not in self._known:
                self._known.add(path)
                self._report(path)

    def _report(self, path: str) -> None:
        logs = self._replicas.logs
        facts = next(facts for facts in logs.log_dirs() if facts.path == path)
        partitions = [(topic, index) for topic, index, _ in facts.logs]
        logger.error(
            "the log directory %s has failed and is offline until a restart, with %d partitions",
            path,
            len(partitions),
        )
        error = LogDirectoryOfflineError(f"the log directory {path} is offline", path=path)
        for partition in self._replicas.fail(partitions, error):
            self._waiters.check(partition.key)
        if self.fatal.is_done:
            return
        if path == self._metadata_dir:
            self.fatal.complete(f"{path} has failed, which holds the cluster's metadata")
        elif len(self._known) == len(logs.log_dirs()):
            self.fatal.complete("every log directory has failed")
