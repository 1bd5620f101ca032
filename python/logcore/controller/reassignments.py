"""Moving partitions to other brokers: as far as a single node means something by it.

Invariant: a move to brokers that do not exist is refused, a move to where a partition is already
changes nothing, and a move that would need a second broker cannot come about, because only this
node is registered. So no reassignment is ever under way.
Neighbours: `placement` checks the brokers; the handlers of both reassignment APIs come here.
Source: Apache Kafka 4.3.1, `ReplicationControlManager`.
"""

from collections.abc import Iterable

from logcore.common.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    NoReassignmentInProgressError,
    UnknownTopicOrPartitionError,
)
from logcore.controller import placement
from logcore.controller.image import MetadataImage, PartitionImage, TopicImage
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ReassignablePartition,
    ReassignablePartitionResponse,
    ReassignableTopicResponse,
)
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment,
    OngoingTopicReassignment,
)


def decide_reassignments(
    image: MetadataImage, request: AlterPartitionReassignmentsRequest
) -> AlterPartitionReassignmentsResponse:
    """Decide an AlterPartitionReassignments request; on one node there is nothing to record."""
    responses = []
    may_resize = request.allow_replication_factor_change
    for asked in request.topics:
        topic = image.topics_by_name.get(asked.name)
        answered = ReassignableTopicResponse(name=asked.name)
        for wanted in asked.partitions:
            result = ReassignablePartitionResponse(
                partition_index=wanted.partition_index, error_message=None
            )
            try:
                _check(image, _found(topic, asked.name, wanted), wanted, may_resize=may_resize)
            except KafkaError as error:
                result.error_code, result.error_message = error.code, str(error)
            answered.partitions.append(result)
        responses.append(answered)
    return AlterPartitionReassignmentsResponse(
        allow_replication_factor_change=may_resize, error_message=None, responses=responses
    )


def _found(topic: TopicImage | None, name: str, wanted: ReassignablePartition) -> PartitionImage:
    if topic is None:
        raise UnknownTopicOrPartitionError(f"there is no topic {name!r}")
    if not 0 <= wanted.partition_index < len(topic.partitions):
        raise UnknownTopicOrPartitionError(f"there is no partition {name}-{wanted.partition_index}")
    return topic.partitions[wanted.partition_index]


def _check(
    image: MetadataImage,
    partition: PartitionImage,
    wanted: ReassignablePartition,
    *,
    may_resize: bool,
) -> None:
    if wanted.replicas is None:
        raise NoReassignmentInProgressError("the partition is not being moved")
    placement.check_assignment(image, wanted.replicas, None)
    if not may_resize and len(wanted.replicas) != len(partition.replicas):
        raise InvalidReplicationFactorError(
            f"the partition has {len(partition.replicas)} replica(s), "
            f"{len(wanted.replicas)} would change that"
        )
    assert set(wanted.replicas) == set(partition.replicas), "a single node has one set of replicas"


def list_reassignments(
    image: MetadataImage, request: ListPartitionReassignmentsRequest
) -> ListPartitionReassignmentsResponse:
    """Answer a ListPartitionReassignments request."""
    topics: Iterable[tuple[TopicImage | None, Iterable[int]]]
    if request.topics is None:
        topics = [(each, range(len(each.partitions))) for each in image.topics_by_name.values()]
    else:
        topics = [
            (image.topics_by_name.get(asked.name), asked.partition_indexes)
            for asked in request.topics
        ]
    ongoing = [_ongoing(topic, numbers) for topic, numbers in topics if topic is not None]
    return ListPartitionReassignmentsResponse(
        error_message=None, topics=[topic for topic in ongoing if topic.partitions]
    )


def _ongoing(topic: TopicImage, numbers: Iterable[int]) -> OngoingTopicReassignment:
    count = len(topic.partitions)
    moving = (topic.partitions[number] for number in numbers if 0 <= number < count)
    return OngoingTopicReassignment(
        name=topic.name,
        partitions=[
            OngoingPartitionReassignment(
                partition_index=partition.partition_id,
                replicas=list(partition.replicas),
                adding_replicas=list(partition.adding_replicas),
                removing_replicas=list(partition.removing_replicas),
            )
            for partition in moving
            if partition.is_reassigning
        ],
    )
