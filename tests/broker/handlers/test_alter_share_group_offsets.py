"""AlterShareGroupOffsets over the wire."""

from logcore.broker.authorizer import Operation
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    NonEmptyGroupError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.share_grouping import alter, alter_request, beat, offsets
from tests.broker.running import Running


def test_offsets_are_set(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(partitions=2), new_group(wire)
    unknown = UnknownTopicOrPartitionError.code
    assert alter(wire, group, {topic: {0: 0, 1: 0, 2: 0}, "nope": {0: 0}}) == {
        (topic, 0): 0, (topic, 1): 0, (topic, 2): unknown, ("nope", 0): unknown,
    }  # fmt: skip
    assert offsets(wire, group) == {(topic, 0): (0, 0, 0), (topic, 1): (0, 0, 0)}
    beat(wire, group, [topic])
    response = wire.ask(alter_request(group, {topic: {0: 0}}), 0)
    assert (response.error_code, response.responses) == (NonEmptyGroupError.code, [])


def test_who_may_not(broker: Running):
    wire = broker.wire()
    topic, other, group = broker.topic(), broker.topic(), new_group(wire)
    with refusing(broker, on_group(Operation.READ, group)):
        response = wire.ask(alter_request(group, {topic: {0: 0}}), 0)
        assert response.error_code == GroupAuthorizationFailedError.code
    with refusing(broker, on_topic(Operation.READ, topic)):
        assert alter(wire, group, {topic: {0: 0}, other: {0: 0}}) == {
            (topic, 0): TopicAuthorizationFailedError.code, (other, 0): 0,
        }  # fmt: skip
