"""What a node records of itself when it starts, and when it stops.

Invariant: a registration's epoch is the offset of its record. A node that was killed gives each
partition that it leads a new leader epoch, so that a consumer which read records that are gone now
finds out by OffsetForLeaderEpoch; one that stopped in order keeps the epochs.
Neighbours: `controller` has these records made durable.
Source: Apache Kafka 4.3.1, `ClusterControlManager` and `BootstrapMetadata`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from logcore.controller.brokers import FENCED, registration
from logcore.controller.image import (
    METADATA_VERSION,
    NO_LEADER,
    BrokerImage,
    MetadataImage,
    PartitionImage,
)
from logcore.protocol.internal.metadata import (
    BrokerRegistrationChangeRecord,
    FeatureLevelRecord,
    PartitionChangeRecord,
)


def decide_start(
    image: MetadataImage,
    broker: BrokerImage,
    *,
    next_offset: int,
    initial_features: Mapping[str, int],
    was_killed: bool,
) -> list[Any]:
    """Return the records of a start; see `controller.Controller.start`."""
    records: list[Any] = []
    if METADATA_VERSION not in image.features:
        names = sorted(initial_features, key=lambda name: (name != METADATA_VERSION, name))
        records += [
            FeatureLevelRecord(name=name, feature_level=initial_features[name]) for name in names
        ]
    records.append(registration(replace(broker, epoch=next_offset + len(records))))
    records += _led_again(image, broker.broker_id, was_killed=was_killed)
    return records


def decide_leave(image: MetadataImage, node_id: int) -> list[Any]:
    """Return the records of a stop: the node is fenced, as Kafka's controller does with its own."""
    broker = image.brokers.get(node_id)
    if broker is None or broker.is_fenced:
        return []
    return [
        BrokerRegistrationChangeRecord(broker_id=node_id, broker_epoch=broker.epoch, fenced=FENCED)
    ]


def _led_again(image: MetadataImage, node_id: int, *, was_killed: bool) -> Iterator[Any]:
    """Yield the changes by which a node leads what it held."""
    for topic in image.topics_by_id.values():
        for partition in topic.partitions:
            if partition.leader == node_id and was_killed:
                yield PartitionChangeRecord(
                    partition_id=partition.partition_id, topic_id=topic.topic_id, leader=node_id
                )
            elif partition.leader == NO_LEADER and _may_lead(partition, node_id):
                yield PartitionChangeRecord(
                    partition_id=partition.partition_id,
                    topic_id=topic.topic_id,
                    leader=node_id,
                    isr=[*partition.isr] if node_id in partition.isr else [node_id],
                    eligible_leader_replicas=[],
                    last_known_elr=[],
                )


def _may_lead(partition: PartitionImage, node_id: int) -> bool:
    """Whether a node has all records that were acknowledged, or was the last one that had."""
    return node_id in partition.isr or node_id in partition.eligible_leader_replicas
