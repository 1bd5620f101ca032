"""How a producer is told that another has taken over: old clients know one error, newer ones two.

Invariant: PRODUCER_FENCED reaches only clients that know it; to the others it is
INVALID_PRODUCER_EPOCH, which they treat alike.
Neighbours: the handlers of transactions, each of which learned of it in another version.
"""

from collections.abc import Callable
from typing import TypeVar

from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

T = TypeVar("T")
U = TypeVar("U")


def told(error: KafkaError, version: int, known_since: int) -> KafkaError:
    """Return the error that a client understands.

    Args:
        error: What happened.
        version: The version of its request.
        known_since: The version that brought PRODUCER_FENCED to the API.
    """
    if version < known_since and isinstance(error, ProducerFencedError):
        return InvalidProducerEpochError(str(error))
    return error


def answer_with(
    done: Deferred[T],
    succeeded: Callable[[T], U],
    failed: Callable[[KafkaError], U],
) -> Deferred[U]:
    """Return the answer to what was done: of its value, or of its error."""
    answer: Deferred[U] = Deferred()

    def tell(done: Deferred[T]) -> None:
        error = done.error
        if error is None:
            answer.complete(succeeded(done.value()))
        elif isinstance(error, KafkaError):
            answer.complete(failed(error))
        else:
            answer.fail(error)

    done.then(tell)
    return answer
