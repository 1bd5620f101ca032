"""FindCoordinator: which broker coordinates a group, a transactional id, or a share group's state.

Versions: 0 to 6; from 1 on also of other things than groups, from 4 on several at once, from 6 on
of the state of a share group's partition. The topic that a kind is kept in comes to be when
somebody first asks; the answer waits for it.
"""

from collections.abc import Callable
from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.auto_creation import (
    GROUP_METADATA,
    SHARE_STATE,
    TRANSACTION_STATE,
    ensure_topic,
)
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    InvalidRequestError,
    KafkaError,
    TransactionalIdAuthorizationFailedError,
)
from logcore.controller.image import TopicImage
from logcore.coordinator.share.state import ShareKey
from logcore.protocol.messages.find_coordinator import (
    Coordinator,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)

GROUP: Final = 0
TRANSACTION: Final = 1
SHARE: Final = 2

_SEVERAL_SINCE: Final = 4
_SHARE_SINCE: Final = 6
_NO_NODE: Final = -1


def handle(
    parts: Parts, request: FindCoordinatorRequest, context: RequestContext
) -> Deferred[FindCoordinatorResponse]:
    """Find the coordinator of each key."""
    if context.version < _SEVERAL_SINCE:
        return _find(parts, request.key_type, request.key, context).map(_of_one)
    return gather(
        _find(parts, request.key_type, key, context) for key in request.coordinator_keys
    ).map(lambda found: FindCoordinatorResponse(coordinators=[each.value() for each in found]))


def _find(parts: Parts, kind: int, key: str, context: RequestContext) -> Deferred[Coordinator]:
    refusal = _refusal(parts, kind, key, context)
    if refusal is not None:
        return Deferred.of(_refuse(key, refusal))
    answer: Deferred[Coordinator] = Deferred()
    name, partition_for = _kept(parts, kind)

    def tell(topic: Deferred[TopicImage]) -> None:
        if topic.error is None:
            partition = partition_for(key)
            answer.complete(_locate(parts, (key, partition), topic.value(), context))
        else:
            reason = f"{name} cannot be created: {topic.error}"
            answer.complete(_refuse(key, CoordinatorNotAvailableError(reason)))

    ensure_topic(parts, name).then(tell)
    return answer


def _kept(parts: Parts, kind: int) -> tuple[str, Callable[[str], int]]:
    """Return the topic of a kind, and what finds the partition of a key in it."""
    if kind == GROUP:
        return GROUP_METADATA, parts.groups.partition_for
    if kind == TRANSACTION:
        return TRANSACTION_STATE, parts.transactions.partition_for
    return SHARE_STATE, lambda key: parts.share_states.partition_for(ShareKey.parse(key))


def _refusal(parts: Parts, kind: int, key: str, context: RequestContext) -> KafkaError | None:
    """Return why no coordinator is looked for; None if one is."""
    allows = parts.authorizer.allows
    if kind == GROUP:
        if allows(context, Operation.DESCRIBE, ResourceType.GROUP, key):
            return None
        return GroupAuthorizationFailedError(f"not authorized to describe group {key}")
    if kind == TRANSACTION:
        if allows(context, Operation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, key):
            return None
        return TransactionalIdAuthorizationFailedError(f"not authorized to describe {key}")
    if kind == SHARE and context.version >= _SHARE_SINCE:
        return _refusal_of_share_key(parts, key, context)
    return InvalidRequestError(f"there is no coordinator of type {kind}")


def _refusal_of_share_key(parts: Parts, key: str, context: RequestContext) -> KafkaError | None:
    if not parts.authorizer.allows(context, Operation.CLUSTER_ACTION, ResourceType.CLUSTER):
        return ClusterAuthorizationFailedError("not authorized to find share states")
    try:
        ShareKey.parse(key)
    except ValueError as error:
        return InvalidRequestError(str(error))
    return None


def _locate(
    parts: Parts, wanted: tuple[str, int], topic: TopicImage, context: RequestContext
) -> Coordinator:
    """Tell where the leader of a key's partition is."""
    key, partition = wanted
    leads = partition < len(topic.partitions)
    if not leads or topic.partitions[partition].leader != parts.node_id:
        return _refuse(key, CoordinatorNotAvailableError("its partition has no leader now"))
    host, port = parts.endpoints.advertised(context.listener_name, context.connection)
    return Coordinator(key=key, node_id=parts.node_id, host=host, port=port, error_message="")


def _refuse(key: str, error: KafkaError) -> Coordinator:
    return Coordinator(
        key=key,
        node_id=_NO_NODE,
        host="",
        port=_NO_NODE,
        error_code=error.code,
        error_message=str(error) or None,
    )


def _of_one(found: Coordinator) -> FindCoordinatorResponse:
    """Answer in a version for one key; there Kafka spells success, too."""
    return FindCoordinatorResponse(
        error_code=found.error_code,
        error_message=found.error_message if found.error_code else "NONE",
        node_id=found.node_id,
        host=found.host,
        port=found.port,
    )
