"""Partitions in requests, by topic, and in responses, by topic again, as results by partition.

Invariant: nothing is lost on the way: each partition of a response has a result.
Neighbours: `results` is what comes out; every part that speaks of partitions uses this.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from logcore.admin.results import Results, collect
from logcore.client.positions import TopicPartition

V = TypeVar("V")
P = TypeVar("P")


def indexes_by_topic(partitions: Iterable[TopicPartition]) -> dict[str, list[int]]:
    """Return the numbers of partitions by topic.

    Example:
        >>> indexes_by_topic(TopicPartition(*one) for one in [("a", 0), ("b", 2), ("a", 1)])
        {'a': [0, 1], 'b': [2]}
    """
    found: dict[str, list[int]] = {}
    for topic, partition in partitions:
        found.setdefault(topic, []).append(partition)
    return found


def parts_by_topic(
    wanted: Mapping[TopicPartition, V], make: Callable[[int, V], P]
) -> dict[str, list[P]]:
    """Return what a request has of each partition, by topic.

    Args:
        wanted: What is asked for, by partition.
        make: Makes the request's struct of a partition's number and what is asked for.
    """
    found: dict[str, list[P]] = {}
    for (topic, partition), value in wanted.items():
        found.setdefault(topic, []).append(make(partition, value))
    return found


def by_partition(
    topics: Iterable[Any],
    value: Callable[[Any], V],
    keep: Callable[[Any], bool] = lambda _: True,
) -> Results[TopicPartition, V]:
    """Sort the partitions of a response into what succeeded and what failed.

    Args:
        topics: The topics of the response.
        value: What a partition says, if it is no error.
        keep: Which of those without an error say anything.
    """
    results: Results[TopicPartition, V] = Results({})
    for topic in topics:
        name = _name(topic)
        parts = [part for part in topic.partitions if part.error_code or keep(part)]
        found = collect(parts, _Key(name), value)
        results = results.merged(found)
    return results


class _Key:
    """Names the partitions of one topic."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def __call__(self, part: Any) -> TopicPartition:  # noqa: ANN401 - of any response
        return TopicPartition(self._topic, part.partition_index)


def _name(topic: Any) -> str:  # noqa: ANN401 - of any response
    for field in ("name", "topic_name"):
        if field in topic.FIELDS:
            name: str = getattr(topic, field)
            return name
    raise AssertionError(f"{type(topic).__name__} does not name its topic")
