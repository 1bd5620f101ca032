"""DescribeTransactions: what is known of transactional ids.

Version 0. Topics that the caller may not describe are left out.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import KafkaError, TransactionalIdAuthorizationFailedError
from logcore.protocol.messages.describe_transactions import (
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
    TransactionState,
)


def handle(
    parts: Parts, request: DescribeTransactionsRequest, context: RequestContext
) -> DescribeTransactionsResponse:
    """Describe each."""
    return DescribeTransactionsResponse(
        transaction_states=[
            _describe(parts, transactional_id, context)
            for transactional_id in request.transactional_ids
        ]
    )


def _describe(parts: Parts, transactional_id: str, context: RequestContext) -> TransactionState:
    allows = parts.authorizer.allows
    try:
        if not allows(context, Operation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, transactional_id):
            raise TransactionalIdAuthorizationFailedError(f"not authorized for {transactional_id}")
        described = parts.transactions.describe(transactional_id)
    except KafkaError as error:
        return TransactionState(transactional_id=transactional_id, error_code=error.code)
    described.topics = [
        topic
        for topic in described.topics
        if allows(context, Operation.DESCRIBE, ResourceType.TOPIC, topic.topic, is_quiet=True)
    ]
    return described
