"""DeleteGroups over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from tests.broker.handlers.grouping import commit, fetched, join, new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(3))
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    topic, unused, used = broker.topic(), new_group(wire), new_group(wire)
    commit(wire, unused, {topic: {0: 5}})
    join(wire, used)
    request = DeleteGroupsRequest(groups_names=[unused, used, "none", unused])
    answer = wire.ask(request, version)
    assert [(each.group_id, each.error_code) for each in answer.results] == [
        (unused, 0), (used, 68), ("none", 69),
    ]  # fmt: skip
    assert fetched(wire, unused, {topic: [0]}) == {topic: {0: (-1, 0)}}


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.DELETE, "g")):
        (result,) = broker.wire().ask(DeleteGroupsRequest(groups_names=["g"]), 2).results
    assert (result.group_id, result.error_code) == ("g", 30)
