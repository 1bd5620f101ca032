"""Who a producer is to brokers, as its sender asks for it; and the producer that is nobody.

Invariant: a batch is sent as whoever the producer is when it is first sent.
Neighbours: `identification` has the identity of idempotent producers, `transactions` that of
transactional ones; `sender` asks all of them the same.
"""

from typing import Protocol

from logcore.client.connection import Connection
from logcore.producer.partition_queue import NOBODY, Identity


class Identities(Protocol):
    """Who the producer is, and what it may send.

    Attributes:
        transactional_id: The id of its transactions, if it has any.
    """

    transactional_id: str | None

    @property
    def current(self) -> Identity | None:
        """Who it is now; None as long as that is being found out."""

    @property
    def error(self) -> Exception | None:
        """What went wrong, if nothing that was not sent yet may be sent any more."""

    def may_send(self, topic: str, partition: int) -> bool:
        """Whether a new batch may go to a partition now; if not, the sender is woken later."""

    def version_max(self, connection: Connection) -> int | None:
        """The highest version of Produce that may be used; None for no limit."""

    def lost(self, error: Exception) -> None:
        """Take note that a batch was lost, or refused."""

    def renew(self) -> None:
        """Become somebody newer, if that is up to the producer."""


class Plain:
    """Identities of a producer that has none."""

    transactional_id: str | None = None
    current: Identity | None = NOBODY
    error: Exception | None = None

    def may_send(self, topic: str, partition: int) -> bool:  # noqa: ARG002 - as all identities
        """Allow everything."""
        return True

    def version_max(self, connection: Connection) -> int | None:  # noqa: ARG002 - as all identities
        """Allow every version."""
        return None

    def lost(self, error: Exception) -> None:
        """Take no note."""

    def renew(self) -> None:
        """Stay nobody."""
