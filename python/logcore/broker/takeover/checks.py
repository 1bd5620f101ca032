"""Whether directories and metadata of an Apache Kafka node belong together, and what they ask for.

Invariant: pure; each function yields a sentence per reason against taking the data over, and none
where all is well.
Neighbours: `inspection` collects the reasons. Docs: docs/takeover.md lists them for users.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from logcore.broker.config.configs import Configs
from logcore.broker.config.rules import Rules
from logcore.broker.takeover.directories import CLEAN_STOP, DirectoryFacts, Key, PartitionFacts
from logcore.broker.takeover.metadata import Metadata
from logcore.common.config import ConfigError
from logcore.common.errors import LogcoreError
from logcore.common.uuids import uuid_text
from logcore.controller import features
from logcore.controller.image import METADATA_VERSION, MetadataImage, PartitionImage, TopicImage
from logcore.protocol.internal.raft import VotersVoter

TIERED_TOPIC: Final = "__remote_log_metadata"
_REMOTE: Final = "remote.storage.enable"
_KRAFT_VERSION_MAX: Final = 1
_OF_NOBODY: Final = 100
"""Directory ids below this are Kafka's own: unassigned, lost, migrating."""


def check_owners(directories: Sequence[DirectoryFacts], node_id: int) -> Iterator[str]:
    """All directories are of one cluster, and of this node."""
    clusters = {each.owner["cluster.id"] for each in directories if "cluster.id" in each.owner}
    if len(clusters) > 1:
        yield f"the log directories are of different clusters: {', '.join(sorted(clusters))}"
    for each in directories:
        found = each.owner.get("node.id", str(node_id))
        if found != str(node_id):
            yield f"{each.path} is of node {found}, not {node_id}: set node.id to {found}"
    ids = [each.directory_id for each in directories if each.directory_id is not None]
    if len(set(ids)) < len(ids):
        yield "two log directories have the same directory.id: one is a copy of the other"


def check_features(image: MetadataImage) -> Iterator[str]:
    """Every feature in force is one that this release has, at a level that it knows."""
    if METADATA_VERSION not in image.features:
        yield f"the metadata says no {METADATA_VERSION}: {CLEAN_STOP}"
    for name, level in sorted(image.features.items()):
        first, last = features.SUPPORTED.get(name, (0, 0))
        if not first <= level <= last:
            known = f"levels {first} to {last}" if last else "not at all"
            yield (
                f"the feature {name} is in force at level {level}, and this release knows it "
                f"{known}: go back with Apache Kafka's kafka-features.sh, or use a newer logcore"
            )


def check_quorum(
    metadata: Metadata, node_id: int, directory_ids: Iterable[bytes | None]
) -> Iterator[str]:
    """This node is the whole quorum."""
    quorum, state = metadata.quorum, metadata.state
    if quorum.version > _KRAFT_VERSION_MAX:
        yield f"kraft.version is {quorum.version}, and this release knows 0 and 1"
    if quorum.voters is not None:
        yield from _check_voters(quorum.voters.voters, node_id, set(directory_ids))
    elif state.voters is not None and set(state.voters) != {node_id}:
        yield _other_controllers(state.voters, node_id)
    others = metadata.controllers - {node_id}
    if others:
        yield _other_controllers(others, node_id)


def _check_voters(
    voters: Sequence[VotersVoter], node_id: int, directory_ids: set[bytes | None]
) -> Iterator[str]:
    ids = [voter.voter_id for voter in voters]
    if set(ids) != {node_id} or len(ids) != 1:
        yield _other_controllers(ids, node_id)
    elif voters[0].voter_directory_id not in directory_ids:
        yield (
            f"the voter of the quorum lives in the directory "
            f"{uuid_text(voters[0].voter_directory_id)}, which is none of log.dirs"
        )


def _other_controllers(ids: Iterable[int], node_id: int) -> str:
    named = ", ".join(str(each) for each in sorted(ids)) or "nobody"
    return (
        f"the cluster's controllers are {named}, not node {node_id} alone: logcore takes over a "
        "cluster of one node, broker and controller in one"
    )


def check_brokers(image: MetadataImage, node_id: int, ids: set[bytes | None]) -> Iterator[str]:
    """No other broker is registered, and this one had no other directories."""
    others = sorted(image.brokers.keys() - {node_id})
    if others:
        yield (
            f"the cluster has other brokers ({', '.join(map(str, others))}): move all replicas to "
            f"node {node_id} and unregister them with kafka-cluster.sh first"
        )
    own = image.brokers.get(node_id)
    missing = [each for each in (own.log_dirs if own else ()) if each not in ids]
    if missing:
        named = ", ".join(uuid_text(each) for each in missing)
        yield f"log directories of this node are not among log.dirs (directory.id {named})"


def check_replicas(image: MetadataImage, node_id: int, ids: set[bytes | None]) -> Iterator[str]:
    """Every replica is here, and none is moving."""
    for topic in image.topics_by_name.values():
        for partition in topic.partitions:
            name = f"{topic.name}-{partition.partition_id}"
            if partition.is_reassigning:
                yield f"{name} is being reassigned: finish or cancel that first"
            elif partition.replicas != (node_id,):
                replicas = ", ".join(map(str, partition.replicas))
                yield f"{name} has its replicas on nodes {replicas}, not on node {node_id} alone"
            elif any(_is_elsewhere(each, ids) for each in partition.directories):
                yield f"{name} is in a log directory that is not among log.dirs"


def _is_elsewhere(directory_id: bytes, ids: set[bytes | None]) -> bool:
    return int.from_bytes(directory_id, "big") >= _OF_NOBODY and directory_id not in ids


def check_partitions(
    image: MetadataImage, partitions: Mapping[Key, Sequence[PartitionFacts]]
) -> Iterator[str]:
    """Each partition has its directory, once, and each directory is of a partition."""
    for topic in image.topics_by_name.values():
        for partition in topic.partitions:
            yield from _check_partition(topic, partition, partitions)
    for (name, number), found in sorted(partitions.items()):
        known = image.topics_by_name.get(name)
        if known is None or number >= len(known.partitions):
            yield (
                f"{found[0].path} belongs to no topic of the cluster (a stray): start Apache Kafka "
                "once more, which sets it aside, or move it elsewhere"
            )


def _check_partition(
    topic: TopicImage, partition: PartitionImage, partitions: Mapping[Key, Sequence[PartitionFacts]]
) -> Iterator[str]:
    name = f"{topic.name}-{partition.partition_id}"
    found = partitions.get((topic.name, partition.partition_id), ())
    if not found:
        yield f"{name} has no directory in log.dirs: {CLEAN_STOP}"
    elif len(found) > 1:
        yield f"{found[0].path} and {found[1].path} are the same partition"
    elif found[0].topic_id is not None and found[0].topic_id != topic.topic_id:
        yield (
            f"{found[0].path} is of the topic id {uuid_text(found[0].topic_id)}, and {topic.name} "
            f"has {uuid_text(topic.topic_id)} (a stray)"
        )


def check_tiered(image: MetadataImage) -> Iterator[str]:
    """Nothing is kept in tiered storage."""
    for (_, name), values in sorted(image.configs.items()):
        if values.get(_REMOTE) == "true":
            yield f"the topic {name} is in tiered storage ({_REMOTE}), which logcore does not have"
    if TIERED_TOPIC in image.topics_by_name:
        yield f"there is the topic {TIERED_TOPIC}, so segments are in tiered storage"


def check_settings(image: MetadataImage, configs: Configs) -> Iterator[str]:
    """What was set of topics, brokers and groups can be kept up here."""
    rules = Rules(configs)
    for (kind, name), values in sorted(image.configs.items()):
        if values.get(_REMOTE) == "true":
            continue
        try:
            rules.check(kind, name, values)
        except (ConfigError, LogcoreError) as error:
            yield f"a setting of {name or 'all brokers'} cannot be kept: {error}"
