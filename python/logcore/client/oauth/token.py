"""A bearer token, and what can be read of it without a key (RFC 6750, RFC 7519).

Invariant: a token that was made is of characters that a login can carry, and says when it expires.
What it claims is not checked here: that is the broker's part, which has the keys.
Neighbours: sources make these; `exchange` sends them; `logcore.BearerToken` is this class.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from logcore.common.errors import InvalidArgumentError

_BEARER: Final = re.compile(r"[-._~+/A-Za-z0-9]+=*")
_EXTENSION_NAME: Final = re.compile(r"[A-Za-z]+")
_EXTENSION_VALUE: Final = re.compile(r"[\x21-\x7e \t\r\n]+")
_SECONDS_MAX: Final = 2**53
_PARTS: Final = 3
_SHOWN_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token that logs a client in.

    Attributes:
        value: The token itself. It is a secret.
        expires_ms: When it is no longer good, in milliseconds since 1970 UTC.
        extensions: Further names and values for the broker's own checks (SASL extensions).

    Raises:
        InvalidArgumentError: If the value holds what no bearer token does, or an extension's name
            or value cannot be sent.

    Example:
        >>> BearerToken("abc.def.ghi", expires_ms=1_700_000_000_000)
        BearerToken(expires_ms=1700000000000, extensions={})
    """

    value: str = field(repr=False)
    expires_ms: int
    extensions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _BEARER.fullmatch(self.value):
            raise InvalidArgumentError("the token is empty, or holds what no bearer token does")
        for name, value in self.extensions.items():
            if name == "auth" or not _EXTENSION_NAME.fullmatch(name):
                raise InvalidArgumentError(f"{name!r} cannot be the name of a SASL extension")
            if not _EXTENSION_VALUE.fullmatch(value):
                raise InvalidArgumentError(f"the SASL extension {name} has a value with no text")


def claims_of(value: str) -> Mapping[str, Any]:
    """Return what a token claims, unchecked; nothing where it is no JWT.

    Example:
        >>> claims_of("eyJhbGciOiJub25lIn0.eyJzdWIiOiAibWUifQ.")
        {'sub': 'me'}
        >>> claims_of("opaque")
        {}
    """
    parts = value.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def expiry_ms_of(value: str) -> int | None:
    """Return when a token claims to expire; None if it does not say."""
    expires = claims_of(value).get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        return None
    return int(expires * 1000) if 0 <= expires <= _SECONDS_MAX else None


def described(value: str) -> str:
    """Return whom a token says that it is for, to help find out why it is refused.

    Example:
        >>> described("eyJhbGciOiJub25lIn0.eyJzdWIiOiAibWUifQ.")
        'it says sub=me'
    """
    claims = claims_of(value)
    told = [f"{name}={claims[name]}" for name in ("sub", "iss", "aud", "exp") if name in claims]
    return f"it says {', '.join(told)}"[:_SHOWN_MAX] if told else "it is no JWT"
