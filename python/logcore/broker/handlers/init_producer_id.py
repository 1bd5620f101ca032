"""InitProducerId: give a producer its id and epoch.

Versions: 0 to 5; 3 lets a producer ask to raise its epoch (KIP-360), 4 knows PRODUCER_FENCED. Ids
come from blocks that the controller hands out durably, so none is given twice. A producer with a
transactional id gets that id's producer, under an epoch that fences whoever had it before; a
transaction that is open is aborted first, and the client asks again.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.fencing import answer_with, told
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    InvalidRequestError,
    KafkaError,
    TransactionalIdAuthorizationFailedError,
)
from logcore.coordinator.transaction.producer import Expected
from logcore.coordinator.transaction.service import ProducerIdentity
from logcore.protocol.messages.init_producer_id import (
    InitProducerIdRequest,
    InitProducerIdResponse,
)

_FENCED_SINCE: Final = 4


def handle(
    parts: Parts, request: InitProducerIdRequest, context: RequestContext
) -> Deferred[InitProducerIdResponse]:
    """Answer with an id: a fresh one, or that of the transactional id."""
    transactional_id = request.transactional_id
    allows = parts.authorizer.allows
    if transactional_id is None:
        if not (
            allows(context, Operation.IDEMPOTENT_WRITE, ResourceType.CLUSTER, is_quiet=True)
            or parts.authorizer.allows_any(context, Operation.WRITE, ResourceType.TOPIC)
        ):
            raise ClusterAuthorizationFailedError("not authorized to write idempotently")
    elif not allows(context, Operation.WRITE, ResourceType.TRANSACTIONAL_ID, transactional_id):
        raise TransactionalIdAuthorizationFailedError(f"not authorized for {transactional_id}")
    if (request.producer_id < 0) != (request.producer_epoch < 0):
        raise InvalidRequestError("producer id and epoch come together or not at all")
    if transactional_id is None:
        return parts.producer_ids.next().map(
            lambda producer_id: InitProducerIdResponse(producer_id=producer_id, producer_epoch=0)
        )
    expected = None
    if request.producer_id >= 0:
        expected = Expected(request.producer_id, request.producer_epoch)
    given = parts.transactions.initialise(
        transactional_id, request.transaction_timeout_ms, expected
    )
    return answer_with(given, _response, lambda error: _refusal(error, context.version))


def _response(given: ProducerIdentity) -> InitProducerIdResponse:
    return InitProducerIdResponse(
        producer_id=given.producer_id, producer_epoch=given.producer_epoch
    )


def _refusal(error: KafkaError, version: int) -> InitProducerIdResponse:
    code = told(error, version, _FENCED_SINCE).code
    return InitProducerIdResponse(error_code=code, producer_id=-1, producer_epoch=-1)
