"""ShareGroupDescribe over the wire."""

from logcore.broker.authorizer import Operation
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    GroupIdNotFoundError,
    TopicAuthorizationFailedError,
)
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.share_grouping import beat, describe
from tests.broker.running import Running


def test_a_group_and_its_members(broker: Running):
    wire = broker.wire("client")
    topic, group = broker.topic(), new_group(wire)
    beat(wire, group, [topic], rack_id="r")
    told = describe(wire, group)
    assert (told.error_code, told.group_id, told.group_state) == (0, group, "Stable")
    assert told.assignor_name == "simple"
    assert told.authorized_operations == -(2**31)
    (member,) = told.members
    assert (member.member_id, member.client_id, member.rack_id) == ("m", "client", "r")
    assert member.assignment.topic_partitions[0].topic_name == topic
    assert describe(wire, group, operations=True).authorized_operations > 0


def test_a_group_that_is_not_there(broker: Running):
    told = describe(broker.wire(), "nobody")
    assert told.error_code == GroupIdNotFoundError.code
    assert told.error_message


def test_who_may_not(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    beat(wire, group, [topic])
    with refusing(broker, on_group(Operation.DESCRIBE, group)):
        assert describe(wire, group).error_code == GroupAuthorizationFailedError.code
    with refusing(broker, on_topic(Operation.DESCRIBE, topic)):
        told = describe(wire, group)
        assert told.error_code == TopicAuthorizationFailedError.code
        assert told.members == []
