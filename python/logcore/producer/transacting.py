"""Transactions as who sends in them sees them: that half of `AsyncProducer`.

Invariant: a transaction ends only after everything that was sent in it is decided; once its end
began, nothing more is taken.
Neighbours: `transactions` has the protocol; `async_producer` derives from this.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from logcore.client.cluster import Cluster
from logcore.client.positions import GroupFacts, Offsets
from logcore.common.errors import IllegalStateError
from logcore.common.types import override
from logcore.producer.outstanding import Outstanding
from logcore.producer.placing import Placing
from logcore.producer.sender import Sender
from logcore.producer.transactions import Transactions


class Transacting(ABC):
    """The transactions of an `AsyncProducer`."""

    placing: Placing
    _cluster: Cluster
    _outstanding: Outstanding
    _sender: Sender
    _transactions: Transactions | None

    @abstractmethod
    async def _flush(self) -> None:
        """Send what was taken, and wait for it."""

    @property
    def is_transactional(self) -> bool:
        """Whether records are sent in transactions only."""
        return self._transactions is not None

    def check_transaction(self) -> None:
        """Refuse records outside of a transaction, if the producer is transactional.

        Raises:
            IllegalStateError: If no transaction is open.
        """
        if self._transactions is not None:
            self._transactions.check_send()

    def transaction_guard(self) -> Callable[[], None]:
        """Return what refuses records from when the transaction that is open now ends.

        Who waits before a record is taken asks it again after that.
        """
        return _allow if self._transactions is None else self._transactions.guard()

    def _need_transactions(self) -> Transactions:
        self._cluster.check_loop()
        if self._transactions is None:
            raise IllegalStateError("the producer has no transactional.id, so no transactions")
        return self._transactions

    async def init_transactions(self) -> None:
        """Take over the transactional id.

        Whoever had it before is fenced, and its open transaction aborted. `begin_transaction` does
        it, the first time, if it was not done.

        Raises:
            KafkaError: If the coordinator refuses.
            ClientTimeoutError: After ``max.block.ms``.
        """
        await self._need_transactions().initialise()

    async def begin_transaction(self) -> None:
        """Begin a transaction: records sent from now on are part of it.

        Raises:
            IllegalStateError: If one is open.
        """
        await self._need_transactions().begin()

    async def commit_transaction(self) -> None:
        """Send what was taken, and commit the transaction.

        From now on it takes nothing more. What is cancelled may be called again, or aborted as long
        as records were waited for.

        Raises:
            TransactionAbortableError, KafkaError: If it cannot be committed; abort it then.
            ProducerFencedError: If another producer took over the transactional id.
            IllegalStateError: If no transaction is open, or it is being aborted.
        """
        transactions = self._need_transactions()
        number = transactions.close(commit=True)
        await self._until_decided(transactions)
        await transactions.end(number, commit=True)

    async def abort_transaction(self) -> None:
        """Abort the transaction: nobody who reads committed records sees anything of it."""
        self._need_transactions()
        await self._abort("the transaction was aborted")

    async def _abort(self, reason: str) -> None:
        transactions = self._need_transactions()
        error = IllegalStateError(reason)
        number = transactions.close(commit=False)
        self.placing.fail_all(error)
        self._sender.drop_unsent(error)
        await self._until_decided(transactions)
        await transactions.end(number, commit=False)

    async def _until_decided(self, transactions: Transactions) -> None:
        """Wait for everything, also of threads that were about to send when no more was taken."""
        await transactions.until_offsets_decided()
        await self._flush()
        while self._outstanding:
            await self._flush()

    async def send_offsets_to_transaction(self, offsets: Offsets, group: GroupFacts | str) -> None:
        """Commit offsets of a consumer group together with the transaction.

        Args:
            offsets: The next offset to read, by topic and partition.
            group: What ``consumer.group_facts()`` returns; or the group's id, without protection
                against members that the group has lost.

        Raises:
            IllegalStateError: If no transaction is open.
            CommitFailedError, KafkaError: If the group refuses them.
        """
        await self._need_transactions().send_offsets(offsets, group)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Begin a transaction that is committed at the end of the block, or aborted if it raises.

        Example:
            >>> async with producer.transaction():
            ...     producer.send("words", b"all")
            ...     producer.send("words", b"or nothing")
        """
        return _Transaction(self)


def _allow() -> None:
    """Allow records outside of transactions."""


class _Transaction(AbstractAsyncContextManager[None]):
    """A transaction as a block."""

    def __init__(self, producer: Transacting) -> None:
        self._producer = producer

    @override
    async def __aenter__(self) -> None:
        await self._producer.begin_transaction()

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            await self._producer.commit_transaction()
        else:
            await self._producer.abort_transaction()
