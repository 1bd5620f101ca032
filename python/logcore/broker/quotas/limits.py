"""Which limit holds for a client: Kafka's order of entities, from the closest to the most general.

Invariant: pure; a user with a client id comes before the user, the user before the client id, and
a name of one's own before the default. Clients that share an entity's limit share its account,
except that a default is for each of those that it holds for.
Neighbours: `client_quota` and `mutations` account by it.
Source: Apache Kafka 4.3.1, `ClientQuotaManager` and KIP-55.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from logcore.controller.client_quotas import CLIENT_ID, IP, USER, Quotas

_ABSENT: Final = ""
"""Stands for a part that an entity does not have; no name is empty."""

_DEFAULT: Final = None

AccountKey: TypeAlias = tuple[str, str]
"""User and client id whose account it is; the part that does not count is empty."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds for a client.

    Attributes:
        value: The limit.
        account: Whose account is charged.
    """

    value: float
    account: AccountKey


class Limits:
    """The limits of one key, such as ``producer_byte_rate``.

    Args:
        quotas: Everything that is set.
        key: The key.

    Example:
        >>> limits = Limits({(("user", "u"),): {"k": 5.0}, (("client-id", None),): {"k": 9.0}}, "k")
        >>> limits.of("u", "c")
        Limit(value=5.0, account=('u', ''))
        >>> limits.of("v", "c")
        Limit(value=9.0, account=('', 'c'))
    """

    def __init__(self, quotas: Quotas, key: str) -> None:
        self._values: dict[tuple[str | None, str | None], float] = {}
        for entity, values in quotas.items():
            named = dict(entity)
            if key in values and IP not in named:
                parts = (named.get(USER, _ABSENT), named.get(CLIENT_ID, _ABSENT))
                self._values[parts] = values[key]

    def __len__(self) -> int:
        return len(self._values)

    def of(self, user: str, client_id: str) -> Limit | None:
        """Return what holds for a client, None if nothing does."""
        both, user_alone, client_alone = (user, client_id), (user, _ABSENT), (_ABSENT, client_id)
        order: tuple[tuple[tuple[str | None, str | None], AccountKey], ...] = (
            (both, both),
            ((user, _DEFAULT), both),
            (user_alone, user_alone),
            ((_DEFAULT, client_id), both),
            ((_DEFAULT, _DEFAULT), both),
            ((_DEFAULT, _ABSENT), user_alone),
            (client_alone, client_alone),
            ((_ABSENT, _DEFAULT), client_alone),
        )
        for entity, account in order:
            value = self._values.get(entity)
            if value is not None:
                return Limit(value, account)
        return None


def address_limits(quotas: Quotas, key: str) -> Mapping[str | None, float]:
    """Return the limits of a key by address, or name of one; None is the default."""
    return {
        dict(entity)[IP]: values[key]
        for entity, values in quotas.items()
        if key in values and IP in dict(entity)
    }
