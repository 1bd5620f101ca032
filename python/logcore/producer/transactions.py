"""Transactions of a producer: who it is, what is part of one, and how it ends.

Both generations of the protocol: with transaction.version 2 a partition joins with its first batch
and every end gives a newer epoch (KIP-890); before, partitions and groups are announced first.
Invariants: nothing is sent outside of a transaction, and nothing that was taken in one is sent in
the next; after an error nothing is committed before the transaction was aborted; a producer that
was fenced stays so.
Neighbours: `sender` asks what it may send; `transacting` begins and ends; `transaction_requests`
puts partitions and offsets into requests.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final

from logcore.client.cluster import Cluster
from logcore.client.connection import Connection
from logcore.client.coordinators import CoordinatorKind, Coordinators
from logcore.client.positions import (
    GroupFacts,
    OffsetAndMetadata,
    Offsets,
    TopicPartition,
    with_metadata,
)
from logcore.client.retrying import until_done
from logcore.common.errors import (
    ClientError,
    CoordinatorNotAvailableError,
    IllegalStateError,
    InvalidProducerEpochError,
    InvalidProducerIdMappingError,
    KafkaError,
    LogcoreError,
    NotCoordinatorError,
    ProducerFencedError,
    TransactionalIdAuthorizationFailedError,
    error_for_code,
)
from logcore.producer.config import ProducerSettings
from logcore.producer.partition_queue import NOBODY, Identity
from logcore.producer.transaction_requests import codes_of, offsets_request, partitions_request
from logcore.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from logcore.protocol.messages.end_txn import EndTxnRequest
from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from logcore.protocol.schema import Message

FEATURE: Final = "transaction.version"
SECOND_VERSION: Final = 2
PRODUCE_FIRST: Final = 11
END_FIRST: Final = 4
COMMIT_FIRST: Final = 4
ADD_PARTITIONS_MAX: Final = 3
INIT_MAX: Final = 5


class State(Enum):
    """Where a transactional producer stands.

    Attributes:
        NEW: It has no id yet.
        READY: No transaction is open.
        OPEN: One is.
        CLOSING: It is to be committed or aborted: what it took is sent, and it takes nothing more.
        ENDING: It is being committed or aborted.
        UNSURE: No answer came: it may be committed, or aborted, or neither.
        ABORTABLE: It can only be aborted.
        FATAL: Nothing can be done any more.
    """

    NEW = auto()
    READY = auto()
    OPEN = auto()
    CLOSING = auto()
    ENDING = auto()
    UNSURE = auto()
    ABORTABLE = auto()
    FATAL = auto()


_SENDING: Final = (State.OPEN, State.CLOSING)
_FATAL: Final = (
    ProducerFencedError,
    InvalidProducerIdMappingError,
    TransactionalIdAuthorizationFailedError,
)
_IS_OPEN: Final = "a transaction is open already: commit or abort it first"
_MOVED: Final = (NotCoordinatorError, CoordinatorNotAvailableError)


class Transactions:
    """The transactions of one producer.

    Args:
        cluster: The cluster.
        settings: The producer's settings.
        wake: Called when more may be sent.
        drop: Called to give up what was never sent.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ProducerSettings,
        wake: Callable[[], object],
        drop: Callable[[Exception], object],
    ) -> None:
        assert settings.transactional_id is not None, "the caller looked"
        self.transactional_id: str | None = settings.transactional_id
        self._id: str = settings.transactional_id
        self._cluster = cluster
        self._coordinators = Coordinators(cluster)
        self._timeout_ms = settings.integer("transaction.timeout.ms")
        self._block_s = settings.integer("max.block.ms") / 1000
        self._wake = wake
        self._drop = drop
        self._state = State.NEW
        self._number = 0  # of the transaction, to tell it from others
        self._error: Exception | None = None
        self._identity: Identity | None = None
        self._is_second = False
        self._added: set[tuple[str, int]] = set()
        self._to_add: set[tuple[str, int]] = set()
        self._adding: asyncio.Task[None] | None = None
        self._has_begun = False  # at the coordinator
        self._commits = False
        self._offsets_in_turn = asyncio.Lock()

    # ------------------------------------------------------------ what the sender asks

    @property
    def current(self) -> Identity | None:
        """Who the producer is."""
        return self._identity

    @property
    def error(self) -> Exception | None:
        """Why nothing more is sent: what the transaction failed with, or that there is none."""
        if self._state in _SENDING:
            return None
        return self._error or IllegalStateError("the transaction ended before the record was sent")

    @property
    def is_open(self) -> bool:
        """Whether there is a transaction that is neither committed nor aborted."""
        return self._state in (*_SENDING, State.ABORTABLE)

    def may_send(self, topic: str, partition: int) -> bool:
        """Whether a batch may go to a partition; if it must be announced first, that is begun."""
        if self._state not in _SENDING:
            return False
        if self._is_second:
            self._has_begun = True
            return True
        if (topic, partition) in self._added:
            return True
        self._to_add.add((topic, partition))
        if self._adding is None or self._adding.done():
            self._adding = self._cluster.loop.create_task(self._add_partitions())
        return False

    def version_max(self, connection: Connection) -> int | None:  # noqa: ARG002 - as all identities
        """Before the second generation, newer versions of Produce must not be used."""
        return None if self._is_second else PRODUCE_FIRST

    def lost(self, error: Exception) -> None:
        """Take note that a batch was lost: the transaction can only be aborted."""
        self._fail(error)

    def renew(self) -> None:
        """Stay who it is: the end of the transaction brings another epoch."""

    def _fail(self, error: Exception) -> None:
        if isinstance(error, _FATAL):
            self._state = State.FATAL
            self._error = error
        elif self._state in (*_SENDING, State.ENDING):
            self._state = State.ABORTABLE
            self._error = error
        self._wake()

    # ------------------------------------------------------------ what the producer asks

    def check_send(self) -> None:
        """Refuse records outside of a transaction, or in one that ends or can only be aborted.

        Raises:
            IllegalStateError: If no transaction is open.
            LogcoreError: What the transaction failed with.
        """
        if self._state is not State.OPEN:
            self._refuse("send")

    def guard(self) -> Callable[[], None]:
        """Return what refuses records from when the transaction that is open now ends.

        Raises:
            As `check_send`.
        """
        number = self._number

        def check() -> None:
            self.check_send()
            self._check_number(number, "send")

        return check

    def _check_number(self, number: int, what: str) -> None:
        if number != self._number:
            raise IllegalStateError(f"cannot {what}: the transaction was ended meanwhile")

    def _refuse(self, what: str) -> None:
        if self._error is not None:
            raise self._error
        raise IllegalStateError(
            f"cannot {what}: no transaction is open; begin_transaction() comes first"
            if self._state in (State.NEW, State.READY)
            else f"cannot {what} while the transaction ends"
        )

    async def initialise(self) -> None:
        """Take over the transactional id.

        Raises:
            IllegalStateError: If a transaction is open.
            KafkaError: If the coordinator refuses.
        """
        if self._state is State.OPEN:
            raise IllegalStateError(_IS_OPEN)
        if self._state not in (State.NEW, State.READY):
            self._refuse("initialise")
        self._identity = await self._identify(NOBODY)
        self._state = State.READY

    async def begin(self) -> None:
        """Begin a transaction.

        Raises:
            IllegalStateError: If one is open.
        """
        if self._state is State.NEW:
            await self.initialise()
        if self._state is not State.READY:
            if self._error is not None:
                raise self._error
            raise IllegalStateError(_IS_OPEN)
        assert self.error is not None, "no transaction is open"
        self._drop(self.error)  # of threads that were about to send when the one before ended
        self._number += 1
        self._state = State.OPEN

    def close(self, *, commit: bool) -> int:
        """Take nothing more, as the transaction is to be committed or aborted.

        A commit that was not asked for yet may become an abort; an abort, which has given records
        up, cannot become a commit.

        Returns:
            The number of the transaction.

        Raises:
            IllegalStateError: If it is to be committed, but is being aborted.
        """
        self._check_closing(commit=commit)
        if self._state in _SENDING:
            self._state, self._commits = State.CLOSING, commit
        return self._number

    async def until_offsets_decided(self) -> None:
        """Wait for offsets that were taken before the transaction was closed."""
        async with self._offsets_in_turn:
            pass

    async def end(self, number: int, *, commit: bool) -> None:
        """Commit or abort a transaction that was closed; everything sent must be decided before.

        Args:
            number: What `close` returned.
            commit: Whether it is to be committed.

        Raises:
            LogcoreError: What the transaction failed with, if it was to be committed.
        """
        self._check_number(number, "commit" if commit else "abort")
        self._check_end(commit=commit)
        had_error = self._error is not None
        self._commits = commit
        self._state = State.ENDING
        try:
            if self._has_begun:
                await self._end(commit=commit)
            if had_error and not self._is_second and self._identity is not None:
                self._identity = await self._identify(self._identity)
        except KafkaError as error:
            self._state = State.ABORTABLE
            self._error = error
            if isinstance(error, (*_FATAL, InvalidProducerEpochError)):
                self._state = State.FATAL
            raise
        except BaseException:
            self._state = State.UNSURE
            raise
        self._error = None
        self._added.clear()
        self._to_add.clear()
        self._has_begun = False
        self._state = State.READY

    def _check_end(self, *, commit: bool) -> None:
        what = "commit" if commit else "abort"
        if self._state is State.UNSURE:
            if commit is not self._commits:
                tried = "commit" if self._commits else "abort"
                raise IllegalStateError(
                    f"cannot {what}: no answer came to the {tried} before, so it may be done; "
                    f"call {tried}_transaction() again"
                )
        elif self._state is State.CLOSING:
            self._check_closing(commit=commit)
        elif commit or self._state is not State.ABORTABLE:
            self._refuse(what)

    def _check_closing(self, *, commit: bool) -> None:
        if self._state is State.CLOSING and commit and not self._commits:
            raise IllegalStateError("cannot commit: the transaction is being aborted")

    async def send_offsets(self, offsets: Offsets, group: GroupFacts | str) -> None:
        """Commit offsets of a group with the transaction.

        Raises:
            IllegalStateError: If no transaction is open.
            ValueError: If an offset is negative; the transaction goes on without.
            KafkaError: If the group refuses.
        """
        if self._state is not State.OPEN:
            self._refuse("commit offsets")
        if not offsets:
            return
        known = with_metadata(offsets)
        facts = GroupFacts(group) if isinstance(group, str) else group
        async with self._offsets_in_turn:  # and who ends the transaction after them
            if self._state not in _SENDING:
                self._refuse("commit offsets")
            await self._send_offsets(known, facts)

    async def _send_offsets(
        self, offsets: dict[TopicPartition, OffsetAndMetadata], facts: GroupFacts
    ) -> None:
        try:
            if not self._is_second:
                await self._ask(AddOffsetsToTxnRequest, group_id=facts.group_id)
            self._has_begun = True
            await self._commit_offsets(offsets, facts)
        except KafkaError as error:
            self._fail(error)
            raise

    # ------------------------------------------------------------ requests

    async def _identify(self, before: Identity) -> Identity:
        request = InitProducerIdRequest(
            transactional_id=self._id,
            transaction_timeout_ms=self._timeout_ms,
            producer_id=before.producer_id,
            producer_epoch=before.epoch,
        )
        response = await self._ask_coordinator(
            f"take over transactional.id {self._id}",
            CoordinatorKind.TRANSACTION,
            self._id,
            request,
            INIT_MAX,
        )
        return Identity(response.producer_id, response.producer_epoch)

    async def _end(self, *, commit: bool) -> None:
        assert self._identity is not None, "a transaction was begun"
        request = EndTxnRequest(
            transactional_id=self._id,
            producer_id=self._identity.producer_id,
            producer_epoch=self._identity.epoch,
            committed=commit,
        )
        response = await self._ask_coordinator(
            "end the transaction",
            CoordinatorKind.TRANSACTION,
            self._id,
            request,
            None if self._is_second else END_FIRST,
        )
        if response.producer_id >= 0:
            self._identity = Identity(response.producer_id, response.producer_epoch)

    async def _ask(self, request: type[Message], **fields: object) -> Any:  # noqa: ANN401 - a response
        assert self._identity is not None, "a transaction was begun"
        made = request(
            transactional_id=self._id,
            producer_id=self._identity.producer_id,
            producer_epoch=self._identity.epoch,
            **fields,
        )
        name = request.__name__.removesuffix("Request")
        return await self._ask_coordinator(
            f"get {name} done", CoordinatorKind.TRANSACTION, self._id, made, None
        )

    async def _add_partitions(self) -> None:
        """Announce partitions, as the first generation asks for."""
        while self._to_add and self._identity is not None:
            places, self._to_add = self._to_add, set()
            try:
                await self._ask_coordinator(
                    "add partitions to the transaction",
                    CoordinatorKind.TRANSACTION,
                    self._id,
                    partitions_request(self._id, self._identity, places),
                    ADD_PARTITIONS_MAX,
                )
            except LogcoreError as error:
                self._fail(error)
                return  # it woke the sender
            self._added |= places
            self._has_begun = True
        self._wake()

    async def _commit_offsets(
        self, offsets: dict[TopicPartition, OffsetAndMetadata], facts: GroupFacts
    ) -> None:
        assert self._identity is not None, "a transaction was begun"
        await self._ask_coordinator(
            "commit offsets in the transaction",
            CoordinatorKind.GROUP,
            facts.group_id,
            offsets_request(self._id, self._identity, offsets, facts),
            None if self._is_second else COMMIT_FIRST,
        )

    async def _ask_coordinator(
        self,
        what: str,
        kind: CoordinatorKind,
        key: str,
        request: Message,
        at_most: int | None,
    ) -> Any:  # noqa: ANN401 - the response of the request's API
        """Ask a coordinator until it answers without an error that passes."""

        async def attempt() -> Any:  # noqa: ANN401 - as above
            node_id = await self._coordinators.find(kind, key)
            try:
                connection = await self._cluster.connection(node_id)
                if isinstance(request, InitProducerIdRequest):
                    level = connection.ranges.features.get(FEATURE, 0)
                    self._is_second = level >= SECOND_VERSION
                response = await self._cluster.ask(node_id, request, at_most=at_most)
                for code in codes_of(response):
                    raise error_for_code(code)(f"could not {what}")
            except (ClientError, *_MOVED):
                self._coordinators.forget(kind, key)
                raise
            return response

        return await until_done(self._cluster, what, attempt, self._block_s)
