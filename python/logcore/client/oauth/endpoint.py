"""Tokens from an identity provider's token endpoint (RFC 6749, OpenID Connect).

Invariant: what the endpoint says of a refusal is told, but for the secrets that were sent to it,
should it repeat them.
Neighbours: `grants` makes the requests, `http` sends them; `choosing` reads the settings.
Source: RFC 6749, sections 5.1 and 5.2; Apache Kafka 4.3.1, `JwtResponseParser`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from logcore.client.oauth.http import Limits, Post, post
from logcore.client.oauth.login import Source
from logcore.client.oauth.thread import in_thread
from logcore.client.oauth.token import BearerToken, expiry_ms_of
from logcore.common.clock import SystemClock
from logcore.common.config import HIDDEN
from logcore.common.errors import TokenRefusedError, TokenUnavailableError

OK: Final = 200
SERVER_ERRORS_FROM: Final = 500
SECONDS_MAX: Final = 2**31
TRY_AGAIN: Final = frozenset({408, 425, 429})
_TEXT_MAX: Final = 200
_TOKEN_NAMES: Final = ("access_token", "id_token")


def from_endpoint(
    make_post: Callable[[], Post], limits: Limits, extensions: Mapping[str, str], secret: str = ""
) -> Source:
    """Make a source of a token endpoint.

    Args:
        make_post: Makes a request; it may block.
        limits: How long it may take, and whom to trust.
        extensions: SASL extensions of tokens.
        secret: What must not be shown.
    """

    async def source() -> BearerToken:
        request = await in_thread(make_post)
        status, body = await post(request, limits)
        now_ms = SystemClock().now_ms()
        try:
            return token_of(status, body, now_ms, extensions)
        except (TokenRefusedError, TokenUnavailableError) as error:
            text = str(error)
            shown = text.replace(secret, HIDDEN) if secret else text
            raise type(error)(f"no token from {request.url}: {shown}") from None

    return source


def token_of(status: int, body: bytes, now_ms: int, extensions: Mapping[str, str]) -> BearerToken:
    """Read an endpoint's answer.

    Raises:
        TokenRefusedError: If it refuses us.
        TokenUnavailableError: If it failed, or gave no token.
    """
    told = _object(body)
    if status != OK:
        raise _refusal(status, told)
    value = next((told[name] for name in _TOKEN_NAMES if told.get(name)), None)
    if not isinstance(value, str):
        raise TokenUnavailableError("its answer has no access_token")
    value = value.strip()
    expires_ms = _lifetime_end(told.get("expires_in"), now_ms) or expiry_ms_of(value)
    if expires_ms is None:
        raise TokenUnavailableError("its answer does not say when the token expires")
    try:
        return BearerToken(value, expires_ms, extensions)
    except ValueError as error:
        raise TokenUnavailableError(str(error)) from None


def _lifetime_end(seconds: object, now_ms: int) -> int | None:
    """Return the end of a life told in seconds, which clocks that disagree do not harm."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal():
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return now_ms + int(seconds * 1000) if 0 < seconds < SECONDS_MAX else None


def _refusal(status: int, told: Mapping[str, Any]) -> TokenRefusedError | TokenUnavailableError:
    """Return what an answer that is no success amounts to."""
    words = [str(told[name])[:_TEXT_MAX] for name in ("error", "error_description") if name in told]
    said = ": ".join(words) or "it does not say why"
    said = "".join(sign if sign.isprintable() else "?" for sign in said)
    if status >= SERVER_ERRORS_FROM or status in TRY_AGAIN:
        return TokenUnavailableError(f"it answered {status} ({said})")
    return TokenRefusedError(
        f"it answered {status} ({said}): check the client's id, secret and scope, and the URL"
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
