"""Offsets that a group commits, by hand: without a member, as tools do.

Neighbours: `load` and `test_broker_power` commit; what was acknowledged must never go back.
"""

import time

from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)
from tests.broker.wire import Wire

GROUP = "committers"
VERSION = 8
PATIENCE_S = 60


def commit(wire: Wire, topic: str, offset: int) -> bool:
    """Commit an offset of partition 0; return whether that was acknowledged."""
    partition = OffsetCommitRequestPartition(partition_index=0, committed_offset=offset)
    of_topic = OffsetCommitRequestTopic(name=topic, partitions=[partition])
    answer = wire.ask(OffsetCommitRequest(group_id=GROUP, topics=[of_topic]), VERSION)
    return not answer.topics[0].partitions[0].error_code


def committed_offset(wire: Wire, topic: str) -> int:
    """The offset that the group has committed, once its coordinator has loaded; -1 if none."""
    of_topic = OffsetFetchRequestTopics(name=topic, partition_indexes=[0])
    group = OffsetFetchRequestGroup(group_id=GROUP, topics=[of_topic])
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = wire.ask(OffsetFetchRequest(groups=[group]), VERSION).groups[0]
        if not answer.error_code:
            offset: int = answer.topics[0].partitions[0].committed_offset
            return offset
        assert time.monotonic() < deadline, answer
