"""What a bearer token claims (RFC 7519), and whether that holds here and now.

Invariant: claims count only once the signature has been checked, or where the settings say in so
many words that tokens need none. Every number and list in a token is checked for what it is.
Neighbours: `jws` checks signatures; `oauthbearer` asks; `oauth_settings` makes the rules.
Source: Apache Kafka 4.3.1, `BrokerJwtValidator` and `OAuthBearerUnsecuredValidatorCallbackHandler`.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from logcore.broker.security.exchange import Login
from logcore.broker.security.oauthbearer import TokenRefusedError

_SECONDS_MAX: Final = 2**53
_PARTS: Final = 3


class Unverified(NamedTuple):
    """A token taken apart, of which nothing has been checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What a token must claim.

    Attributes:
        subject_claim: The claim that names the user.
        scope_claim: The claim that lists scopes.
        skew_ms: How far clocks may be apart.
        issuer: Who must have issued it; None for anybody.
        audiences: For whom it must be issued, one of them; empty for tokens that name nobody.
        is_signed: Whether somebody signed it: then it must say when, and for whom; else a time of
            issue, if it has one, must not be in the future.
        scopes: Scopes that it must have, all of them.
    """

    subject_claim: str = "sub"
    scope_claim: str = "scope"
    skew_ms: int = 0
    issuer: str | None = None
    audiences: frozenset[str] = frozenset()
    is_signed: bool = True
    scopes: frozenset[str] = frozenset()

    def login(self, claims: Mapping[str, Any], now_ms: int) -> Login:
        """Return who is claimed to be, if all claims hold.

        Raises:
            TokenRefusedError: If one does not.
        """
        expires_ms = self._check_times(claims, now_ms)
        self._check_parties(claims)
        self._check_scopes(claims)
        name = claims.get(self.subject_claim)
        if not isinstance(name, str) or not name.strip():
            raise TokenRefusedError(f"the token's claim {self.subject_claim} names nobody")
        if any("\ud800" <= each <= "\udfff" for each in name):
            raise TokenRefusedError(f"the token's claim {self.subject_claim} is no text")
        return Login(name.strip(), expires_ms)

    def _check_times(self, claims: Mapping[str, Any], now_ms: int) -> int:
        """Check when a token was issued, begins and ends, and return the latter."""
        expires_ms, issued_ms = _time_ms(claims, "exp"), _time_ms(claims, "iat")
        begins_ms = _time_ms(claims, "nbf")
        if expires_ms is None:
            raise TokenRefusedError("the token has no expiration time")
        if issued_ms is None and self.is_signed:
            raise TokenRefusedError("the token does not say when it was issued")
        if expires_ms <= now_ms - self.skew_ms:
            raise TokenRefusedError("the token is expired")
        for name, time_ms in (("iat", issued_ms), ("nbf", begins_ms)):
            may_be_later = self.is_signed and name == "iat"
            if time_ms is not None and time_ms > now_ms + self.skew_ms and not may_be_later:
                raise TokenRefusedError(f"the token's {name} is in the future")
            if time_ms is not None and time_ms > expires_ms:
                raise TokenRefusedError(f"the token's {name} is after its end")
        return expires_ms

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        if self.issuer is not None and claims.get("iss") != self.issuer:
            raise TokenRefusedError("the token is of another issuer")
        if not self.is_signed:
            return
        audience = _texts(claims, "aud")
        if self.audiences and not self.audiences & audience:
            raise TokenRefusedError("the token is for another audience")
        if audience and not self.audiences:
            raise TokenRefusedError(
                "the token names an audience, and sasl.oauthbearer.expected.audience is not set"
            )

    def _check_scopes(self, claims: Mapping[str, Any]) -> None:
        scopes = _texts(claims, self.scope_claim)
        if any(not scope.strip() for scope in scopes):
            raise TokenRefusedError("a scope of the token is blank")
        missing = self.scopes - scopes
        if missing:
            wanted = " ".join(sorted(self.scopes))
            raise TokenRefusedError("the token lacks a scope", "insufficient_scope", wanted)


def take_apart(token: str) -> Unverified:
    """Take a token apart.

    Raises:
        TokenRefusedError: If it is none.
    """
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise TokenRefusedError("the token has not three parts")
    header, claims, signature = map(_decoded, parts)
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    return Unverified(_object(header), _object(claims), signed, signature)


def unsecured_login(token: str, rules: ClaimRules, now_ms: int) -> Login:
    """Return whom a token names that says of itself that nobody signed it.

    Raises:
        TokenRefusedError: If it is signed, or a claim does not hold.
    """
    unverified = take_apart(token)
    if unverified.header.get("alg") != "none" or unverified.signature:
        raise TokenRefusedError("the token is signed, and signatures are not checked here")
    return rules.login(unverified.claims, now_ms)


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenRefusedError("a part of the token is not base64") from None


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise TokenRefusedError("a part of the token is not JSON") from None
    if not isinstance(value, dict):
        raise TokenRefusedError("a part of the token is no JSON object")
    return value


def _time_ms(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _SECONDS_MAX:
        raise TokenRefusedError(f"the token's claim {name} is no time")
    return int(value * 1000)


def _texts(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """Return the values of a claim that is a text or a list of texts."""
    value = claims.get(name)
    if value is None:
        return frozenset()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise TokenRefusedError(f"the token's claim {name} is no text and no list of texts")
    return frozenset(texts)
