"""EndTxn: commit or abort a transaction.

Versions: 0 to 5; 2 knows PRODUCER_FENCED, 5 is of version 2 of transactions: every end raises the
epoch, and the answer carries the producer id and epoch to go on with (KIP-890). The answer comes
once the decision is in the log; from then on it stands.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.fencing import answer_with, told
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import TransactionalIdAuthorizationFailedError
from logcore.coordinator.transaction.end import End
from logcore.coordinator.transaction.state import EPOCH_BUMPING_VERSION
from logcore.protocol.messages.end_txn import EndTxnRequest, EndTxnResponse

_FENCED_SINCE: Final = 2
_BUMPS_SINCE: Final = 5


def handle(
    parts: Parts, request: EndTxnRequest, context: RequestContext
) -> Deferred[EndTxnResponse]:
    """Have the coordinator decide."""
    if not parts.authorizer.allows(
        context, Operation.WRITE, ResourceType.TRANSACTIONAL_ID, request.transactional_id
    ):
        raise TransactionalIdAuthorizationFailedError(
            f"not authorized for {request.transactional_id}"
        )
    asked = End(
        producer_id=request.producer_id,
        producer_epoch=request.producer_epoch,
        is_commit=request.committed,
        client_version=EPOCH_BUMPING_VERSION if context.version >= _BUMPS_SINCE else 0,
        fresh_producer_id=None,
        now_ms=0,
    )
    return answer_with(
        parts.transactions.end(request.transactional_id, asked),
        lambda given: EndTxnResponse(
            producer_id=given.producer_id, producer_epoch=given.producer_epoch
        ),
        lambda error: EndTxnResponse(error_code=told(error, context.version, _FENCED_SINCE).code),
    )
