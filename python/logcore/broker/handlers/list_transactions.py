"""ListTransactions: transactional ids, by state, producer, age and name.

Versions: 0 to 2; 1 filters by how long a transaction is open, 2 by an expression that ids match.
Ids that the caller may not describe are left out.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.protocol.messages.list_transactions import (
    ListTransactionsRequest,
    ListTransactionsResponse,
)


def handle(
    parts: Parts, request: ListTransactionsRequest, context: RequestContext
) -> ListTransactionsResponse:
    """List what the caller may know of."""
    response = parts.transactions.list(request)
    response.transaction_states = [
        each
        for each in response.transaction_states
        if parts.authorizer.allows(
            context,
            Operation.DESCRIBE,
            ResourceType.TRANSACTIONAL_ID,
            each.transactional_id,
            is_quiet=True,
        )
    ]
    return response
