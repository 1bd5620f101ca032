"""From an image to the records that make it: what a snapshot holds.

Invariant: replaying `records_of(image)` onto the empty image gives the same image.
Neighbours: `replay` goes the other way; `snapshot` writes these to a file.
Source: Apache Kafka 4.3.1, the ``write`` methods in `org.apache.kafka.image`, and the record
versions that belong to its metadata.version 30.
"""

from collections.abc import Iterator
from typing import Any, Final

from logcore.controller import acls, delegation_tokens, scram
from logcore.controller.brokers import registration
from logcore.controller.client_quotas import records_of_quotas
from logcore.controller.image import METADATA_VERSION, MetadataImage, PartitionImage, TopicImage
from logcore.protocol.internal import metadata_record
from logcore.protocol.internal.metadata import (
    ConfigRecord,
    FeatureLevelRecord,
    PartitionRecord,
    ProducerIdsRecord,
    TopicRecord,
)
from logcore.protocol.schema import Message

NO_BROKER: Final = -1


def encoded(record: Message) -> bytes:
    """Return a record as it stands in the log, in the newest version."""
    return metadata_record.encode(record, record.VERSIONS[1])


def records_of(image: MetadataImage) -> Iterator[Any]:
    """Yield the records that make an image, the metadata version first."""
    yield from _features(image)
    for _, broker in sorted(image.brokers.items()):
        yield registration(broker)
    for topic in image.topics_by_id.values():
        yield from topic_records(topic)
    for (resource_type, resource_name), configs in image.configs.items():
        for name, value in configs.items():
            yield ConfigRecord(
                resource_type=resource_type, resource_name=resource_name, name=name, value=value
            )
    yield from scram.records_of(image.scram)
    yield from delegation_tokens.records_of(image.delegation_tokens)
    yield from acls.records_of(image.acls)
    yield from records_of_quotas(image.client_quotas)
    if image.next_producer_id:
        yield ProducerIdsRecord(
            broker_id=NO_BROKER, broker_epoch=-1, next_producer_id=image.next_producer_id
        )


def _features(image: MetadataImage) -> Iterator[Any]:
    names = sorted(image.features, key=lambda name: (name != METADATA_VERSION, name))
    for name in names:
        yield FeatureLevelRecord(name=name, feature_level=image.features[name])


def topic_records(topic: TopicImage) -> Iterator[Any]:
    """Yield the records that make a topic."""
    yield TopicRecord(name=topic.name, topic_id=topic.topic_id)
    for partition in topic.partitions:
        yield partition_record(topic.topic_id, partition)


def partition_record(topic_id: bytes, partition: PartitionImage) -> PartitionRecord:
    """Return the record that makes a partition just as it is."""
    return PartitionRecord(
        partition_id=partition.partition_id,
        topic_id=topic_id,
        replicas=list(partition.replicas),
        isr=list(partition.isr),
        removing_replicas=list(partition.removing_replicas),
        adding_replicas=list(partition.adding_replicas),
        leader=partition.leader,
        leader_recovery_state=partition.leader_recovery_state,
        leader_epoch=partition.leader_epoch,
        partition_epoch=partition.partition_epoch,
        directories=list(partition.directories),
        eligible_leader_replicas=list(partition.eligible_leader_replicas) or None,
        last_known_elr=list(partition.last_known_elr) or None,
    )
