"""What may be proposed to the metadata log, and how it is refused what may not.

The log takes a proposal as one batch. One that is too large for that, or that cannot be written at
all, is no fault of the disk: it is refused before anything has counted it, and only it.
Invariant: what `framed` returns can be appended.
Neighbours: `controller` and `metadata_log` frame here; the modules that decide make the records.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias, TypeVar

from logcore.common.errors import InvalidRequestError, KafkaError, PolicyViolationError
from logcore.controller.records import encoded
from logcore.protocol.errors import UnencodableMessageError

BATCH_BYTES_MAX: Final = 64 << 20
"""How large a batch of the metadata log may be."""

_BATCH_OVERHEAD: Final = 61
_RECORD_OVERHEAD: Final = 19
"""What a batch and each of its records need at most besides the records' values."""

R = TypeVar("R")

Framed: TypeAlias = list[tuple[None, bytes]]
Refuse: TypeAlias = Callable[[R, KafkaError], R]
"""Turns an answer into one of an error, where what it tells of cannot be proposed."""


def framed(records: Iterable[Any]) -> Framed:
    """Return the keys and values by which records stand in the log.

    Raises:
        PolicyViolationError: If they are too large for one batch.
        InvalidRequestError: If one of them cannot be written.
    """
    try:
        values: Framed = [(None, encoded(record)) for record in records]
    except UnencodableMessageError as error:
        raise InvalidRequestError(f"the change cannot be written down: {error}") from error
    size = _BATCH_OVERHEAD + sum(len(value) + _RECORD_OVERHEAD for _, value in values)
    if size > BATCH_BYTES_MAX:
        raise PolicyViolationError(
            f"a change of {size} bytes; at most {BATCH_BYTES_MAX} may be changed at once"
        )
    return values


def refuse_results(response: Any, error: KafkaError) -> Any:  # noqa: ANN401 - any that has results
    """Give the results of a response an error, those that would tell that all went well."""
    for result in response.results:
        if not result.error_code:
            result.error_code, result.error_message = error.code, str(error)
    return response
