"""Who may not ask for states of share groups is told so for each partition."""

from types import SimpleNamespace
from typing import Any

from logcore.broker.authorizer import AllowAll, Operation
from logcore.broker.refused_states import may_ask_for_states, refused_states
from logcore.common.types import override
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.read_share_group_state import (
    PartitionData,
    PartitionResult,
    ReadStateData,
    ReadStateResult,
)

CONTEXT: Any = SimpleNamespace(api_key=ApiKey.READ_SHARE_GROUP_STATE)
A, B = b"a" * 16, b"b" * 16


class NoBrokers(AllowAll):
    """Lets nobody do what brokers do."""

    @override
    def allows(self, *asked: Any, **_: Any) -> bool:
        return Operation.CLUSTER_ACTION not in asked


def test_brokers_may() -> None:
    everybody: Any = SimpleNamespace(authorizer=AllowAll())
    nobody: Any = SimpleNamespace(authorizer=NoBrokers())
    assert may_ask_for_states(everybody, CONTEXT)
    assert not may_ask_for_states(nobody, CONTEXT)


def test_each_partition_is_refused() -> None:
    asked = [
        ReadStateData(topic_id=topic_id, partitions=[PartitionData(partition=n) for n in numbers])
        for topic_id, numbers in ((A, (2, 0)), (B, (7,)))
    ]
    results = refused_states(asked, CONTEXT, ReadStateResult, PartitionResult)
    told = [(each.topic_id, [part.partition for part in each.partitions]) for each in results]
    assert told == [(A, [2, 0]), (B, [7])]
    parts = [part for each in results for part in each.partitions]
    assert {(part.error_code, part.error_message) for part in parts} == {
        (31, "not authorized to ask for READ_SHARE_GROUP_STATE")
    }
