"""Accounts of clients, made when first needed and bounded in number.

Invariant: a change of limits keeps what was counted; no more than `ACCOUNTS_MAX` accounts are
held, of which the oldest make room, so that a client cannot fill memory with new names.
Neighbours: `client_quota` keeps rates in them, `mutations` buckets.
"""

from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from logcore.broker.quotas.limits import AccountKey, Limit, Limits

ACCOUNTS_MAX: Final = 10_000

T = TypeVar("T")


class Accounts(Generic[T]):
    """What was counted for whom.

    Args:
        limits: What holds for whom.
        make: Makes an empty account under a limit.
        adapt: Told of the limit that an account has after a change.
    """

    def __init__(
        self,
        limits: Limits,
        make: Callable[[float], T],
        adapt: Callable[[T, float], object] = lambda _account, _value: None,
    ) -> None:
        self._limits = limits
        self._make = make
        self._adapt = adapt
        self._accounts: dict[AccountKey, T] = {}
        self._of_client: dict[tuple[str, str], tuple[Limit, T] | None] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def change(self, limits: Limits) -> None:
        """Go by other limits from now on."""
        self._limits = limits
        self._of_client.clear()

    def of(self, user: str, client_id: str) -> tuple[Limit, T] | None:
        """Return the limit and the account of a client, None if no limit holds for it."""
        client = (user, client_id)
        try:
            return self._of_client[client]
        except KeyError:
            found = self._find(user, client_id)
            if len(self._of_client) >= ACCOUNTS_MAX:
                self._of_client.clear()
            self._of_client[client] = found
            return found

    def __iter__(self) -> Iterator[tuple[AccountKey, T]]:
        return iter(self._accounts.items())

    def _find(self, user: str, client_id: str) -> tuple[Limit, T] | None:
        limit = self._limits.of(user, client_id)
        if limit is None:
            return None
        account = self._accounts.get(limit.account)
        if account is None:
            if len(self._accounts) >= ACCOUNTS_MAX:
                del self._accounts[next(iter(self._accounts))]
            account = self._accounts[limit.account] = self._make(limit.value)
        else:
            self._adapt(account, limit.value)
        return limit, account
