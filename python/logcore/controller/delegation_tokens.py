"""Delegation tokens in the metadata: made, renewed, ended, found again by their secret.

Invariant: the secret of a token (its HMAC) is not in the metadata; it is computed from the token's
id by the key that brokers share (``delegation.token.secret.key``), so who reads the log cannot log
in. A token never outlives its greatest age, however often it is renewed.
Neighbours: `replay` keeps tokens in the image by the records made here; `broker.security` lets who
has a token's secret log in as its owner.
Source: Apache Kafka 4.3.1, `DelegationTokenControlManager`.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from logcore.common.errors import (
    DelegationTokenAuthDisabledError,
    DelegationTokenExpiredError,
    DelegationTokenNotFoundError,
    DelegationTokenOwnerMismatchError,
    InvalidPrincipalTypeError,
)
from logcore.common.principal import USER, Principal
from logcore.common.uuids import uuid_text
from logcore.protocol.internal.metadata import DelegationTokenRecord, RemoveDelegationTokenRecord

_LONG_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """What holds for tokens.

    Attributes:
        secret_key: What secrets are computed with; None where there are no tokens.
        lifetime_max_ms: Greatest age of a token.
        expiry_ms: How long a token is good before it must be renewed.
    """

    secret_key: bytes | None
    lifetime_max_ms: int
    expiry_ms: int

    def secret_of(self, token_id: str) -> bytes:
        """Return the secret of a token.

        Raises:
            DelegationTokenAuthDisabledError: If there are no tokens here.
        """
        if not self.secret_key:
            raise DelegationTokenAuthDisabledError("delegation.token.secret.key is not set")
        return hmac.digest(self.secret_key, token_id.encode(), "sha512")


@dataclass(frozen=True, slots=True)
class DelegationToken:
    """A token.

    Attributes:
        token_id: Its id, by which it logs in.
        owner: Whom it logs in as.
        requester: Who asked for it.
        renewers: Who may renew and end it besides its owner.
        issued_ms: When it was made.
        max_ms: When it ends at last.
        expiry_ms: When it ends unless it is renewed.
    """

    token_id: str
    owner: Principal
    requester: Principal
    renewers: tuple[Principal, ...]
    issued_ms: int
    max_ms: int
    expiry_ms: int

    def is_expired(self, now_ms: int) -> bool:
        """Whether it is over."""
        return min(self.max_ms, self.expiry_ms) < now_ms

    def concerns(self, principal: Principal) -> bool:
        """Whether somebody owns it or may renew it."""
        return principal == self.owner or principal in self.renewers


Tokens: TypeAlias = Mapping[str, DelegationToken]


def token_in(record: DelegationTokenRecord) -> DelegationToken:
    """Return the token that a record holds."""
    owner = _principal(record.owner)
    return DelegationToken(
        token_id=record.token_id,
        owner=owner,
        requester=_principal(record.requester) if record.requester else owner,
        renewers=tuple(map(_principal, record.renewers)),
        issued_ms=record.issue_timestamp,
        max_ms=record.max_timestamp,
        expiry_ms=record.expiration_timestamp,
    )


def record_of(token: DelegationToken) -> DelegationTokenRecord:
    """Return the record that makes a token."""
    return DelegationTokenRecord(
        owner=str(token.owner),
        requester=str(token.requester),
        renewers=[str(renewer) for renewer in token.renewers],
        issue_timestamp=token.issued_ms,
        max_timestamp=token.max_ms,
        expiration_timestamp=token.expiry_ms,
        token_id=token.token_id,
    )


def records_of(tokens: Tokens) -> Iterator[DelegationTokenRecord]:
    """Yield the records that make all tokens."""
    return map(record_of, tokens.values())


def _principal(text: str) -> Principal:
    kind, _, name = text.partition(":")
    return Principal(kind, name)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Somebody asks for a token.

    Attributes:
        owner: Whom it is to log in as.
        requester: Who asks.
        renewers: Who may renew it.
        lifetime_ms: How old it may get; not positive for as old as any may.
    """

    owner: Principal
    requester: Principal
    renewers: tuple[Principal, ...]
    lifetime_ms: int


def decide_creation(
    request: TokenRequest, settings: TokenSettings, token_id: bytes, now_ms: int
) -> tuple[DelegationToken, bytes]:
    """Decide about a new token.

    Returns:
        The token, to be recorded by `record_of`, and its secret.

    Raises:
        DelegationTokenAuthDisabledError: If there are no tokens here.
        InvalidPrincipalTypeError: If a renewer is no user.
    """
    name = uuid_text(token_id)
    secret = settings.secret_of(name)
    if any(renewer.kind != USER for renewer in request.renewers):
        raise InvalidPrincipalTypeError("only users can renew a token")
    lifetime_ms = settings.lifetime_max_ms
    if request.lifetime_ms > 0:
        lifetime_ms = min(lifetime_ms, request.lifetime_ms)
    max_ms = _sum(now_ms, lifetime_ms)
    made = DelegationToken(
        token_id=name,
        owner=request.owner,
        requester=request.requester,
        renewers=request.renewers,
        issued_ms=now_ms,
        max_ms=max_ms,
        expiry_ms=min(max_ms, _sum(now_ms, settings.expiry_ms)),
    )
    return made, secret


def find(tokens: Tokens, settings: TokenSettings, secret: bytes) -> DelegationToken:
    """Return the token that has a secret.

    Raises:
        DelegationTokenNotFoundError: If none has.
        DelegationTokenAuthDisabledError: If there are no tokens here.
    """
    settings.secret_of("")
    for token in tokens.values():
        if hmac.compare_digest(settings.secret_of(token.token_id), secret):
            return token
    raise DelegationTokenNotFoundError("no token has this HMAC")


def decide_renewal(
    token: DelegationToken,
    settings: TokenSettings,
    principal: Principal,
    period_ms: int,
    now_ms: int,
) -> DelegationToken:
    """Decide whether a token is good for longer, and return it as it is then.

    Raises:
        DelegationTokenExpiredError: If it is over.
        DelegationTokenOwnerMismatchError: If it is not for this principal to renew.
    """
    _check_not_expired(token, now_ms)
    _check_concerns(token, principal)
    period_ms = min(settings.expiry_ms, period_ms) if period_ms > 0 else settings.expiry_ms
    return replace(token, expiry_ms=min(token.max_ms, _sum(now_ms, period_ms)))


def decide_expiry(
    token: DelegationToken, principal: Principal, period_ms: int, now_ms: int
) -> DelegationToken | None:
    """Decide when a token ends, and return it as it is then; None if it ends at once.

    Raises:
        DelegationTokenExpiredError: If it is over.
        DelegationTokenOwnerMismatchError: If it is not for this principal to end.
    """
    _check_concerns(token, principal)
    if period_ms < 0:
        return None
    _check_not_expired(token, now_ms)
    return replace(token, expiry_ms=min(token.max_ms, _sum(now_ms, period_ms)))


def decide_sweep(tokens: Tokens, now_ms: int) -> Sequence[RemoveDelegationTokenRecord]:
    """Return the records that remove tokens which are over."""
    return [removal_of(token) for token in tokens.values() if token.is_expired(now_ms)]


def removal_of(token: DelegationToken) -> RemoveDelegationTokenRecord:
    """Return the record that removes a token."""
    return RemoveDelegationTokenRecord(token_id=token.token_id)


def _check_concerns(token: DelegationToken, principal: Principal) -> None:
    if not token.concerns(principal):
        raise DelegationTokenOwnerMismatchError(f"{principal} neither owns the token nor renews it")


def _check_not_expired(token: DelegationToken, now_ms: int) -> None:
    if token.is_expired(now_ms):
        raise DelegationTokenExpiredError("the token is over")


def _sum(now_ms: int, duration_ms: int) -> int:
    return min(_LONG_MAX, now_ms + duration_ms)
