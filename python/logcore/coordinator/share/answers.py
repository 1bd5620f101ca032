"""Putting the answers about single keys together into the response of an API.

Invariant: a request that cannot be asked at all is answered with nothing, as Kafka does; else every
partition asked for has a result, in the order asked.
Neighbours: `service` asks key by key with these.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypedDict, TypeVar

from logcore.common.deferred import Deferred, gather
from logcore.common.errors import KafkaError, UnknownServerError
from logcore.coordinator.share.state import ShareKey

P = TypeVar("P", bound="PartitionAsked")
R = TypeVar("R")
T = TypeVar("T")
V = TypeVar("V")
P_co = TypeVar("P_co", covariant=True)


class PartitionAsked(Protocol):
    """A partition of a request."""

    @property
    def partition(self) -> int:
        """Its index."""


class TopicAsked(Protocol[P_co]):
    """A topic of a request, with its partitions."""

    @property
    def topic_id(self) -> bytes:
        """Its id."""

    @property
    def partitions(self) -> Sequence[P_co]:
        """Its partitions."""


def each(
    group_id: str,
    topics: Sequence[TopicAsked[P]],
    ask: Callable[[ShareKey, P], Deferred[R]],
    make: Callable[..., T],
) -> Deferred[list[T]]:
    """Ask for each partition of a request, and answer by topic in the same order.

    Nothing is asked, and nothing answered, if the request names no group or a topic without
    partitions.

    Args:
        group_id: The group.
        topics: What is asked for.
        ask: Asks for one partition; never fails.
        make: Makes the result of a topic.
    """
    if not group_id or not all(topic.partitions for topic in topics):
        return Deferred.of([])
    by_topic = [
        (
            topic.topic_id,
            [
                ask(ShareKey(group_id, topic.topic_id, one.partition), one)
                for one in topic.partitions
            ],
        )
        for topic in topics
    ]
    return gather(one for _, asked in by_topic for one in asked).map(
        lambda _: [
            make(topic_id=topic_id, partitions=[one.value() for one in asked])
            for topic_id, asked in by_topic
        ]
    )


def answered(
    done: Deferred[V], made: Callable[[V], R], failed: Callable[[KafkaError], R]
) -> Deferred[R]:
    """Return an answer made of a value, or of the error where there is none."""
    answer: Deferred[R] = Deferred()

    def tell(told: Deferred[V]) -> None:
        error = told.error
        if error is None:
            answer.complete(made(told.value()))
        elif isinstance(error, KafkaError):
            answer.complete(failed(error))
        else:
            answer.complete(failed(UnknownServerError(str(error))))

    done.then(tell)
    return answer


class Failure(TypedDict):
    """The fields of a partition's result that say why there is none."""

    partition: int
    error_code: int
    error_message: str | None


def failure(key: ShareKey, error: KafkaError) -> Failure:
    """Say why there is no result for a key."""
    return Failure(partition=key.partition, error_code=error.code, error_message=str(error) or None)
