"""Whose data the log directories hold: the cluster's id, and whether the last stop was a clean one.

Invariant: an id that a directory already has wins over making a new one, and contradicts a
configured one loudly; nothing here writes, the engine completes ``meta.properties`` as it opens.
Neighbours: `server` asks before it opens the logs. Docs: docs/file_format.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logcore.common import properties
from logcore.common.config import ConfigError
from logcore.common.uuids import parse_uuid, random_uuid, uuid_text

_META_PROPERTIES = "meta.properties"
_CLEAN_SHUTDOWN = ".kafka_cleanshutdown"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the log directories say of their owner.

    Attributes:
        cluster_id: The cluster's id, a new one where there was none.
        was_killed: Whether there is data that was not closed in order.
        is_new: Whether there was no data at all.
    """

    cluster_id: str
    was_killed: bool
    is_new: bool


def identify(directories: Sequence[str], configured: str | None) -> Identity:
    """Read who owns the directories.

    Args:
        directories: The log directories; those that are absent count as empty.
        configured: The cluster's id as configured, if it is.

    Raises:
        ConfigError: If the configured id is not that of the data.
        OSError: If a file cannot be read.
    """
    found: str | None = None
    was_killed = False
    is_new = True
    for directory in map(Path, directories):
        meta = directory / _META_PROPERTIES
        if not meta.is_file():
            continue
        is_new = False
        was_killed |= not (directory / _CLEAN_SHUTDOWN).exists()
        cluster_id = _read(meta).get("cluster.id")
        found = found or cluster_id
        if cluster_id and configured and cluster_id != configured:
            raise ConfigError(
                f"logcore.cluster.id is {configured}, but {meta} is of cluster {cluster_id}: "
                "use the data's id, or another directory",
                key="logcore.cluster.id",
                value=configured,
            )
    return Identity(configured or found or uuid_text(random_uuid()), was_killed, is_new)


def node_id_of(directories: Sequence[str]) -> str | None:
    """Return the number of the node whose directories these are; None where nothing says it."""
    for directory in map(Path, directories):
        meta = directory / _META_PROPERTIES
        if meta.is_file() and "node.id" in (facts := _read(meta)):
            return facts["node.id"]
    return None


def directory_ids(directories: Sequence[str]) -> tuple[bytes, ...]:
    """Return the ids of log directories that were opened before; one without an id is left out."""
    found = []
    for directory in map(Path, directories):
        meta = directory / _META_PROPERTIES
        facts = _read(meta) if meta.is_file() else {}
        if "directory.id" in facts:
            found.append(parse_uuid(facts["directory.id"]))
    return tuple(found)


def _read(meta: Path) -> dict[str, str]:
    return properties.parse(properties.decode(meta.read_bytes()))
