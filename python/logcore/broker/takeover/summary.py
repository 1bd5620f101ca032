"""What was found in a directory of Apache Kafka, for the one message before it is served.

Invariant: plain values, taken before anything was changed.
Neighbours: `inspection` makes it; the broker logs `Takeover.text` and tells it in its first line.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from logcore.broker.takeover.directories import RECOVERY_POINTS, START_OFFSETS, DirectoryFacts
from logcore.broker.takeover.internal_topics import Kept
from logcore.broker.takeover.metadata import Metadata
from logcore.controller.image import METADATA_VERSION

_SECURITY: Final = {
    "acls": "access rules",
    "scram": "SCRAM credentials",
    "client_quotas": "quotas",
    "delegation_tokens": "delegation tokens",
}


@dataclass(frozen=True, slots=True)
class Takeover:
    """What was found.

    Attributes:
        cluster_id: The cluster.
        node_id: The node.
        kafka_epoch: The newest epoch of the quorum that Apache Kafka wrote.
        metadata_version: Level of its feature metadata.version.
        counts: How many of what, by name, in an order to be read; what is not there is left out.
    """

    cluster_id: str
    node_id: int
    kafka_epoch: int
    metadata_version: int
    counts: dict[str, int]

    @property
    def text(self) -> str:
        """One sentence that says what is taken over."""
        listed = ", ".join(_counted(count, name) for name, count in self.counts.items())
        return (
            f"taking over the data of an Apache Kafka node that was stopped in order (cluster "
            f"{self.cluster_id}, node {self.node_id}, metadata.version {self.metadata_version}): "
            f"{listed or 'nothing in it'}"
        )


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name.removesuffix('s') if count == 1 else name}"


def summary_of(directories: list[DirectoryFacts], metadata: Metadata, kept: Kept) -> Takeover:
    """Count what was found."""
    image, owner = metadata.image, directories[0].owner
    kinds = Counter(kept.groups.values())
    simple = {group for group, _, _ in kept.offsets} - kept.groups.keys()
    facts = [each for directory in directories for each in directory.partitions.values()]
    counts = {
        "topics": len(image.topics_by_name),
        "partitions": len(facts),
        "record offsets": sum(_span(directory) for directory in directories),
        "bytes": sum(each.size_bytes for each in facts),
        **{f"{kind} groups": kinds[kind] for kind in sorted(kinds)},
        "simple groups": len(simple),
        "committed offsets": len(kept.offsets),
        "transactional ids": len(kept.transactions),
        "open transactions": kept.under_way,
        "share partitions": len(kept.share_partitions),
        "settings": sum(len(values) for values in image.configs.values()),
        "deleted logs": sum(len(directory.doomed) for directory in directories),
    }
    for field, name in _SECURITY.items():
        counts[name] = _size(getattr(image, field, ()))
    return Takeover(
        cluster_id=owner["cluster.id"],
        node_id=int(owner["node.id"]),
        kafka_epoch=metadata.state.leader_epoch,
        metadata_version=image.features[METADATA_VERSION],
        counts={name: count for name, count in counts.items() if count},
    )


def _span(directory: DirectoryFacts) -> int:
    """Count the offsets between start and end of every log, as a stop in order left them."""
    ends, starts = directory.checkpoints[RECOVERY_POINTS], directory.checkpoints[START_OFFSETS]
    return sum(
        max(ends.get(key, 0) - max(starts.get(key, 0), found.first_offset), 0)
        for key, found in directory.partitions.items()
    )


def _size(kept: object) -> int:
    return len(kept) if hasattr(kept, "__len__") else 0
