"""Asking the leaders of partitions, those again that have just changed.

Invariant: every partition that was asked about has a result; an error that another try may heal is
one only if it did not heal in time, and no broker that does not answer hides what others said.
Neighbours: `asking` finds leaders; `offsets`, `topics` and `transactions` ask through here.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import starmap
from typing import Any, Generic, TypeVar

from logcore.admin.asking import Asking
from logcore.admin.partition_results import by_partition
from logcore.admin.results import Results
from logcore.client.positions import TopicPartition
from logcore.client.retrying import until_done
from logcore.common.errors import ClientTimeoutError, KafkaError, RequestTimedOutError
from logcore.protocol.schema import Message

V = TypeVar("V")


async def ask_leaders(
    asking: Asking,
    what: str,
    partitions: Iterable[TopicPartition],
    request: Callable[[list[TopicPartition]], Message],
    value: Callable[[Any], V],
) -> Results[TopicPartition, V]:
    """Ask the leader of each partition.

    Args:
        asking: What reaches the brokers.
        what: What is tried, for the error.
        partitions: About which partitions.
        request: Makes the request about some of them.
        value: What a partition of the response says, if it is no error.

    Raises:
        UnknownTopicOrPartitionError: If one of them is not there.
        ClientError: If none of the brokers answers in time. Where some do, what others lead has a
            `RequestTimedOutError`.
    """
    answers: _Answers[V] = _Answers(partitions)

    async def ask(node_id: int, some: list[TopicPartition]) -> None:
        response = await asking.broker(what, node_id, request(some))
        answers.take(some, by_partition(response.topics, value))

    async def attempt() -> None:
        led = await asking.leaders(answers.left())
        done = await asyncio.gather(*starmap(ask, led.items()), return_exceptions=True)
        for failure in done:
            if failure is not None:
                raise failure
        answers.raise_passing()

    try:
        await until_done(asking.cluster, what, attempt, asking.timeout_ms / 1000)
    except ClientTimeoutError as timeout:
        if not answers.values and not answers.errors:
            raise
        answers.give_up(str(timeout))
    return Results(answers.values, answers.errors)


class _Answers(Generic[V]):
    """What is known of each partition so far."""

    def __init__(self, wanted: Iterable[TopicPartition]) -> None:
        self._wanted = list(wanted)
        self.values: dict[TopicPartition, V] = {}
        self.errors: dict[TopicPartition, KafkaError] = {}

    def left(self) -> list[TopicPartition]:
        """Return the partitions that are to be asked about again."""
        passing = {one for one, error in self.errors.items() if error.retriable}
        known = (self.values.keys() | self.errors.keys()) - passing
        return [one for one in self._wanted if one not in known]

    def take(self, some: Iterable[TopicPartition], found: Results[TopicPartition, V]) -> None:
        """Take what a broker answered about some of them."""
        for one in some:
            self.errors.pop(one, None)
        self.values.update(found.succeeded)
        self.errors.update(found.errors)

    def raise_passing(self) -> None:
        """Raise an error that another try may heal, if there is one."""
        for error in self.errors.values():
            if error.retriable:
                raise error

    def give_up(self, reason: str) -> None:
        """Give those that nothing is known of an error."""
        for one in self._wanted:
            if one not in self.values and one not in self.errors:
                self.errors[one] = RequestTimedOutError(reason)
