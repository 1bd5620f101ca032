"""SaslAuthenticate where no login is under way.

Versions: 0 to 2. A login that is under way is served by `logcore.broker.security.session`, before
any handler is asked.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import IllegalSaslStateError
from logcore.protocol.messages.sasl_authenticate import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
)


def handle(
    parts: Parts,  # noqa: ARG001 - what handlers take
    request: SaslAuthenticateRequest,  # noqa: ARG001
    context: RequestContext,  # noqa: ARG001
) -> SaslAuthenticateResponse:
    """Refuse it."""
    return SaslAuthenticateResponse(
        error_code=IllegalSaslStateError.code,
        error_message="SaslAuthenticate request received after successful authentication",
    )
