"""JoinGroup over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.api_keys import ApiKey
from tests.broker.handlers.grouping import join, join_request, new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(10))
def test_a_member_joins_in_every_version(broker: Running, version: int):
    wire = broker.wire("me")
    joined = join(wire, new_group(wire), version)
    assert joined.error_code == 0
    assert (joined.generation_id, joined.protocol_name) == (1, "range")
    assert joined.leader == joined.member_id
    assert joined.member_id.startswith("me-")
    assert joined.protocol_type == ("consumer" if version >= 7 else None)
    assert [bytes(each.metadata) for each in joined.members] == [b"meta"]


@pytest.mark.parametrize("version", range(10))
def test_a_refusal_in_every_version(broker: Running, version: int):
    wire = broker.wire()
    answer = wire.ask(join_request(new_group(wire), "stranger"), version)
    assert answer.error_code == 25
    assert answer.generation_id == -1


def test_a_static_member_that_is_fenced_in_a_version_without_null(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    join(wire, group, 6, group_instance_id="i")
    answer = wire.ask(join_request(group, "stranger", group_instance_id="i"), 6)
    assert (answer.error_code, answer.protocol_name) == (82, "")


def test_a_parked_join_holds_back_nothing_of_another_connection(broker: Running):
    wire, other = broker.wire(), broker.wire()
    group = new_group(wire)
    first = join(wire, group, rebalance_ms=30_000)
    asked = other.ask(join_request(group, rebalance_ms=30_000), 9)
    other.send(join_request(group, asked.member_id, rebalance_ms=30_000), 9)
    again = join(wire, group, member_id=first.member_id, rebalance_ms=30_000)

    second = other.receive(ApiKey.JOIN_GROUP, 9)
    assert again.generation_id == second.generation_id == 2
    assert len(again.members) == 2


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.READ, "g")):
        assert broker.wire().ask(join_request("g"), 9).error_code == 30
