"""What a handler of a coordinator decides: records to append and a response to give afterwards.

Invariant: a handler that returns records has not applied them; the runtime appends them first and
then hands each to `replay`. A record is typed here; its bytes exist only between here and the log.
Neighbours: `runtime` performs results; `group/records.py` makes records.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from logcore.common.errors import (
    CoordinatorNotAvailableError,
    InvalidFetchSizeError,
    KafkaError,
    KafkaStorageError,
    LogClosedError,
    MessageTooLargeError,
    NotCoordinatorError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    NotLeaderOrFollowerError,
    RecordListTooLargeError,
    RequestTimedOutError,
    UnknownServerError,
    UnknownTopicOrPartitionError,
)

R = TypeVar("R")
S = TypeVar("S")

OnAppend = Callable[[KafkaError | None], object]
"""Told once the records are appended and replayed (None), or refused (why)."""


class CoordinatorRecord(NamedTuple):
    """A record of a coordinator's log, before it is bytes.

    Attributes:
        key: The key's message; its class says what the record is about.
        value: The value's message; None is a tombstone.
        version: The version to write the value in; 0 with a tombstone.
    """

    key: Any
    value: Any
    version: int = 0


class CoordinatorResult(Generic[R]):
    """What a handler decided.

    Args:
        records: What to append, as one batch; possibly nothing.
        response: What to answer once they are appended.
        on_append: Called before the response is given, for what is not in records: timers to set,
            parked requests to answer. Not called when there are no records.
    """

    __slots__ = ("on_append", "records", "response")

    def __init__(
        self,
        records: Sequence[CoordinatorRecord] = (),
        response: R | None = None,
        on_append: OnAppend | None = None,
    ) -> None:
        self.records = records
        self.response = response
        self.on_append = on_append

    def with_response(self, response: S) -> "CoordinatorResult[S]":
        """Return the same decision with another response."""
        return CoordinatorResult(self.records, response, self.on_append)


NOTHING: CoordinatorResult[Any] = CoordinatorResult()
"""Nothing to append, nothing to say."""


def deciding(
    records: Sequence[CoordinatorRecord], response: R, actions: Sequence[Callable[[], object]]
) -> CoordinatorResult[R]:
    """Return a result whose actions run once the records are replayed; at once without any."""

    def act(error: KafkaError | None) -> None:
        if error is None:
            for action in actions:
                action()

    if not records:
        act(None)
    return CoordinatorResult(records, response, act)


_UNAVAILABLE = (
    UnknownTopicOrPartitionError,
    NotEnoughReplicasError,
    NotEnoughReplicasAfterAppendError,
    RequestTimedOutError,
)
_MOVED = (NotLeaderOrFollowerError, KafkaStorageError)
_TOO_LARGE = (MessageTooLargeError, RecordListTooLargeError, InvalidFetchSizeError)


def append_error(error: Exception) -> KafkaError:
    """Translate why an append failed into what the client of a coordinator can act on.

    Args:
        error: What the log raised.

    Returns:
        The error to answer with: look for the coordinator again, try again later, or give up.
    """
    if isinstance(error, _UNAVAILABLE):
        return CoordinatorNotAvailableError(str(error))
    if isinstance(error, (*_MOVED, LogClosedError)):
        return NotCoordinatorError(str(error))
    if isinstance(error, _TOO_LARGE) or not isinstance(error, KafkaError):
        return UnknownServerError(str(error))
    return error
