"""The exceptions of clients that no broker sends: nobody answered, closed, too much at once.

Invariant: each says whose fault it is and what to do; `retriable` means that the same call may
succeed later, as for errors with a Kafka code.
Neighbours: `errors` is what other rooms import; `logcore.client` and what stands on it raise these.
"""

from typing import ClassVar

from logcore.common.error_base import LogcoreError


class ClientError(LogcoreError):
    """A client could not do what was asked, and it was not a broker that said so.

    Attributes:
        retriable: Whether the same call may succeed later.
    """

    retriable: ClassVar[bool] = False


class ClientClosedError(ClientError):
    """The client was closed before the call, or meanwhile."""


class ForkedClientError(ClientClosedError):
    """The client was made before a fork and is used in the child: make one there."""


class BrokerUnreachableError(ClientError, ConnectionError):
    """No connection to a broker could be made.

    Attributes:
        attempts: What was tried, as address and reason.
    """

    retriable = True

    def __init__(self, message: str = "", *, attempts: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.attempts = attempts or {}


class ConnectionLostError(ClientError, ConnectionError):
    """A connection ended before the answer came: whether the request was done is unknown."""

    retriable = True


class ClientTimeoutError(ClientError, TimeoutError):
    """Something was not done in its time; the message says what, and which setting bounds it."""

    retriable = True


class BufferExhaustedError(ClientTimeoutError):
    """A producer holds ``buffer.memory`` bytes of unsent records and found no room in time."""


class SerializationError(ClientError):
    """A serializer or deserializer raised; what it raised is the cause.

    Attributes:
        topic: Of which topic.
        partition: Of which partition, where that is known.
        offset: Of which record, where that is known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        topic: str | None = None,
        partition: int | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(message)
        self.topic = topic
        self.partition = partition
        self.offset = offset


class PartitionerError(ClientError):
    """A program's own partitioner raised, which is the cause, or chose what is not there.

    Attributes:
        topic: Of which topic.
    """

    def __init__(self, message: str = "", *, topic: str | None = None) -> None:
        super().__init__(message)
        self.topic = topic


class TokenUnavailableError(ClientError):
    """No bearer token to log in with can be had now: whoever gives them failed, or gave none."""

    retriable = True


class TokenRefusedError(ClientError):
    """An identity provider gives us no bearer token: it does not know us, or not for this."""


class NoOffsetForPartitionError(ClientError):
    """A partition has no committed offset, and ``auto.offset.reset`` is ``none``.

    Attributes:
        partitions: Topics and partitions in question.
    """

    def __init__(self, message: str = "", *, partitions: tuple[tuple[str, int], ...] = ()) -> None:
        super().__init__(message)
        self.partitions = partitions


class IllegalStateError(ClientError):
    """A call makes no sense now, such as a send of a transactional producer outside of one."""


class CommitFailedError(ClientError):
    """Offsets were not committed, as the group gave the partitions to others.

    It rebalanced while records were processed: process faster, take fewer at once with
    ``max.poll.records``, or raise ``max.poll.interval.ms``. Whoever has the partitions now reads
    the records again.
    """


class WrongThreadError(IllegalStateError):
    """An asynchronous client was used from another thread or loop than the one it runs on."""
