"""ListGroups over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.list_groups import ListGroupsRequest
from tests.broker.handlers.grouping import join, new_group, on_group
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(6))
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    group = new_group(wire)
    join(wire, group)
    answer = wire.ask(ListGroupsRequest(), version)
    assert answer.error_code == 0
    (found,) = [each for each in answer.groups if each.group_id == group]
    assert found.protocol_type == "consumer"
    assert found.group_state == ("CompletingRebalance" if version >= 4 else "")
    assert found.group_type == ("classic" if version >= 5 else "")


def test_by_state_and_type(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    join(wire, group)
    for given, expected in (
        ({"states_filter": ["completingrebalance"]}, True),
        ({"states_filter": ["Stable"]}, False),
        ({"types_filter": ["Classic"]}, True),
        ({"types_filter": ["Consumer"]}, False),
    ):
        found = {each.group_id for each in wire.ask(ListGroupsRequest(**given), 5).groups}
        assert (group in found) is expected


def test_refused(broker: Running):
    wire = broker.wire()
    hidden, shown = new_group(wire), new_group(wire)
    join(wire, hidden)
    join(wire, shown)
    refused = on_cluster(Operation.DESCRIBE), on_group(Operation.DESCRIBE, hidden)
    with refusing(broker, *refused):
        names = {each.group_id for each in wire.ask(ListGroupsRequest(), 5).groups}
    assert shown in names
    assert hidden not in names
