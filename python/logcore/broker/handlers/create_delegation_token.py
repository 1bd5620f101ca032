"""CreateDelegationToken: makes a token by which its owner can log in for a while.

Versions: 1 to 3; since 3 a token may be asked for somebody else.
Source: Apache Kafka 4.3.1, `KafkaApis.handleCreateTokenRequest`.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import Principal, RequestContext
from logcore.broker.parts import Parts
from logcore.broker.security.tokens import check_may_ask, token_settings
from logcore.common.deferred import Deferred
from logcore.common.errors import DelegationTokenAuthorizationFailedError, KafkaError
from logcore.common.uuids import random_uuid
from logcore.controller.delegation_tokens import TokenRequest, decide_creation, record_of
from logcore.protocol.messages.create_delegation_token import (
    CreateDelegationTokenRequest,
    CreateDelegationTokenResponse,
)

_REQUESTER_FROM: Final = 3


def handle(
    parts: Parts, request: CreateDelegationTokenRequest, context: RequestContext
) -> CreateDelegationTokenResponse | Deferred[CreateDelegationTokenResponse]:
    """Make a token, for the client or for whom it may make tokens."""
    requester = owner = context.principal
    if request.owner_principal_name:
        owner = Principal(request.owner_principal_type or "", request.owner_principal_name)
    response = CreateDelegationTokenResponse(
        principal_type=owner.kind,
        principal_name=owner.name,
    )
    if context.version >= _REQUESTER_FROM:
        response.token_requester_principal_type = requester.kind
        response.token_requester_principal_name = requester.name
    try:
        check_may_ask(requester)
        _check_owner(parts, context, owner)
        token, secret = decide_creation(
            TokenRequest(
                owner=owner,
                requester=requester,
                renewers=tuple(
                    Principal(each.principal_type, each.principal_name) for each in request.renewers
                ),
                lifetime_ms=request.max_lifetime_ms,
            ),
            token_settings(parts.config),
            random_uuid(),
            parts.scheduler.now_ms(),
        )
    except KafkaError as error:
        return _refused(response, error)
    response.issue_timestamp_ms = token.issued_ms
    response.expiry_timestamp_ms = token.expiry_ms
    response.max_timestamp_ms = token.max_ms
    response.token_id = token.token_id
    response.hmac = secret
    return parts.controller.change(lambda _: ([record_of(token)], response))


def _check_owner(parts: Parts, context: RequestContext, owner: Principal) -> None:
    if owner != context.principal and not parts.authorizer.allows(
        context, Operation.CREATE_TOKENS, ResourceType.USER, str(owner)
    ):
        raise DelegationTokenAuthorizationFailedError(f"not allowed to make tokens of {owner}")


def _refused(
    response: CreateDelegationTokenResponse, error: KafkaError
) -> CreateDelegationTokenResponse:
    response.error_code = error.code
    response.issue_timestamp_ms = response.expiry_timestamp_ms = response.max_timestamp_ms = -1
    return response
