"""Asking the leaders of partitions, those again that have just changed.

Invariant: every partition that was asked about has a result; an error that another try may heal is
one only if it did not heal in time.
Neighbours: `asking` finds leaders; `offsets`, `topics` and `transactions` ask through here.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from logcore.admin.asking import Asking
from logcore.admin.partition_results import by_partition
from logcore.admin.results import Results
from logcore.client.positions import TopicPartition
from logcore.client.retrying import until_done
from logcore.common.errors import ClientTimeoutError, KafkaError
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
        ClientError: If a broker does not answer in time.
    """
    wanted = list(partitions)
    values: dict[TopicPartition, V] = {}
    errors: dict[TopicPartition, KafkaError] = {}

    async def attempt() -> None:
        left = [one for one in wanted if one not in values and not _is_final(errors.get(one))]
        for node_id, some in (await asking.leaders(left)).items():
            response = await asking.broker(what, node_id, request(some))
            found = by_partition(response.topics, value)
            for one in some:
                errors.pop(one, None)
            values.update(found.succeeded)
            errors.update(found.errors)
        for error in errors.values():
            if error.retriable:
                raise error

    try:
        await until_done(asking.cluster, what, attempt, asking.timeout_ms / 1000)
    except ClientTimeoutError:
        if not errors:
            raise
    return Results(values, errors)


def _is_final(error: KafkaError | None) -> bool:
    return error is not None and not error.retriable
