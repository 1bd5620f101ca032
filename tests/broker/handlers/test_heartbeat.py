"""Heartbeat over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.heartbeat import HeartbeatRequest
from tests.broker.handlers.grouping import join, new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(5))
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    group = new_group(wire)
    joined = join(wire, group)
    request = HeartbeatRequest(group_id=group, member_id=joined.member_id, generation_id=1)
    assert wire.ask(request, version).error_code == 0
    request.generation_id = 2
    assert wire.ask(request, version).error_code == 22


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.READ, "g")):
        request = HeartbeatRequest(group_id="g", member_id="m", generation_id=1)
        assert broker.wire().ask(request, 4).error_code == 30
