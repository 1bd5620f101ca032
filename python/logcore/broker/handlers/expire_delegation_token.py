"""ExpireDelegationToken: a token ends at once or earlier, if its owner or a renewer asks for it.

Versions: 1 and 2; nothing changed but the encoding.
"""

from collections.abc import Sequence

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.security.tokens import check_may_ask, token_settings
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError
from logcore.controller.delegation_tokens import decide_expiry, find, record_of, removal_of
from logcore.controller.image import MetadataImage
from logcore.protocol.messages.expire_delegation_token import (
    ExpireDelegationTokenRequest,
    ExpireDelegationTokenResponse,
)
from logcore.protocol.schema import Message


def handle(
    parts: Parts, request: ExpireDelegationTokenRequest, context: RequestContext
) -> ExpireDelegationTokenResponse | Deferred[ExpireDelegationTokenResponse]:
    """End the token that has the secret in the request."""
    settings, now_ms = token_settings(parts.config), parts.scheduler.now_ms()
    secret, period_ms = bytes(request.hmac), request.expiry_time_period_ms

    def decide(image: MetadataImage) -> tuple[Sequence[Message], ExpireDelegationTokenResponse]:
        token = find(image.delegation_tokens, settings, secret)
        ended = decide_expiry(token, context.principal, period_ms, now_ms)
        if ended is None:
            return [removal_of(token)], ExpireDelegationTokenResponse(expiry_timestamp_ms=now_ms)
        return [record_of(ended)], ExpireDelegationTokenResponse(
            expiry_timestamp_ms=ended.expiry_ms
        )

    try:
        check_may_ask(context.principal)
        return parts.controller.change(decide)
    except KafkaError as error:
        return ExpireDelegationTokenResponse(error_code=error.code, expiry_timestamp_ms=-1)
