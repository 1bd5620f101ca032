"""DescribeDelegationToken: the tokens that the client owns, may renew, or may describe.

Versions: 1 to 3; since 3 it is told who asked for a token.
Source: Apache Kafka 4.3.1, `KafkaApis.handleDescribeTokensRequest`.
"""

from collections.abc import Collection

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import Principal, RequestContext
from logcore.broker.parts import Parts
from logcore.broker.security.tokens import check_may_ask, token_settings
from logcore.common.errors import DelegationTokenAuthDisabledError
from logcore.controller.delegation_tokens import DelegationToken, TokenSettings
from logcore.protocol.messages.describe_delegation_token import (
    DescribedDelegationToken,
    DescribedDelegationTokenRenewer,
    DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse,
)


def handle(
    parts: Parts, request: DescribeDelegationTokenRequest, context: RequestContext
) -> DescribeDelegationTokenResponse:
    """Describe the tokens of some owners, or all."""
    check_may_ask(context.principal)
    settings = token_settings(parts.config)
    if not settings.secret_key:
        raise DelegationTokenAuthDisabledError("delegation.token.secret.key is not set")
    owners = None
    if request.owners is not None:
        owners = {Principal(each.principal_type, each.principal_name) for each in request.owners}
    tokens = parts.controller.image.delegation_tokens.values()
    return DescribeDelegationTokenResponse(
        tokens=[
            _described(token, settings)
            for token in tokens
            if _is_asked_for(token, owners) and _may_see(parts, context, token)
        ]
    )


def _is_asked_for(token: DelegationToken, owners: Collection[Principal] | None) -> bool:
    return owners is None or any(token.concerns(owner) for owner in owners)


def _may_see(parts: Parts, context: RequestContext, token: DelegationToken) -> bool:
    allows = parts.authorizer.allows
    return (
        token.concerns(context.principal)
        or allows(context, Operation.DESCRIBE, ResourceType.DELEGATION_TOKEN, token.token_id)
        or allows(context, Operation.DESCRIBE_TOKENS, ResourceType.USER, str(token.owner))
    )


def _described(token: DelegationToken, settings: TokenSettings) -> DescribedDelegationToken:
    return DescribedDelegationToken(
        principal_type=token.owner.kind,
        principal_name=token.owner.name,
        token_requester_principal_type=token.requester.kind,
        token_requester_principal_name=token.requester.name,
        issue_timestamp=token.issued_ms,
        expiry_timestamp=token.expiry_ms,
        max_timestamp=token.max_ms,
        token_id=token.token_id,
        hmac=settings.secret_of(token.token_id),
        renewers=[
            DescribedDelegationTokenRenewer(principal_type=each.kind, principal_name=each.name)
            for each in token.renewers
        ],
    )
