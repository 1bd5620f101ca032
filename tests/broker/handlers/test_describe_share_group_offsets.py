"""DescribeShareGroupOffsets over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.share_grouping import alter, beat, leave, offsets, offsets_request
from tests.broker.running import Running


@pytest.mark.parametrize("version", [0, 1])
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    topic, group = broker.topic(partitions=2), new_group(wire)
    beat(wire, group, [topic])
    leave(wire, group)
    alter(wire, group, {topic: {0: 0}})
    lag = 0 if version else -1
    assert offsets(wire, group, version=version) == {
        (topic, 0): (0, lag, 0),
        (topic, 1): (-1, -1, 0),
    }
    assert offsets(wire, group, {topic: [0], "nope": [3]}, version) == {
        (topic, 0): (0, lag, 0), ("nope", 3): (-1, -1, 0),
    }  # fmt: skip
    assert offsets(wire, group, {}, version) == {}


def test_who_may_not(broker: Running):
    wire = broker.wire()
    topic, other, group = broker.topic(), broker.topic(), new_group(wire)
    alter(wire, group, {topic: {0: 0}, other: {0: 0}})
    with refusing(broker, on_group(Operation.DESCRIBE, group)):
        (told,) = wire.ask(offsets_request(group), 1).groups
        assert told.error_code == GroupAuthorizationFailedError.code
    with refusing(broker, on_topic(Operation.DESCRIBE, topic)):
        assert offsets(wire, group) == {(other, 0): (0, 0, 0)}
        assert offsets(wire, group, {topic: [0], other: [0]}) == {
            (topic, 0): (-1, -1, TopicAuthorizationFailedError.code), (other, 0): (0, 0, 0),
        }  # fmt: skip
