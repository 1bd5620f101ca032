"""Leaders that have just changed are asked again; what does not heal is a result."""

import asyncio
from typing import Any

import pytest

from logcore.admin.admin import Admin
from logcore.admin.leading import ask_leaders
from logcore.admin.results import Results
from logcore.client.cluster import Cluster
from logcore.client.config import CLIENT_CONFIG
from logcore.client.positions import TopicPartition
from logcore.client.settings import Settings
from logcore.common.errors import (
    ClientTimeoutError,
    NotLeaderOrFollowerError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
)
from logcore.protocol.messages.delete_records import (
    DeleteRecordsPartitionResult,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
)
from logcore.testing.local_broker import LocalBroker


@pytest.fixture
def partition(logcore_fresh_broker: LocalBroker) -> TopicPartition:
    return TopicPartition(logcore_fresh_broker.create_topic(partitions=2), 0)


def test_what_heals_is_asked_again(
    logcore_fresh_broker: LocalBroker, partition: TopicPartition
) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("ListOffsets", NotLeaderOrFollowerError, times=2)
    with Admin(broker.bootstrap_servers, retry_backoff_ms=1) as admin:
        assert admin.offsets.find({partition: 0})[partition].offset is None
    assert broker.faults.struck_count == 2


def test_what_does_not_heal_in_time_is_a_result(
    logcore_fresh_broker: LocalBroker, partition: TopicPartition
) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("ListOffsets", NotLeaderOrFollowerError, times=None)
    settings = {"retry_backoff_ms": 1, "default_api_timeout_ms": 300}
    with Admin(broker.bootstrap_servers, **settings) as admin:
        results = admin.offsets.find({partition: 0})
    assert isinstance(results.errors[partition], NotLeaderOrFollowerError)


def test_what_cannot_heal_is_a_result_at_once(
    logcore_fresh_broker: LocalBroker, partition: TopicPartition
) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("ListOffsets", TopicAuthorizationFailedError, times=1)
    with Admin(broker.bootstrap_servers) as admin:
        results = admin.offsets.find({partition: 0})
        assert isinstance(results.errors[partition], TopicAuthorizationFailedError)
        cut = admin.topics.delete_records({partition: 0, TopicPartition(partition.topic, 1): 9})
    assert cut[partition] == 0
    assert [type(error) for error in cut.errors.values()] == [OffsetOutOfRangeError]


A, B, C = (TopicPartition("t", number) for number in range(3))


class Leaders:
    """Stands for `Asking`: each partition is led by the broker of its number.

    Args:
        answers: The error code with which a broker answers; one that is not there never answers.
    """

    timeout_ms = 100

    def __init__(self, **answers: int) -> None:
        self._answers = answers
        self.cluster = Cluster(Settings(CLIENT_CONFIG, {"bootstrap_servers": "127.0.0.1:1"}))

    async def leaders(self, wanted: list[TopicPartition]) -> dict[int, list[TopicPartition]]:
        return {one.partition: [one] for one in wanted}

    async def broker(
        self, what: str, node_id: int, request: list[TopicPartition]
    ) -> DeleteRecordsResponse:
        if f"b{node_id}" not in self._answers:
            await asyncio.sleep(3600)
            raise AssertionError(what)
        code = self._answers[f"b{node_id}"]
        parts = [
            DeleteRecordsPartitionResult(partition_index=one.partition, error_code=code)
            for one in request
        ]
        return DeleteRecordsResponse(topics=[DeleteRecordsTopicResult(name="t", partitions=parts)])


def asked(**answers: int) -> Results[TopicPartition, int]:
    async def main() -> Results[TopicPartition, int]:
        leaders: Any = Leaders(**answers)
        try:
            request: Any = list
            return await ask_leaders(leaders, "delete records", [A, B, C], request, _low)
        finally:
            leaders.cluster.close()

    return asyncio.run(main())


def _low(part: Any) -> int:
    low: int = part.low_watermark
    return low


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_a_broker_that_does_not_answer_hides_nothing_of_the_others(silent: int) -> None:
    codes = {f"b{number}": 0 for number in range(3) if number != silent}
    results = asked(**codes)
    assert set(results.succeeded) == {A, B, C} - {TopicPartition("t", silent)}
    [(where, error)] = results.errors.items()
    assert where.partition == silent
    assert isinstance(error, RequestTimedOutError)
    assert "could not delete records in 0.1 s" in str(error)


def test_every_partition_has_a_result_of_its_own() -> None:
    results = asked(b0=OffsetOutOfRangeError.code, b1=NotLeaderOrFollowerError.code)
    kinds = {where: type(error) for where, error in results.errors.items()}
    assert kinds == {A: OffsetOutOfRangeError, B: NotLeaderOrFollowerError, C: RequestTimedOutError}


def test_where_nobody_answers_the_time_is_over() -> None:
    with pytest.raises(ClientTimeoutError, match="could not delete records in 0"):
        asked()
