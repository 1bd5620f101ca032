"""StreamsGroupDescribe over the wire."""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.streams_group_describe import StreamsGroupDescribeRequest
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.test_describe_groups import MAY_DO_ALL
from tests.broker.handlers.test_streams_group_heartbeat import (
    at_once,
    beat_until_ready,
    joining,
    set_feature,
    stateful,
)
from tests.broker.running import Running


def test_a_group(broker: Running):
    wire = broker.wire("me")
    topic = broker.topic(partitions=2)
    group = new_group(wire)
    at_once(wire, group)
    joined = wire.ask(joining(group, stateful(topic, f"{group}-log")), 0)
    beat_until_ready(wire, group, joined.member_epoch)
    found, absent, empty = wire.ask(
        StreamsGroupDescribeRequest(group_ids=[group, "none", ""]), 0
    ).groups
    assert (found.error_code, found.group_state) == (0, "Stable")
    (part,) = found.topology.subtopologies
    assert (part.source_topics, part.state_changelog_topics[0].partitions) == ([topic], 2)
    (member,) = found.members
    assert (member.member_id, member.client_id, member.client_host) == ("m", "me", "/127.0.0.1")
    assert member.assignment.active_tasks[0].partitions == [0, 1]
    assert (absent.error_code, absent.error_message) == (69, "Group none not found.")
    assert empty.error_code == 24


def test_what_the_caller_may_do_is_told_if_it_asks(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    wire.ask(joining(group, stateful(broker.topic(), f"{group}-log")), 0)
    for asks, told in ((False, -(2**31)), (True, MAY_DO_ALL)):
        request = StreamsGroupDescribeRequest(group_ids=[group], include_authorized_operations=asks)
        assert wire.ask(request, 0).groups[0].authorized_operations == told


def test_refused(broker: Running):
    wire = broker.wire()
    topic = broker.topic()
    group = new_group(wire)
    wire.ask(joining(group, stateful(topic, f"{group}-log")), 0)
    request = StreamsGroupDescribeRequest(group_ids=[group])
    with refusing(broker, on_group(Operation.DESCRIBE, group)):
        assert wire.ask(request, 0).groups[0].error_code == 30
    for name in (topic, f"{group}-log"):
        with refusing(broker, (Operation.DESCRIBE, ResourceType.TOPIC, name)):
            (found,) = wire.ask(request, 0).groups
            assert (found.error_code, found.members, found.topology) == (29, [], None)
    set_feature(wire, 0)
    try:
        assert wire.ask(request, 0).groups[0].error_code == 35
    finally:
        set_feature(wire, 1)
