"""All logs of a broker: `LogManager` over its log directories, `PartitionLog` for one partition.

Invariant: a partition has one log in one directory; a directory whose storage fails goes offline
alone, with its logs. Nothing here has a thread of its own: the owner calls `flush_due`,
`checkpoint`, `apply_retention`, `compact_due` and `remove_deleted` from time to time, from a
worker thread, and `close` at the end. Each lets go of the interpreter meanwhile.
Neighbours: `logcore._native` does the work; `logcore.broker` is the user. `log.Log` is the other
way to own a log: one directory, embedded, and without partitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import NamedTuple, Self

from logcore import _native
from logcore._native import LoadProgress, PartitionLog, PlainProduce, PlainSockets, Seams
from logcore.common.types import override
from logcore.log.stat import CompactionReport

__all__ = [
    "CompactedLog",
    "LoadProgress",
    "LoadReport",
    "LogDirFacts",
    "LogManager",
    "PartitionLog",
    "PlainProduce",
    "PlainSockets",
    "Seams",
]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What opening the log directories found.

    Attributes:
        loaded: Logs that were opened.
        truncated_bytes: Bytes that recovery cut off as torn or damaged, in all logs.
        failed: Directories of logs that could not be opened, each with the reason.
        foreign: Directories that are no log's; they are left alone.
        set_aside: Directories of logs that move in or belong to nobody; they are left alone.
    """

    loaded: int
    truncated_bytes: int
    failed: list[tuple[str, str]]
    foreign: list[str]
    set_aside: list[str]


class LogDirFacts(NamedTuple):
    """One log directory and what is in it.

    Attributes:
        path: The directory.
        is_online: Whether it is in use.
        total_bytes: Size of its volume, -1 if unknown.
        usable_bytes: What may still be filled of it, -1 if unknown.
        logs: Topic, partition and bytes of each log.
    """

    path: str
    is_online: bool
    total_bytes: int
    usable_bytes: int
    logs: list[tuple[str, int, int]]


class CompactedLog(NamedTuple):
    """What a compaction did.

    Attributes:
        topic: The topic's name.
        partition: The partition's number.
        report: What was removed; None if the log could not be compacted.
        failure: Why it could not; it is left out from then on.
    """

    topic: str
    partition: int
    report: CompactionReport | None
    failure: str | None


class LogManager(_native.LogManager):
    """The logs of a broker, in one or more log directories.

    Settings are Kafka's, by their dotted names for topics (``retention.ms``); names that do not
    concern a log are left to whoever knows them.

    Args:
        paths: The log directories; those that are absent are created.
        settings: What all logs have in common; Kafka's defaults for the rest.
        topic_settings: What differs, by topic.
        cluster_id: The cluster that the directories must belong to, or any.
        node_id: The broker that they must belong to, or any.
        load_threads: Logs that are opened at the same time.
        progress: Where to tell how far the opening is, for another thread to ask.
        verify_transactions: Whether the first write to a transaction must show a guard from
            `PartitionLog.start_verification`.
        seams: A disk and a clock for tests; the machine's if None.

    Raises:
        LogLockedError: If another process or manager has one of the directories.
        InvalidArgumentError: If one belongs to another cluster or broker, or two hold the same
            partition.
        InvalidConfigError: If a setting has no such value.
        LogDirectoryOfflineError: If none of the directories can be used.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     manager = LogManager([folder], settings={"segment.bytes": "1048576"})
        ...     log = manager.get_or_create("greetings", 0, None, is_new=True)
        ...     print(log.append_records([(b"en", b"hello"), (b"fr", b"salut")], 0, 1_000))
        ...     manager.close()
        (0, 1)

    Source:
        Apache Kafka's ``LogManager``; files and checkpoints are the same.
    """

    def __new__(  # noqa: PLR0913 - settings, all by keyword
        cls,
        paths: Sequence[str | PathLike[str]],
        *,
        settings: Mapping[str, str] | None = None,
        topic_settings: Mapping[str, Mapping[str, str]] | None = None,
        cluster_id: str | None = None,
        node_id: int | None = None,
        load_threads: int = 2,
        progress: LoadProgress | None = None,
        verify_transactions: bool = False,
        seams: Seams | None = None,
    ) -> Self:
        """Take the directories and open every log in them; see the class."""
        return super().__new__(
            cls,
            list(paths),
            settings=dict(settings or {}),
            topic_settings={topic: dict(own) for topic, own in (topic_settings or {}).items()},
            cluster_id=cluster_id,
            node_id=node_id,
            load_threads=load_threads,
            progress=progress,
            verify_transactions=verify_transactions,
            seams=seams,
        )

    def report(self) -> LoadReport:
        """Tell what opening the directories found."""
        return LoadReport(**self._report())

    def log_dirs(self) -> list[LogDirFacts]:
        """Tell of each directory whether it is in use, its volume's size, and its logs' sizes."""
        return [LogDirFacts(*facts) for facts in self._log_dirs()]

    def compact_due(self) -> CompactedLog | None:
        """Compact the log that needs it most.

        Returns:
            What was done; None if no log is due.
        """
        compacted = self._compact_due()
        if compacted is None:
            return None
        (topic, partition), facts, failure = compacted
        report = None if facts is None else CompactionReport(**facts)
        return CompactedLog(topic, partition, report, failure)

    @override
    def set_topic_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        """Replace the settings that a topic's logs have of their own; open logs too.

        Args:
            topic: The topic's name.
            settings: Values by name; what is not named is as for all logs. An empty mapping leaves
                the topic without settings of its own.

        Raises:
            InvalidConfigError: If a value is not allowed; nothing is changed then.
            LogClosedError: If the manager is closed.
        """
        super().set_topic_settings(topic, dict(settings))

    @override
    def set_settings(self, settings: Mapping[str, str]) -> None:
        """Replace the settings that all logs have in common; open logs too.

        Args:
            settings: Values by name; Kafka's defaults for the rest.

        Raises:
            InvalidConfigError: If a value is not allowed; nothing is changed then.
            LogClosedError: If the manager is closed.
        """
        super().set_settings(dict(settings))
