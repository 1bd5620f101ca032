"""InitProducerId: give a producer its id, by which its retries are told from new batches.

Versions: 0 to 5; 3 lets a producer ask to raise its epoch (KIP-360). Ids come from blocks that the
controller hands out durably, so none is given twice. Transactional ids come with transactions.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import ClusterAuthorizationFailedError, InvalidRequestError
from logcore.protocol.messages.init_producer_id import (
    InitProducerIdRequest,
    InitProducerIdResponse,
)


def handle(
    parts: Parts, request: InitProducerIdRequest, context: RequestContext
) -> Deferred[InitProducerIdResponse]:
    """Answer with a fresh id of epoch 0."""
    if request.transactional_id is not None:
        raise InvalidRequestError("transactions are not served yet")
    if (request.producer_id < 0) != (request.producer_epoch < 0):
        raise InvalidRequestError("producer id and epoch come together or not at all")
    if not parts.authorizer.allows(context, Operation.IDEMPOTENT_WRITE, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("not authorized to write idempotently")
    return parts.producer_ids.next().map(
        lambda producer_id: InitProducerIdResponse(producer_id=producer_id, producer_epoch=0)
    )
