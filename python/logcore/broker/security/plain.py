"""SASL PLAIN (RFC 4616): a name and a password in one token.

Invariant: whether a user is unknown or the password wrong is told alike, and takes as long; nobody
logs in as somebody else by an authorization id.
Neighbours: `mechanisms` has the passwords from the settings.
Source: Apache Kafka 4.3.1, `PlainSaslServer`, for what is told.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from logcore.broker.security.exchange import Login, LoginError

_FAILED: Final = "Authentication failed: Invalid username or password"
_OTHER: Final = (
    "Authentication failed: Client requested an authorization id that is different from username"
)
_PARTS: Final = 3


class PlainExchange:
    """A login by name and password.

    Args:
        passwords: The password of each user.
    """

    __slots__ = ("_passwords", "claimed", "login")

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self.login: Login | None = None
        self.claimed = ""
        self._passwords = passwords

    def respond(self, token: bytes) -> bytes:
        """Check the one token.

        Raises:
            LoginError: If the login failed.
        """
        authorization_id, user, password = _parts(token)
        self.claimed = user
        if not user:
            raise _error("no user is named", "Authentication failed: username not specified")
        if not password:
            raise _error("there is no password", "Authentication failed: password not specified")
        expected = self._passwords.get(user)
        is_right = _is_same(password, expected or "") and expected is not None
        if not is_right:
            reason = "the user is unknown" if expected is None else "the password is wrong"
            raise _error(reason, _FAILED)
        if authorization_id not in ("", user):
            raise _error(f"asked to be {authorization_id!r}", _OTHER)
        self.login = Login(user)
        return b""


def _parts(token: bytes) -> tuple[str, str, str]:
    parts = token.split(b"\0", _PARTS)
    if len(parts) != _PARTS:
        told = f"Invalid SASL/PLAIN response: expected 3 tokens, got {len(parts)}"
        raise _error("its token has not three parts", told)
    try:
        authorization_id, user, password = (part.decode() for part in parts)
    except UnicodeDecodeError:
        raise _error("its token is not UTF-8", _FAILED) from None
    return authorization_id, user, password


def _is_same(given: str, expected: str) -> bool:
    """Compare hashes, so that not even the lengths of passwords show in the time it takes."""
    return hmac.compare_digest(
        hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest()
    )


def _error(reason: str, told: str) -> LoginError:
    return LoginError(reason, told)
