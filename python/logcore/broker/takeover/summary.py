"""What was found in a directory of Apache Kafka, for the one message before it is served.

Invariant: plain values, taken before anything was changed.
Neighbours: `inspection` makes it; the broker logs `Takeover.text` and tells it in its first line.
"""

from collections import Counter
from dataclasses import dataclass

from logcore.broker.takeover.directories import RECOVERY_POINTS, START_OFFSETS, DirectoryFacts
from logcore.broker.takeover.internal_topics import Kept
from logcore.broker.takeover.metadata import Metadata
from logcore.controller.image import METADATA_VERSION


@dataclass(frozen=True, slots=True)
class Takeover:
    """What was found.

    Attributes:
        cluster_id: The cluster.
        node_id: The node.
        kafka_epoch: The newest epoch of the quorum that Apache Kafka wrote.
        counts: How many of what, by name, in an order to be read; what is not there is left out.
    """

    cluster_id: str
    node_id: int
    kafka_epoch: int
    counts: dict[str, int]

    @property
    def text(self) -> str:
        """One sentence that says what is taken over."""
        listed = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return (
            f"taking over the data of an Apache Kafka node that was stopped in order "
            f"(cluster {self.cluster_id}, node {self.node_id}): {listed or 'nothing in it'}"
        )


def summary_of(directories: list[DirectoryFacts], metadata: Metadata, kept: Kept) -> Takeover:
    """Count what was found."""
    image, owner = metadata.image, directories[0].owner
    kinds = Counter(kept.groups.values())
    simple = {group for group, _, _ in kept.offsets} - kept.groups.keys()
    facts = [each for directory in directories for each in directory.partitions.values()]
    counts = {
        METADATA_VERSION: image.features.get(METADATA_VERSION, 0),
        "topics": len(image.topics_by_name),
        "partitions": len(facts),
        "offsets of records": sum(_span(directory) for directory in directories),
        "bytes": sum(each.size_bytes for each in facts),
        **{f"{kind} groups": kinds[kind] for kind in sorted(kinds)},
        "groups of offsets only": len(simple),
        "committed offsets": len(kept.offsets),
        "transactional ids": len(kept.transactions),
        "transactions under way": kept.under_way,
        "share partitions": len(kept.share_partitions),
        "settings": sum(len(values) for values in image.configs.values()),
        "logs being deleted": sum(len(directory.doomed) for directory in directories),
    }
    for name in ("acls", "scram", "client_quotas", "delegation_tokens"):
        counts[name.replace("_", " ")] = _size(getattr(image, name, ()))
    found = {name: count for name, count in counts.items() if count}
    return Takeover(
        owner.get("cluster.id", ""), int(owner["node.id"]), metadata.state.leader_epoch, found
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
