"""Becoming somebody to brokers: an id and an epoch, for idempotence without transactions.

Invariant: an identity is asked for by one request at a time; each is newer than the one before.
Neighbours: `sender` asks before it sends, and again when a sequence was lost; `transactions` has
the identities of transactional producers.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from logcore.client.cluster import Cluster
from logcore.client.connection import Connection
from logcore.client.retrying import until_done
from logcore.common.errors import LogcoreError, error_for_code
from logcore.producer.partition_queue import NOBODY, Identity
from logcore.protocol.messages.init_producer_id import (
    InitProducerIdRequest,
    InitProducerIdResponse,
)

EPOCH_MAX: Final = 0x7FFE
NO_TRANSACTIONS_MS: Final = 0x7FFFFFFF


class Idempotence:
    """The identity of an idempotent producer.

    Args:
        cluster: Whom to ask.
        timeout_s: How long asking may take.
        changed: Called when there is a new identity.
        failed: Called with the error when there can be none.
    """

    transactional_id: str | None = None

    def __init__(
        self,
        cluster: Cluster,
        timeout_s: float,
        changed: Callable[[], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self._cluster = cluster
        self._timeout_s = timeout_s
        self._changed = changed
        self._failed = failed
        self._identity: Identity | None = None
        self._asking: asyncio.Task[None] | None = None

    @property
    def current(self) -> Identity | None:
        """Who it is; None as long as that is being found out."""
        if self._identity is None:
            self._ask()
        return self._identity

    def may_send(self, topic: str, partition: int) -> bool:  # noqa: ARG002 - as all identities
        """Allow everything."""
        return True

    def version_max(self, connection: Connection) -> int | None:  # noqa: ARG002 - as all identities
        """Allow every version."""
        return None

    def lost(self, error: Exception) -> None:  # noqa: ARG002 - whatever it was
        """Become somebody newer: a sequence was lost."""
        self._ask()

    def renew(self) -> None:
        """Become somebody newer."""
        self._ask()

    def _ask(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = self._cluster.loop.create_task(self._identify())

    async def _identify(self) -> None:
        try:
            before = self._identity or NOBODY
            self._identity = await identify(self._cluster, before, self._timeout_s)
        except LogcoreError as error:
            self._failed(error)
        else:
            self._changed()


async def identify(cluster: Cluster, before: Identity, timeout_s: float) -> Identity:
    """Ask any broker for an identity, newer than one had before.

    Raises:
        KafkaError: If the broker refuses, such as without the right to write.
        ClientTimeoutError: If it cannot be had in time.
    """
    if before.epoch >= EPOCH_MAX:
        before = NOBODY
    request = InitProducerIdRequest(
        transactional_id=None,
        transaction_timeout_ms=NO_TRANSACTIONS_MS,
        producer_id=before.producer_id,
        producer_epoch=before.epoch,
    )

    async def ask() -> Identity:
        response: InitProducerIdResponse = await cluster.ask_any(request)
        if response.error_code:
            raise error_for_code(response.error_code)("no producer id can be had")
        return Identity(response.producer_id, response.producer_epoch)

    return await until_done(cluster, "get a producer id", ask, timeout_s)
