"""The exchange of OAUTHBEARER (RFC 7628): a token goes there, and nothing or a refusal comes back.

Invariant: a refusal is told in sentences, and never shows the token.
Neighbours: `client.authentication` sends what this yields; `login` brings the token.
"""

import json
from typing import Any, Final

from logcore.client.oauth.token import BearerToken, described
from logcore.client.sasl import Exchange
from logcore.common.errors import SaslAuthenticationFailedError

_SEPARATOR: Final = "\x01"
_TEXT_MAX: Final = 200

_REASONS: Final = {
    "invalid_token": (
        "the token is expired, for another issuer or audience, or not signed by a key that the "
        "broker knows: what the broker logs says which"
    ),
    "insufficient_scope": (
        "the token lacks a scope that the broker demands: ask for it with sasl.oauthbearer.scope"
    ),
    "invalid_request": "the broker could not read the login",
}


def bearer(token: BearerToken) -> Exchange:
    """Log in by a token.

    Raises:
        SaslAuthenticationFailedError: If the broker refuses it.
    """
    pairs = {"auth": f"Bearer {token.value}"} | dict(token.extensions)
    listed = "".join(f"{name}={value}{_SEPARATOR}" for name, value in pairs.items())
    refusal: bytes | str = b""
    try:
        refusal = yield f"n,,{_SEPARATOR}{listed}{_SEPARATOR}".encode()
        if not refusal:
            return
        yield _SEPARATOR.encode()  # so that the broker ends the login with its own words
    except SaslAuthenticationFailedError as error:
        if not refusal:
            refusal = str(error)
    raise SaslAuthenticationFailedError(told(refusal, token.value))


def told(refusal: bytes | str, token: str) -> str:
    """Return a broker's refusal in sentences; its JSON has a status, and perhaps a scope.

    Example:
        >>> told(b'{"status": "insufficient_scope", "scope": "write"}', "opaque")[:60]
        'the broker refused the token: insufficient_scope, wants scop'
    """
    status = _status(refusal)
    if status is None:
        text = refusal if isinstance(refusal, str) else refusal.decode("utf-8", "replace")
        return f"the broker refused the token: {_printable(text)}"
    name = _printable(str(status.get("status", "no status given")))
    message = f"the broker refused the token: {name}"
    if "scope" in status:
        message += f", wants scope {_printable(str(status['scope']))!r}"
    reason = _REASONS.get(name)
    message += f" ({described(token)})"
    return f"{message}: {reason}" if reason else message


def _status(refusal: bytes | str) -> dict[str, Any] | None:
    text = refusal if isinstance(refusal, str) else refusal.decode("utf-8", "replace")
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1]) if start >= 0 else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_TEXT_MAX])
