"""Becoming somebody to brokers: an id and an epoch, for idempotence without transactions.

Invariant: an identity is asked for by one request at a time. When a sequence was lost the producer
becomes the next epoch of the same id by itself, as Java's does: brokers then refuse what an older
epoch still has on its way, so that a batch sent anew is not doubled by its first sending.
Neighbours: `sender` asks before it sends; `transactions` has the identities of transactional
producers.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from logcore.client.cluster import Cluster
from logcore.client.connection import Connection
from logcore.client.retrying import until_done
from logcore.common.errors import ClientTimeoutError, LogcoreError, error_for_code
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
    error: Exception | None = None

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
        self._is_changing = False

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
        self.renew()

    def renew(self) -> None:
        """Become somebody newer, soon; once for all that ask for it meanwhile."""
        if not self._is_changing:
            self._is_changing = True
            self._cluster.loop.call_soon(self._become_newer)

    def _become_newer(self) -> None:
        self._is_changing = False
        if self._identity is not None:
            producer_id, epoch = self._identity
            is_last = epoch >= EPOCH_MAX
            self._identity = None if is_last else Identity(producer_id, epoch + 1)
        self._changed()

    def _ask(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = self._cluster.loop.create_task(self._identify())

    async def _identify(self) -> None:
        try:
            self._identity = await identify(self._cluster, self._timeout_s)
        except ClientTimeoutError:
            self._changed()  # records wait as long as delivery.timeout.ms allows: ask again
        except LogcoreError as error:
            self._failed(error)
        else:
            self._changed()


async def identify(cluster: Cluster, timeout_s: float) -> Identity:
    """Ask any broker for an identity.

    Raises:
        KafkaError: If the broker refuses, such as without the right to write.
        ClientTimeoutError: If it cannot be had in time.
    """
    request = InitProducerIdRequest(
        transactional_id=None,
        transaction_timeout_ms=NO_TRANSACTIONS_MS,
        producer_id=NOBODY.producer_id,
        producer_epoch=NOBODY.epoch,
    )

    async def ask() -> Identity:
        response: InitProducerIdResponse = await cluster.ask_any(request)
        if response.error_code:
            raise error_for_code(response.error_code)("no producer id can be had")
        return Identity(response.producer_id, response.producer_epoch)

    return await until_done(cluster, "get a producer id", ask, timeout_s)
