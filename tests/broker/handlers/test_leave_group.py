"""LeaveGroup over the wire: one member before version 3, several since."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.leave_group import LeaveGroupRequest, MemberIdentity
from tests.broker.handlers.grouping import join, new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running


@pytest.mark.parametrize("version", [0, 1, 2])
def test_one_member(broker: Running, version: int):
    wire = broker.wire()
    group = new_group(wire)
    joined = join(wire, group)
    request = LeaveGroupRequest(group_id=group, member_id=joined.member_id)
    assert wire.ask(request, version).error_code == 0
    assert wire.ask(request, version).error_code == 25


@pytest.mark.parametrize("version", [3, 4, 5])
def test_several_members(broker: Running, version: int):
    wire = broker.wire()
    group = new_group(wire)
    joined = join(wire, group)
    members = [MemberIdentity(member_id=each) for each in (joined.member_id, "stranger")]
    answer = wire.ask(LeaveGroupRequest(group_id=group, members=members), version)
    assert answer.error_code == 0
    assert [each.error_code for each in answer.members] == [0, 25]


def test_a_group_that_is_not_there(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    assert wire.ask(LeaveGroupRequest(group_id=group, member_id="m"), 2).error_code == 25
    assert wire.ask(LeaveGroupRequest(group_id="", member_id="m"), 2).error_code == 24


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.READ, "g")):
        assert broker.wire().ask(LeaveGroupRequest(group_id="g"), 5).error_code == 30
