"""Adding partitions to topics.

Invariant: a topic's partitions are numbered without a gap and never become fewer; new ones have as
many replicas as the first.
Neighbours: `placement` chooses the brokers; `controller` has the records made durable.
Source: Apache Kafka 4.3.1, `ReplicationControlManager` and `ControllerApis`.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from logcore.common.errors import (
    InvalidPartitionsError,
    InvalidReplicaAssignmentError,
    InvalidRequestError,
    KafkaError,
    PolicyViolationError,
    UnknownTopicOrPartitionError,
)
from logcore.controller import placement
from logcore.controller.image import MetadataImage, TopicImage
from logcore.controller.records import partition_record
from logcore.controller.topics import PARTITIONS_PER_REQUEST_MAX, free
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreatePartitionsTopicResult,
)


def decide_partitions(
    image: MetadataImage,
    request: CreatePartitionsRequest,
    charge: Callable[[int], object] = free,
) -> tuple[list[Any], CreatePartitionsResponse]:
    """Decide a CreatePartitions request.

    Args:
        image: The metadata.
        request: What is asked for.
        charge: Charges for the partitions that a topic gets, or raises.

    Returns:
        The records, none if the request is only to be validated, and the response.
    """
    count = Counter(topic.name for topic in request.topics)
    records: list[Any] = []
    results: dict[str, CreatePartitionsTopicResult] = {}
    for asked in request.topics:
        result = results[asked.name] = CreatePartitionsTopicResult(name=asked.name)
        try:
            if count[asked.name] > 1:
                raise InvalidRequestError(f"topic {asked.name!r} appears more than once")
            added = _added(image, asked, PARTITIONS_PER_REQUEST_MAX - len(records))
            charge(len(added))
            records += added
        except KafkaError as error:
            result.error_code, result.error_message = error.code, str(error)
    response = CreatePartitionsResponse(results=list(results.values()))
    return [] if request.validate_only else records, response


def _added(image: MetadataImage, asked: CreatePartitionsTopic, room: int) -> list[Any]:
    topic = image.topics_by_name.get(asked.name)
    if topic is None:
        raise UnknownTopicOrPartitionError(f"there is no topic {asked.name!r}")
    first = len(topic.partitions)
    added = asked.count - first
    if added == 0:
        raise InvalidPartitionsError(f"topic {topic.name!r} has {first} partition(s) already")
    if added < 0:
        raise InvalidPartitionsError(
            f"topic {topic.name!r} has {first} partition(s); {asked.count} would be fewer"
        )
    if added > room:
        raise PolicyViolationError(
            f"{added} partitions more; at most {PARTITIONS_PER_REQUEST_MAX} may be added by one "
            "request"
        )
    chosen = _chosen(image, topic, asked, added)
    partitions = (
        placement.new_partition(image, *numbered) for numbered in enumerate(chosen, first)
    )
    return [partition_record(topic.topic_id, partition) for partition in partitions]


def _chosen(
    image: MetadataImage, topic: TopicImage, asked: CreatePartitionsTopic, added: int
) -> list[list[int]]:
    """Return the brokers of each new partition."""
    first = len(topic.partitions)
    replication_factor = len(topic.partitions[0].replicas)
    if asked.assignments is None:
        return placement.place(image, first, added, replication_factor)
    if len(asked.assignments) != added:
        raise InvalidReplicaAssignmentError(
            f"{added} partition(s) would be added, but {len(asked.assignments)} are assigned"
        )
    for assignment in asked.assignments:
        placement.check_assignment(image, assignment.broker_ids, replication_factor)
    return [list(assignment.broker_ids) for assignment in asked.assignments]
