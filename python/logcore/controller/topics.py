"""Creating and deleting topics.

Invariant: nothing is changed here; a request and an image become records and a response. Each
topic of a request stands or falls alone, and the records of one topic are its own run in the list.
Neighbours: `controller` has the records made durable; `topic_names`, `placement` and
`configuration` know the rules.
Source: Apache Kafka 4.3.1, `ReplicationControlManager` and `ControllerApis`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from logcore.common.errors import (
    InvalidConfigError,
    InvalidPartitionsError,
    InvalidReplicaAssignmentError,
    InvalidReplicationFactorError,
    InvalidRequestError,
    InvalidTopicError,
    KafkaError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
)
from logcore.common.uuids import ZERO_UUID
from logcore.controller import placement, topic_names
from logcore.controller.configuration import ConfigRules
from logcore.controller.image import RESOURCE_TOPIC, MetadataImage, PartitionImage, TopicImage
from logcore.controller.records import topic_records
from logcore.protocol.internal.metadata import ConfigRecord, RemoveTopicRecord
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
)
from logcore.protocol.messages.delete_topics import DeletableTopicResult, DeleteTopicState

PARTITIONS_PER_REQUEST_MAX: Final = 10_000
SETTINGS_BYTES_PER_REQUEST_MAX: Final = 32 << 20
"""With so many, and so many partitions, the records of a request are sure to be one batch."""
BROKER_DEFAULT: Final = -1

Records: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class TopicDefaults:
    """What holds where a request leaves it to the broker.

    Attributes:
        partition_count: Partitions of a topic (``num.partitions``).
        replication_factor: Replicas of a partition (``default.replication.factor``).
    """

    partition_count: int = 1
    replication_factor: int = 1


def free(partition_count: int) -> None:
    """Charge nothing for partitions: what holds where nobody has a quota."""


@dataclass(frozen=True, slots=True)
class TopicCreation:
    """What creating topics depends on besides the request.

    Attributes:
        image: The metadata.
        rules: What may be set of a topic.
        defaults: What holds where the request does not say.
        new_id: Makes a topic id that nobody has.
        visible_configs: Names of topics whose settings may be told; None for all.
        charge: Charges for the partitions of a topic, or raises.
    """

    image: MetadataImage
    rules: ConfigRules
    defaults: TopicDefaults
    new_id: Callable[[], bytes]
    visible_configs: Collection[str] | None = None
    charge: Callable[[int], object] = free


def decide_creation(
    creation: TopicCreation, request: CreateTopicsRequest
) -> tuple[Records, CreateTopicsResponse]:
    """Decide a CreateTopics request.

    Returns:
        The records, none if the request is only to be validated, and the response.
    """
    count = Counter(topic.name for topic in request.topics)
    records: Records = []
    results: dict[str, CreatableTopicResult] = {}
    excess = _excess(creation, request)
    collisions = topic_names.Collisions(creation.image.topics_by_name)
    for topic in request.topics:
        if topic.name in results:
            continue
        try:
            if excess:
                raise PolicyViolationError(excess)
            if count[topic.name] > 1:
                raise InvalidRequestError(f"topic {topic.name!r} appears more than once")
            made, results[topic.name] = _create(creation, topic, collisions)
            records += made
        except KafkaError as error:
            results[topic.name] = CreatableTopicResult(
                name=topic.name, error_code=error.code, error_message=str(error)
            )
    response = CreateTopicsResponse(topics=list(results.values()))
    return [] if request.validate_only else records, response


def _excess(creation: TopicCreation, request: CreateTopicsRequest) -> str | None:
    """Return why a request asks for too much at once, if it does."""
    default = creation.defaults.partition_count
    total = sum(
        len(topic.assignments)
        or (default if topic.num_partitions == BROKER_DEFAULT else max(0, topic.num_partitions))
        for topic in request.topics
    )
    if total > PARTITIONS_PER_REQUEST_MAX:
        most = PARTITIONS_PER_REQUEST_MAX
        return f"{total} partitions in one request; at most {most} may be created"
    size = sum(
        _size_of(config.name) + _size_of(config.value or "")
        for topic in request.topics
        for config in topic.configs
    )
    if size > SETTINGS_BYTES_PER_REQUEST_MAX:
        most = SETTINGS_BYTES_PER_REQUEST_MAX
        return f"{size} bytes of settings in one request; at most {most} may be set"
    return None


def _size_of(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def refuse(response: CreateTopicsResponse, error: KafkaError) -> CreateTopicsResponse:
    """Return what to answer, if the topics that were decided upon cannot be created."""
    return CreateTopicsResponse(
        topics=[
            result
            if result.error_code
            else CreatableTopicResult(
                name=result.name, error_code=error.code, error_message=str(error)
            )
            for result in response.topics
        ]
    )


def _create(
    creation: TopicCreation, asked: CreatableTopic, collisions: topic_names.Collisions
) -> tuple[Records, CreatableTopicResult]:
    _check_name(creation.image, asked.name, collisions)
    configs = _configs(asked)
    creation.rules.check(RESOURCE_TOPIC, asked.name, configs)
    partitions = _partitions(creation, asked)
    creation.charge(len(partitions))
    topic = TopicImage(asked.name, creation.new_id(), partitions)
    records = [*topic_records(topic), *_config_records(asked.name, configs)]
    return records, _result(creation, topic, configs)


def _check_name(image: MetadataImage, name: str, collisions: topic_names.Collisions) -> None:
    if name == topic_names.CLUSTER_METADATA_TOPIC:
        raise InvalidRequestError(f"{name} is the cluster's own and cannot be created")
    fault = topic_names.fault_of(name)
    if fault:
        raise InvalidTopicError(fault)
    if name in image.topics_by_name:
        raise TopicAlreadyExistsError(f"Topic '{name}' already exists.")
    other = collisions.with_name(name)
    if other is not None:
        raise InvalidTopicError(f"topic {name!r} collides with the existing topic {other!r}")


def _configs(asked: CreatableTopic) -> dict[str, str]:
    """Return the settings of a new topic; where one is named twice, the last one holds."""
    configs: dict[str, str] = {}
    for config in asked.configs:
        if config.value is None:
            raise InvalidConfigError(f"{config.name} cannot be set to null")
        configs[config.name] = config.value
    return configs


def _partitions(creation: TopicCreation, asked: CreatableTopic) -> tuple[PartitionImage, ...]:
    image = creation.image
    if asked.assignments:
        chosen = _assignments(image, asked)
    else:
        chosen = placement.place(image, 0, *_counts(creation.defaults, asked))
    return tuple(placement.new_partition(image, *numbered) for numbered in enumerate(chosen))


def _counts(defaults: TopicDefaults, asked: CreatableTopic) -> tuple[int, int]:
    """Return how many partitions, and how many replicas of each."""
    partition_count, replication_factor = asked.num_partitions, asked.replication_factor
    if replication_factor == BROKER_DEFAULT:
        replication_factor = defaults.replication_factor
    elif replication_factor <= 0:
        raise InvalidReplicationFactorError(
            f"the replication factor must be above 0, or -1 for the default, "
            f"not {replication_factor}"
        )
    if partition_count == BROKER_DEFAULT:
        partition_count = defaults.partition_count
    elif partition_count <= 0:
        raise InvalidPartitionsError(
            f"the number of partitions must be above 0, or -1 for the default, "
            f"not {partition_count}"
        )
    return partition_count, replication_factor


def _assignments(image: MetadataImage, asked: CreatableTopic) -> list[list[int]]:
    """Return the brokers that the request chose itself, by partition."""
    if asked.replication_factor != BROKER_DEFAULT or asked.num_partitions != BROKER_DEFAULT:
        raise InvalidRequestError(
            "where partitions are assigned by hand, their number and the replication factor "
            "must be -1"
        )
    chosen: dict[int, list[int]] = {}
    for assignment in asked.assignments:
        if assignment.partition_index in chosen:
            raise InvalidReplicaAssignmentError(
                f"partition {assignment.partition_index} is assigned more than once"
            )
        first = next(iter(chosen.values()), None)
        factor = None if first is None else len(first)
        placement.check_assignment(image, assignment.broker_ids, factor)
        chosen[assignment.partition_index] = list(assignment.broker_ids)
    if sorted(chosen) != list(range(len(chosen))):
        raise InvalidReplicaAssignmentError(
            "assigned partitions must be numbered from 0 without a gap"
        )
    return [chosen[number] for number in range(len(chosen))]


def _config_records(name: str, configs: Mapping[str, str]) -> Records:
    return [
        ConfigRecord(resource_type=RESOURCE_TOPIC, resource_name=name, name=key, value=value)
        for key, value in configs.items()
    ]


def _result(
    creation: TopicCreation, topic: TopicImage, configs: Mapping[str, str]
) -> CreatableTopicResult:
    """Tell of a new topic what may be told (KIP-525)."""
    result = CreatableTopicResult(name=topic.name, topic_id=topic.topic_id, error_message=None)
    if creation.visible_configs is not None and topic.name not in creation.visible_configs:
        result.topic_config_error_code = TopicAuthorizationFailedError.code
        return result
    result.num_partitions = len(topic.partitions)
    result.replication_factor = len(topic.partitions[0].replicas)
    result.configs = creation.rules.topic_entries(configs)
    return result


# ---- deleting


@dataclass(frozen=True, slots=True)
class Deletion:
    """A topic that a DeleteTopics request means.

    Attributes:
        state: How the request names it.
        result: What to answer so far.
        topic: The topic; None where the result has an error.
    """

    state: DeleteTopicState
    result: DeletableTopicResult
    topic: TopicImage | None


def resolve_deletion(image: MetadataImage, states: list[DeleteTopicState]) -> list[Deletion]:
    """Find the topics that a DeleteTopics request means, each once."""
    names = Counter(state.name for state in states if state.name is not None)
    ids = Counter(state.topic_id for state in states if state.topic_id != ZERO_UUID)
    found: dict[tuple[str | None, bytes], Deletion] = {}
    for state in states:
        key = (state.name, state.topic_id)
        by_id = image.topics_by_id.get(state.topic_id) if state.name is None else None
        if key in found or (by_id is not None and by_id.name in names):
            # Named before, or by its name elsewhere, where it is refused for both.
            continue
        result = DeletableTopicResult(name=state.name, topic_id=state.topic_id)
        try:
            topic = _deletable(image, state, names, ids)
        except KafkaError as error:
            result.error_code, result.error_message = error.code, str(error)
            found[key] = Deletion(state, result, None)
        else:
            result.name, result.topic_id = topic.name, topic.topic_id
            found[key] = Deletion(state, result, topic)
    return list(found.values())


def _deletable(
    image: MetadataImage,
    state: DeleteTopicState,
    names: Mapping[str, int],
    ids: Mapping[bytes, int],
) -> TopicImage:
    if state.name is None:
        return _deletable_by_id(image, state.topic_id, ids)
    if state.topic_id != ZERO_UUID:
        raise InvalidRequestError("a topic is named by its name or by its id, not by both")
    if names[state.name] > 1:
        raise InvalidRequestError(f"topic {state.name!r} appears more than once")
    topic = image.topics_by_name.get(state.name)
    if topic is None:
        raise UnknownTopicOrPartitionError(f"there is no topic {state.name!r}")
    if topic.topic_id in ids:
        raise InvalidRequestError(f"topic {state.name!r} appears by its name and by its id")
    return topic


def _deletable_by_id(image: MetadataImage, topic_id: bytes, ids: Mapping[bytes, int]) -> TopicImage:
    if topic_id == ZERO_UUID:
        raise InvalidRequestError("a topic to delete has neither a name nor an id")
    if ids[topic_id] > 1:
        raise InvalidRequestError("a topic id appears more than once")
    topic = image.topics_by_id.get(topic_id)
    if topic is None:
        raise UnknownTopicIdError("there is no topic of this id")
    return topic


def decide_deletion(topics: list[TopicImage]) -> Records:
    """Return the records that delete topics; their settings go with them."""
    return [RemoveTopicRecord(topic_id=topic.topic_id) for topic in topics]
