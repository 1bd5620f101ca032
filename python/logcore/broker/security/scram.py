"""SASL SCRAM (RFC 5802, RFC 7677): a password proven without being sent.

The names of delegation tokens log in here too, by the extension ``tokenauth``.
Invariant: the nonce of the last message is the client's half and ours, whole and compared in
constant time; a user that is unknown is answered as one whose password is wrong, with a salt of
its own that stays the same. Nobody logs in as somebody else by an authorization id.
Neighbours: `scram_messages` reads; `common.scram` computes; `credentials` knows the users.
"""

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from logcore.broker.security.exchange import Login, LoginError
from logcore.broker.security.scram_messages import ClientFirst, read_first, read_last
from logcore.common.scram import (
    ITERATIONS_MIN,
    ScramCredential,
    ScramMechanism,
    is_proven,
    server_signature,
)

_OTHER: Final = (
    "Authentication failed: Client requested an authorization id that is different from username"
)
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a name: how it proves itself, and whom it logs in then."""

    credential: ScramCredential
    login: Login


class Credentials(Protocol):
    """Whoever knows users and tokens."""

    def of_user(self, mechanism: ScramMechanism, user: str) -> Known | None:
        """Return what is known of a user."""

    def of_token(self, mechanism: ScramMechanism, token_id: str) -> Known | None:
        """Return what is known of a delegation token."""


class ScramExchange:
    """A login by SCRAM.

    Args:
        mechanism: Which one.
        credentials: Who knows the users.
        decoy_key: Makes up the salts of users that are unknown.
        make_nonce: Returns our half of a nonce.
    """

    __slots__ = (
        "_credentials", "_decoy_key", "_first", "_first_answer", "_known", "_make_nonce",
        "_mechanism", "_nonce", "claimed", "login",
    )  # fmt: skip

    def __init__(
        self,
        mechanism: ScramMechanism,
        credentials: Credentials,
        decoy_key: bytes,
        make_nonce: Callable[[], str] = lambda: secrets.token_urlsafe(_NONCE_BYTES),
    ) -> None:
        self.login: Login | None = None
        self.claimed = ""
        self._mechanism = mechanism
        self._credentials = credentials
        self._decoy_key = decoy_key
        self._make_nonce = make_nonce
        self._first: ClientFirst | None = None
        self._first_answer = b""
        self._known: Known | None = None
        self._nonce = b""

    def respond(self, token: bytes) -> bytes:
        """Answer the first message with a challenge, and the last one with our own proof.

        Raises:
            LoginError: If the login failed.
        """
        return self._challenge(token) if self._first is None else self._check(self._first, token)

    def _challenge(self, token: bytes) -> bytes:
        first = read_first(token)
        self.claimed = first.user
        ask = self._credentials.of_token if first.is_token else self._credentials.of_user
        self._known = known = ask(self._mechanism, first.user)
        if first.authorization_id not in ("", first.user):
            raise LoginError(f"asked to be {first.authorization_id!r}", _OTHER)
        if known is not None and known.credential.iterations < ITERATIONS_MIN:
            raise LoginError("its credential has too few iterations")
        salt, iterations = self._decoy_salt(first.user), ITERATIONS_MIN
        if known is not None:
            salt, iterations = known.credential.salt, known.credential.iterations
        self._first = first
        self._nonce = first.nonce + self._make_nonce().encode()
        self._first_answer = b"r=%b,s=%b,i=%d" % (self._nonce, base64.b64encode(salt), iterations)
        return self._first_answer

    def _check(self, first: ClientFirst, token: bytes) -> bytes:
        last = read_last(token)
        if not hmac.compare_digest(last.nonce, self._nonce):
            raise LoginError("its last SCRAM message has another nonce")
        if last.channel_binding != first.header:
            raise LoginError("its last SCRAM message is bound to another channel")
        if self._known is None:
            raise LoginError("the token is unknown" if first.is_token else "the user is unknown")
        signed = b",".join((first.bare, self._first_answer, last.without_proof))
        credential = self._known.credential
        if not is_proven(self._mechanism, credential, signed, last.proof):
            raise LoginError("the password is wrong")
        self.login = self._known.login
        signature = server_signature(self._mechanism, credential, signed)
        return b"v=" + base64.b64encode(signature)

    def _decoy_salt(self, user: str) -> bytes:
        return hmac.digest(self._decoy_key, user.encode(), "sha256")[:_SALT_BYTES]
