"""Leaders that have just changed are asked again; what does not heal is a result."""

import pytest

from logcore.admin.admin import Admin
from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    NotLeaderOrFollowerError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
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
