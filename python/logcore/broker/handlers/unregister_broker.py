"""UnregisterBroker: forget a broker that is gone for good.

Version: 0. Of one node there is nobody else to forget, and the node itself is the one that answers.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    BrokerIdNotRegisteredError,
    ClusterAuthorizationFailedError,
    InvalidRequestError,
)
from logcore.protocol.messages.unregister_broker import (
    UnregisterBrokerRequest,
    UnregisterBrokerResponse,
)


def handle(
    parts: Parts, request: UnregisterBrokerRequest, context: RequestContext
) -> UnregisterBrokerResponse:
    """Refuse, saying why.

    Raises:
        BrokerIdNotRegisteredError: If there is no such broker.
        ClusterAuthorizationFailedError: If the client may not.
        InvalidRequestError: If it is this one.
    """
    if not parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("altering the cluster is not allowed")
    if request.broker_id == parts.node_id:
        raise InvalidRequestError(
            f"broker {request.broker_id} is the one that answers this; stop it first"
        )
    raise BrokerIdNotRegisteredError(f"Broker ID {request.broker_id} is not currently registered")
