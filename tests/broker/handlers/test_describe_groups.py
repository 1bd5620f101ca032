"""DescribeGroups over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_groups import DescribeGroupsRequest
from tests.broker.handlers.grouping import join, new_group, on_group, sync
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running

MAY_DO_ALL = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11


@pytest.mark.parametrize("version", range(7))
def test_every_version(broker: Running, version: int):
    wire = broker.wire("me")
    group = new_group(wire)
    joined = join(wire, group)
    sync(wire, group, joined)
    answer = wire.ask(DescribeGroupsRequest(groups=[group, "none"]), version)
    found, absent = answer.groups
    assert (found.error_code, found.group_id, found.group_state) == (0, group, "Stable")
    assert (found.protocol_type, found.protocol_data) == ("consumer", "range")
    (member,) = found.members
    assert (member.member_id, member.client_id) == (joined.member_id, "me")
    assert member.client_host == "/127.0.0.1"
    assert bytes(member.member_assignment) == b"all"
    assert (absent.error_code, absent.group_state) == (69 if version >= 6 else 0, "Dead")


def test_what_the_caller_may_do_is_told_if_it_asks(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    join(wire, group)
    for asks, told in ((False, -(2**31)), (True, MAY_DO_ALL)):
        request = DescribeGroupsRequest(groups=[group], include_authorized_operations=asks)
        assert wire.ask(request, 5).groups[0].authorized_operations == told


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.DESCRIBE, "g")):
        (group,) = broker.wire().ask(DescribeGroupsRequest(groups=["g"]), 5).groups
    assert (group.group_id, group.error_code) == ("g", 30)
