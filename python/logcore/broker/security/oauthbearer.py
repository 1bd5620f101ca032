"""SASL OAUTHBEARER (RFC 7628): a token that somebody else signed says who it is.

Invariant: nobody logs in whom the validator did not name; after a refusal the client is told a
status in JSON, answers it by one byte, and is told no more than that.
Neighbours: `jwt` has the validators.
Source: Apache Kafka 4.3.1, `OAuthBearerSaslServer`, for how a refusal goes.
"""

import json
import re
from collections.abc import Callable
from typing import Final

from logcore.broker.security.exchange import Login, LoginError

_SEPARATOR: Final = b"\x01"
_NAME: Final = rb"(?:[\x01-\x2b\x2d-\x3c\x3e-\x7f\x80-\xff]|=2C|=3D)+"
_FIRST: Final = re.compile(
    rb"n,(?:a=(" + _NAME + rb"))?,\x01((?:[A-Za-z]+=[\x20-\x7e\t\r\n]+\x01)+)\x01"
)
_BEARER: Final = re.compile(rb"(?i:bearer) +([-_~+/.a-zA-Z0-9]+=*)")


class TokenRefusedError(LoginError):
    """A token was refused.

    Args:
        reason: Why, for the log.
        status: The status that the client is told.
        scope: The scope that it would have needed.
    """

    def __init__(
        self, reason: str, status: str = "invalid_token", scope: str | None = None
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.scope = scope


class OauthBearerExchange:
    """A login by a bearer token.

    Args:
        validate: Returns who a token names, or raises `TokenRefusedError`.
    """

    __slots__ = ("_refusal", "_validate", "claimed", "login")

    def __init__(self, validate: Callable[[str], Login]) -> None:
        self.login: Login | None = None
        self.claimed = ""
        self._validate = validate
        self._refusal: LoginError | None = None

    def respond(self, token: bytes) -> bytes:
        """Check the token, or end the login after a refusal.

        Raises:
            LoginError: If the login failed.
        """
        if self._refusal is not None:
            raise self._refusal
        authorization_id, bearer = _read(token)
        try:
            login = self._validate(bearer)
        except TokenRefusedError as error:
            status = json.dumps(_status(error))
            self._refusal = LoginError(str(error), status)
            return status.encode()
        self.claimed = login.name
        if authorization_id not in ("", login.name):
            told = (
                "Authentication failed: Client requested an authorization id that is different "
                "from the token's principal name"
            )
            raise LoginError(f"asked to be {authorization_id!r}", told)
        self.login = login
        return b""


def _status(error: TokenRefusedError) -> dict[str, str]:
    scope = {} if error.scope is None else {"scope": error.scope}
    return {"status": error.status} | scope


def _read(token: bytes) -> tuple[str, str]:
    """Return whom a client asks to be, and its bearer token."""
    found = _FIRST.fullmatch(token)
    if found is None:
        raise LoginError("its OAUTHBEARER message is malformed")
    pairs = dict(pair.split(b"=", 1) for pair in found[2].rstrip(_SEPARATOR).split(_SEPARATOR))
    bearer = _BEARER.fullmatch(pairs.get(b"auth", b""))
    if bearer is None:
        raise LoginError("its OAUTHBEARER message has no bearer token")
    try:
        authorization_id = (found[1] or b"").replace(b"=2C", b",").replace(b"=3D", b"=").decode()
    except UnicodeDecodeError:
        raise LoginError("the name in its OAUTHBEARER message is not UTF-8") from None
    return authorization_id, bearer[1].decode("ascii")
