"""SaslHandshake where there is nothing to agree on: logged in already, or nobody has to log in.

Versions: 0 and 1. Whoever must log in is answered by `logcore.broker.security.session`, before any
handler is asked.
"""

from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import IllegalSaslStateError
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse


def handle(
    parts: Parts,  # noqa: ARG001 - what handlers take
    request: SaslHandshakeRequest,  # noqa: ARG001
    context: RequestContext,  # noqa: ARG001
) -> SaslHandshakeResponse:
    """Refuse it."""
    return SaslHandshakeResponse(error_code=IllegalSaslStateError.code)
