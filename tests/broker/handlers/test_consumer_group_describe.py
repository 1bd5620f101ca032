"""ConsumerGroupDescribe over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.test_consumer_group_heartbeat import joining
from tests.broker.handlers.test_describe_groups import MAY_DO_ALL
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(2))
def test_every_version(broker: Running, version: int):
    wire = broker.wire("me")
    topic = broker.topic()
    group = new_group(wire)
    wire.ask(joining(group, topic), 1)
    found, absent, empty = wire.ask(
        ConsumerGroupDescribeRequest(group_ids=[group, "none", ""]), version
    ).groups
    assert (found.error_code, found.group_state, found.group_epoch) == (0, "Stable", 1)
    (member,) = found.members
    assert (member.member_id, member.client_id, member.client_host) == ("m", "me", "/127.0.0.1")
    assert member.assignment.topic_partitions[0].topic_name == topic
    assert member.member_type == (1 if version >= 1 else -1)
    assert (absent.error_code, absent.error_message) == (69, "Group none not found.")
    assert empty.error_code == 24


def test_what_the_caller_may_do_is_told_if_it_asks(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    wire.ask(joining(group), 1)
    for asks, told in ((False, -(2**31)), (True, MAY_DO_ALL)):
        request = ConsumerGroupDescribeRequest(
            group_ids=[group], include_authorized_operations=asks
        )
        assert wire.ask(request, 1).groups[0].authorized_operations == told


def test_refused(broker: Running):
    wire = broker.wire()
    topic = broker.topic()
    group = new_group(wire)
    wire.ask(joining(group, topic), 1)
    request = ConsumerGroupDescribeRequest(group_ids=[group])
    with refusing(broker, on_group(Operation.DESCRIBE, group)):
        (found,) = wire.ask(request, 1).groups
    assert (found.group_id, found.error_code, found.members) == (group, 30, [])
    with refusing(broker, (Operation.DESCRIBE, ResourceType.TOPIC, topic)):
        (found,) = wire.ask(request, 1).groups
    assert (found.group_id, found.error_code, found.members) == (group, 29, [])
