"""Whether log directories are Apache Kafka's to be taken over, and whether they can be.

A directory is Kafka's as long as its ``quorum-state`` is newer than what the `marker` says was
taken over: before the first start here, and again after Kafka has run on it in between.
Invariant: nothing on disk changes here; what this returns was understood as a whole, and what was
not is a `TakeoverRefusedError` with every reason that was found.
Neighbours: `broker.storage` asks before it opens a directory; `examination` reads what is there.
Docs: docs/takeover.md.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.takeover import directories, marker
from logcore.broker.takeover.directories import METADATA_DIRECTORY
from logcore.broker.takeover.refusal import refuse
from logcore.common.errors import LogCorruptError
from logcore.controller.quorum import QuorumState

if TYPE_CHECKING:
    from logcore.broker.takeover.summary import Takeover


def inspect(config: BrokerConfig) -> "Takeover | None":
    """Look at the log directories of a broker that is about to start.

    Args:
        config: Its settings.

    Returns:
        What is taken over; None if the directories are empty, or logcore's already.

    Raises:
        TakeoverRefusedError: If they are Apache Kafka's and must be left as they are.
        LogCorruptError: If there are logs without metadata, or ``quorum-state`` is damaged.
        OSError: If something cannot be read.
    """
    paths = [Path(path) for path in config.log_dirs if Path(path).is_dir()]
    state = _newer_state(paths)
    if state is None:
        refuse([*_of_zookeeper(paths), *_never_started(paths)])
        if len(paths) == len(config.log_dirs):  # else it may be in the one that is lost
            _ask_for_metadata(paths)
        return None
    from logcore.broker.takeover.examination import examine  # noqa: PLC0415 - where Kafka was

    with directories.nobody_else(paths):
        return examine(config, state)


def _newer_state(paths: Sequence[Path]) -> QuorumState | None:
    """Return what Apache Kafka's quorum said last, if that is newer than what was taken over."""
    for path in paths:
        state = QuorumState.read(path / METADATA_DIRECTORY)
        if state is not None:
            return state if state.leader_epoch > marker.accepted_epoch(path) else None
    return None


def _of_zookeeper(paths: Sequence[Path]) -> Iterator[str]:
    """Directories of a cluster that kept its metadata in ZooKeeper."""
    for path in paths:
        if directories.owner_of(path).get("version") == "0":
            yield from directories.read_directory(path).reasons


def _ask_for_metadata(paths: Sequence[Path]) -> None:
    """Refuse logs whose metadata is elsewhere, before the opening of them changes anything."""
    if any((path / METADATA_DIRECTORY).is_dir() for path in paths):
        return
    for path in paths:
        if directories.owner_of(path):
            logs = directories.read_directory(path).partitions
            if logs:
                raise LogCorruptError(
                    f"{path} has {len(logs)} logs, but the cluster's metadata, which says whose "
                    f"they are, is in none of log.dirs: name the directory of "
                    f"{METADATA_DIRECTORY} there, or restore it. Nothing was changed",
                    path=str(path),
                )


def _never_started(paths: Sequence[Path]) -> Iterator[str]:
    """Directories that were formatted, perhaps with users and features, and not used since."""
    if any(any((path / METADATA_DIRECTORY).glob("*.log")) for path in paths):
        return
    for path in paths:
        if (path / directories.BOOTSTRAP).is_file():
            yield (
                f"{path} was formatted for Apache Kafka, which never ran on it, and what it should "
                f"begin with is in {directories.BOOTSTRAP}: start Kafka once and stop it, or use "
                "an empty directory, which needs no formatting here"
            )
