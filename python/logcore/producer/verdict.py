"""What to do with a batch, by what the broker said of it. Pure.

Invariant: an unknown code fails the batch, and with it only that batch.
Neighbours: `sender` carries the verdict out; `partition_queue` keeps the order.
"""

from enum import Enum, auto
from typing import Final

from logcore.common.errors import (
    ClientTimeoutError,
    DuplicateSequenceNumberError,
    InvalidProducerEpochError,
    MessageTooLargeError,
    OutOfOrderSequenceNumberError,
    RecordListTooLargeError,
    UnknownProducerIdError,
    error_for_code,
)


class Verdict(Enum):
    """What to do.

    Attributes:
        DONE: It is in the log.
        AGAIN: Send it again as it is.
        ANEW: It is not in the log, and its sequence is good for nothing: send it under a new epoch.
        HALVE: It is too large: send it in halves.
        FAIL: Give it up.
    """

    DONE = auto()
    AGAIN = auto()
    ANEW = auto()
    HALVE = auto()
    FAIL = auto()


_DONE: Final = {0, DuplicateSequenceNumberError.code}
_TOO_LARGE: Final = {MessageTooLargeError.code, RecordListTooLargeError.code}
_OUT_OF_ORDER: Final = {OutOfOrderSequenceNumberError.code, UnknownProducerIdError.code}


def judge(code: int, *, count: int, is_first: bool, has_sequence: bool, in_txn: bool) -> Verdict:
    """Say what to do with a batch.

    Args:
        code: The broker's error code, 0 for none.
        count: How many records it holds.
        is_first: Whether all that was sent before it to its partition is decided.
        has_sequence: Whether the producer is idempotent.
        in_txn: Whether it is part of a transaction.

    Example:
        >>> judge(45, count=1, is_first=False, has_sequence=True, in_txn=False)
        <Verdict.AGAIN: 2>
    """
    if code in _DONE:
        return Verdict.DONE
    if code in _TOO_LARGE:
        return Verdict.HALVE if count > 1 else Verdict.FAIL
    if has_sequence and code in _OUT_OF_ORDER:
        if not is_first:
            return Verdict.AGAIN
        return Verdict.FAIL if in_txn else Verdict.ANEW
    if has_sequence and code == InvalidProducerEpochError.code:
        return Verdict.FAIL if in_txn else Verdict.ANEW
    return Verdict.AGAIN if error_for_code(code).retriable else Verdict.FAIL


def too_late(place: tuple[str, int], timeout_ms: int, last: Exception | None) -> ClientTimeoutError:
    """Return why records are given up that were not acknowledged in time.

    Args:
        place: Their topic and partition.
        timeout_ms: How long it might take.
        last: What the last try failed with, if there was one.
    """
    reason = f": {last}" if last else ": no broker leads the partition, or none can be reached"
    error = ClientTimeoutError(
        f"records for {place[0]}-{place[1]} were not acknowledged within "
        f"delivery.timeout.ms ({timeout_ms} ms){reason}"
    )
    error.__cause__ = last
    return error
