"""Users: their SCRAM credentials, and the quotas of users, clients and addresses.

Invariant: a password never leaves this process: it is salted here, as Kafka's clients do.
Neighbours: `asking` reaches the brokers; `common.scram` salts. Source: KIP-546, KIP-554.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.results import Results, collect, error_of, nothing
from logcore.client.blocking import blocking
from logcore.common.scram import BY_NUMBER, salted_password
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    EntityData,
    OpData,
    RequestEntryData,
)
from logcore.protocol.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
)
from logcore.protocol.messages.describe_client_quotas import (
    ComponentData,
    DescribeClientQuotasRequest,
)
from logcore.protocol.messages.describe_user_scram_credentials import (
    DescribeUserScramCredentialsRequest,
    UserName,
)

ITERATIONS: Final = 4096
SALT_BYTES: Final = 16
DEFAULT: Final[str | None] = None
"""The name of a quota that holds for whoever has none of their own."""


class AnyName:
    """Stands for every name in a question about quotas, see `ANY_NAME`."""


ANY_NAME: Final = AnyName()
"""Asks for quotas of every name of a kind, `DEFAULT` included."""

Entity = tuple[tuple[str, str | None], ...]
"""Whom a quota is for: pairs of "user", "client-id" or "ip" and a name, or `DEFAULT`."""


class Mechanism(IntEnum):
    """A mechanism of SCRAM, numbered as on the wire."""

    SCRAM_SHA_256 = 1
    SCRAM_SHA_512 = 2


@dataclass(frozen=True, slots=True)
class Credential:
    """What a user has of one mechanism; the password cannot be read back."""

    mechanism: Mechanism
    iterations: int


class AsyncUsers:
    """The credentials of a cluster's users.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def credentials(self, *users: str) -> Results[str, tuple[Credential, ...]]:
        """Return which credentials users have: all of them if none is named.

        Returns:
            The credentials, or why they cannot be told, by user.

        Raises:
            KafkaError: If the broker refuses.
            ClientError: If no broker answers in time.
        """
        named = [UserName(name=name) for name in users] or None
        request = DescribeUserScramCredentialsRequest(users=named)
        response = await self._asking.any("describe credentials", request)
        return collect(
            response.results,
            lambda result: result.user,
            lambda result: tuple(
                Credential(Mechanism(one.mechanism), one.iterations)
                for one in result.credential_infos
            ),
        )

    async def set_password(
        self,
        user: str,
        password: str,
        mechanism: Mechanism = Mechanism.SCRAM_SHA_512,
        *,
        iterations: int = ITERATIONS,
    ) -> None:
        """Give a user a password.

        Raises:
            KafkaError: If the broker refuses.
            ClientError: If no broker answers in time.
        """
        salt = secrets.token_bytes(SALT_BYTES)
        upsertion = ScramCredentialUpsertion(
            name=user,
            mechanism=int(mechanism),
            iterations=iterations,
            salt=memoryview(salt),
            salted_password=memoryview(
                salted_password(BY_NUMBER[mechanism], password, salt, iterations)
            ),
        )
        await self._alter(AlterUserScramCredentialsRequest(upsertions=[upsertion]))

    async def remove_password(self, user: str, mechanism: Mechanism) -> None:
        """Take a user's password of a mechanism away.

        Raises:
            KafkaError: If the broker refuses, or the user has none.
            ClientError: If no broker answers in time.
        """
        deletion = ScramCredentialDeletion(name=user, mechanism=int(mechanism))
        await self._alter(AlterUserScramCredentialsRequest(deletions=[deletion]))

    async def _alter(self, request: AlterUserScramCredentialsRequest) -> None:
        response = await self._asking.any("change credentials", request)
        collect(response.results, lambda result: result.user, nothing).raise_for_errors()


class Users(Part):
    """Users' passwords; see `AsyncUsers`."""

    credentials = blocking(AsyncUsers.credentials)
    set_password = blocking(AsyncUsers.set_password)
    remove_password = blocking(AsyncUsers.remove_password)


class AsyncQuotas:
    """The quotas of a cluster's clients.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def describe(
        self, components: Mapping[str, str | AnyName | None] | None = None, *, strict: bool = False
    ) -> dict[Entity, dict[str, float]]:
        """Return quotas.

        Args:
            components: Of whom: a name by "user", "client-id" or "ip", `DEFAULT` for the quota of
                the others, `ANY_NAME` for every one; everybody's if None.
            strict: Whether to leave out quotas that are for something else besides.

        Returns:
            Limits by key, such as ``producer_byte_rate``, by whom they are for.

        Raises:
            KafkaError: If the broker refuses.
            ClientError: If no broker answers in time.
        """
        request = DescribeClientQuotasRequest(
            components=[_component(kind, name) for kind, name in (components or {}).items()],
            strict=strict,
        )
        response = await self._asking.any("describe quotas", request)
        return {
            tuple((part.entity_type, part.entity_name) for part in entry.entity): {
                value.key: value.value for value in entry.values
            }
            for entry in response.entries or ()
        }

    async def alter(
        self,
        entity: Iterable[tuple[str, str | None]],
        limits: Mapping[str, float | None],
        *,
        validate_only: bool = False,
    ) -> None:
        """Change quotas.

        Args:
            entity: Whom they are for: pairs as in `Entity`.
            limits: Limits by key; None takes one away.
            validate_only: Whether only to see if it could be done.

        Raises:
            KafkaError: If the broker refuses.
            ClientError: If no broker answers in time.
        """
        entry = RequestEntryData(
            entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
            ops=[
                OpData(key=key, value=limit or 0.0, remove=limit is None)
                for key, limit in limits.items()
            ],
        )
        request = AlterClientQuotasRequest(entries=[entry], validate_only=validate_only)
        response = await self._asking.any("change quotas", request)
        for answer in response.entries:
            if answer.error_code:
                raise error_of(answer.error_code, answer.error_message, "quotas")


class Quotas(Part):
    """Quotas; see `AsyncQuotas`."""

    describe = blocking(AsyncQuotas.describe)
    alter = blocking(AsyncQuotas.alter)


_EXACT_NAME: Final = 0
_DEFAULT_NAME: Final = 1
_SPECIFIED_NAME: Final = 2


def _component(kind: str, name: str | AnyName | None) -> ComponentData:
    if isinstance(name, AnyName):
        return ComponentData(entity_type=kind, match_type=_SPECIFIED_NAME, match=None)
    match_type = _DEFAULT_NAME if name is None else _EXACT_NAME
    return ComponentData(entity_type=kind, match_type=match_type, match=name)
