"""Electing leaders on request.

Invariant: an election changes a partition only if another broker than the present one should and
can lead it; on a single node that never is so, and each partition is told why.
Neighbours: `controller` has the records made durable.
Source: Apache Kafka 4.3.1, `ReplicationControlManager`.
"""

from collections.abc import Iterator
from typing import Any, Final

from logcore.common.errors import (
    ElectionNotNeededError,
    EligibleLeadersNotAvailableError,
    InvalidRequestError,
    KafkaError,
    PreferredLeaderNotAvailableError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.image import NO_LEADER, MetadataImage, PartitionImage
from logcore.protocol.internal.metadata import PartitionChangeRecord
from logcore.protocol.messages.elect_leaders import (
    ElectLeadersRequest,
    ElectLeadersResponse,
    PartitionResult,
    ReplicaElectionResult,
)

PREFERRED: Final = 0
UNCLEAN: Final = 1


def decide_elections(
    image: MetadataImage, request: ElectLeadersRequest
) -> tuple[list[Any], ElectLeadersResponse]:
    """Decide an ElectLeaders request.

    Returns:
        The records and the response. Where all partitions were asked for, those that have the
        right leader are left out of it.
    """
    records: list[Any] = []
    response = ElectLeadersResponse()
    if request.election_type not in {PREFERRED, UNCLEAN}:
        response.error_code = InvalidRequestError.code
    results: dict[str, ReplicaElectionResult] = {}
    for topic, partition in _asked(image, request):
        of_topic = results.setdefault(topic, ReplicaElectionResult(topic=topic))
        result = PartitionResult(partition_id=partition, error_message=None)
        try:
            records.append(_elect(image, topic, partition, request.election_type))
        except KafkaError as error:
            if request.topic_partitions is None and isinstance(error, ElectionNotNeededError):
                continue
            result.error_code, result.error_message = error.code, str(error)
        of_topic.partition_result.append(result)
    response.replica_election_results = list(results.values())
    return records, response


def _asked(image: MetadataImage, request: ElectLeadersRequest) -> Iterator[tuple[str, int]]:
    """Yield the topic and the number of each partition that is asked for."""
    if request.topic_partitions is None:
        for topic in image.topics_by_name.values():
            yield from ((topic.name, number) for number in range(len(topic.partitions)))
        return
    for asked in request.topic_partitions:
        yield from ((asked.topic, number) for number in asked.partitions)


def _elect(image: MetadataImage, name: str, number: int, election_type: int) -> Any:  # noqa: ANN401
    if election_type not in {PREFERRED, UNCLEAN}:
        raise InvalidRequestError(f"there is no election of type {election_type}")
    topic = image.topics_by_name.get(name)
    if topic is None:
        raise UnknownTopicOrPartitionError(f"there is no topic {name!r}")
    if not 0 <= number < len(topic.partitions):
        raise UnknownTopicOrPartitionError(f"there is no partition {name}-{number}")
    partition = topic.partitions[number]
    leader = _candidate(image, partition, election_type)
    unclean = leader not in partition.isr
    return PartitionChangeRecord(
        partition_id=number,
        topic_id=topic.topic_id,
        leader=leader,
        isr=[leader] if unclean else None,
        leader_recovery_state=1 if unclean else -1,
    )


def _candidate(image: MetadataImage, partition: PartitionImage, election_type: int) -> int:
    """Return who should lead a partition from now on."""
    if election_type == PREFERRED:
        preferred = partition.replicas[0]
        if partition.leader == preferred:
            raise ElectionNotNeededError("the preferred replica leads already")
        if preferred not in partition.isr or not _is_alive(image, preferred):
            raise PreferredLeaderNotAvailableError("the preferred replica cannot lead now")
        return preferred
    if partition.leader != NO_LEADER:
        raise ElectionNotNeededError("the partition has a leader")
    for candidate in (*partition.isr, *partition.replicas):
        if _is_alive(image, candidate):
            return candidate
    raise EligibleLeadersNotAvailableError("none of the replicas is alive")


def _is_alive(image: MetadataImage, number: int) -> bool:
    broker = image.brokers.get(number)
    return broker is not None and not broker.is_fenced
