"""SyncGroup over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.sync_group import SyncGroupRequest
from tests.broker.handlers.grouping import join, new_group, on_group, sync
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(6))
def test_a_member_gets_its_assignment_in_every_version(broker: Running, version: int):
    wire = broker.wire()
    group = new_group(wire)
    synced = sync(wire, group, join(wire, group), version)
    assert synced.error_code == 0
    assert bytes(synced.assignment) == b"all"
    assert synced.protocol_name == ("range" if version >= 5 else None)


def test_from_5_on_a_member_says_which_protocol_it_believes_in(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    joined = join(wire, group)
    request = SyncGroupRequest(group_id=group, member_id=joined.member_id, generation_id=1)
    assert wire.ask(request, 5).error_code == 23
    assert wire.ask(request, 4).error_code == 0


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.READ, "g")):
        request = SyncGroupRequest(group_id="g", member_id="m", generation_id=1)
        assert broker.wire().ask(request, 4).error_code == 30
