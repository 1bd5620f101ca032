"""Delegation tokens: passes that a user makes for programs, so that they need no password.

Invariant: the secret of a token is shown nowhere but in `Token.hmac`.
Neighbours: `asking` reaches the brokers; `users` has passwords. A client logs in with a token by
SCRAM, its id as the user's name and its secret in base64 as the password.
Source: KIP-48, KIP-373.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.client.blocking import blocking
from logcore.protocol.messages.create_delegation_token import (
    CreatableRenewers,
    CreateDelegationTokenRequest,
)
from logcore.protocol.messages.describe_delegation_token import (
    DescribeDelegationTokenOwner,
    DescribeDelegationTokenRequest,
)
from logcore.protocol.messages.expire_delegation_token import ExpireDelegationTokenRequest
from logcore.protocol.messages.renew_delegation_token import RenewDelegationTokenRequest

_BROKERS_LIMIT: Final = -1
"""A time that leaves it to the broker: its longest life, or its usual renewal."""


@dataclass(frozen=True, slots=True)
class Token:
    """A delegation token.

    Attributes:
        token_id: Its id, which a client gives as its user's name.
        hmac: Its secret; in base64 it is the client's password.
        owner: Whom who logs in with it is, such as ``User:alice``.
        requester: Who asked for it.
        issued_ms: When it was made, in milliseconds since 1970 UTC.
        expires_ms: Until when it holds, if it is not renewed.
        ends_ms: Until when it can be renewed.
        renewers: Who may renew it beside its owner.
    """

    token_id: str
    hmac: bytes = field(repr=False)
    owner: str
    requester: str
    issued_ms: int
    expires_ms: int
    ends_ms: int
    renewers: tuple[str, ...]


class AsyncTokens:
    """The delegation tokens of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def create(
        self,
        *,
        owner: str | None = None,
        renewers: Iterable[str] = (),
        lifetime: timedelta | None = None,
    ) -> Token:
        """Make a token.

        Args:
            owner: For whom, such as ``User:alice``; for who asks if None.
            renewers: Who may renew it beside its owner.
            lifetime: How long it can live with renewals; as long as the broker allows if None.

        Raises:
            DelegationTokenAuthDisabledError: If the brokers have no key to make tokens with.
            DelegationTokenRequestNotAllowedError: If one has not logged in, or only with a token.
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        kind, name = (None, None) if owner is None else _principal(owner)
        listed = tuple(renewers)
        request = CreateDelegationTokenRequest(
            owner_principal_type=kind,
            owner_principal_name=name,
            renewers=[
                CreatableRenewers(principal_type=kind, principal_name=name)
                for kind, name in map(_principal, listed)
            ],
            max_lifetime_ms=_milliseconds(lifetime),
        )
        made = await self._asking.any("create a delegation token", request)
        return Token(
            made.token_id,
            bytes(made.hmac),
            _shown(made, "principal"),
            _shown(made, "token_requester_principal"),
            made.issue_timestamp_ms,
            made.expiry_timestamp_ms,
            made.max_timestamp_ms,
            listed,
        )

    async def renew(self, hmac: bytes, period: timedelta | None = None) -> int:
        """Let a token hold for longer.

        Args:
            hmac: Its secret.
            period: For how long from now; as long as the broker usually grants if None.

        Returns:
            Until when it holds, in milliseconds since 1970 UTC.

        Raises:
            DelegationTokenNotFoundError: If there is no such token.
            DelegationTokenExpiredError: If it is over.
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        request = RenewDelegationTokenRequest(
            hmac=memoryview(hmac), renew_period_ms=_milliseconds(period)
        )
        response = await self._asking.any("renew a delegation token", request)
        return int(response.expiry_timestamp_ms)

    async def expire(self, hmac: bytes, after: timedelta | None = None) -> int:
        """Let a token hold for less long.

        Args:
            hmac: Its secret.
            after: For how long from now; not at all if None.

        Returns:
            Until when it holds, in milliseconds since 1970 UTC.

        Raises:
            DelegationTokenNotFoundError: If there is no such token.
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        request = ExpireDelegationTokenRequest(
            hmac=memoryview(hmac), expiry_time_period_ms=_milliseconds(after)
        )
        response = await self._asking.any("expire a delegation token", request)
        return int(response.expiry_timestamp_ms)

    async def describe(self, *owners: str) -> list[Token]:
        """Return the tokens that one may see.

        Args:
            owners: Only those that these principals own or may renew; all if none is named.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        named = [
            DescribeDelegationTokenOwner(principal_type=kind, principal_name=name)
            for kind, name in map(_principal, owners)
        ]
        request = DescribeDelegationTokenRequest(owners=named or None)
        response = await self._asking.any("describe delegation tokens", request)
        found = (
            Token(
                one.token_id,
                bytes(one.hmac),
                _shown(one, "principal"),
                _shown(one, "token_requester_principal"),
                one.issue_timestamp,
                one.expiry_timestamp,
                one.max_timestamp,
                tuple(_shown(renewer, "principal") for renewer in one.renewers),
            )
            for one in response.tokens
        )
        return sorted(found, key=lambda token: (token.issued_ms, token.token_id))


class Tokens(Part):
    """Delegation tokens; see `AsyncTokens`."""

    create = blocking(AsyncTokens.create)
    renew = blocking(AsyncTokens.renew)
    expire = blocking(AsyncTokens.expire)
    describe = blocking(AsyncTokens.describe)


def _principal(text: str) -> tuple[str, str]:
    kind, separator, name = text.partition(":")
    if not separator or not kind:
        raise ValueError(f"{text}: write a principal as User:NAME")
    return kind, name


def _shown(told: Any, prefix: str) -> str:  # noqa: ANN401 - of either response
    kind, name = getattr(told, f"{prefix}_type"), getattr(told, f"{prefix}_name")
    return f"{kind}:{name}" if kind else ""


def _milliseconds(period: timedelta | None) -> int:
    return _BROKERS_LIMIT if period is None else period // timedelta(milliseconds=1)
