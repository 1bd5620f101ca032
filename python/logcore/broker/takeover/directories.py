"""The log directories of an Apache Kafka node as they lie there: whose, how stopped, what in them.

Invariant: nothing is written, and what is not known here ends up among the reasons, never unseen.
Neighbours: `inspection` asks; `checks` compares with the metadata. Docs: docs/takeover.md.
Source: Apache Kafka 4.3.1, `LogManager.loadLogs` and `UnifiedLog` for the names.
"""

import fcntl
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from logcore.broker.takeover.refusal import TakeoverRefusedError
from logcore.common import properties
from logcore.common.uuids import parse_uuid

META_PROPERTIES: Final = "meta.properties"
CLEAN_SHUTDOWN: Final = ".kafka_cleanshutdown"
BOOTSTRAP: Final = "bootstrap.checkpoint"
LOCK: Final = ".lock"
METADATA_DIRECTORY: Final = "__cluster_metadata-0"
TIERED_DIRECTORY: Final = "remote-log-index-cache"
CHECKPOINTS: Final = (
    "recovery-point-offset-checkpoint",
    "log-start-offset-checkpoint",
    "replication-offset-checkpoint",
    "cleaner-offset-checkpoint",
)
RECOVERY_POINTS, START_OFFSETS = CHECKPOINTS[:2]

_PARTITION: Final = re.compile(r"([a-zA-Z0-9._-]{1,249})-(0|[1-9][0-9]{0,9})")
_STATE: Final = re.compile(r"(.+)\.[0-9a-f]{32}-(delete|future|stray)")
_META_VERSION: Final = "1"
_MAGIC_AT: Final = 16
_MAGIC: Final = 2

Key = tuple[str, int]
"""A topic's name and a partition's number."""

CLEAN_STOP: Final = "start Apache Kafka 4.3 on it once more and stop it with kafka-server-stop.sh"


@dataclass(slots=True)
class PartitionFacts:
    """The directory of one partition.

    Attributes:
        path: The directory.
        topic_id: What its ``partition.metadata`` says, None if that is not there.
        size_bytes: Of its segments.
        first_offset: Of its first segment.
    """

    path: Path
    topic_id: bytes | None = None
    size_bytes: int = 0
    first_offset: int = 0


@dataclass(slots=True)
class DirectoryFacts:
    """One log directory.

    Attributes:
        path: The directory.
        owner: What ``meta.properties`` says.
        is_clean: Whether it was closed in order.
        partitions: The logs in it.
        doomed: Names of directories that are being deleted.
        checkpoints: Offsets by partition, by the name of the checkpoint.
        reasons: What stands against taking it over.
    """

    path: Path
    owner: dict[str, str]
    is_clean: bool
    partitions: dict[Key, PartitionFacts] = field(default_factory=dict)
    doomed: list[str] = field(default_factory=list)
    checkpoints: dict[str, dict[Key, int]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    @property
    def directory_id(self) -> bytes | None:
        """Its own id, None if it has none."""
        with suppress(ValueError):
            return parse_uuid(self.owner.get("directory.id", ""))
        return None


@contextmanager
def nobody_else(directories: Iterable[Path]) -> Iterator[None]:
    """Hold the locks of directories, where Apache Kafka has left or holds one.

    Raises:
        TakeoverRefusedError: If another process holds one.
    """
    with ExitStack() as held:
        for directory in directories:
            path = directory / LOCK
            try:
                file = held.enter_context(path.open("r+b"))
            except FileNotFoundError:
                continue  # a stop in order removes it
            _take(file, directory)
        yield


def _take(file: BinaryIO, directory: Path) -> None:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        reason = f"{directory} is in use by another process: stop Apache Kafka first"
        raise TakeoverRefusedError([reason]) from None


def owner_of(directory: Path) -> dict[str, str]:
    """Read whose a log directory is; empty where nothing says it."""
    meta = directory / META_PROPERTIES
    return properties.parse(properties.decode(meta.read_bytes())) if meta.is_file() else {}


def read_directory(directory: Path) -> DirectoryFacts:
    """Look at a log directory.

    Raises:
        OSError: If it cannot be read.
    """
    is_clean = (directory / CLEAN_SHUTDOWN).exists()
    facts = DirectoryFacts(directory, owner_of(directory), is_clean)
    _check_owner(facts)
    if not facts.is_clean:
        reason = f"{directory} was not closed in order ({CLEAN_SHUTDOWN} is missing): {CLEAN_STOP}"
        facts.reasons.append(reason)
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            _take_in(facts, path)
    for name in CHECKPOINTS:
        _read_checkpoint(facts, name)
    return facts


def _check_owner(facts: DirectoryFacts) -> None:
    path, version = facts.path / META_PROPERTIES, facts.owner.get("version")
    if not facts.owner:
        facts.reasons.append(f"{path} is missing, and other log directories have one")
    elif version == "0":
        reason = f"{path} is of a cluster with ZooKeeper: bring it to KRaft with Apache Kafka 3.9"
        facts.reasons.append(f"{reason} and to 4.3 first")
    elif version != _META_VERSION:
        facts.reasons.append(f"{path} has the unknown version {version}")
    elif not facts.owner.get("cluster.id") or not facts.owner.get("node.id"):
        facts.reasons.append(f"{path} names no cluster.id or no node.id")
    elif facts.directory_id is None:
        facts.reasons.append(f"{path} has no directory.id: {CLEAN_STOP}")


def _take_in(facts: DirectoryFacts, path: Path) -> None:
    """Tell what a directory in a log directory is."""
    name = path.name
    state = _STATE.fullmatch(name)
    if name == METADATA_DIRECTORY:
        return
    if state is not None and _PARTITION.fullmatch(state[1]):
        if state[2] == "delete":
            facts.doomed.append(name)
        elif state[2] == "future":
            facts.reasons.append(
                f"{path} is a replica on its way from one log directory to another: let Apache "
                "Kafka finish that, or take it back, first"
            )
        else:
            facts.reasons.append(_stray(path))
        return
    partition = _PARTITION.fullmatch(name)
    if partition is not None:
        key = (partition[1], int(partition[2]))
        facts.partitions[key] = _read_partition(facts, path)
    elif name == TIERED_DIRECTORY:
        facts.reasons.append(f"{path} is of tiered storage, which logcore does not have")
    else:
        facts.reasons.append(f"{path} is no directory of Apache Kafka's: move it elsewhere")


def _stray(path: Path) -> str:
    return (
        f"{path} belongs to no topic that this node holds (a stray): move it elsewhere, or delete "
        "it, if nothing of it is needed"
    )


def _read_partition(facts: DirectoryFacts, path: Path) -> PartitionFacts:
    found = PartitionFacts(path)
    segments = sorted(path.glob("[0-9]*.log"))
    for segment in segments:
        size = segment.stat().st_size
        found.size_bytes += size
        magic = _magic(segment) if size > _MAGIC_AT else _MAGIC
        if magic != _MAGIC:
            facts.reasons.append(
                f"{segment} has records in message format {magic}, which only Apache Kafka 3 and "
                "earlier wrote: copy the topic into a new one with Apache Kafka first"
            )
            break
    bases = {segment.stem for segment in segments}
    if segments and segments[0].stem.isdecimal():
        found.first_offset = int(segments[0].stem)
    if not segments or any(index.stem not in bases for index in path.glob("[0-9]*.index")):
        facts.reasons.append(f"{path} lacks a segment: restore it, or {CLEAN_STOP}")
    if any(path.glob("*.swap")):
        facts.reasons.append(f"{path} is in the middle of a compaction: {CLEAN_STOP}")
    try:
        found.topic_id = _topic_id(path / "partition.metadata")
    except (OSError, ValueError) as error:
        facts.reasons.append(f"{path} does not tell the id of its topic: {error}")
    return found


def _magic(segment: Path) -> int:
    with segment.open("rb") as file:
        file.seek(_MAGIC_AT)
        return file.read(1)[0]


def _topic_id(path: Path) -> bytes:
    lines = dict(line.split(":", 1) for line in path.read_text().splitlines() if line.strip())
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    if fields.get("version") != "0":
        raise ValueError(f"{path.name} has version {fields.get('version')}")
    return parse_uuid(fields.get("topic_id", ""))


def _read_checkpoint(facts: DirectoryFacts, name: str) -> None:
    """Read a checkpoint; Kafka takes a damaged one for an empty one, which here is a reason."""
    path = facts.path / name
    found: dict[Key, int] = {}
    facts.checkpoints[name] = found
    try:
        lines = path.read_text().splitlines()
        if not lines:
            return  # made, and never written: Kafka begins each of them like that
        version, count = int(lines[0]), int(lines[1])
        for line in lines[2:]:
            topic, partition, offset = line.split()
            found[topic, int(partition)] = int(offset)
        problem = "" if (version, count) == (0, len(found)) else "its first lines are wrong"
    except FileNotFoundError:
        return
    except (IndexError, ValueError) as error:
        problem = str(error)
    if problem:
        facts.reasons.append(f"{path} cannot be understood ({problem}): {CLEAN_STOP}")
