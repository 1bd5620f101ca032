"""Metadata: which brokers there are, and which topics with which leaders.

Versions: 0 to 13. In 0 an empty list means all topics, since 1 a null one does; before 4 missing
topics are always created; ids come with 10 and can be asked for since 12; the cluster's operations
can be asked for from 8 to 10 only. A topic that is created here is answered complete, so a client
can use it at once.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from logcore.broker.authorizer import (
    Operation,
    ResourceType,
    authorized_operations,
    operations_on_cluster,
)
from logcore.broker.auto_creation import ensure_topics
from logcore.broker.context import RequestContext
from logcore.broker.metadata_cache import EncodedMetadata, encoded_topic
from logcore.broker.parts import Parts
from logcore.broker.reachable_brokers import reachable_brokers
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    InvalidRequestError,
    InvalidTopicError,
    KafkaError,
    LeaderNotAvailableError,
    ThrottlingQuotaExceededError,
    TopicAuthorizationFailedError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
)
from logcore.common.uuids import ZERO_UUID
from logcore.controller import topic_names
from logcore.controller.image import INTERNAL_TOPICS, TopicImage
from logcore.protocol.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponseTopic,
)

_NULL_MEANS_ALL_FROM: Final = 1
_IDS_FROM: Final = 12
_CLUSTER_OPERATIONS: Final = range(8, 11)


def handle(
    parts: Parts, request: MetadataRequest, context: RequestContext
) -> EncodedMetadata | Deferred[EncodedMetadata]:
    """Describe the topics that are asked for; create those that are missing, where wanted."""
    asked = request.topics
    if asked is None or (not asked and context.version < _NULL_MEANS_ALL_FROM):
        return _everything(parts, request, context)
    wanted = dict.fromkeys(
        each.name for each in asked if each.name and _is_wanted(parts, request, context, each)
    )
    if not wanted:
        return _some(parts, request, context, asked, {})
    creations = _create(parts, context, list(wanted))
    return gather(creations.values()).map(
        lambda done: _some(
            parts,
            request,
            context,
            asked,
            {name: each.error for name, each in zip(creations, done, strict=True) if each.error},
        )
    )


def _is_wanted(
    parts: Parts, request: MetadataRequest, context: RequestContext, asked: MetadataRequestTopic
) -> bool:
    """Whether a topic is missing and would have to be created."""
    name = asked.name or ""
    if name in parts.controller.image.topics_by_name or asked.topic_id != ZERO_UUID:
        return False
    if name == topic_names.CLUSTER_METADATA_TOPIC:
        return False
    if not request.allow_auto_topic_creation or not parts.config.auto_create_topics_enable:
        return False
    return topic_names.fault_of(name) is None and _sees(parts, context, name, is_quiet=True)


def _create(
    parts: Parts, context: RequestContext, names: list[str]
) -> dict[str, Deferred[TopicImage]]:
    """Create topics together, those that the client may create."""
    allowed = [name for name in names if _may_create(parts, context, name)]
    charge = parts.quotas.mutation_charge(context, strict_since=0)
    creations = ensure_topics(parts, allowed, charge)
    parts.quotas.throttle_mutation(context, charge)
    for name in set(names).difference(allowed):
        error = TopicAuthorizationFailedError(f"topic {name} may not be created")
        creations[name] = Deferred.failed(error)
    return creations


def _may_create(parts: Parts, context: RequestContext, name: str) -> bool:
    allows = parts.authorizer.allows
    return allows(context, Operation.CREATE, ResourceType.CLUSTER, is_quiet=True) or allows(
        context, Operation.CREATE, ResourceType.TOPIC, name
    )


def _sees(parts: Parts, context: RequestContext, name: str, *, is_quiet: bool = False) -> bool:
    return parts.authorizer.allows(
        context, Operation.DESCRIBE, ResourceType.TOPIC, name, is_quiet=is_quiet
    )


def _everything(parts: Parts, request: MetadataRequest, context: RequestContext) -> EncodedMetadata:
    """Describe all topics that may be seen; of the others not even the names are told."""
    topics = parts.controller.image.topics_by_name
    response = _frame(parts, request, context)
    visible = [
        topic for topic in topics.values() if _sees(parts, context, topic.name, is_quiet=True)
    ]
    version = context.version
    if request.include_topic_authorized_operations:
        encoded = _with_operations(parts, context, visible)
    elif len(visible) == len(topics):
        encoded = parts.metadata_cache.all_topics(topics, version)
    else:
        encoded = parts.metadata_cache.topics(visible, version)
    return EncodedMetadata(response, encoded, len(visible))


def _some(
    parts: Parts,
    request: MetadataRequest,
    context: RequestContext,
    asked: Sequence[MetadataRequestTopic],
    failures: dict[str, Exception],
) -> EncodedMetadata:
    """Describe some topics, or say of each why not."""
    response = _frame(parts, request, context)
    answered: dict[tuple[str | None, bytes], TopicImage | MetadataResponseTopic] = {}
    for each in asked:
        topic = _describe(parts, context, each, failures)
        answered.setdefault((topic.name, topic.topic_id), topic)
    pieces = []
    for topic in answered.values():
        if not isinstance(topic, TopicImage):
            pieces.append(encoded_topic(topic, context.version))
        elif request.include_topic_authorized_operations:
            pieces.append(_with_operations(parts, context, [topic]))
        else:
            pieces.append(parts.metadata_cache.topic(topic, context.version))
    return EncodedMetadata(response, b"".join(pieces), len(pieces))


def _describe(
    parts: Parts,
    context: RequestContext,
    asked: MetadataRequestTopic,
    failures: dict[str, Exception],
) -> TopicImage | MetadataResponseTopic:
    """Return a topic, or what to answer where there is none."""
    if asked.topic_id != ZERO_UUID or asked.name is None:
        return _describe_by_id(parts, context, asked)
    name = asked.name
    if not _sees(parts, context, name):
        return MetadataResponseTopic(name=name, error_code=TopicAuthorizationFailedError.code)
    topic = parts.controller.image.topics_by_name.get(name)
    if topic is not None:
        return topic
    if topic_names.fault_of(name) is not None:
        return _refused(name, InvalidTopicError.code)
    failure = failures.get(name)
    if isinstance(failure, KafkaError):
        is_over = isinstance(failure, ThrottlingQuotaExceededError)
        # Metadata has no error for a quota; by this one clients ask again.
        return _refused(name, LeaderNotAvailableError.code if is_over else failure.code)
    return _refused(name, UnknownTopicOrPartitionError.code)


def _describe_by_id(
    parts: Parts, context: RequestContext, asked: MetadataRequestTopic
) -> TopicImage | MetadataResponseTopic:
    if context.version < _IDS_FROM:
        # A name may not be null in these versions, so the empty one stands for it.
        return MetadataResponseTopic(
            name=asked.name or "", topic_id=asked.topic_id, error_code=InvalidRequestError.code
        )
    topic = parts.controller.image.topics_by_id.get(asked.topic_id)
    if topic is not None and _sees(parts, context, topic.name):
        return topic
    # That a topic has an id is no secret, which name it has may be one.
    error = UnknownTopicIdError if topic is None else TopicAuthorizationFailedError
    return MetadataResponseTopic(name=None, topic_id=asked.topic_id, error_code=error.code)


def _refused(name: str, code: int) -> MetadataResponseTopic:
    return MetadataResponseTopic(name=name, error_code=code, is_internal=name in INTERNAL_TOPICS)


def _with_operations(parts: Parts, context: RequestContext, topics: Iterable[TopicImage]) -> bytes:
    """Return topics, encoded, each with what the client may do to it."""
    return b"".join(
        parts.metadata_cache.topic_with_operations(
            topic,
            context.version,
            authorized_operations(parts.authorizer, context, ResourceType.TOPIC, topic.name),
        )
        for topic in topics
    )


def _frame(parts: Parts, request: MetadataRequest, context: RequestContext) -> MetadataResponse:
    """Return a response without topics."""
    response = MetadataResponse(
        brokers=_brokers(parts, context),
        cluster_id=parts.cluster_id,
        controller_id=parts.node_id,
    )
    if request.include_cluster_authorized_operations and context.version in _CLUSTER_OPERATIONS:
        response.cluster_authorized_operations = operations_on_cluster(parts.authorizer, context)
    return response


def _brokers(parts: Parts, context: RequestContext) -> list[MetadataResponseBroker]:
    """Return the brokers as a client of this listener reaches them."""
    return [
        MetadataResponseBroker(node_id=broker.broker_id, host=host, port=port, rack=broker.rack)
        for broker, host, port in reachable_brokers(parts, context)
    ]
