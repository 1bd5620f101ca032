"""DescribeDelegationToken: the tokens that the client owns, may renew, or may describe.

Versions: 1 to 3; since 3 it is told who asked for a token.
Source: Apache Kafka 4.3.1, `KafkaApis.handleDescribeTokensRequest`.
"""

from collections.abc import Collection
from typing import Final

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

_REQUESTER_FROM: Final = 3


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
            _described(token, settings, context.version)
            for token in tokens
            if _is_asked_for(token, owners) and _may_see(parts, context, token)
        ]
    )


def _is_asked_for(token: DelegationToken, owners: Collection[Principal] | None) -> bool:
    return owners is None or any(token.concerns(owner) for owner in owners)


def _may_see(parts: Parts, context: RequestContext, token: DelegationToken) -> bool:
    if token.concerns(context.principal):
        return True
    token_id, owner = token.token_id, str(token.owner)
    return any(
        parts.authorizer.allows(context, operation, kind, name, is_quiet=True)
        for operation, kind, name in (
            (Operation.DESCRIBE, ResourceType.DELEGATION_TOKEN, token_id),
            (Operation.DESCRIBE_TOKENS, ResourceType.USER, owner),
        )
    )


def _described(
    token: DelegationToken, settings: TokenSettings, version: int
) -> DescribedDelegationToken:
    described = DescribedDelegationToken(
        principal_type=token.owner.kind,
        principal_name=token.owner.name,
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
    if version >= _REQUESTER_FROM:
        described.token_requester_principal_type = token.requester.kind
        described.token_requester_principal_name = token.requester.name
    return described
