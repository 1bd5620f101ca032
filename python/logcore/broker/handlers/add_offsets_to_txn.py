"""AddOffsetsToTxn: say that a transaction will commit offsets of a group.

Versions: 0 to 4; 2 knows PRODUCER_FENCED. What takes part is the partition of consumers' offsets
that the group belongs to; producers of version 2 of transactions need not send it.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.auto_creation import GROUP_METADATA, ensure_topic
from logcore.broker.context import RequestContext
from logcore.broker.fencing import answer_with, told
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from logcore.controller.image import TopicImage
from logcore.coordinator.transaction.partitions import Addition
from logcore.coordinator.transaction.service import hand_on
from logcore.protocol.messages.add_offsets_to_txn import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
)

_FENCED_SINCE: Final = 2


def handle(
    parts: Parts, request: AddOffsetsToTxnRequest, context: RequestContext
) -> Deferred[AddOffsetsToTxnResponse]:
    """Add the group's partition."""
    allows = parts.authorizer.allows
    transactional_id, group_id = request.transactional_id, request.group_id
    if not allows(context, Operation.WRITE, ResourceType.TRANSACTIONAL_ID, transactional_id):
        raise TransactionalIdAuthorizationFailedError(f"not authorized for {transactional_id}")
    if not allows(context, Operation.READ, ResourceType.GROUP, group_id):
        raise GroupAuthorizationFailedError(f"not authorized to read group {group_id}")
    added: Deferred[None] = Deferred()

    def add(topic: Deferred[TopicImage]) -> None:
        if topic.error is not None:
            added.fail(CoordinatorNotAvailableError(f"{GROUP_METADATA}: {topic.error}"))
            return
        place = (GROUP_METADATA, parts.groups.partition_for(group_id))
        wanted = Addition(
            request.producer_id, request.producer_epoch, frozenset({place}), 0, now_ms=0
        )
        parts.transactions.add_partitions(transactional_id, wanted).then(
            lambda done: hand_on(done, added)
        )

    ensure_topic(parts, GROUP_METADATA).then(add)
    return answer_with(
        added,
        lambda _: AddOffsetsToTxnResponse(),
        lambda error: AddOffsetsToTxnResponse(
            error_code=told(error, context.version, _FENCED_SINCE).code
        ),
    )
