"""OffsetDelete over the wire."""

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from tests.broker.handlers.grouping import commit, fetched, new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running


def request_of(group: str, **topics: list[int]) -> OffsetDeleteRequest:
    return OffsetDeleteRequest(
        group_id=group,
        topics=[
            OffsetDeleteRequestTopic(
                name=name,
                partitions=[OffsetDeleteRequestPartition(partition_index=each) for each in indexes],
            )
            for name, indexes in topics.items()
        ],
    )


def test_offsets_are_deleted_and_the_rest_is_told(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(2), new_group(wire)
    commit(wire, group, {topic: {0: 5, 1: 6}})
    answer = wire.ask(request_of(group, **{topic: [0, 7], "nowhere": [0]}), 0)
    assert answer.error_code == 0
    codes = {
        each.name: {part.partition_index: part.error_code for part in each.partitions}
        for each in answer.topics
    }
    assert codes == {topic: {0: 0, 7: 3}, "nowhere": {0: 3}}
    assert fetched(wire, group, None) == {topic: {1: (6, 0)}}


def test_a_group_that_is_not_there(broker: Running):
    wire = broker.wire()
    answer = wire.ask(request_of(new_group(wire), **{broker.topic(): [0]}), 0)
    assert (answer.error_code, answer.topics) == (69, [])


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.DELETE, "g")):
        assert broker.wire().ask(request_of("g", t=[0]), 0).error_code == 30
