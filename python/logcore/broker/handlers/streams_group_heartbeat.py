"""StreamsGroupHeartbeat: a member of a streams group joins, follows its target, or leaves.

Versions: 0. Internal topics that the group's topology needs are created on the way, if the member
may do that; until they are there, every member is told what is missing.
"""

from collections.abc import Iterator

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.handlers.streams_group_describe import is_enabled
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    StreamsInvalidTopologyError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.controller.image import INTERNAL_TOPICS
from logcore.controller.topic_names import fault_of
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.streams.configured import StatusCode
from logcore.coordinator.group.streams.heartbeat import HEARTBEAT_INTERVAL, Answer
from logcore.coordinator.group.streams.requests import refused
from logcore.protocol.messages.streams_group_heartbeat import (
    Status,
    StreamsGroupHeartbeatRequest,
    StreamsGroupHeartbeatResponse,
    Topology,
)

_Response = StreamsGroupHeartbeatResponse


def handle(
    parts: Parts, request: StreamsGroupHeartbeatRequest, context: RequestContext
) -> _Response | Deferred[_Response]:
    """Hand the request to the coordinator, and have missing topics created."""
    if not is_enabled(parts):
        return refused(UnsupportedVersionError())
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, request.group_id):
        return refused(GroupAuthorizationFailedError())
    if request.topology is not None:
        refusal = refusal_of(parts, request.topology, context)
        if refusal is not None:
            return refusal
    caller = Caller(context.version, context.client_id or "", context.client_host)
    answer = parts.groups.streams.heartbeat(caller, request)
    return answer.map(lambda made: with_topics(parts, request.group_id, made, context))


def refusal_of(parts: Parts, topology: Topology, context: RequestContext) -> _Response | None:
    """Return why a topology cannot be run over its topics; None if it can for all we know."""
    topics = list(dict.fromkeys(topics_of(topology)))
    internal = [topic for topic in topics if topic in INTERNAL_TOPICS]
    if internal:
        message = (
            f"Use of Kafka internal topics {','.join(internal)} in a Kafka Streams topology "
            "is prohibited."
        )
        return refused(StreamsInvalidTopologyError(message))
    invalid = [topic for topic in topics if fault_of(topic) is not None]
    if invalid:
        message = f"Topic names {','.join(invalid)} are not valid topic names."
        return refused(StreamsInvalidTopologyError(message))
    if not all(
        parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic)
        for topic in topics
    ):
        return refused(TopicAuthorizationFailedError())
    return None


def topics_of(topology: Topology) -> Iterator[str]:
    """Yield the topics that a topology names."""
    for subtopology in topology.subtopologies:
        yield from subtopology.source_topics
        yield from subtopology.repartition_sink_topics
        yield from (topic.name for topic in subtopology.repartition_source_topics)
        yield from (topic.name for topic in subtopology.state_changelog_topics)


def with_topics(parts: Parts, group_id: str, answer: Answer, context: RequestContext) -> _Response:
    """Have missing topics created, or say why they are not."""
    response, missing = answer
    if not missing:
        return response
    allows = parts.authorizer.allows
    may_all = allows(context, Operation.CREATE, ResourceType.CLUSTER, is_quiet=True)
    refused_topics = [
        topic
        for topic in missing
        if not may_all and not allows(context, Operation.CREATE, ResourceType.TOPIC, topic)
    ]
    if refused_topics:
        add_detail(response, f"Unauthorized to CREATE on topics {', '.join(refused_topics)}.")
        return response
    interval_ms = int(parts.configs.group(group_id)[HEARTBEAT_INTERVAL])
    creations = parts.streams_topics
    now_ms = parts.scheduler.monotonic_ms()
    creations.create(parts.controller, missing, now_ms, retry_ms=2 * interval_ms)
    failures = creations.failures(missing)
    if failures:
        add_detail(response, f"Creation failed: {failures}.")
    return response


def add_detail(response: _Response, detail: str) -> None:
    """Add to what members are told of missing topics."""
    code = int(StatusCode.MISSING_INTERNAL_TOPICS)
    statuses = response.status = response.status or []
    for status in statuses:
        if status.status_code == code:
            status.status_detail += f"; {detail}"
            return
    statuses.append(Status(status_code=code, status_detail=detail))
