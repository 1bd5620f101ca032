"""RenewDelegationToken: a token is good for longer; its owner and its renewers may ask for it.

Versions: 1 and 2; nothing changed but the encoding.
"""

from collections.abc import Sequence

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.security.tokens import check_may_ask, token_settings
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError
from logcore.controller.delegation_tokens import decide_renewal, find, record_of
from logcore.controller.image import MetadataImage
from logcore.protocol.internal.metadata import DelegationTokenRecord
from logcore.protocol.messages.renew_delegation_token import (
    RenewDelegationTokenRequest,
    RenewDelegationTokenResponse,
)


def handle(
    parts: Parts, request: RenewDelegationTokenRequest, context: RequestContext
) -> RenewDelegationTokenResponse | Deferred[RenewDelegationTokenResponse]:
    """Renew the token that has the secret in the request."""
    settings, now_ms = token_settings(parts.config), parts.scheduler.now_ms()
    secret = bytes(request.hmac)

    def decide(
        image: MetadataImage,
    ) -> tuple[Sequence[DelegationTokenRecord], RenewDelegationTokenResponse]:
        token = find(image.delegation_tokens, settings, secret)
        renewed = decide_renewal(
            token, settings, context.principal, request.renew_period_ms, now_ms
        )
        return [record_of(renewed)], RenewDelegationTokenResponse(
            expiry_timestamp_ms=renewed.expiry_ms
        )

    try:
        check_may_ask(context.principal)
        return parts.controller.change(decide)
    except KafkaError as error:
        return RenewDelegationTokenResponse(error_code=error.code, expiry_timestamp_ms=-1)
